"""Rules for what POP3 replies list: drop, scan and unique-id listings, capabilities, languages, each by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.wire.findings import Findings
from harness.wire.pop3_answer import Pop3Answer

#: Requirements that these rules judge.
REQUIREMENTS = (
    "RFC1939-5.LIST-c",
    "RFC1939-5.LIST-f",
    "RFC1939-5.LIST-h",
    "RFC1939-5.STAT-b",
    "RFC1939-5.STAT-e",
    "RFC1939-7.UIDL-c",
    "RFC1939-7.UIDL-e",
    "RFC1939-7.UIDL-f",
    "RFC1939-7.UIDL-g",
    "RFC2449-3-d",
    "RFC2449-3-e",
    "RFC2449-5.CAPA-d",
    "RFC2449-6.5-a",
    "RFC2449-6.7-a",
    "RFC2449-6.9-a",
    "RFC5034-3-a",
    "RFC6856-2-a",
    "RFC6856-3.2-a",
    "RFC6856-3.2-h",
)

#: Octets of a capability line, CRLF included (RFC 2449 §5).
_CAPABILITY_LIMIT = 512

#: From here on a server's machine word may cut a number down; that such a number must be refused, cases ask.
_NO_WORD_HOLDS = 2**31

_NUMBERS = re.compile(rb"([0-9]+) ([0-9]+)(.*)", re.DOTALL)
_UNIQUE_ID_LISTING = re.compile(rb"([0-9]+) ([^ ]*)(.*)", re.DOTALL)
_UNIQUE_ID = re.compile(rb"[\x21-\x7e]{1,70}")
_CAPABILITY = re.compile(rb"[\x21-\x7f]+(?: [\x21-\x7e]+)*")
_MECHANISMS = re.compile(rb"(?: [A-Za-z0-9_-]{1,20})*")
_DELAY = re.compile(rb" [0-9]+(?: USER)?", re.IGNORECASE)
_EXPIRY = re.compile(rb" (?:[0-9]+|NEVER)(?: USER)?", re.IGNORECASE)
_LANGUAGE_TAG = rb"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*"
_LANGUAGE_REPLY = re.compile(rb" " + _LANGUAGE_TAG + rb"(?: .*)?", re.DOTALL)
_LANGUAGE_LISTING = re.compile(_LANGUAGE_TAG + rb"(?: [^ ].*)?", re.DOTALL)

#: The arguments of a capability, with the requirement that fixes them and how to say so.
_ARGUMENTS: Mapping[bytes, tuple[str, re.Pattern[bytes], str]] = {
    b"SASL": ("RFC5034-3-a", _MECHANISMS, "names of mechanisms, each after a single space"),
    b"LOGIN-DELAY": ("RFC2449-6.5-a", _DELAY, "a number of seconds, with at most USER after it"),
    b"EXPIRE": ("RFC2449-6.7-a", _EXPIRY, "a number of days or NEVER, with at most USER after it"),
    b"IMPLEMENTATION": ("RFC2449-6.9-a", re.compile(rb" [^ ].*", re.DOTALL), "at least one token"),
    b"UTF8": ("RFC6856-2-a", re.compile(rb"(?: USER)?", re.IGNORECASE), "no argument but USER"),
}


def check_listings(answer: Pop3Answer, findings: Findings) -> None:
    """Judge the form of a positive reply's data, where its command fixes one."""
    rule = _RULES.get(answer.keyword)
    if rule is not None and answer.positive and not answer.in_sasl:
        rule(answer, findings)


def scan_listings(answer: Pop3Answer) -> list[tuple[int, int]]:
    """Number and size of each well-formed scan listing of a reply to LIST, or the numbers of one to STAT."""
    found = (_NUMBERS.match(line) for line in _data(answer))
    return [(int(match[1]), int(match[2])) for match in found if match and len(match[1]) + len(match[2]) < 40]


def unique_id_listings(answer: Pop3Answer) -> list[tuple[int, bytes]]:
    """Number and unique-id of each well-formed listing of a reply to UIDL."""
    found = (_UNIQUE_ID_LISTING.match(line) for line in _data(answer))
    return [(int(match[1]), match[2]) for match in found if match and len(match[1]) < 20]


def capability_tags(answer: Pop3Answer) -> dict[str, tuple[str, ...]]:
    """What a positive reply to CAPA announces, by tag in upper case."""
    words = (line.decode("latin-1").split() for line in answer.lines)
    return {tag.upper(): tuple(parameters) for tag, *parameters in (each for each in words if each)}


def _data(answer: Pop3Answer) -> list[bytes]:
    """The listings of a reply: its body's lines, or the text of its only line."""
    return answer.lines if answer.body is not None else [answer.rest.removeprefix(b" ")]


