"""Data items of FETCH (RFC 3501 §6.4.5, RFC 3516 §4.2, RFC 7162 §3.1.4): what a client asks for.

An item also names the data in the response, so the renderer takes items as they were asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Attribute(Enum):
    """Items without arguments."""

    ENVELOPE = "ENVELOPE"
    FLAGS = "FLAGS"
    INTERNALDATE = "INTERNALDATE"
    RFC822 = "RFC822"
    RFC822_HEADER = "RFC822.HEADER"
    RFC822_SIZE = "RFC822.SIZE"
    RFC822_TEXT = "RFC822.TEXT"
    BODY = "BODY"
    BODYSTRUCTURE = "BODYSTRUCTURE"
    UID = "UID"
    MODSEQ = "MODSEQ"


class SectionText(Enum):
    """Which part of a message or body part (RFC 3501 §6.4.5)."""

    HEADER = "HEADER"
    HEADER_FIELDS = "HEADER.FIELDS"
    HEADER_FIELDS_NOT = "HEADER.FIELDS.NOT"
    TEXT = "TEXT"
    MIME = "MIME"


@dataclass(frozen=True, slots=True)
class Section:
    """`[...]`: part numbers, outermost first, and what of that part; `fields` only for the two HEADER.FIELDS."""

    part: tuple[int, ...] = ()
    text: SectionText | None = None
    fields: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """`<offset.length>`, in octets. The response repeats only the offset."""

    offset: int
    length: int

    def of(self, octets: bytes) -> bytes:
        """That much of the octets, possibly nothing (RFC 3501 §6.4.5)."""
        return octets[self.offset : self.offset + self.length]


@dataclass(frozen=True, slots=True)
class BodySection:
    """`BODY[...]` or, where `peek`, `BODY.PEEK[...]`, which leaves \\Seen as it is."""

    section: Section
    partial: Partial | None = None
    peek: bool = False


@dataclass(frozen=True, slots=True)
class BinarySection:
    """`BINARY[...]` or `BINARY.PEEK[...]`: a part without its transfer encoding (RFC 3516 §4.2)."""

    part: tuple[int, ...]
    partial: Partial | None = None
    peek: bool = False


@dataclass(frozen=True, slots=True)
class BinarySize:
    """`BINARY.SIZE[...]` (RFC 3516 §4.2)."""

    part: tuple[int, ...]


FetchItem = Attribute | BodySection | BinarySection | BinarySize

_FAST = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE)

MACROS: dict[str, tuple[FetchItem, ...]] = {
    "FAST": _FAST,
    "ALL": (*_FAST, Attribute.ENVELOPE),
    "FULL": (*_FAST, Attribute.ENVELOPE, Attribute.BODY),
}
"""RFC 3501 §6.4.5; each stands alone, in no list."""


def sets_seen(item: FetchItem) -> bool:
    """Whether fetching this item implies +FLAGS (\\Seen) (RFC 3501 §6.4.5, RFC 3516 §4.2)."""
    if isinstance(item, (BodySection, BinarySection)):
        return not item.peek
    return item in {Attribute.RFC822, Attribute.RFC822_TEXT}
