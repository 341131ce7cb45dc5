"""Rules for every POP3 reply: status line, framing of multi-line replies, SASL challenges, greeting, response codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.verdicts import Facet
from harness.wire.findings import Findings
from harness.wire.pop3_answer import Pop3Answer

#: Requirements that these rules judge.
REQUIREMENTS = (
    "RFC1939-3-h",
    "RFC1939-3-i",
    "RFC1939-3-j",
    "RFC1939-3-k",
    "RFC1939-3-l",
    "RFC1939-3-m",
    "RFC1939-3-n",
    "RFC1939-7.APOP-d",
    "RFC2449-3-a",
    "RFC2449-3-b",
    "RFC2449-3-c",
    "RFC2449-3-f",
    "RFC2449-4-c",
    "RFC2449-6.4-a",
    "RFC2449-8-b",
    "RFC2449-8.1.1-a",
    "RFC2449-8.1.1-b",
    "RFC2449-8.1.2-a",
    "RFC3206-4-b",
    "RFC3206-4-e",
    "RFC3206-5-b",
    "RFC3206-5-d",
    "RFC3206-5-e",
    "RFC5034-4.AUTH-f",
    "RFC5034-4.AUTH-i",
    "RFC6856-3.2-c",
    "RFC6856-5-a",
)

#: Octets of a status line, CRLF included (RFC 1939 §3, RFC 2449 §4).
LINE_LIMIT = 512

_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
#: Mechanisms in which the client speaks first, so that AUTH without a response gets an empty challenge.
_CLIENT_FIRST = re.compile(rb"(?i)PLAIN|SCRAM-.*|EXTERNAL|XOAUTH2|OAUTHBEARER")
_ATOM = rb"[^\x00-\x20\x7f-\xff()<>@,;:\\\".\[\]]+"
_WORD = rb"(?:" + _ATOM + rb"|\"(?:[^\"\\\r\n]|\\.)*\")"
_DOMAIN = rb"(?:" + _ATOM + rb"|\[(?:[^\[\]\\\r\n]|\\.)*\])"
_MSG_ID = re.compile(
    rb"<" + _WORD + rb"(?:\." + _WORD + rb")*@" + _DOMAIN + rb"(?:\." + _DOMAIN + rb")*>"
)  # RFC 822 §6
_TIMESTAMP = re.compile(rb"<[^<>]*@[^<>]*>")
_LEVEL = rb"[\x21-\x2e\x30-\x5c\x5e-\x7f]+"
_CODE = re.compile(rb"\[(" + _LEVEL + rb"(?:/" + _LEVEL + rb")*)\]")  # resp-code, RFC 2449 §3

_LOGINS = frozenset({"AUTH", "USER", "PASS", "APOP"})


@dataclass(frozen=True, slots=True)
class _CodeRule:
    """In answer to which commands a registered response code may come, and only with -ERR."""

    requirement: str
    commands: frozenset[str] | None


#: Registered response codes by their first level.
_CODE_RULES: Mapping[bytes, _CodeRule] = {
    b"LOGIN-DELAY": _CodeRule("RFC2449-8.1.1-a", _LOGINS),
    b"IN-USE": _CodeRule("RFC2449-8.1.2-a", frozenset({"AUTH", "APOP", "PASS"})),
    b"AUTH": _CodeRule("RFC3206-5-b", _LOGINS),
    b"SYS": _CodeRule("RFC3206-4-e", None),
    b"UTF8": _CodeRule("RFC6856-5-a", frozenset({"LIST", "TOP", "RETR"})),
}
#: Codes that should not answer USER, since they tell who exists.
_NOT_TO_USER = {b"LOGIN-DELAY": "RFC2449-8.1.1-b", b"AUTH": "RFC3206-5-e"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known where a reply is judged.

    `capabilities` holds the announced tags, None while no answer to CAPA is known; RFC 2449 binds only a server
    that answers it. `language`: LANG has succeeded in the session (RFC 6856 §3.2).
    """

    capabilities: Mapping[str, Sequence[str]] | None
    language: bool