def _check_stat(answer: Pop3Answer, findings: Findings) -> None:
    found = _NUMBERS.fullmatch(answer.rest[1:]) if answer.rest.startswith(b" ") else None
    formed = findings.check(
        "RFC1939-5.STAT-b",
        found is not None,
        answer.place,
        expected="+OK, one space, the number of messages, one space, the size",
        observed=answer.line,
        kind="drop-listing:form",
    )
    if formed and found is not None:
        _check_nothing_follows("RFC1939-5.STAT-e", found[3], answer, findings)


def _check_list(answer: Pop3Answer, findings: Findings) -> None:
    glued = answer.body is None and not answer.rest.startswith(b" ")
    for line in _data(answer):
        found = None if glued else _NUMBERS.fullmatch(line)
        formed = findings.check(
            "RFC1939-5.LIST-f",
            found is not None,
            answer.place,
            expected="the message number, one space, the size",
            observed=line,
            kind="scan-listing:form",
        )
        if formed and found is not None:
            _check_nothing_follows("RFC1939-5.LIST-h", found[3], answer, findings)
            _check_number("RFC1939-5.LIST-c", found[1], answer, findings)


def _check_uidl(answer: Pop3Answer, findings: Findings) -> None:
    glued = answer.body is None and not answer.rest.startswith(b" ")
    for line in _data(answer):
        found = None if glued else _UNIQUE_ID_LISTING.fullmatch(line)
        doubled = found is not None and not found[2] and bool(found[3])
        formed = findings.check(
            "RFC1939-7.UIDL-e",
            found is not None and not doubled,
            answer.place,
            expected="the message number, one space, the unique-id",
            observed=line,
            kind="unique-id-listing:form",
        )
        if not formed or found is None:
            continue
        findings.check(
            "RFC1939-7.UIDL-g",
            _UNIQUE_ID.fullmatch(found[2]) is not None,
            answer.place,
            expected="a unique-id of 1 to 70 octets from 0x21 to 0x7E",
            observed=found[2],
            kind="unique-id:length" if not 0 < len(found[2]) <= 70 else "unique-id:charset",
        )
        _check_nothing_follows("RFC1939-7.UIDL-f", found[3], answer, findings)
        _check_number("RFC1939-7.UIDL-c", found[1], answer, findings)


def _check_nothing_follows(requirement: str, tail: bytes, answer: Pop3Answer, findings: Findings) -> None:
    findings.check(
        requirement,
        not tail,
        answer.place,
        expected="nothing after the listing",
        observed=tail,
        kind="listing:space" if not tail.strip(b" ") else "listing:more",
    )


def _check_number(requirement: str, number: bytes, answer: Pop3Answer, findings: Findings) -> None:
    """A listing of one message is of the message that was asked for."""
    if answer.body is None and answer.number is not None and answer.number < _NO_WORD_HOLDS:
        findings.check(
            requirement,
            len(number) < 20 and int(number) == answer.number,
            answer.place,
            expected=f"the listing of message {answer.number}",
            observed=answer.line,
            kind="listing:number",
        )


def _check_capa(answer: Pop3Answer, findings: Findings) -> None:
    for line in answer.lines:
        findings.check(
            "RFC2449-3-d",
            _CAPABILITY.fullmatch(line) is not None,
            answer.place,
            expected="a tag and parameters, each after a single space, and no space at the end",
            observed=line,
            kind="capability:form",
        )
        findings.check(
            "RFC2449-5.CAPA-d",
            len(line) + 2 <= _CAPABILITY_LIMIT,
            answer.place,
            expected=f"at most {_CAPABILITY_LIMIT} octets in a capability line",
            observed=f"{len(line) + 2} octets",
            kind="line:long",
        )
        tag, space, arguments = line.partition(b" ")
        findings.check(
            "RFC2449-3-e",
            b"." not in tag,
            answer.place,
            expected="no dot in a capability tag",
            observed=line,
            kind="capability:dot",
        )
        if tag.upper() in _ARGUMENTS:
            requirement, pattern, expected = _ARGUMENTS[tag.upper()]
            findings.check(
                requirement,
                pattern.fullmatch(space + arguments) is not None,
                answer.place,
                expected=expected,
                observed=line,
                kind="capability:arguments",
            )


def _check_lang(answer: Pop3Answer, findings: Findings) -> None:
    if answer.body is None and answer.arguments:
        findings.check(
            "RFC6856-3.2-a",
            _LANGUAGE_REPLY.fullmatch(answer.rest) is not None,
            answer.place,
            expected="+OK, one space, the language's tag, one space, text",
            observed=answer.line,
            kind="language:form",
        )
    for line in answer.lines if answer.body is not None else ():
        findings.check(
            "RFC6856-3.2-h",
            _LANGUAGE_LISTING.fullmatch(line) is not None,
            answer.place,
            expected="a language's tag, optionally one space and a description",
            observed=line,
            kind="language-listing:form",
        )


_RULES: Mapping[str, Callable[[Pop3Answer, Findings], None]] = {
    "STAT": _check_stat,
    "LIST": _check_list,
    "UIDL": _check_uidl,
    "CAPA": _check_capa,
    "LANG": _check_lang,
}
