"""Faults in how commands are read (RFC 3501 §2.2.2, §4, §9): what is wrong is taken, what is right is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap.errors import BadCommand
from reference_server.imap.outcome import Completion, Improper
from reference_server.imap.responses import StatusResponse
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    ending,
    fault,
    hearing,
    imap_variant,
    refusing_lines,
    said,
    saying,
    tolerating,
)

_LACKING = "argument missing"
_SURPLUS = "too many arguments"
_UNKNOWN = "unknown command"

#: Commands with arguments, and their names in a line.
_WITH_ARGUMENTS = (
    *("AUTHENTICATE", "LOGIN", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE"),
    *("LIST", "LSUB", "STATUS", "APPEND", "GETQUOTA", "GETQUOTAROOT", "STORE", "COPY", "FETCH"),
    *("UID", "UID STORE", "UID COPY", "UID FETCH", "UID EXPUNGE", "MOVE", "SEARCH", "UID SEARCH", "ENABLE"),
)
_TAKING_NO_MORE = (
    *("CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "LOGIN", "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME"),
    *("SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB", "STATUS", "NAMESPACE", "CHECK", "CLOSE", "EXPUNGE", "COPY"),
    *("UNSELECT", "FETCH"),
)
_READ_LAXLY = (
    *("SELECT", "CREATE", "STATUS", "APPEND", "STORE", "COPY", "UID STORE", "UID", "FETCH", "UID FETCH", "LIST"),
    *("SEARCH", "UID SEARCH", "LOGIN", "RENAME"),
)
#: Commands whose mailbox may be an atom, and where in the line it stands.
_WITH_ATOM = (
    *("SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB"),
    *("STATUS", "APPEND", "COPY", "UID COPY", "GETQUOTAROOT", "MOVE"),
)


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
        lambda text: text == _SURPLUS,
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


class _ForgetsLiteral(ImapSession):
    """A literal whose octets are read as a command once more."""

    def understood(self, text: f.CommandText) -> c.Command:
        for literal in text.literals.values():
            if b")" in literal.data or b'"' in literal.data:
                raise BadCommand(None, "The literal holds what it must not")
        return super().understood(text)


class _NilIsInbox(ImapSession):
    """NIL in place of a mailbox name is no name."""

    def understood(self, text: f.CommandText) -> c.Command:
        if re.search(rb" NIL(?: |$)", text.lines):
            raise BadCommand(text.lines.split(b" ")[0].decode(), "NIL is no mailbox")
        return super().understood(text)


FAULTS: tuple[Fault, ...] = (
    *map(_lacking, _WITH_ARGUMENTS),
    *map(_surplus, _TAKING_NO_MORE),
    *map(_malformed, _READ_LAXLY),
    *(_no_form(rb'"', "quoted", "4.3-a", name) for name in (*_WITH_ATOM, "ID")),
    *(_no_form(rb"[^+]\}\r\n", "literal", "4.3-a", name) for name in (*_WITH_ATOM, "ID")),
    *(_no_form(rb"\+\}\r\n", "non-synchronizing-literal", "RFC7888-3-b", name) for name in (*_WITH_ATOM, "ID")),
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
        "syntax/wrong-is-not-answered",
        "BAD is not sent at all",
        "2.2.2-c",
        said(StatusResponse, lambda response: None if response.condition.value == "BAD" else response),
        "NOOP",
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
        rb"(?<![\w.\"])(?!(?:[A-Z0-9.\[\]]+)(?![\w.]))(FLAGS|UID|RFC822|FAST|ALL|FULL|BODY|BODYSTRUCTURE|ENVELOPE|HEADER"
        rb"|MESSAGES|RECENT|UIDNEXT|UIDVALIDITY|UNSEEN|SEEN|FROM|SUBJECT|SINCE|CHARSET|NOT|OR|JAN|JUN|DEC)",
        flags=re.IGNORECASE,
    ),
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
    _refused("escapes", "Quoted strings hold no escapes", "9-bf", rb'\\["\\]'),
    _refused("bracket", "] needs quotes", "9-m", rb" [^\"(\[{]*\][^\"]*$"),
    _refused(
        "atoms-of-letters",
        "Atoms hold letters and digits only",
        "4.1-a",
        rb" (CREATE|SELECT|DELETE|LIST) .*[!#$'+,:;<=>?@^_`|}~]",
    ),
    fault("syntax/literal-is-read", "Quotes in a literal count", "2.2-e", imap_variant(session=_ForgetsLiteral)),
    fault("syntax/nil-is-no-name", "NIL is no mailbox name", "4.5-a", imap_variant(session=_NilIsInbox)),
)
