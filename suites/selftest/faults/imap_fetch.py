"""Faults of FETCH: items, sections, partial fetches and \\Seen (RFC 3501 §6.4.5, §7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fetchitems import Attribute, BodySection, FetchItem, Partial, Section, SectionText
from reference_server.imap.renderer import Renderer
from reference_server.imap.responses import FlagsItem, TextItem
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    fault,
    fetched,
    meaning,
    refusing_lines,
    rendered,
    said,
    saying,
)

_LABELS = {
    Attribute.FLAGS: "ah",
    Attribute.UID: "an",
    Attribute.INTERNALDATE: "ai",
    Attribute.RFC822_SIZE: "al",
    Attribute.ENVELOPE: "ag",
    Attribute.BODY: "i",
    Attribute.BODYSTRUCTURE: "af",
    Attribute.RFC822: "aj",
    Attribute.RFC822_HEADER: "ak",
    Attribute.RFC822_TEXT: "am",
}


def _items(change: Callable[[FetchItem], FetchItem | None]) -> Build:
    """A variant that takes other items than it was given."""

    def changed(command: c.Fetch) -> c.Fetch:
        items = tuple(each for item in command.items if (each := change(item)) is not None)
        return replace(command, items=items or (Attribute.UID,))

    return meaning(c.Fetch, changed)


def _unknown_item(attribute: Attribute) -> Fault:
    """An item is left out of the answer."""
    return fault(
        f"fetch/no-{attribute.value.lower().replace('.', '-')}",
        f"FETCH gives no {attribute.value}",
        f"6.4.5-{_LABELS[attribute]} 9-ak 6.4.5-b",
        _items(lambda item: None if item is attribute else item),
        "FETCH",
    )


def _peeking(attribute: Attribute) -> Fault:
    """An item sets \\Seen though it must not."""

    def changed(command: c.Fetch) -> c.Fetch:
        if attribute not in command.items:
            return command
        extra = BodySection(Section(), Partial(0, 1), peek=False)
        return replace(command, items=(*command.items, extra))

    return fault(
        f"fetch/{attribute.value.lower().replace('.', '-')}-sets-seen",
        f"FETCH of {attribute.value} sets \\Seen",
        f"6.4.5-{_LABELS[attribute]}",
        meaning(c.Fetch, changed),
        "FETCH",
    )


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


def _cut(octets: bytes) -> bytes:
    """All but the last octet."""
    return octets[:-1]


def _text_of(attribute: Attribute, requirement: str) -> Fault:
    return fault(
        f"fetch/{attribute.value.lower().replace('.', '-')}-cut",
        f"{attribute.value} lacks its last octet",
        requirement,
        fetched(
            TextItem,
            lambda item: replace(item, octets=_cut(item.octets or b"")) if item.item is attribute else item,
        ),
        "FETCH",
    )


def _of_section(
    slug: str,
    title: str,
    requirements: str,
    wanted: Callable[[BodySection], bool],
    change: Callable[[bytes], bytes | None] = _cut,
    *,
    seen_in: str = "",
) -> Fault:
    return fault(f"fetch/{slug}", title, requirements, _section(wanted, change), "FETCH", seen_in=seen_in)


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

    return _items(changed)


def _fields(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]], *texts: SectionText) -> Build:
    return _sections(
        lambda section: replace(section, fields=change(section.fields)) if section.text in texts else section
    )


def _seen(change: Callable[[BodySection], bool], *, peek: bool) -> Build:
    return _items(lambda item: replace(item, peek=peek) if isinstance(item, BodySection) and change(item) else item)


def _two_responses(response: r.Response) -> list[r.Response]:
    """The flags come in a response of their own, without what was asked for."""
    if isinstance(response, r.FetchResponse) and len(response.data) > 1:
        return [replace(response, data=tuple(x for x in response.data if not isinstance(x, FlagsItem)))]
    return [response]


def _lines(header: bytes, keep: Callable[[bytes], bool]) -> bytes:
    """The fields whose name is kept, and the blank line."""
    fields = re.findall(rb"[^\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", header)
    return b"".join(each for each in fields if keep(each)) + b"\r\n"


_HEADERS = (SectionText.HEADER, SectionText.HEADER_FIELDS, SectionText.HEADER_FIELDS_NOT)


def _label(self: Renderer, item: BodySection | Attribute) -> bytes:
    """BODY.PEEK is named as it was asked for."""
    name = Renderer.text_label(self, item)
    return name.replace(b"BODY[", b"BODY.PEEK[") if isinstance(item, BodySection) and item.peek else name


def _macro(name: str, letter: str, count: int) -> Fault:
    """The last item of a macro is left out."""

    def changed(command: c.Fetch) -> c.Fetch:
        mine = len(command.items) == count and command.items[0] is Attribute.FLAGS
        return replace(command, items=command.items[:-1]) if mine else command

    return fault(
        f"fetch/{name.lower()}-lacks-one",
        f"The macro {name} lacks an item",
        f"6.4.5-{letter}",
        meaning(c.Fetch, changed),
        "FETCH",
    )


FAULTS: tuple[Fault, ...] = (
    *map(_unknown_item, _LABELS),
    *(_peeking(attribute) for attribute in _LABELS if attribute not in (Attribute.RFC822, Attribute.RFC822_TEXT)),
    _text_of(Attribute.RFC822, "6.4.5-aj"),
    _text_of(Attribute.RFC822_HEADER, "6.4.5-ak"),
    _text_of(Attribute.RFC822_TEXT, "6.4.5-am"),
    fault("fetch/says-nothing", "FETCH gives nothing", "6.4.5-a 6.4.5-b 9-ak", doing("FETCH", claiming), "FETCH"),
    fault(
        "fetch/no-lists",
        "FETCH takes no list of items",
        "6.4.5-b 9-ak",
        refusing_lines(lambda line: re.search(rb"FETCH \S+ \(", line) is not None and b"(UID)" not in line),
        "FETCH",
    ),
    *(_macro(*row) for row in (("FAST", "f", 3), ("ALL", "e", 4), ("FULL", "g", 5))),
    fault(
        "fetch/sizes-count-lf",
        "RFC822.SIZE counts CRLF as one octet",
        "6.4.5-al",
        fetched(
            r.NumberItem,
            lambda item: replace(item, value=item.value - 3) if item.attribute is Attribute.RFC822_SIZE else item,
        ),
        "FETCH",
        seen_in="servers that tell the size of their file",
    ),
    fault(
        "fetch/date-is-off",
        "INTERNALDATE is an hour off",
        "6.4.5-ai 6.3.11-i 6.4.7-c",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment + timedelta(hours=1))),
        "FETCH",
        seen_in="servers that mistake the zone",
    ),
    fault(
        "fetch/flags-without-seen",
        "FLAGS never shows \\Seen",
        "6.4.5-ah 6.4.5-ac 6.4.5-ad 6.4.5-aj 6.4.5-am 6.3.11-f 6.4.6-a",
        fetched(FlagsItem, lambda item: replace(item, flags=tuple(x for x in item.flags if x != "\\Seen"))),
        "FETCH",
    ),
    # ---- \Seen
    fault(
        "fetch/body-leaves-unseen", "BODY[] does not set \\Seen", "6.4.5-ac 6.4.5-ad", _seen(lambda _: True, peek=True)
    ),
    fault("fetch/peek-sets-seen", "BODY.PEEK[] sets \\Seen", "6.4.5-ae", _seen(lambda _: True, peek=False), "FETCH"),
    fault("fetch/seen-is-not-told", "FETCH does not tell that it has set \\Seen", "6.4.5-ad", saying(_two_responses)),
    fault("fetch/peek-in-labels", "BODY.PEEK is named so in answers", "6.4.5-ae", rendered(text_label=_label), "FETCH"),
    # ---- sections
    _of_section("whole-cut", "BODY[] lacks the last octet", "6.4.5-j 6.4.5-ae", lambda x: x.section == Section()),
    _of_section(
        "header-cut", "BODY[HEADER] lacks the last octet", "6.4.5-q 6.4.5-u", _is(SectionText.HEADER, part=False)
    ),
    _of_section("text-cut", "BODY[TEXT] lacks the last octet", "6.4.5-w", _is(SectionText.TEXT, part=False)),
    _of_section(
        "part-cut",
        "Numbered parts lack their last octet",
        "6.4.5-k 6.4.5-l 6.4.5-m 6.4.5-n",
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
        "fetch/parts-counted-from-zero",
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
        "fetch/nested-parts-flat",
        "Of a part's number only the first counts",
        "6.4.5-m 6.4.5-n",
        _sections(lambda section: replace(section, part=section.part[:1])),
        "FETCH",
    ),
    fault(
        "fetch/header-of-the-message",
        "n.HEADER is the header of the message itself",
        "6.4.5-o",
        _sections(lambda section: replace(section, part=()) if section.text in _HEADERS else section),
        "FETCH",
    ),
    fault(
        "fetch/all-fields",
        "HEADER.FIELDS gives the whole header",
        "6.4.5-r 6.4.5-ab 6.4.5-t",
        _items(
            lambda item: (
                replace(item, section=replace(item.section, text=SectionText.HEADER, fields=()))
                if isinstance(item, BodySection) and item.section.text is SectionText.HEADER_FIELDS
                else item
            )
        ),
        "FETCH",
    ),
    fault(
        "fetch/first-field-only",
        "HEADER.FIELDS takes the first name only",
        "6.4.5-r",
        _section(
            lambda x: x.section.text is SectionText.HEADER_FIELDS and x.partial is None,
            lambda octets: _lines(octets, octets.startswith),
        ),
        "FETCH",
    ),
    fault(
        "fetch/not-is-ignored",
        "HEADER.FIELDS.NOT leaves no field out",
        "6.4.5-s 6.4.5-u",
        _fields(lambda _: (b"X-Nobody",), SectionText.HEADER_FIELDS_NOT),
        "FETCH",
    ),
    fault(
        "fetch/names-in-one-case",
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
        "fetch/prefixes-of-names",
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
        "fetch/fields-in-quotes",
        "HEADER.FIELDS takes no names in quotes",
        "9-aq",
        refusing_lines(lambda line: re.search(rb'FIELDS(\.NOT)? \(.*["}]', line, re.DOTALL) is not None),
        "FETCH",
    ),
    # ---- partial fetches
    fault(
        "fetch/partial-from-one",
        "The first octet of a text is number 1",
        "6.4.5-x 7.4.2-d 6.4.5-ab",
        _partial_text(lambda item, octets: b"?" + octets[:-1]),
        "FETCH",
        seen_in="servers that count from 1",
    ),
    fault(
        "fetch/partial-is-whole",
        "A partial fetch gives the whole text",
        "6.4.5-x 6.4.5-y",
        _partial_text(lambda item, octets: octets + b"more"),
        "FETCH",
    ),
    fault(
        "fetch/partial-without-origin",
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
        "fetch/partial-with-count",
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
        "fetch/partial-beyond-is-nil",
        "A partial fetch from beyond the end is NIL",
        "6.4.5-y",
        _partial_text(lambda item, octets: octets or None),
        "FETCH",
    ),
    fault(
        "fetch/partial-is-filled-up",
        "A partial fetch beyond the end is filled up",
        "6.4.5-z 6.4.5-y",
        _partial_text(lambda item, octets: octets.ljust(min(item.partial.length if item.partial else 0, 200), b" ")),
        "FETCH",
    ),
    fault(
        "fetch/partial-of-fields-is-of-header",
        "A partial fetch of fields is one of the whole header",
        "6.4.5-ab",
        _items(
            lambda item: (
                replace(item, section=replace(item.section, text=SectionText.HEADER, fields=()))
                if isinstance(item, BodySection) and item.section.fields and item.partial is not None
                else item
            )
        ),
        "FETCH",
    ),
    fault(
        "fetch/sequence-numbers-off",
        "FETCH responses are numbered one too high",
        "6.4.5-a 6.4.8-i",
        said(r.FetchResponse, lambda response: replace(response, number=response.number + 1)),
        "FETCH",
    ),
)
