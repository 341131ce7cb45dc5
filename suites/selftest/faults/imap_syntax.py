"""Faults in how commands are read (RFC 3501 §2.2.2, §4, §9): what is wrong is taken, what is right is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap.outcome import Completion, Improper
from reference_server.imap.responses import StatusResponse
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    ending,
    fault,
    hearing,
    meaning,
    refusing_lines,
    said,
    saying,
    tolerating,
)

_LACKING = "argument missing"
_UNKNOWN = "unknown command"

#: Commands with arguments, and their names in a line.
_WITH_ARGUMENTS = (
    *("AUTHENTICATE", "LOGIN", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"),
    *("LIST", "LSUB", "STATUS", "APPEND", "GETQUOTA", "GETQUOTAROOT", "STORE", "COPY", "FETCH"),
    *("UID", "UID STORE", "UID COPY", "UID EXPUNGE", "MOVE", "SEARCH", "ENABLE"),
)
_TAKING_NO_MORE = (
    *("CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "LOGIN", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME"),
    *("SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB", "STATUS", "NAMESPACE", "CHECK", "CLOSE", "EXPUNGE", "COPY"),
    *("UNSELECT", "FETCH", "IDLE"),
)
_READ_LAXLY = (
    *("SELECT", "CREATE", "STATUS", "APPEND", "STORE", "COPY", "UID STORE", "UID", "FETCH", "LIST", "SEARCH"),
)
#: Commands whose mailbox may be an atom, and where in the line it stands.
_WITH_ATOM = (
    *("SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"),
    *("STATUS", "APPEND", "COPY", "UID COPY", "GETQUOTAROOT", "MOVE"),
)


_WITH_STRING = (*_WITH_ATOM, "LIST", "LSUB", "ID")


def _is(name: str, line: bytes) -> bool:
    """Whether the line is a command of this name."""
    return re.match(rb"\S+ +%b(?![A-Z])" % name.encode(), line, re.IGNORECASE) is not None


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def _lax(
    slug: str, title: str, name: str, requirements: str, reason: Callable[[str], bool], *, seen_in: str = ""
) -> Fault:
    return fault(
        f"syntax/{slug}-{_slug(name)}",
        f"{title} {name}",
        requirements,
        tolerating(lambda text, line: reason(text) and _is(name, line)),
        *name.split(),
        seen_in=seen_in,
    )


def _lacking(name: str) -> Fault:
    return _lax(
        "lacking",
        "A missing argument is passed over in",
        name,
        "2.2.2-g",
        lambda text: text in (_LACKING, _UNKNOWN),
        seen_in="parsers that take an empty string for what is not there",
    )


def _surplus(name: str) -> Fault:
    return _lax(
        "surplus",
        "What is too much is passed over in",
        name,
        "2.2.2-h",
        lambda text: text != _LACKING,
        seen_in="parsers that stop reading when they have what they want",
    )


def _malformed(name: str) -> Fault:
    return _lax("malformed", "Malformed arguments are taken in", name, "2.2.2-j", lambda text: True)


def _no_form(form: bytes, slug: str, requirement: str, name: str) -> Fault:
    return fault(
        f"syntax/{slug}-{_slug(name)}",
        f"{name} does not take its string as {slug.replace('-', ' ')}",
        requirement,
        refusing_lines(lambda line: _is(name, line) and re.search(form, line[line.index(b" ") :]) is not None),
        *name.split(),
    )


def _tolerated(slug: str, title: str, requirements: str, line: bytes, *touches: str) -> Fault:
    """BAD is due to lines like this, and OK comes."""
    pattern = re.compile(line, re.IGNORECASE)
    return fault(
        f"syntax/{slug}",
        title,
        requirements,
        tolerating(lambda _, text: pattern.search(text) is not None),
        *touches,
    )


def _refused(slug: str, title: str, requirements: str, line: bytes, *touches: str, flags: int = 0) -> Fault:
    """OK is due to lines like this, and BAD comes."""
    pattern = re.compile(line, flags)
    return fault(
        f"syntax/{slug}", title, requirements, refusing_lines(lambda text: pattern.search(text) is not None), *touches
    )


def _twice(response: StatusResponse) -> list[StatusResponse]:
    return [response, response] if response.tag is not None else [response]


def _without_commands(message: c.AppendMessage) -> c.AppendMessage:
    return replace(message, data=re.sub(rb"x\d+ [A-Z]+[^\r]*\r\n", b"", message.data))


FAULTS: tuple[Fault, ...] = (
    *map(_lacking, _WITH_ARGUMENTS),
    *map(_surplus, _TAKING_NO_MORE),
    *map(_malformed, _READ_LAXLY),
    *(_no_form(rb'"', "quoted", "4.3-a", name) for name in _WITH_STRING),
    *(_no_form(rb"[^+]\}\r\n", "literal", "4.3-a", name) for name in _WITH_STRING),
    *(_no_form(rb"\+\}\r\n", "non-synchronizing-literal", "RFC7888-3-b", name) for name in _WITH_STRING),
    *(_no_form(rb" [A-Za-z0-9]+( \(.*\))?( \{\d+\}\r\n)?$", "atom", "4.1-a", name) for name in _WITH_ATOM),
    _tolerated("unknown", "Unknown commands are completed with OK", "2.2.2-f", rb"\S+ (SHIPYARD|123|NOO|NOOPS|XSH)"),
    fault(
        "syntax/unknown-is-no",
        "Unknown commands are completed with NO",
        "2.2.2-f",
        said(
            StatusResponse,
            lambda response: (
                replace(response, condition=type(response.condition).NO) if response.text == _UNKNOWN else response
            ),
        ),
        seen_in="servers that answer NO to what they do not know",
    ),
    fault(
        "syntax/two-tagged-responses",
        "Each command is completed twice",
        "2.2.2-c",
        saying(lambda response: _twice(response) if isinstance(response, StatusResponse) else [response]),
    ),
    fault(
        "syntax/spaces-are-one",
        "Several spaces are as one, and none at the end matters",
        "2.2.2-i",
        hearing(lambda line: re.sub(rb" +(?=\))", b"", re.sub(rb" +", b" ", line)).rstrip()),
        seen_in="parsers that split lines at white space",
    ),
    fault(
        "syntax/spaces-are-optional",
        "Where a space is missing, none is missed",
        "2.2.2-i",
        hearing(lambda line: re.sub(rb"(?<=[A-Z\"])(?=\()|(?<=\")(?=[A-Z])", b" ", line)),
    ),
    fault(
        "syntax/space-in-lists",
        "A space in front of the first item of a list, or in a set, is passed over",
        "2.2.2-i",
        hearing(lambda line: re.sub(rb"(?<=[(,]) +", b"", line)),
    ),
    fault(
        "syntax/tab-is-a-space", "A tab is as good as a space", "9-e", hearing(lambda line: line.replace(b"\t", b" "))
    ),
    _tolerated(
        "sort-of-anything", "SORT and THREAD take anything", "2.2.2-g 2.2.2-j", rb"\S+ (UID )?(SORT|THREAD)", "SORT"
    ),
    _tolerated(
        "lacking-at-the-end",
        "What is missing at the end of SEARCH, FETCH and STORE is passed over",
        "2.2.2-g",
        rb"SEARCH CHARSET$|HEADER\.FIELDS\]$|STORE \d+ FLAGS$",
    ),
    _tolerated(
        "spaces-in-sections", "Spaces in a section, and none before a list, pass", "2.2.2-i", rb"\[ TEXT|FLAGS\("
    ),
    _tolerated("id-of-anything", "ID takes any argument, and none", "RFC2971-3.1-e", rb"^\S+ ID", "ID"),
    _tolerated("enable-of-nothing", "ENABLE without a name is OK", "RFC5161-3.1-b", rb"^\S+ ENABLE", "ENABLE"),
    _tolerated("status-of-anything", "STATUS passes over unknown items", "9-bv", rb"^\S+ STATUS", "STATUS"),
    _tolerated(
        "number-zero", "The number 0 stands for no message", "9-bt", rb"^\S+ (UID )?(STORE|COPY|FETCH) 0", "STORE"
    ),
    _tolerated("number-zero-in-fetch", "FETCH 0 gives nothing", "9-bt", rb"(FETCH|SEARCH|COPY|STORE) (1,)?0"),
    _tolerated("large-numbers", "Numbers beyond 32 bits are taken", "POSTEL-imap_parse-f", rb"\d{10,}"),
    _tolerated("macro-in-a-list", "FETCH takes macros in a list", "6.4.5-h", rb"FETCH 1 .*(ALL|FAST|FULL)", "FETCH"),
    _tolerated("mime-without-part", "FETCH takes BODY[MIME]", "6.4.5-p", rb"\[MIME\]", "FETCH"),
    _tolerated("partial-of-nothing", "FETCH takes a partial of 0 octets", "9-al", rb"<\d+(\.0)?>", "FETCH"),
    _tolerated("fields-of-nothing", "FETCH takes an empty list of fields", "9-ar", rb"FIELDS(\.NOT)? \(\)", "FETCH"),
    fault(
        "syntax/number-too-high",
        "Message numbers beyond the last are passed over",
        "9-bp",
        ending(lambda _, __, outcome: Completion("None") if isinstance(outcome, Improper) else outcome),
        seen_in="servers that answer OK to FETCH of messages that are not there",
    ),
    _refused("lower-case-commands", "Command names in lower case are unknown", "9-b", rb"^\S+ (uid )?[a-z]+\b"),
    _refused(
        "mixed-case-commands",
        "Command names in mixed case are unknown",
        "9-b",
        rb"^\S+ (?=[A-Za-z]*[a-z])(?=[A-Za-z]*[A-Z])[A-Za-z]+\b",
    ),
    _refused(
        "lower-case-keywords",
        "Keywords of arguments are known in upper case only",
        "9-c",
        rb"(?<![\w.\"\\])(?!(?:[A-Z0-9.]+)(?![\w.]))(?i:FLAGS|UID|RFC822|FAST|ALL|FULL|BODY|BODYSTRUCTURE|ENVELOPE"
        rb"|HEADER|MESSAGES|RECENT|UIDNEXT|UIDVALIDITY|UNSEEN|SEEN|FROM|SUBJECT|SINCE|CHARSET|NOT|OR|JAN|JUN|DEC)\b",
    ),
    _refused(
        "lower-case-keys",
        "Keys of SEARCH and options of LIST are known in upper case only",
        "9-c",
        rb"SEARCH (?=\S*[a-z])[A-Za-z]+ |return \(|\((subscribed|children)\)",
    ),
    _refused(
        "atom-patterns", "LIST and LSUB take no atom for a pattern", "4.1-a", rb'\A\S+ (LIST|LSUB) "" [^"{(]+$', "LIST"
    ),
    _refused("ranges-of-one", "A range has two numbers", "9-bq", rb"\b(\d+):\1\b"),
    _refused("two-literals", "A command takes one literal only", "4.3-b", rb"[^+]\}\r\n.*[^+]\}\r\n", flags=re.DOTALL),
    _refused(
        "both-kinds-of-literal",
        "A command takes no literals of two kinds",
        "RFC7888-3-h",
        rb"\+\}\r\n.*[^+]\}\r\n",
        flags=re.DOTALL,
    ),
    _refused(
        "two-literals-at-once",
        "A command takes one non-synchronizing literal only",
        "RFC7888-3-b",
        rb"\+\}\r\n.*\+\}\r\n",
        flags=re.DOTALL,
    ),
    fault(
        "syntax/escapes",
        "LIST and STATUS do not undo escapes in quoted strings",
        "9-bf",
        hearing(lambda line: re.sub(rb'\\(["\\])', b"_", line) if _is("LIST", line) or _is("STATUS", line) else line),
        "LIST",
    ),
    fault(
        "syntax/bracket",
        "] ends the pattern of LIST",
        "9-m",
        hearing(lambda line: line.partition(b"]")[0] if _is("LIST", line) else line),
        "LIST",
    ),
    fault(
        "syntax/atoms-of-letters",
        "The patterns of LIST, given as atoms, end before what is no letter",
        "4.1-a",
        hearing(lambda line: re.sub(rb"(LIST \"\" \w+)[^\w\"%*/].*", rb"\1", line)),
        "LIST",
    ),
    fault(
        "syntax/literal-is-read",
        "Lines of a literal that look like commands are taken out of it",
        "2.2-e",
        meaning(c.Append, lambda command: replace(command, messages=tuple(map(_without_commands, command.messages)))),
        "APPEND",
        seen_in="servers that look for lines in what they have yet to count",
    ),
    fault(
        "syntax/nil-is-empty",
        "LIST takes NIL for an empty string",
        "4.5-a",
        hearing(lambda line: re.sub(rb"(LIST \"\") NIL$", rb'\1 ""', line)),
        "LIST",
    ),
)
