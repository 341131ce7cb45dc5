"""Faults in how FETCH is written (RFC 3501 §7.4.2 and §9): items, dates, bodies. The validators see them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.imap.fetchitems import Attribute
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.responses import DateItem, FetchData, FetchResponse, StructureItem
from reference_server.mime.bodystructure import Structure
from suites.selftest.fault import Build, Fault
from suites.selftest.faults.imap_structures import (
    DESCRIPTION,
    ENCODING,
    ID,
    OCTETS,
    TYPE,
    Members,
    parts,
    with_member,
)
from suites.selftest.imap_variants import fault, fetched, rendered, saying

#: From the end of a part's members in BODYSTRUCTURE, location and what stands before it (RFC 3501 §9, body-ext-1part).
_LANGUAGE, _DISPOSITION = -2, -3


def _dated(pattern: bytes, replacement: bytes) -> Build:
    """A variant that writes INTERNALDATE in another way."""

    def fetch_data(self: Renderer, data: FetchData) -> Pieces:
        pieces = Renderer.fetch_data(self, data)
        return [re.sub(pattern, replacement, each) for each in pieces] if isinstance(data, DateItem) else pieces

    return rendered(fetch_data=fetch_data)


def _wide_spaces(self: Renderer, response: FetchResponse) -> Pieces:
    """Two spaces between the items."""
    return [b"  " if piece == b" " and at else piece for at, piece in enumerate(Renderer.fetch(self, response))]


def _nothing_for_empty(self: Renderer, octets: bytes | None) -> Pieces:
    """What is empty is not written at all."""
    return Renderer.message_text(self, octets) if octets else []


def _with_origin(self: Renderer, item: Any) -> bytes:
    """Each text has an origin octet."""
    label = Renderer.text_label(self, item)
    return label if label.endswith(b">") or not label.startswith(b"BODY[") else label + b"<0>"


def _at(index: int, change: Callable[[Structure], Structure]) -> Build:
    """A variant that changes a member of each part that is no multipart; of the extension data from its end."""

    def leaf(members: Members) -> Members:
        at = index % len(members)
        return with_member(members, at, change(members[at]))

    return parts(leaf, None, *([Attribute.BODYSTRUCTURE] if index < 0 else []))


def _nil(item: StructureItem) -> StructureItem:
    return item if item.attribute is Attribute.ENVELOPE else replace(item, structure=None)


def _five_members(item: StructureItem) -> StructureItem:
    """Addresses of envelopes have a NIL at their end."""
    if item.attribute is not Attribute.ENVELOPE or not isinstance(item.structure, tuple):
        return item
    lists = (
        tuple((*each, None) for each in member if isinstance(each, tuple)) if isinstance(member, tuple) else member
        for member in item.structure
    )
    return replace(item, structure=tuple(lists))


def _no_parts(members: Members) -> Members:
    """A multipart whose only part is empty has an empty list for it."""
    first = members[0]
    alone = isinstance(first, tuple) and not isinstance(members[1], tuple) and len(first) > OCTETS
    return ((), *members[1:]) if alone and isinstance(first, tuple) and first[OCTETS] == 0 else members


def _body(slug: str, title: str, requirements: str, build: Build, *, seen_in: str = "") -> Fault:
    return fault(f"grammar/body-{slug}", title, requirements, build, "BODYSTRUCTURE", "STRUCTURE", seen_in=seen_in)


FAULTS: tuple[Fault, ...] = (
    fault(
        "grammar/fetch-of-nothing",
        "A FETCH without items comes first",
        "9-ba",
        saying(
            lambda response: (
                [FetchResponse(response.number, ()), response] if isinstance(response, FetchResponse) else [response]
            )
        ),
        "FETCH",
    ),
    fault("grammar/fetch-spaces", "FETCH has two spaces between items", "9-d", rendered(fetch=_wide_spaces), "FETCH"),
    fault(
        "grammar/empty-text-is-nothing",
        "A text without octets is not written",
        "9-bb",
        rendered(message_text=_nothing_for_empty),
        "BODY",
        "TEXT",
        "FETCH",
    ),
    fault(
        "grammar/origin-of-the-whole",
        "BODY[section] has an origin octet",
        "7.4.2-b",
        rendered(text_label=_with_origin),
        "BODY",
        "FETCH",
    ),
    fault(
        "grammar/dates-in-numbers",
        "INTERNALDATE has the month as a number",
        "9-ai",
        _dated(rb"-[A-Z][a-z]{2}-", b"-07-"),
        "INTERNALDATE",
    ),
    fault(
        "grammar/zones-with-colon",
        "INTERNALDATE has a zone with a colon",
        "9-bz",
        _dated(rb"(\d\d)\"$", rb':\1"'),
        "INTERNALDATE",
    ),
    fault(
        "grammar/address-of-five",
        "Addresses have five members",
        "9-g",
        fetched(StructureItem, _five_members),
        "ENVELOPE",
    ),
    _body("nil", "BODYSTRUCTURE is NIL", "9-p", fetched(StructureItem, _nil)),
    _body("type-nil", "A part of type TEXT has NIL for it", "9-aa", _at(TYPE, lambda x: None if x == b"TEXT" else x)),
    _body(
        "encoding-nil", "The encoding is NIL", "9-w", _at(ENCODING, lambda _: None), seen_in="servers without defaults"
    ),
    _body("octets-negative", "The size of a part is -1", "9-x", _at(OCTETS, lambda _: -1)),
    _body("id-a-number", "Content-ID is 0 where there is none", "9-v", _at(ID, lambda value: value or 0)),
    _body("description-a-list", "A description is in parentheses", "9-v", _at(DESCRIPTION, lambda value: (value,))),
    _body("language-empty", "No language is an empty list", "9-u", _at(_LANGUAGE, lambda value: value or ())),
    _body(
        "disposition-bare",
        "Content-Disposition is a string",
        "9-t",
        _at(_DISPOSITION, lambda value: value[0] if isinstance(value, tuple) else value),
    ),
    _body("without-parts", "A multipart without parts has an empty list", "9-z", parts(None, _no_parts)),
    _body(
        "undefined-extension",
        "BODYSTRUCTURE has a member behind the location",
        "9-q",
        parts(lambda m: (*m, b"extra"), lambda m: (*m, b"extra"), Attribute.BODYSTRUCTURE),
    ),
    _body(
        "basic-with-md5",
        "BODY has MD5 and no more",
        "9-r",
        parts(lambda m: (*m, None), None, Attribute.BODY),
    ),
)
