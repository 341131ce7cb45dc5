"""Strict rules of every IMAP response line: how it begins and ends, status responses, codes, continuation requests.

RFC 3501 §2.2, §7.1, §7.5, §9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.verdicts import Facet
from harness.wire.findings import Findings
from harness.wire.imap import CONDITIONS, ContinuationRequest, ImapResponse, TaggedResponse, UntaggedResponse
from harness.wire.imap_answer import ImapAnswer
from harness.wire.imap_scan import NOT_ZERO, SPACING, Broken, Dialect, Scan
from harness.wire.imap_syntax import untagged
from harness.wire.imap_syntax_words import capabilities, flag

_LINE_END = "RFC3501-2.2-b"
_RESULT = "RFC3501-2.2.2-e"
_NO_NUL = "RFC3501-9-f"
_TEXT = "RFC3501-9-bg"
_SEVEN_BIT = "RFC3501-9-bh"
_CODE = "RFC3501-9-bi"
_CONTINUATION = "RFC3501-9-ae"
_CHALLENGE = "RFC3501-9-o"
_UIDPLUS = "RFC4315-4-b"
_MODSEQ = "RFC7162-7-c"
_NOT_A_RESPONSE = "RFC3501-2.2.2-a"

#: Requirements that these rules judge.
REQUIREMENTS = (
    _LINE_END,
    _RESULT,
    _NO_NUL,
    _TEXT,
    _SEVEN_BIT,
    _CODE,
    _CONTINUATION,
    _CHALLENGE,
    _UIDPLUS,
    _MODSEQ,
    _NOT_A_RESPONSE,
)

_NAME = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_CODE_TEXT = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x5c\x5e-\x7f]+")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_UID_SET = re.compile(rb"[1-9][0-9]*(?::[1-9][0-9]*)?(?:,[1-9][0-9]*(?::[1-9][0-9]*)?)*")


def check_line(response: ImapResponse, answer: ImapAnswer, dialect: Dialect, findings: Findings) -> str:
    """Judge one response by the grammar: the requirement that it breaks, or nothing."""
    scan = Scan(response.raw, dialect)
    try:
        _check(response, answer, scan)
    except Broken as broken:
        findings.passed_all(scan.passed)
        findings.check(
            broken.requirement,
            False,
            answer.place,
            expected=broken.expected,
            observed=response.raw,
            kind=broken.kind,
            facet=Facet.GRAMMAR,
            event=response.event if response.event >= 0 else None,
        )
        return broken.requirement
    except RecursionError:
        return ""  # nested deeper than anybody need read; nothing is proved
    findings.passed_all(scan.passed)
    return ""


def _check(response: ImapResponse, answer: ImapAnswer, scan: Scan) -> None:
    if not response.raw.endswith(b"\r\n"):
        raise Broken(_LINE_END, "CRLF at the end of the line", "line-end:lf")
    scan.held(_LINE_END)
    first = response.raw[: response.raw.find(b"\n")]
    if b"\0" in first:
        raise Broken(_NO_NUL, "no NUL in a response", "nul")
    scan.held(_NO_NUL)
    match response:
        case ContinuationRequest():
            _continuation(scan, answer)
        case TaggedResponse(tag, condition):
            if not condition and not tag.isalnum():
                raise Broken(_NOT_A_RESPONSE, "*, + or a tag at the beginning", "no-response")
            if condition not in ("OK", "NO", "BAD"):
                raise Broken(_RESULT, "OK, NO or BAD behind the tag", "condition")
            scan.held(_RESULT)
            scan.at = response.raw.index(b" ") + 1
            _status(scan, condition)
        case UntaggedResponse():
            scan.at = 1
            scan.space()
            _data(scan, response)


def _data(scan: Scan, response: UntaggedResponse) -> None:
    if response.condition in CONDITIONS:
        _status(scan, response.condition)
        return
    if response.number is not None:
        if response.name in ("EXPUNGE", "FETCH"):
            scan.nz_number("RFC3501-9-az")
        else:
            scan.number("RFC3501-9-ay")
        scan.space()
    name = response.name.encode("utf-8", "surrogateescape")
    if scan.token(name) and not untagged(scan, response.number, response.name) and response.number is not None:
        expected = "EXISTS, RECENT, EXPUNGE or FETCH behind a number"
        raise Broken("RFC3501-9-az", expected, "number:unknown-name")


def _continuation(scan: Scan, answer: ImapAnswer) -> None:
    if scan.raw[:2] != b"+ ":
        raise Broken(_CONTINUATION, "+ and a space", "continuation:no-space")
    scan.held(_CONTINUATION)
    text = scan.raw[2:-2]
    _check_seven_bit(scan, text)
    mechanism = answer.arguments.split(b" ")[0].upper()
    if answer.name == "AUTHENTICATE" and answer.alone and text and mechanism.startswith(b"SCRAM-"):
        if not _BASE64.fullmatch(text):
            raise Broken(_CHALLENGE, "a challenge in BASE64 with padding", "challenge:not-base64")
        scan.held(_CHALLENGE)


def _check_seven_bit(scan: Scan, text: bytes) -> None:
    if not scan.dialect.eight_bit_text and (not text.isascii() or b"\r" in text):
        raise Broken(_SEVEN_BIT, "7-bit text without CR", "text:8-bit" if not text.isascii() else "text:cr")
    scan.held(_SEVEN_BIT)


def _status(scan: Scan, condition: str) -> None:
    """A condition, a code where there is one, and a text (RFC 3501 §7.1)."""
    scan.token(condition.encode())
    if scan.at == scan.end:
        return  # a text is missing; RFC 9051 has made it optional, and no client is harmed
    if scan.peek() != b" ":
        raise Broken(SPACING, "a space behind the condition", "space:missing")
    scan.at += 1  # a further space belongs to the text
    coded = scan.token(b"[")
    if coded:
        name = scan.match(_NAME, _CODE, "a response code that is an atom", "code:not-an-atom").upper()
        rule = _CODES.get(name.decode("latin-1"), _any_code)
        rule(scan)
        scan.need(b"]", _CODE, "code:not-closed")
        if scan.raw[scan.at : scan.at + 1] != b" " or scan.at + 1 >= scan.end:
            if not scan.dialect.rev2:
                raise Broken(_TEXT, "a space and a text behind the response code", "text:missing")
        else:
            scan.held(_TEXT)
    _check_seven_bit(scan, scan.raw[scan.at : scan.end])


def _any_code(scan: Scan) -> None:
    if scan.peek() == b" ":
        scan.space()
        scan.match(_CODE_TEXT, _CODE, "arguments without ]", "code:arguments")
    scan.held(_CODE)


def _none(scan: Scan) -> None:
    scan.held(_CODE)


def _nz(scan: Scan) -> None:
    scan.space()
    scan.nz_number(NOT_ZERO)


def _permanent_flags(scan: Scan) -> None:
    scan.space()
    scan.listed(lambda: flag(scan, wildcard=True), _CODE)


def _bad_charset(scan: Scan) -> None:
    if scan.peek() == b" ":
        scan.space()
        scan.listed(lambda: scan.astring(_CODE), _CODE, empty=False)


def _appenduid(scan: Scan) -> None:
    scan.space()
    scan.nz_number(_UIDPLUS)
    scan.space()
    scan.match(_UID_SET, _UIDPLUS, "a UID, or a set of UIDs", "appenduid")


def _copyuid(scan: Scan) -> None:
    scan.space()
    scan.nz_number(_UIDPLUS)
    for _ in range(2):
        scan.space()
        scan.match(_UID_SET, _UIDPLUS, "a set of UIDs", "copyuid")


def _highest(scan: Scan) -> None:
    scan.space()
    scan.nz_number(_MODSEQ, bits=63)


_CODES: Mapping[str, Callable[[Scan], None]] = {
    "ALERT": _none,
    "PARSE": _none,
    "READ-ONLY": _none,
    "READ-WRITE": _none,
    "TRYCREATE": _none,
    "UIDNEXT": _nz,
    "UIDVALIDITY": _nz,
    "UNSEEN": _nz,
    "PERMANENTFLAGS": _permanent_flags,
    "BADCHARSET": _bad_charset,
    "CAPABILITY": capabilities,
    "APPENDUID": _appenduid,
    "COPYUID": _copyuid,
    "HIGHESTMODSEQ": _highest,
}
