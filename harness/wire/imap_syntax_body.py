"""The strict grammar of ENVELOPE and of body structures (RFC 3501 §7.4.2, §9). Raises Broken."""

from __future__ import annotations

from harness.wire.imap_scan import Broken, Scan

_ENVELOPE = "RFC3501-9-aj"
_ADDRESS = "RFC3501-9-g"
_BODY = "RFC3501-9-p"
_NO_EXTENSION = "RFC3501-9-r"
_UNDEFINED = "RFC3501-9-q"
_PARAMETERS = "RFC3501-9-s"
_DISPOSITION = "RFC3501-9-t"
_LANGUAGE = "RFC3501-9-u"
_NSTRINGS = "RFC3501-9-v"
_ENCODING = "RFC3501-9-w"
_COUNTS = "RFC3501-9-x"
_RFC822 = "RFC3501-9-y"
_PARTS = "RFC3501-9-z"
_MEDIA = "RFC3501-9-aa"

#: Requirements that these rules judge.
REQUIREMENTS = (
    _ENVELOPE,
    _ADDRESS,
    _BODY,
    _NO_EXTENSION,
    _UNDEFINED,
    _PARAMETERS,
    _DISPOSITION,
    _LANGUAGE,
    _NSTRINGS,
    _ENCODING,
    _COUNTS,
    _RFC822,
    _PARTS,
    _MEDIA,
)

#: Bodies within bodies that are followed; deeper ones are left alone.
MOST_NESTED = 100


def envelope(scan: Scan) -> None:
    """Ten members: date, subject, six lists of addresses, in-reply-to, message-id."""
    scan.need(b"(", _ENVELOPE, "envelope:not-a-list")
    scan.nstring(_ENVELOPE)
    scan.space()
    scan.nstring(_ENVELOPE)
    for _ in range(6):
        scan.space()
        _addresses(scan)
    for _ in range(2):
        scan.space()
        scan.nstring(_ENVELOPE)
    scan.need(b")", _ENVELOPE, "envelope:more-members")
    scan.held(_ENVELOPE)


def _addresses(scan: Scan) -> None:
    """At least one address, with nothing between them, or NIL."""
    if scan.nil():
        return
    scan.need(b"(", _ENVELOPE, "envelope:not-addresses")
    if scan.peek() == b")":
        raise scan.fail(_ENVELOPE, "at least one address, or NIL", "envelope:empty-list")
    while not scan.token(b")"):
        _address(scan)


def _address(scan: Scan) -> None:
    scan.need(b"(", _ADDRESS, "address:not-a-list")
    for index in range(4):
        if index:
            scan.space()
        scan.nstring(_ADDRESS)
    scan.need(b")", _ADDRESS, "address:more-members")
    scan.held(_ADDRESS)


def body(scan: Scan, *, extended: bool, depth: int = 0) -> None:
    """A body; `extended`: with extension data, as BODYSTRUCTURE has it. Raises RecursionError beyond MOST_NESTED."""
    if depth > MOST_NESTED:
        raise RecursionError
    scan.need(b"(", _BODY, "body:not-a-list")
    if scan.peek() == b"(":
        _multipart(scan, extended=extended, depth=depth)
    else:
        _single_part(scan, extended=extended, depth=depth)
    scan.need(b")", _BODY, "body:not-closed")
    scan.held(_BODY)


def _multipart(scan: Scan, *, extended: bool, depth: int) -> None:
    while scan.peek() == b"(":
        body(scan, extended=extended, depth=depth + 1)
    scan.held(_PARTS)
    scan.space()
    _media(scan)
    if _more(scan, extended=extended):
        _parameters(scan)
        _extension(scan)


def _single_part(scan: Scan, *, extended: bool, depth: int) -> None:
    if scan.nil():
        raise Broken(_MEDIA, "a media type as a string", "media:nil")
    if scan.peek() not in (b'"', b"{"):
        raise scan.fail(_PARTS, "a media type, or at least one body", "body:no-parts")
    media = _media(scan)
    scan.space()
    subtype = _media(scan)
    scan.space()
    _fields(scan)
    if (media, subtype) == (b"MESSAGE", b"RFC822"):
        _message(scan, extended=extended, depth=depth)
    elif media == b"TEXT":
        scan.space()
        _count(scan)
    if _more(scan, extended=extended):
        scan.nstring(_NSTRINGS)
        _extension(scan)


def _media(scan: Scan) -> bytes:
    if scan.nil():
        raise Broken(_MEDIA, "a media type and subtype as strings", "media:nil")
    return scan.string(_MEDIA).upper()


def _fields(scan: Scan) -> None:
    """Parameters, id, description, encoding and octets."""
    _parameters(scan)
    for _ in range(2):
        scan.space()
        scan.nstring(_NSTRINGS)
    scan.space()
    if scan.nil():
        raise Broken(_ENCODING, "a transfer encoding as a string", "encoding:nil")
    scan.string(_ENCODING)
    scan.space()
    _count(scan)


def _count(scan: Scan) -> None:
    scan.number(_COUNTS)


def _message(scan: Scan, *, extended: bool, depth: int) -> None:
    """Envelope, body and lines of an encapsulated message, which must be there."""
    if scan.raw[scan.at : scan.at + 2] != b" (":
        raise scan.fail(_RFC822, "envelope, body and lines of MESSAGE RFC822", "message:basic")
    scan.space()
    envelope(scan)
    scan.space()
    body(scan, extended=extended, depth=depth + 1)
    scan.space()
    _count(scan)
    scan.held(_RFC822)


def _more(scan: Scan, *, extended: bool) -> bool:
    """Whether extension data follows; the space before it is taken."""
    if scan.peek() != b" ":
        if not extended:
            scan.held(_NO_EXTENSION)
        return False
    if not extended:
        raise scan.fail(_NO_EXTENSION, "no extension data in BODY", "body:extension-data")
    scan.space()
    return True


def _parameters(scan: Scan) -> None:
    """Pairs of strings, at least one, or NIL."""
    if scan.nil():
        scan.held(_PARAMETERS)
        return
    count = scan.listed(lambda: scan.string(_PARAMETERS), _PARAMETERS, empty=False)
    if count % 2:
        raise scan.fail(_PARAMETERS, "pairs of name and value", "parameters:odd")


def _extension(scan: Scan) -> None:
    """Disposition, language, location, as far as they are given, and nothing behind them."""
    for part in (_disposition, _language, _location):
        if scan.peek() != b" ":
            return
        scan.space()
        part(scan)
    if scan.peek() == b" ":
        raise scan.fail(_UNDEFINED, "no extension data beyond the location", "body:undefined-extension")
    scan.held(_UNDEFINED)


def _disposition(scan: Scan) -> None:
    if not scan.nil():
        scan.need(b"(", _DISPOSITION, "disposition:not-a-list")
        scan.string(_DISPOSITION)
        scan.space()
        _parameters(scan)
        scan.need(b")", _DISPOSITION, "disposition:more-members")
    scan.held(_DISPOSITION)


def _language(scan: Scan) -> None:
    if scan.peek() == b"(":
        scan.listed(lambda: scan.string(_LANGUAGE), _LANGUAGE, empty=False)
    else:
        scan.nstring(_LANGUAGE)
    scan.held(_LANGUAGE)


def _location(scan: Scan) -> None:
    scan.nstring(_NSTRINGS)
