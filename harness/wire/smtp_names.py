"""What a server says of itself, judged by the letter: its name in greeting and EHLO, and the extensions that it lists.

RFC 5321 §4.2 (greeting), §4.1.1.1 (ehlo-ok-rsp), §4.1.2 and §4.1.3 (domains, literals), and each extension's keyword.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.wire.findings import Findings
from harness.wire.smtp_lines import Line, Place

#: Extension keyword -> its requirement about what stands behind it, and the pattern of that.
_PARAMETERS: Mapping[str, tuple[str, re.Pattern[bytes]]] = {
    "8BITMIME": ("RFC6152-2-a", re.compile(rb"")),
    "AUTH": ("RFC4954-3-a", re.compile(rb"(?: [A-Z0-9_-]{1,20})+")),
    "BINARYMIME": ("RFC3030-3-a", re.compile(rb"")),
    "CHUNKING": ("RFC3030-2-a", re.compile(rb"")),
    "ENHANCEDSTATUSCODES": ("RFC2034-3-a", re.compile(rb"")),
    "PIPELINING": ("RFC2920-2-a", re.compile(rb"")),
    "SIZE": ("RFC1870-3-a", re.compile(rb"(?: [0-9]{1,20})?")),
    "SMTPUTF8": ("RFC6531-3.1-b", re.compile(rb"")),
    "STARTTLS": ("RFC3207-4-a", re.compile(rb"")),
}
#: Extension keyword -> another that must be listed with it, and why.
_COMPANIONS: Mapping[str, tuple[str, str]] = {
    "SMTPUTF8": ("8BITMIME", "RFC6531-3.1-g"),
    "BINARYMIME": ("CHUNKING", "RFC3030-3-a"),
}

REQUIREMENTS = (
    "RFC5321-4.1.1.1-b",
    "RFC5321-4.1.1.1-c",
    "RFC5321-4.2-c",
    "RFC3207-4.2-h",
    "RFC6531-3.1-g",
    *(requirement for requirement, _ in _PARAMETERS.values()),
)

_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rb"%s(?:\.%s)*" % (_LABEL, _LABEL))
_LITERAL = re.compile(rb"\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]+|[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+)\]")
_KEYWORD_LINE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]*(?: [!-~]+)*")


def check_greeting(place: Place, lines: Sequence[Line], findings: Findings) -> None:
    """The first word of a greeting by 220 is the server's name (RFC 5321 §4.2)."""
    if lines[0].code == b"220":
        findings.check(
            "RFC5321-4.2-c",
            _names(lines[0].text),
            place,
            expected="a domain or address literal as the first word",
            observed=lines[0].raw,
            kind="no-name",
        )


def check_announcement(place: Place, lines: Sequence[Line], findings: Findings) -> dict[str, bytes]:
    """A positive reply to EHLO or LHLO; the extensions that it lists, by keyword in upper case."""
    findings.check(
        "RFC5321-4.1.1.1-b",
        _names(lines[0].text, literal=False),
        place,
        expected="a domain as the first word",
        observed=lines[0].raw,
        kind="no-name",
    )
    listed: dict[str, bytes] = {}
    for line in lines[1:]:
        findings.check(
            "RFC5321-4.1.1.1-c",
            _KEYWORD_LINE.fullmatch(line.text) is not None,
            place,
            expected="a keyword, and parameters behind single spaces",
            observed=line.raw,
            kind="not-an-ehlo-line",
        )
        keyword, space, parameters = line.text.partition(b" ")
        listed[keyword.decode("latin-1").upper()] = space + parameters
    _extensions(place, listed, findings)
    return listed


def _extensions(place: Place, listed: Mapping[str, bytes], findings: Findings) -> None:
    for keyword, parameters in listed.items():
        requirement, pattern = _PARAMETERS.get(keyword, ("", None))
        if pattern is not None:
            findings.check(
                requirement,
                pattern.fullmatch(parameters) is not None,
                place,
                expected=f"{keyword} with no other parameters than its extension has",
                observed=keyword.encode() + parameters,
                kind=f"parameters:{keyword}",
            )
        companion, why = _COMPANIONS.get(keyword, ("", ""))
        if companion:
            findings.check(
                why,
                companion in listed,
                place,
                expected=f"{companion} beside {keyword}",
                observed=" ".join(sorted(listed)),
                kind=f"without:{companion}",
            )
    if place[1].secure:
        findings.check(
            "RFC3207-4.2-h",
            "STARTTLS" not in listed,
            place,
            expected="no STARTTLS inside TLS",
            observed=" ".join(sorted(listed)),
            kind="starttls-in-tls",
        )


def _names(text: bytes, *, literal: bool = True) -> bool:
    word = text.split(b" ")[0]
    return bool(_DOMAIN.fullmatch(word)) or (literal and bool(_LITERAL.fullmatch(word)))
