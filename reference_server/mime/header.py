"""The header of a message or of a body part: its fields, found by name.

Knows RFC 5322 §2.2, §3.6.8 and §4.5 (white space before the colon), and how fields are unfolded (§2.2.3). A line ends
in LF, with or without a CR before it: a store keeps what it was given, and messages with bare LF are given. Lines that
are no field (a continuation of nothing, an mbox `From ` line, text without a colon) stay in the header, nameless, so
that the fields of a header always concatenate to the header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# optional-field = field-name *WSP ":" unstructured CRLF      field-name = 1*ftext      ftext = %d33-57 / %d59-126
_FIELD = re.compile(
    rb"(([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)\n?|[^\n]*+\n|[^\n]++)",
)

# What unfolding removes: a line end before white space. Nothing but folds has an LF inside a field's value.
_FOLD = re.compile(rb"\r?\n")


class Field(NamedTuple):
    """A field: name in lower case (empty where the line is no field), all of its octets, and what follows the colon."""

    name: bytes
    raw: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a header in their order."""

    fields: tuple[Field, ...]

    def first(self, name: bytes) -> bytes | None:
        """The unfolded value of the first field of this name (in lower case), or None where there is none."""
        for field in self.fields:
            if field.name == name:
                return unfold(field.value)
        return None

    def every(self, name: bytes) -> Iterator[bytes]:
        """The unfolded values of all fields of this name (in lower case)."""
        return (unfold(field.value) for field in self.fields if field.name == name)


def fields(octets: bytes) -> Header:
    """Split the octets of a header, without the blank line after it."""
    return Header(tuple([Field(name.lower(), raw, value) for raw, name, value in _FIELD.findall(octets)]))


def unfold(value: bytes) -> bytes:
    """The value on one line, without white space around it. NUL, which no IMAP string can carry, is left out."""
    if b"\n" in value:
        value = _FOLD.sub(b"", value)
    if b"\0" in value:
        value = value.replace(b"\0", b"")
    return value.strip(b" \t\r")


def fields_end(source: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the fields of a header that begins at `start` end, and where the body begins, both at most `end`.

    What lies between is the blank line; without one, all of it is header.
    """
    for blank in (b"\r\n", b"\n"):
        if source.startswith(blank, start, end):
            return start, start + len(blank)
    crlf = source.find(b"\n\r\n", start, end)
    lf = source.find(b"\n\n", start, end if crlf < 0 else crlf + 1)
    if lf >= 0:
        return lf + 1, lf + 2
    return (crlf + 1, crlf + 3) if crlf >= 0 else (end, end)
