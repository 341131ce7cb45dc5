"""Reply codes and enhanced status codes, judged by the letter: which codes there are, for which command, in what form.

RFC 5321 §4.2.2, §4.2.3, §4.3.2; RFC 4954 §4, §6; RFC 3207 §4; RFC 3030 §2; RFC 2034 §4, RFC 3463 §2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.verdicts import Facet
from harness.wire.findings import Findings
from harness.wire.smtp_lines import Line, Place

REQUIREMENTS = (
    "RFC2034-4-a",
    "RFC2034-4-b",
    "RFC2034-4-c",
    "RFC2034-4-e",
    "RFC2034-4-f",
    "RFC3463-2-a",
    "RFC3463-2-b",
    "RFC5321-4.2-f",
    "RFC5321-4.3.1-d",
)


def _codes(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split()))


#: What every command may be answered: shutdown, syntax, sequence (RFC 5321 §4.3.2), and what must be done first
#: (RFC 3207 §4, RFC 4954 §6).
_ALWAYS = _codes("421 500 501 503 530")
_MESSAGE = _codes("250 450 451 452 550 552 554")
#: Codes by command (RFC 5321 §4.3.2, and the extension of the command); `message` is the end of mail data.
_BY_COMMAND: Mapping[str, frozenset[int]] = {
    "greeting": _codes("220 421 554"),
    "EHLO": _codes("250 502 504 550"),
    "LHLO": _codes("250 502 504 550"),
    "HELO": _codes("250 502 504 550"),
    "MAIL": _codes("250 451 452 455 504 550 552 553 555"),
    "RCPT": _codes("250 251 450 451 452 455 504 550 551 552 553 555 556"),
    "DATA": _codes("354 554 450 451 452 550"),
    "BDAT": _MESSAGE,
    "message": _MESSAGE,
    "RSET": _codes("250"),
    "VRFY": _codes("250 251 252 502 504 550 551 553"),
    "EXPN": _codes("250 252 502 504 550"),
    "HELP": _codes("211 214 502 504"),
    "NOOP": _codes("250"),
    "QUIT": _codes("221"),
    "STARTTLS": _codes("220 454 502 554"),
    "AUTH": _codes("235 334 432 454 502 504 534 535 538 550"),
    "response": _codes("235 334 432 454 504 534 535 538 550"),
}
#: What MAIL and RCPT may be answered beside that where mail is submitted (RFC 6409 §4.1, §4.2).
_SUBMITTING = _codes("554")
#: All of these, and codes of further extensions (RFC 1985, RFC 2645, RFC 5248, RFC 7504).
LISTED = frozenset[int]().union(_ALWAYS, *_BY_COMMAND.values(), _codes("253 453 458 459 521 523 524 525 533"))

_STATUS = re.compile(rb"([0-9]+)\.([0-9]+)\.([0-9]+)(?=[ \t]|\Z)")
_ALIKE = re.compile(rb"[0-9]+\.[0-9]+\.[0-9]+")


def check_code(
    place: Place, code: int, command: str, findings: Findings, *, certain: bool, submitting: bool = False
) -> None:
    """The code of a reply to a command. `certain`: the reply belongs to it without doubt; `submitting`: the client has
    authenticated itself, so that the server may act as one for submission."""
    findings.check(
        "RFC5321-4.2-f",
        code in LISTED,
        place,
        expected="a code that RFC 5321 or an extension lists",
        observed=f"{code:03d}",
        kind=f"code:{code:03d}",
        facet=Facet.CODE,
    )
    fitting = _BY_COMMAND.get(command)
    if certain and fitting is not None and code in LISTED:
        always = frozenset[int]() if command == "greeting" else _ALWAYS
        always |= _SUBMITTING if submitting and command in ("MAIL", "RCPT") else frozenset()
        findings.check(
            "RFC5321-4.3.1-d",
            code in fitting | always,
            place,
            expected=f"one of {' '.join(map(str, sorted(fitting)))} for {command}",
            observed=f"{code:03d}",
            kind=f"{command}:{code:03d}",
            facet=Facet.CODE,
        )


def check_enhanced(place: Place, lines: Sequence[Line], command: str, findings: Findings) -> None:
    """The enhanced status codes of a server that announced them (RFC 2034).

    Refusals of EHLO and HELO are exempt, and none has to leave them out there.
    """
    hello = command in ("EHLO", "LHLO", "HELO")
    if hello and lines[0].code[:1] != b"2":
        return
    if hello or lines[0].code[:1] == b"3":
        findings.check(
            "RFC2034-4-f",
            not any(_STATUS.match(line.text) for line in lines),
            place,
            expected="no enhanced status code",
            observed=lines[0].raw,
            kind=f"status-code:{command}",
            facet=Facet.CODE,
        )
        return
    found = [_STATUS.match(line.text) for line in lines]
    for line, status in zip(lines, found, strict=True):
        _check_status(place, line, status, findings)
    if len(lines) > 1 and all(found):
        findings.check(
            "RFC2034-4-c",
            len({status[0] for status in found if status}) == 1,
            place,
            expected="the same status code on every line",
            observed=place[1].reply,
            kind="status-codes-differ",
            facet=Facet.CODE,
        )


def _check_status(place: Place, line: Line, status: re.Match[bytes] | None, findings: Findings) -> None:
    alike = _ALIKE.match(line.text)
    findings.check(
        "RFC2034-4-a",
        alike is not None,
        place,
        expected="an enhanced status code before the text",
        observed=line.raw,
        kind="no-status-code",
        facet=Facet.CODE,
    )
    if alike is None:
        return
    findings.check(
        "RFC2034-4-e",
        status is not None and not line.text[status.end() :].startswith(b"\t"),
        place,
        expected="a space behind the status code",
        observed=line.raw,
        kind="no-space-behind-status-code",
    )
    numbers = alike[0].split(b".")
    findings.check(
        "RFC2034-4-b",
        numbers[0] == line.code[:1],
        place,
        expected=f"a status code of class {line.code[:1].decode()}",
        observed=line.raw,
        kind="class-differs",
        facet=Facet.CODE,
    )
    findings.check(
        "RFC3463-2-a",
        numbers[0] in (b"2", b"4", b"5") and all(len(number) <= 3 for number in numbers),
        place,
        expected="class 2, 4 or 5, and at most three digits in each number",
        observed=line.raw,
        kind="not-a-status-code",
    )
    findings.check(
        "RFC3463-2-b",
        not any(len(number) > 1 and number.startswith(b"0") for number in numbers),
        place,
        expected="numbers without leading zeros",
        observed=line.raw,
        kind="leading-zero",
    )
