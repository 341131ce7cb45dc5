"""The strict grammar of untagged data: mailbox data, message data and capabilities (RFC 3501 §7, §9). Raises Broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.wire.imap_scan import NUMBER, Scan
from harness.wire.imap_syntax_body import body, envelope
from harness.wire.imap_syntax_extensions import EXTENSIONS
from harness.wire.imap_syntax_words import CAPABILITIES, KEYWORD, capabilities, flag, mailbox

_LISTING = "RFC3501-9-au"
_ONE_SELECTABILITY = "RFC3501-9-av"
_CHILDREN = "RFC3348-3-i"
_CHILDREN_NOINFERIORS = "RFC3348-3-j"
_SEARCH = "RFC3501-9-aw"
_STATUS = "RFC3501-9-ax"
_COUNT = "RFC3501-9-ay"
_MESSAGE_NUMBER = "RFC3501-9-az"
_FETCH = "RFC3501-9-ba"
_NSTRING = "RFC3501-9-bb"
_DATE_TIME = "RFC3501-9-ai"
_ZONE = "RFC3501-9-bz"
_MODSEQ = "RFC7162-7-c"
_SORT = "RFC5256-4.SORT-a"
_ESEARCH = "RFC4466-3-b"

#: Requirements that these rules judge.
REQUIREMENTS = (
    _LISTING,
    _ONE_SELECTABILITY,
    _CHILDREN,
    _CHILDREN_NOINFERIORS,
    _SEARCH,
    _STATUS,
    _COUNT,
    _MESSAGE_NUMBER,
    _FETCH,
    _NSTRING,
    _DATE_TIME,
    _ZONE,
    _MODSEQ,
    _SORT,
    _ESEARCH,
)

_SELECTABILITY = frozenset({b"\\NOSELECT", b"\\MARKED", b"\\UNMARKED"})
_DATE = re.compile(
    rb'"([ 0-9][0-9])-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{4} '
    rb'[0-9]{2}:[0-9]{2}:[0-9]{2} ([^"]*)"',
    re.IGNORECASE,
)
#: Part 0, which RFC 2060 had, is for the command's grammar to refuse.
_SECTION = re.compile(
    rb"\[(?:(?:[0-9]+(?:\.[0-9]+)*)?(?:\.?(?:MIME|TEXT|HEADER(?:\.FIELDS(?:\.NOT)?)?))?)", re.IGNORECASE
)
_ITEM_NAME = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\[\]]+")
_SET = re.compile(rb"[1-9][0-9]*(?::[1-9][0-9]*)?(?:,[1-9][0-9]*(?::[1-9][0-9]*)?)*")
#: Items of STATUS whose values are no 32-bit numbers (RFC 7162 §7, RFC 8438 §4).
_WIDE_STATUS = frozenset({b"HIGHESTMODSEQ", b"SIZE", b"DELETED-STORAGE"})


def untagged(scan: Scan, number: int | None, name: str) -> bool:
    """The data behind a response's name, up to its end; false where the name is of no known kind."""
    rule = _NUMBERED.get(name) if number is not None else _PLAIN.get(name)
    if rule is None:
        return False
    rule(scan)
    return True


# -- flags and capabilities -------------------------------------------------------------------------------------------


def _flag_list(scan: Scan) -> None:
    scan.space()
    scan.listed(lambda: flag(scan), KEYWORD)
    scan.finish(KEYWORD)


def _capability(scan: Scan) -> None:
    capabilities(scan)
    scan.finish(CAPABILITIES)


# -- mailboxes --------------------------------------------------------------------------------------------------------


def _listing(scan: Scan) -> None:
    scan.space()
    attributes: set[bytes] = set()

    def attribute() -> None:
        scan.need(b"\\", _LISTING, "attribute:no-backslash")
        attributes.add(b"\\" + scan.atom(_LISTING).upper())

    scan.listed(attribute, _LISTING)
    _check_attributes(scan, attributes)
    scan.space()
    if not scan.nil() and len(scan.string(_LISTING)) != 1:
        raise scan.fail(_LISTING, "one character as hierarchy delimiter", "delimiter:length")
    scan.space()
    mailbox(scan, _LISTING)
    if scan.peek() == b" " and scan.raw[scan.at + 1 : scan.at + 2] == b"(":
        return  # extended data items (RFC 5258 §6)
    scan.finish(_LISTING)


def _check_attributes(scan: Scan, attributes: set[bytes]) -> None:
    if len(attributes & _SELECTABILITY) > 1:
        raise scan.fail(_ONE_SELECTABILITY, r"one of \Noselect, \Marked and \Unmarked", "attribute:several")
    scan.held(_ONE_SELECTABILITY)
    if b"\\HASCHILDREN" in attributes:
        for other, requirement in ((b"\\HASNOCHILDREN", _CHILDREN), (b"\\NOINFERIORS", _CHILDREN_NOINFERIORS)):
            if other in attributes:
                raise scan.fail(requirement, rf"\HasChildren without {other.decode()}", "attribute:contradiction")
            scan.held(requirement)


def _status(scan: Scan) -> None:
    scan.space()
    mailbox(scan, _STATUS)
    scan.space()

    def pair() -> None:
        item = scan.atom(_STATUS).upper()
        scan.space()
        if scan.peek() == b"(":
            _opaque(scan)
        elif not scan.nil():
            scan.number(_STATUS, bits=63 if item in _WIDE_STATUS else 32)

    scan.listed(pair, _STATUS)
    scan.finish(_STATUS)


def _opaque(scan: Scan) -> None:
    """A parenthesized value that only its own document describes."""
    scan.listed(lambda: _opaque(scan) if scan.peek() == b"(" else scan.astring(_FETCH), _FETCH)