def check_lines(answer: Pop3Answer, setting: Setting, findings: Findings) -> None:
    """Judge what every reply must keep to."""
    if answer.challenge:
        _check_challenge(answer, findings)
    else:
        _check_status(answer, setting, findings)
        _check_text(answer, setting, findings)
        _check_code(answer, setting, findings)
    _check_line_end(answer, findings)
    if answer.body is not None:
        _check_framing(answer, findings)
    if answer.exchange.command is None:
        _check_greeting(answer, setting, findings)


def _check_status(answer: Pop3Answer, setting: Setting, findings: Findings) -> None:
    known = findings.check(
        "RFC1939-3-h",
        answer.positive or answer.negative,
        answer.place,
        expected="one of the status indicators +OK and -ERR",
        observed=answer.line,
        kind="status:other",
    )
    if known:
        findings.check(
            "RFC1939-3-k",
            answer.line.startswith((b"+OK", b"-ERR")),
            answer.place,
            expected="the status indicator in upper case",
            observed=answer.line,
            kind="status:case",
        )
    for requirement in ("RFC1939-3-j", "RFC2449-4-c"):
        if requirement.startswith("RFC1939") or setting.capabilities is not None:
            length = len(answer.line) + len(answer.line_end)
            findings.check(
                requirement,
                length <= LINE_LIMIT,
                answer.place,
                expected=f"at most {LINE_LIMIT} octets in the first line",
                observed=f"{length} octets",
                kind="line:long",
            )
    if known and setting.capabilities is not None:
        findings.check(
            "RFC2449-3-a",
            answer.rest[:1] in (b"", b" "),
            answer.place,
            expected="the status indicator, then CRLF or one space and text",
            observed=answer.line,
            kind="status:glued",
        )


def _check_line_end(answer: Pop3Answer, findings: Findings) -> None:
    if answer.exchange.command is not None and (b"\n" in answer.exchange.command or b"\r" in answer.exchange.command):
        return  # a server that repeats the command in its text would be accused of what the client sent
    findings.check(
        "RFC1939-3-i",
        answer.line_end == b"\r\n",
        answer.place,
        expected="a status line that ends in CRLF",
        observed=answer.line + answer.line_end,
        kind="line-end:lf",
    )


def _check_framing(answer: Pop3Answer, findings: Findings) -> None:
    body = answer.body or b""
    findings.check(
        "RFC1939-3-l",
        not _lf_lines(answer, body),
        answer.place,
        expected="CRLF at the end of each line of a multi-line response",
        observed=body,
        kind="line-end:lf",
    )
    whole = answer.terminator == b"\r\n.\r\n"
    findings.check(
        "RFC1939-3-m",
        whole,
        answer.place,
        expected="CRLF, a dot and CRLF at the end of a multi-line response",
        observed=answer.exchange.reply[-20:],
        kind="terminator",
    )
    if answer.strict:
        bare = next((line for line in answer.lines if line.startswith(b".") and not line.startswith(b"..")), None)
        findings.check(
            "RFC1939-3-n",
            bare is None,
            answer.place,
            expected="a second dot before each line that begins with one",
            observed=bare or b"",
            kind="unstuffed",
        )


def _lf_lines(answer: Pop3Answer, body: bytes) -> bool:
    """Whether lines end in a lone LF. A message may hold lone LFs of its own: there, only a header whose lines all do
    accuses, since then it is the server that ends lines so."""
    if answer.keyword in {"RETR", "TOP"}:
        body = re.split(rb"\n\r?\n", body, maxsplit=1)[0]
        return b"\n" in body and b"\r\n" not in body
    return body.count(b"\n") != body.count(b"\r\n")


def _check_text(answer: Pop3Answer, setting: Setting, findings: Findings) -> None:
    command = answer.exchange.command or b""
    if not command.isascii() or b"\0" in command:
        return  # the text may repeat it
    if setting.language:
        findings.check(
            "RFC6856-3.2-c",
            _is_utf8(answer.rest),
            answer.place,
            expected="text in UTF-8",
            observed=answer.line,
            kind="text:charset",
        )
    elif setting.capabilities is not None:
        findings.check(
            "RFC2449-3-b",
            answer.rest.isascii() and b"\0" not in answer.rest,
            answer.place,
            expected="text in US-ASCII without NUL",
            observed=answer.line,
            kind="text:charset",
        )


