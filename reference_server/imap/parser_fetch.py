"""Rules of the data items of FETCH (RFC 3501 §9: fetch-att, section; RFC 3516 §7)."""

from __future__ import annotations

import re

from reference_server.imap.errors import SyntaxFault
from reference_server.imap.fetchitems import (
    MACROS,
    Attribute,
    BinarySection,
    BinarySize,
    BodySection,
    FetchItem,
    Partial,
    Section,
    SectionText,
)
from reference_server.imap.sets import LARGEST
from reference_server.imap.tokens import NUMBER_64, Cursor

_NAME = re.compile(rb"[A-Za-z0-9.]+")

# section-part = nz-number *("." nz-number)
_PART = re.compile(rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*(?![0-9])")


# "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"
def fetch_items(cursor: Cursor) -> tuple[FetchItem, ...]:
    """The items, each once, in their order. A macro stands alone."""
    if cursor.next_is(b"("):
        return tuple(dict.fromkeys(cursor.parenthesized(lambda: _item(cursor, _name(cursor)))))
    name = _name(cursor)
    return MACROS.get(name) or (_item(cursor, name),)


def _name(cursor: Cursor) -> str:
    return cursor.expect(_NAME, "data item").decode("ascii").upper()


# fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] / "BODY" ["STRUCTURE"] /
#             "UID" / "BODY" section [partial] / "BODY.PEEK" section [partial]
# fetch-att =/ "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary / "MODSEQ"
def _item(cursor: Cursor, name: str) -> FetchItem:
    if cursor.next_is(b"["):
        return _section_item(cursor, name)
    try:
        attribute = Attribute(name)
    except ValueError:
        raise SyntaxFault("unknown data item") from None
    if attribute is Attribute.MODSEQ and not cursor.dialect.knows("CONDSTORE"):
        raise SyntaxFault("unknown data item")
    return attribute


def _section_item(cursor: Cursor, name: str) -> FetchItem:
    if name in {"BODY", "BODY.PEEK"}:
        section = _section(cursor)
        return BodySection(section, _partial(cursor), name == "BODY.PEEK")
    if not cursor.dialect.knows("BINARY"):
        raise SyntaxFault("unknown data item")
    if name in {"BINARY", "BINARY.PEEK"}:
        part = _binary_part(cursor)
        return BinarySection(part, _partial(cursor), name == "BINARY.PEEK")
    if name == "BINARY.SIZE":
        return BinarySize(_binary_part(cursor))
    raise SyntaxFault("unknown data item")


# section = "[" [section-spec] "]"        section-spec = section-msgtext / (section-part ["." section-text])
def _section(cursor: Cursor) -> Section:
    cursor.require(b"[")
    part = _part(cursor)
    text: SectionText | None = None
    fields: tuple[bytes, ...] = ()
    if cursor.accept(b".") if part else not cursor.next_is(b"]"):
        text = _section_text(cursor, numbered=bool(part))
        if text in {SectionText.HEADER_FIELDS, SectionText.HEADER_FIELDS_NOT}:
            cursor.space()
            fields = tuple(cursor.parenthesized(cursor.astring))
    cursor.require(b"]")
    return Section(part, text, fields)


# section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
# section-text = section-msgtext / "MIME"
def _section_text(cursor: Cursor, *, numbered: bool) -> SectionText:
    try:
        text = SectionText(cursor.expect(_NAME, "section").decode("ascii").upper())
    except ValueError:
        raise SyntaxFault("unknown section") from None
    if text is SectionText.MIME and not numbered:
        raise SyntaxFault("MIME needs a part number")
    return text


def _part(cursor: Cursor) -> tuple[int, ...]:
    match = cursor.match(_PART)
    part = tuple(map(int, match[0].split(b"."))) if match is not None else ()
    if part and max(part) > LARGEST:
        raise SyntaxFault("number too large")
    return part


# section-binary = "[" [section-part] "]"
def _binary_part(cursor: Cursor) -> tuple[int, ...]:
    cursor.require(b"[")
    part = _part(cursor)
    cursor.require(b"]")
    return part


# partial = "<" number "." nz-number ">"         64 bits of them in RFC 9051
def _partial(cursor: Cursor) -> Partial | None:
    if not cursor.accept(b"<"):
        return None
    largest = NUMBER_64 if cursor.dialect.knows("IMAP4rev2") else LARGEST
    offset = cursor.number(largest)
    cursor.require(b".")
    length = cursor.nz_number(largest)
    cursor.require(b">")
    return Partial(offset, length)
