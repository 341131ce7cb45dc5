"""Faults of FETCH of texts: sections, header fields and partial fetches (RFC 3501 §6.4.5, §7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap.fetchitems import BodySection, FetchItem, Partial, Section, SectionText
from reference_server.imap.responses import TextItem
from suites.selftest.fault import Build, Fault
from suites.selftest.faults.imap_fetch import cut, fetching_items
from suites.selftest.imap_variants import fault, fetched, refusing_lines

_HEADERS = (SectionText.HEADER, SectionText.HEADER_FIELDS, SectionText.HEADER_FIELDS_NOT)


def _section(wanted: Callable[[BodySection], bool], change: Callable[[bytes], bytes | None]) -> Build:
    """A variant that gives other octets for sections of a kind."""

    def changed(item: TextItem) -> TextItem:
        if not isinstance(item.item, BodySection) or item.octets is None or not wanted(item.item):
            return item
        return replace(item, octets=change(item.octets))

    return fetched(TextItem, changed)


def _is(text: SectionText | None, *, part: bool | None = None) -> Callable[[BodySection], bool]:
    """Sections of a text, in a part or not."""
    return lambda item: item.section.text is text and (part is None or bool(item.section.part) is part)


def _of_section(
    slug: str,
    title: str,
    requirements: str,
    wanted: Callable[[BodySection], bool],
    change: Callable[[bytes], bytes | None] = cut,
    *,
    seen_in: str = "",
) -> Fault:
    return fault(f"sections/{slug}", title, requirements, _section(wanted, change), "FETCH", seen_in=seen_in)


def _partial_text(change: Callable[[BodySection, bytes], bytes | None]) -> Build:
    def changed(item: TextItem) -> TextItem:
        if not isinstance(item.item, BodySection) or item.item.partial is None or item.octets is None:
            return item
        return replace(item, octets=change(item.item, item.octets))

    return fetched(TextItem, changed)


def _sections(change: Callable[[Section], Section]) -> Build:
    """A variant that gives another section under the label of the one that was asked for."""

    def changed(item: FetchItem) -> FetchItem:
        return replace(item, section=change(item.section)) if isinstance(item, BodySection) else item

    return fetching_items(changed)


def _fields(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]], *texts: SectionText) -> Build:
    return _sections(
        lambda section: replace(section, fields=change(section.fields)) if section.text in texts else section
    )


def _lines(header: bytes, keep: Callable[[bytes], bool]) -> bytes:
    """The fields whose name is kept, and the blank line."""
    fields = re.findall(rb"[^\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", header)
    return b"".join(each for each in fields if keep(each)) + b"\r\n"


FAULTS: tuple[Fault, ...] = (
    _of_section(
        "whole-cut", "BODY[] lacks the last octet", "6.4.5-j 6.4.5-ae 7.4.2-c", lambda x: x.section == Section()
    ),
    _of_section(
        "header-cut", "BODY[HEADER] lacks the last octet", "6.4.5-q 7.4.2-c", _is(SectionText.HEADER, part=False)
    ),
    _of_section("text-cut", "BODY[TEXT] lacks the last octet", "6.4.5-w 7.4.2-c", _is(SectionText.TEXT, part=False)),
    _of_section(
        "part-cut",
        "Numbered parts lack their last octet",
        "6.4.5-k 6.4.5-l 6.4.5-m 6.4.5-n 7.4.2-c",
        _is(None, part=True),
    ),
    _of_section("mime-cut", "n.MIME lacks the last octet", "6.4.5-v", _is(SectionText.MIME)),
    _of_section(
        "mime-without-blank-line",
        "n.MIME ends without the blank line",
        "6.4.5-v",
        _is(SectionText.MIME),
        lambda octets: octets.removesuffix(b"\r\n"),
    ),
    _of_section(
        "nested-texts-cut",
        "n.HEADER and n.TEXT lack their last octet",
        "6.4.5-o",
        lambda x: bool(x.section.part) and x.section.text in (SectionText.TEXT, *_HEADERS),
    ),
    _of_section(
        "no-blank-line-behind-fields",
        "HEADER.FIELDS ends without the blank line",
        "6.4.5-u 6.4.5-r 6.4.5-s",
        lambda x: x.section.text in _HEADERS[1:],
        lambda octets: octets.removesuffix(b"\r\n"),
        seen_in="servers that send the blank line where there are fields only",
    ),
    fault(
        "sections/parts-counted-from-zero",
        "Parts are numbered from 0",
        "6.4.5-l 6.4.5-k 6.4.5-m",
        _sections(
            lambda section: (
                replace(section, part=(*section.part[:-1], section.part[-1] + 1)) if section.part else section
            )
        ),
        "FETCH",
    ),
    fault(
        "sections/nested-parts-flat",
        "Of a part's number only the first counts",
        "6.4.5-m 6.4.5-n",
        _sections(lambda section: replace(section, part=section.part[:1])),
        "FETCH",
    ),
    fault(
        "sections/header-of-the-message",
        "n.HEADER is the header of the message itself",
        "6.4.5-o",
        _sections(lambda section: replace(section, part=()) if section.text in _HEADERS else section),
        "FETCH",
    ),
    fault(
        "sections/all-fields",
        "HEADER.FIELDS gives the whole header",
        "6.4.5-r 6.4.5-ab 6.4.5-t",
        fetching_items(
            lambda item: (
                replace(item, section=replace(item.section, text=SectionText.HEADER, fields=()))
                if isinstance(item, BodySection) and item.section.text is SectionText.HEADER_FIELDS
                else item
            )
        ),
        "FETCH",
    ),
    fault(
        "sections/first-field-only",
        "HEADER.FIELDS takes the first name only",
        "6.4.5-r",
        _section(
            lambda x: x.section.text is SectionText.HEADER_FIELDS and x.partial is None,
            lambda octets: _lines(octets, octets.startswith),
        ),
        "FETCH",
    ),
    fault(
        "sections/not-is-ignored",
        "HEADER.FIELDS.NOT leaves no field out",
        "6.4.5-s 6.4.5-u",
        _fields(lambda _: (b"X-Nobody",), SectionText.HEADER_FIELDS_NOT),
        "FETCH",
    ),
    fault(
        "sections/names-in-one-case",
        "HEADER.FIELDS knows names in capitals only",
        "6.4.5-t",
        _section(
            lambda x: (
                x.section.text is SectionText.HEADER_FIELDS and any(name.upper() != name for name in x.section.fields)
            ),
            lambda octets: b"\r\n",
        ),
        "FETCH",
    ),
    fault(
        "sections/prefixes-of-names",
        "HEADER.FIELDS takes names for beginnings of names",
        "6.4.5-t",
        _section(
            lambda x: x.section.text is SectionText.HEADER_FIELDS and any(x.section.fields),
            lambda octets: b"X-Hold-Note: dry\r\n" + octets if b"X-Hold: " in octets or octets == b"\r\n" else octets,
        ),
        "FETCH",
        seen_in="servers that compare as far as the name goes",
    ),
    fault(
        "sections/fields-in-quotes",
        "HEADER.FIELDS takes no names in quotes",
        "9-aq",
        refusing_lines(lambda line: re.search(rb'FIELDS(\.NOT)? \(.*["}]', line, re.DOTALL) is not None),
        "FETCH",
    ),
    # ---- partial fetches
    fault(
        "sections/partial-from-one",
        "The first octet of a text is number 1",
        "6.4.5-x 7.4.2-d 6.4.5-ab",
        _partial_text(lambda item, octets: b"?" + octets[:-1]),
        "FETCH",
        seen_in="servers that count from 1",
    ),
    fault(
        "sections/partial-is-whole",
        "A partial fetch gives the whole text",
        "6.4.5-x 6.4.5-y",
        _partial_text(lambda item, octets: octets + b"more"),
        "FETCH",
    ),
    fault(
        "sections/partial-without-origin",
        "A partial fetch is named as if it were whole",
        "6.4.5-aa 7.4.2-d 6.4.5-x 6.4.5-ab",
        fetched(
            TextItem,
            lambda item: (
                replace(item, item=replace(item.item, partial=None)) if isinstance(item.item, BodySection) else item
            ),
        ),
        "FETCH",
    ),
    fault(
        "sections/partial-with-count",
        "A partial fetch is named with a wrong origin",
        "6.4.5-aa 7.4.2-d",
        fetched(
            TextItem,
            lambda item: (
                replace(item, item=replace(item.item, partial=Partial(item.item.partial.offset + 1, 1)))
                if isinstance(item.item, BodySection) and item.item.partial is not None
                else item
            ),
        ),
        "FETCH",
    ),
    fault(
        "sections/partial-beyond-is-nil",
        "A partial fetch from beyond the end is NIL",
        "6.4.5-y",
        _partial_text(lambda item, octets: octets or None),
        "FETCH",
    ),
    fault(
        "sections/partial-is-filled-up",
        "A partial fetch beyond the end is filled up",
        "6.4.5-z 6.4.5-y",
        _partial_text(lambda item, octets: octets.ljust(min(item.partial.length if item.partial else 0, 200), b" ")),
        "FETCH",
    ),
    fault(
        "sections/partial-of-fields-is-of-header",
        "A partial fetch of fields is one of the whole header",
        "6.4.5-ab",
        fetching_items(
            lambda item: (
                replace(item, section=replace(item.section, text=SectionText.HEADER, fields=()))
                if isinstance(item, BodySection) and item.section.fields and item.partial is not None
                else item
            )
        ),
        "FETCH",
    ),
)