def _check_code(answer: Pop3Answer, setting: Setting, findings: Findings) -> None:
    """Brackets mean a response code only where RESP-CODES is announced (RFC 2449 §6.4)."""
    if setting.capabilities is None or not answer.rest.startswith(b" ["):
        return
    found = _CODE.match(answer.rest, 1)
    levels = found[1].upper().split(b"/") if found else []
    announced = "RESP-CODES" in setting.capabilities
    if levels and levels[0] in _CODE_RULES:
        findings.check(
            "RFC2449-8-b",
            announced,
            answer.place,
            expected="RESP-CODES announced by a server that sends response codes",
            observed=answer.line,
            kind="code:unannounced",
            facet=Facet.CODE,
        )
    if not announced:
        return
    for requirement in ("RFC2449-3-f", "RFC2449-6.4-a"):
        findings.check(
            requirement,
            found is not None,
            answer.place,
            expected="a well-formed response code after an opening bracket",
            observed=answer.line,
            kind="code:form",
            facet=Facet.CODE,
        )
    if levels:
        _check_registered_code(answer, levels, setting.capabilities, findings)


def _check_registered_code(
    answer: Pop3Answer, levels: list[bytes], capabilities: Mapping[str, Sequence[str]], findings: Findings
) -> None:
    name = levels[0]
    rule = _CODE_RULES.get(name)
    if rule is None:
        return
    shown = name.decode()

    def check(requirement: str, holds: bool, expected: str, kind: str) -> None:
        findings.check(
            requirement, holds, answer.place, expected=expected, observed=answer.line, kind=kind, facet=Facet.CODE
        )

    fits = answer.negative and (rule.commands is None or answer.keyword in rule.commands)
    where = "" if rule.commands is None else " to " + ", ".join(sorted(rule.commands))
    check(rule.requirement, fits, f"the code {shown} only with -ERR{where}", "code:place")
    if name in _NOT_TO_USER:
        check(_NOT_TO_USER[name], answer.keyword != "USER", f"no code {shown} in answer to USER", "code:user")
    if name == b"SYS":
        check("RFC3206-4-b", levels[1:2] in ([], [b"TEMP"], [b"PERM"]), "SYS/TEMP or SYS/PERM", "code:sys")
    if name == b"AUTH":
        check("RFC3206-5-d", "AUTH-RESP-CODE" in capabilities, "AUTH-RESP-CODE announced", "code:unannounced")


def _check_challenge(answer: Pop3Answer, findings: Findings) -> None:
    first = not answer.in_sasl and len(answer.arguments) == 1 and _CLIENT_FIRST.fullmatch(answer.arguments[0])
    if first or answer.line in (b"+", b"+ "):
        findings.check(
            "RFC5034-4.AUTH-i",
            answer.line == b"+ ",
            answer.place,
            expected="an empty challenge: a plus sign and one space",
            observed=answer.line,
            kind="challenge:not-empty" if len(answer.line) > 2 else "challenge:no-space",
        )
    else:
        findings.check(
            "RFC5034-4.AUTH-f",
            _BASE64.fullmatch(answer.line[2:]) is not None,
            answer.place,
            expected="a plus sign, one space and Base64",
            observed=answer.line,
            kind="challenge:form",
        )


def _check_greeting(answer: Pop3Answer, setting: Setting, findings: Findings) -> None:
    timestamp = timestamp_of(answer.line)
    if timestamp is not None:
        findings.check(
            "RFC1939-7.APOP-d",
            _MSG_ID.fullmatch(timestamp) is not None,
            answer.place,
            expected="a timestamp that is a msg-id of RFC 822",
            observed=timestamp,
            kind="timestamp:form",
        )
    if setting.capabilities is not None:
        opened = answer.line.count(b"<")
        findings.check(
            "RFC2449-3-c",
            opened == 0 or (opened == 1 and _MSG_ID.search(answer.line) is not None),
            answer.place,
            expected="at most one `<`, which begins a timestamp that is a msg-id of RFC 822",
            observed=answer.line,
            kind="timestamp:form",
        )


def timestamp_of(greeting: bytes) -> bytes | None:
    """What looks like an APOP timestamp in a greeting, well-formed or not."""
    found = _TIMESTAMP.search(greeting[:LINE_LIMIT])
    return found.group() if found else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
