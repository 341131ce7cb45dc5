"""The lines of SMTP's replies, judged by the letter: digits, separators, characters, lengths, line ends.

RFC 5321 §4.2 (grammar), §4.2.1 (multi-line replies), §4.5.3.1.5 (length), §2.3.8 (line ends).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.transcript import Exchange
from harness.wire.findings import Findings

REQUIREMENTS = (
    "RFC5321-2.3.8-c",
    "RFC5321-2.4-k",
    "RFC5321-4.2-b",
    "RFC5321-4.2-d",
    "RFC5321-4.2-e",
    "RFC5321-4.2-k",
    "RFC5321-4.2.1-e",
    "RFC5321-4.2.1-f",
    "RFC5321-4.3.2-b",
    "RFC5321-4.5.3.1.5-a",
)
#: Octets of a reply line, code and CRLF included (RFC 5321 §4.5.3.1.5).
LONGEST_LINE = 512

_LINE = re.compile(rb"([0-9]{3})(?:([ -])(.*))?", re.DOTALL)
_DIGITS = re.compile(rb"[2-5][0-5][0-9]")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")

Place = tuple[int, Exchange]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a reply: its code (three octets), whether another follows, and its text; `raw` without its end."""

    raw: bytes
    code: bytes
    more: bool
    text: bytes


def take_lines(place: Place, findings: Findings, *, utf8: bool) -> tuple[Line, ...]:
    """Judge every line of a reply; those that are lines of one. `utf8`: the client asked for SMTPUTF8 (RFC 6531)."""
    raw = place[1].reply
    findings.check(
        "RFC5321-2.3.8-c",
        re.search(rb"(?<!\r)\n|\r(?!\n)", raw) is None and raw.endswith(b"\n"),
        place,
        expected="CRLF at the end of each line, and CR and LF nowhere else",
        observed=raw,
        kind="line-end",
    )
    ended = raw.removesuffix(b"\n").removesuffix(b"\r")
    found = [_line(place, each, findings, utf8=utf8) for each in re.split(rb"\r?\n", ended)]
    lines = tuple(line for line in found if line is not None)
    if len(lines) > 1:
        findings.check(
            "RFC5321-4.2.1-e",
            len({line.code for line in lines}) == 1,
            place,
            expected="the same code on every line",
            observed=b" ".join(line.code for line in lines),
            kind="codes-differ",
        )
    return lines


def _line(place: Place, raw: bytes, findings: Findings, *, utf8: bool) -> Line | None:
    findings.check(
        "RFC5321-4.5.3.1.5-a",
        len(raw) + 2 <= LONGEST_LINE,
        place,
        expected=f"at most {LONGEST_LINE} octets",
        observed=f"{len(raw) + 2} octets",
        kind="too-long",
    )
    found = _LINE.fullmatch(raw)
    holds = found is not None
    findings.check(
        "RFC5321-4.2-b", holds, place, expected="three digits, hyphen or space, text", observed=raw, kind="not-a-line"
    )
    _code(place, raw, findings)
    if found is None:
        return None
    text = found[3] or b""
    findings.check(
        "RFC5321-4.2.1-f", found[2] is not None, place, expected="a space after the code", observed=raw, kind="no-space"
    )
    findings.check(
        "RFC5321-4.2-e",
        _CONTROL.search(text) is None,
        place,
        expected="HT, SP and printable characters only",
        observed=text,
        kind="control-character",
    )
    if not utf8:
        findings.check(
            "RFC5321-2.4-k",
            _NOT_ASCII.search(text) is None,
            place,
            expected="ASCII",
            observed=text,
            kind="not-ascii",
        )
    return Line(raw, found[1], found[2] == b"-", text)


def _code(place: Place, raw: bytes, findings: Findings) -> None:
    three = re.match(rb"[0-9]{3}(?![0-9])", raw) is not None
    findings.check(
        "RFC5321-4.3.2-b",
        three and raw[:1] in (b"2", b"3", b"4", b"5"),
        place,
        expected="a code of three digits that begins with 2 to 5",
        observed=raw,
        kind="not-a-code",
    )
    if not three:
        return
    findings.check(
        "RFC5321-4.2-k",
        raw[:1] in (b"2", b"3", b"4", b"5"),
        place,
        expected="a first digit from 2 to 5",
        observed=raw,
        kind="first-digit",
    )
    findings.check(
        "RFC5321-4.2-d",
        _DIGITS.match(raw) is not None,
        place,
        expected="digits from 2 to 5, 0 to 5 and 0 to 9",
        observed=raw,
        kind="digits-out-of-range",
    )
