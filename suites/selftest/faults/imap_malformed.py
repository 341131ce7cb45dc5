"""Faults with malformed and heavy messages (postel's own checks): structures, envelopes, headers and framing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap.fetchitems import Attribute, BodySection, SectionText
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.responses import StructureItem, TextItem
from reference_server.mime.bodystructure import Structure
from suites.selftest.fault import Build, Fault
from suites.selftest.faults.imap_structures import (
    DESCRIPTION,
    ENCODING,
    Members,
    parts,
    with_member,
)
from suites.selftest.imap_variants import fault, fetched, refusing_lines, rendered

#: Levels, parts, octets of a line and fields beyond which a careless server stops.
_LEVELS = 20
_PARTS = 1000
_OCTETS = 1000
_FIELDS = 100


def _cut_below(structure: Structure, levels: int) -> Structure:
    """Multiparts below so many levels are empty lists."""
    if not isinstance(structure, tuple) or not structure or not isinstance(structure[0], tuple):
        return structure
    return () if not levels else (_cut_below(structure[0], levels - 1), *structure[1:])


def _cut_behind(structure: Structure) -> Structure:
    """A multipart of very many parts ends after some of them, without its subtype."""
    many = isinstance(structure, tuple) and len(structure) > _PARTS
    return structure[:_PARTS] if many and isinstance(structure, tuple) else structure


def _structures(change: Callable[[Structure], Structure]) -> Build:
    def changed(item: StructureItem) -> StructureItem:
        return item if item.attribute is Attribute.ENVELOPE else replace(item, structure=change(item.structure))

    return fetched(StructureItem, changed)


def _short_envelope(item: StructureItem) -> StructureItem:
    """The envelope ends with in-reply-to."""
    envelope = item.attribute is Attribute.ENVELOPE and isinstance(item.structure, tuple)
    return replace(item, structure=item.structure[:-1]) if envelope and isinstance(item.structure, tuple) else item


def _headers(change: Callable[[bytes], bytes]) -> Build:
    """A variant that changes BODY[HEADER]."""

    def changed(item: TextItem) -> TextItem:
        whole = isinstance(item.item, BodySection) and item.item.section.text is SectionText.HEADER
        return replace(item, octets=change(item.octets)) if whole and item.octets else item

    return fetched(TextItem, changed)


def _short_lines(header: bytes) -> bytes:
    return re.sub(rb"(?m)^([^\r\n]{%d})[^\r\n]*" % _OCTETS, rb"\1", header)


def _few_fields(header: bytes) -> bytes:
    lines = header.splitlines(keepends=True)
    return header if len(lines) < _FIELDS else b"".join(lines[:_FIELDS]) + b"\r\n"


def _clean(self: Renderer, data: bytes) -> Pieces:
    """NUL ends a text, and CR and LF alone are left out; what is announced is not what is sent."""
    return [b"{%d}\r\n" % len(data), re.sub(rb"\r(?!\n)|(?<!\r)\n", b"", data.partition(b"\0")[0])]


def _malformed(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"malformed/{slug}", title, requirements, build, "FETCH", "STRUCTURE", seen_in=seen_in)


def _without_encoding(members: Members) -> Members:
    return with_member(members, ENCODING, None)


FAULTS: tuple[Fault, ...] = (
    _malformed(
        "levels-cut",
        "Multiparts below the twentieth level are empty lists",
        "POSTEL-imap_mime-a",
        _structures(lambda structure: _cut_below(structure, _LEVELS)),
    ),
    _malformed(
        "parts-cut",
        "A multipart of very many parts ends without its subtype",
        "POSTEL-imap_mime-b",
        _structures(_cut_behind),
    ),
    _malformed(
        "header-lines-cut",
        "The header's lines end after a thousand octets",
        "POSTEL-imap_mime-c",
        _headers(_short_lines),
        seen_in="servers with a line buffer of a fixed size",
    ),
    _malformed("fields-cut", "A header ends after a hundred lines", "POSTEL-imap_mime-c", _headers(_few_fields)),
    _malformed("encoding-nil", "The encoding of each part is NIL", "POSTEL-imap_mime-d", parts(_without_encoding)),
    _malformed(
        "envelope-without-id",
        "ENVELOPE ends with in-reply-to",
        "POSTEL-imap_mime-e",
        fetched(StructureItem, _short_envelope),
    ),
    _malformed(
        "counts-of-the-raw-text",
        "Literals are announced as the message is stored, and sent cleaned",
        "POSTEL-imap_mime-f",
        rendered(literal=_clean),
        seen_in="servers that count before they convert",
    ),
    _malformed(
        "numbered-parts-refused",
        "FETCH of a numbered part gets BAD",
        "POSTEL-imap_mime-g",
        refusing_lines(lambda line: re.search(rb"BODY\.PEEK\[\d", line) is not None),
    ),
    _malformed(
        "invented-words",
        "Parts without a description have one",
        "POSTEL-imap_mime-h",
        parts(lambda members: with_member(members, DESCRIPTION, members[DESCRIPTION] or b"undescribed")),
    ),
)
