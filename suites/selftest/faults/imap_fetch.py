"""Faults of FETCH: items, macros, numbers and \\Seen (RFC 3501 §6.4.5, §7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fetchitems import Attribute, BodySection, FetchItem, Partial, Section
from reference_server.imap.renderer import Renderer
from reference_server.imap.responses import FlagsItem, TextItem
from reference_server.imap.sets import SequenceRange, SequenceSet
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    fault,
    fetched,
    meaning,
    mistaking,
    refusing_lines,
    rendered,
    replying,
    saying,
)

#: A message number that is left out.
_SKIPPED = 3

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


def fetching_items(change: Callable[[FetchItem], FetchItem | None]) -> Build:
    """A variant that takes other items than it was given; what becomes None is left out."""

    def changed(command: c.Fetch) -> c.Fetch:
        items = tuple(each for item in command.items if (each := change(item)) is not None)
        if not items and command.items:
            items = (Attribute.UID if command.items[0] is not Attribute.UID else Attribute.FLAGS,)
        return replace(command, items=items)

    return mistaking(c.Fetch, changed)


def _unknown_item(attribute: Attribute) -> Fault:
    """An item is left out of the answer."""
    return fault(
        f"fetch/no-{attribute.value.lower().replace('.', '-')}",
        f"FETCH gives no {attribute.value}",
        f"6.4.5-{_LABELS[attribute]}",
        fetching_items(lambda item: None if item is attribute else item),
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


def cut(octets: bytes) -> bytes:
    """All but the last octet."""
    return octets[:-1]


def _text_of(attribute: Attribute, requirement: str) -> Fault:
    return fault(
        f"fetch/{attribute.value.lower().replace('.', '-')}-cut",
        f"{attribute.value} lacks its last octet",
        requirement,
        fetched(
            TextItem,
            lambda item: replace(item, octets=cut(item.octets or b"")) if item.item is attribute else item,
        ),
        "FETCH",
    )


def _seen(change: Callable[[BodySection], bool], *, peek: bool) -> Build:
    return fetching_items(
        lambda item: replace(item, peek=peek) if isinstance(item, BodySection) and change(item) else item
    )


def _two_responses(response: r.Response) -> list[r.Response]:
    """The flags come in a response of their own, without what was asked for."""
    if isinstance(response, r.FetchResponse) and len(response.data) > 1:
        return [replace(response, data=tuple(x for x in response.data if not isinstance(x, FlagsItem)))]
    return [response]


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


def _first_only(command: c.Fetch) -> c.Fetch:
    """Of a set its first number."""
    first = command.messages.ranges[:1]
    return replace(command, messages=SequenceSet(tuple(SequenceRange(each.first, each.first) for each in first)))


FAULTS: tuple[Fault, ...] = (
    *map(_unknown_item, _LABELS),
    *(_peeking(attribute) for attribute in _LABELS if attribute not in (Attribute.RFC822, Attribute.RFC822_TEXT)),
    _text_of(Attribute.RFC822, "6.4.5-aj"),
    _text_of(Attribute.RFC822_HEADER, "6.4.5-ak"),
    _text_of(Attribute.RFC822_TEXT, "6.4.5-am"),
    fault("fetch/says-nothing", "FETCH gives nothing", "6.4.5-a 6.4.5-b 9-ak", replying(lambda _: ()), "FETCH"),
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
        "6.3.11-i",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment + timedelta(hours=1))),
        "FETCH",
        seen_in="servers that mistake the zone",
    ),
    fault(
        "fetch/flags-without-seen",
        "FLAGS never shows \\Seen",
        "6.4.5-ac 6.4.5-ad 6.4.5-aj 6.4.5-am 6.3.11-f 6.4.6-a",
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
    fault(
        "fetch/sequence-numbers-off",
        "FETCH responses are numbered one too high",
        "6.4.5-a 6.4.8-i 7.4.2-a",
        replying(lambda response: (replace(response, number=response.number + 1),)),
        "FETCH",
    ),
    fault(
        "fetch/only-the-first",
        "FETCH gives the data of the first message of a set only",
        "6.4.5-a 7.4.2-a",
        mistaking(c.Fetch, _first_only),
        "FETCH",
    ),
    fault(
        "fetch/a-number-is-skipped",
        "No message has the number 3",
        "2.3.1.2-c 2.3.1.2-d",
        replying(lambda response: (replace(response, number=response.number + (response.number >= _SKIPPED)),)),
        "FETCH",
        seen_in="servers whose numbers keep the place of what is gone",
    ),
)