def _search(requirement: str) -> Callable[[Scan], None]:
    def rule(scan: Scan) -> None:
        while scan.peek() == b" ":
            if scan.raw[scan.at + 1 : scan.at + 2] == b"(":
                break
            if scan.at + 1 == scan.end:
                raise scan.fail(requirement, "no space after the last number", "space:at-end")
            scan.space()
            scan.nz_number(requirement)
        if scan.peek() == b" ":
            scan.space()
            scan.need(b"(MODSEQ ", _MODSEQ, "search:not-modseq")
            scan.number(_MODSEQ, bits=63)
            scan.need(b")", _MODSEQ, "search:not-modseq")
        scan.finish(requirement)

    return rule


def _esearch(scan: Scan) -> None:
    if scan.token(b" (TAG "):
        scan.string(_ESEARCH)
        scan.need(b")", _ESEARCH, "esearch:correlator")
    if scan.raw[scan.at : scan.at + 5].upper() in (b" UID ", b" UID\r"):
        scan.token(b" UID")
    while scan.peek() == b" ":
        scan.space()
        scan.atom(_ESEARCH)
        scan.space()
        if scan.peek() == b"(":
            _opaque(scan)
        else:
            scan.atom(_ESEARCH)
    scan.finish(_ESEARCH)


def _count(scan: Scan) -> None:
    scan.finish(_COUNT)


def _expunge(scan: Scan) -> None:
    scan.finish(_MESSAGE_NUMBER)


def _vanished(scan: Scan) -> None:
    scan.token(b" (EARLIER)")
    scan.space()
    found = _SET.match(scan.raw, scan.at, scan.end)
    if found is None:
        raise scan.fail(_MODSEQ, "a set of UIDs", "vanished:not-a-set")
    scan.at = found.end()
    scan.finish(_MODSEQ)


# -- messages ---------------------------------------------------------------------------------------------------------


def _fetch(scan: Scan) -> None:
    scan.space()
    scan.listed(lambda: _item(scan), _FETCH, empty=False)
    scan.finish(_FETCH)


def _item(scan: Scan) -> None:
    """A data item and its value."""
    name = scan.match(_ITEM_NAME, _FETCH, "the name of a data item", "item:no-name").upper()
    if scan.peek() == b"[":
        _section(scan)
        scan.space()
        if name == b"BINARY.SIZE":
            scan.number(NUMBER)
        else:
            scan.nstring(_NSTRING, eight=name == b"BINARY")
        return
    scan.space()
    rule = _ITEMS.get(name)
    if rule is None:
        _unknown(scan)
    else:
        rule(scan)


def _section(scan: Scan) -> None:
    """What stands in the brackets, and the origin."""
    found = _SECTION.match(scan.raw, scan.at, scan.end)
    if found is None:
        raise scan.fail(_FETCH, "a section in brackets", "section")
    scan.at = found.end()
    if b"FIELDS" in found[0].upper():
        scan.space()
        scan.listed(lambda: scan.astring(_FETCH), _FETCH, empty=False)
    scan.need(b"]", _FETCH, "section:not-closed")
    if scan.token(b"<"):
        scan.number(_FETCH)
        scan.need(b">", _FETCH, "section:origin")


def _date_time(scan: Scan) -> None:
    found = _DATE.match(scan.raw, scan.at, scan.end)
    if found is None:
        raise scan.fail(_DATE_TIME, 'a date-time such as "17-Jul-1996 02:44:25 -0700"', "date-time")
    scan.held(_DATE_TIME)
    if not re.fullmatch(rb"[+-][0-9]{4}", found[2]):
        raise scan.fail(_ZONE, "a zone of a sign and four digits", "date-time:zone")
    scan.held(_ZONE)
    scan.at = found.end()


def _modseq(scan: Scan) -> None:
    scan.need(b"(", _MODSEQ, "modseq:not-a-list")
    scan.number(_MODSEQ, bits=63)
    scan.need(b")", _MODSEQ, "modseq:not-closed")


def _unknown(scan: Scan) -> None:
    """The value of an item that only its own document describes."""
    if scan.peek() == b"(":
        _opaque(scan)
    elif not scan.nil():
        scan.astring(_FETCH)


_ITEMS: Mapping[bytes, Callable[[Scan], object]] = {
    b"FLAGS": lambda scan: scan.listed(lambda: flag(scan, recent=True), KEYWORD),
    b"ENVELOPE": envelope,
    b"INTERNALDATE": _date_time,
    b"RFC822": lambda scan: scan.nstring(_NSTRING),
    b"RFC822.HEADER": lambda scan: scan.nstring(_NSTRING),
    b"RFC822.TEXT": lambda scan: scan.nstring(_NSTRING),
    b"RFC822.SIZE": lambda scan: scan.number(NUMBER),
    b"BODY": lambda scan: body(scan, extended=False),
    b"BODYSTRUCTURE": lambda scan: body(scan, extended=True),
    b"UID": lambda scan: scan.nz_number(NUMBER),
    b"MODSEQ": _modseq,
}


_PLAIN: Mapping[str, Callable[[Scan], None]] = {
    "FLAGS": _flag_list,
    "CAPABILITY": _capability,
    "LIST": _listing,
    "LSUB": _listing,
    "STATUS": _status,
    "SEARCH": _search(_SEARCH),
    "SORT": _search(_SORT),
    "ESEARCH": _esearch,
    "VANISHED": _vanished,
    **EXTENSIONS,
}
_NUMBERED: Mapping[str, Callable[[Scan], None]] = {
    "EXISTS": _count,
    "RECENT": _count,
    "EXPUNGE": _expunge,
    "FETCH": _fetch,
}
