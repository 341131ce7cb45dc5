"""Faults of ENVELOPE: its members, its addresses and groups (RFC 3501 §7.4.2, §9, envelope)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference_server.imap import responses as r
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.renderer import Renderer
from reference_server.mime.bodystructure import Structure
from suites.selftest.fault import Build, Fault
from suites.selftest.faults.imap_structures import Change, Members, restructured, swapped, with_member
from suites.selftest.imap_variants import fault, fetched, rendered

#: Members of an envelope (RFC 3501 §7.4.2) and of an address.
DATE, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, IN_REPLY_TO, MESSAGE_ID = range(10)
NAME, ROUTE, MAILBOX, HOST = range(4)
_LISTS = (FROM, SENDER, REPLY_TO, TO, CC, BCC)
_SOMEBODY: Structure = ((None, None, b"nobody", b"nowhere.test"),)


def enveloped(change: Change) -> Build:
    """A variant whose envelopes are changed."""
    return restructured(lambda members: change(tuple(members)), Attribute.ENVELOPE)


def _addresses(change: Callable[[Members], Structure]) -> Build:
    """A variant whose addresses are changed, each by itself; groups are left alone."""

    def changed(members: Members) -> Members:
        for index in _LISTS:
            given = members[index]
            if isinstance(given, tuple):
                members = with_member(members, index, tuple(map(_one(change), given)))
        return members

    return enveloped(changed)


def _one(change: Callable[[Members], Structure]) -> Callable[[Structure], Structure]:
    return lambda address: change(address) if isinstance(address, tuple) and address[HOST] is not None else address


def _groups(change: Callable[[Members], Structure | None]) -> Build:
    """A variant whose starts and ends of groups are changed."""

    def changed(members: Members) -> Members:
        for index in _LISTS:
            given = members[index]
            if isinstance(given, tuple):
                kept = [change(each) if isinstance(each, tuple) and each[HOST] is None else each for each in given]
                members = with_member(members, index, tuple(each for each in kept if each is not None) or None)
        return members

    return enveloped(changed)


def _each_list(members: Members, change: Change) -> Members:
    """The lists of addresses, changed as wholes."""
    for index in _LISTS:
        given = members[index]
        if isinstance(given, tuple):
            members = with_member(members, index, change(tuple(given)))
    return members


def _string(value: Structure) -> bytes:
    return value if isinstance(value, bytes) else b""


def _nil_for(*indexes: int) -> Change:
    """The members are NIL, whatever they should be."""

    def change(members: Members) -> Members:
        for index in indexes:
            members = with_member(members, index, None)
        return members

    return change


def _present(value: Structure, *indexes: int) -> Change:
    """What should be NIL is this."""

    def change(members: Members) -> Members:
        for index in indexes:
            if members[index] is None:
                members = with_member(members, index, value)
        return members

    return change


def _envelope(slug: str, title: str, requirements: str, change: Change, *, seen_in: str = "") -> Fault:
    return fault(f"envelopes/{slug}", title, requirements, enveloped(change), "ENVELOPE", seen_in=seen_in)


def _address(
    slug: str, title: str, requirements: str, change: Callable[[Members], Structure], seen_in: str = ""
) -> Fault:
    return fault(f"envelopes/address-{slug}", title, requirements, _addresses(change), "ENVELOPE", seen_in=seen_in)


def _nil_for_nil(self: Renderer, data: bytes | None) -> bytes:
    return b"NIL" if data is None or data.upper() == b"NIL" else self.string(data)


def _enveloped(change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Build:
    def changed(item: r.StructureItem) -> r.StructureItem:
        whole = item.attribute is Attribute.ENVELOPE and isinstance(item.structure, tuple)
        return replace(item, structure=change(tuple(item.structure))) if whole else item  # type: ignore[arg-type]

    return fetched(r.StructureItem, changed)


def _swapped(structure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Reply-To before Sender."""
    return (*structure[:3], structure[4], structure[3], *structure[5:])


def _host_first(structure: tuple[Any, ...]) -> tuple[Any, ...]:
    """Addresses with the host before the mailbox."""

    def turned(value: Any) -> Any:
        return tuple((a, b, d, e) for a, b, e, d in value) if isinstance(value, tuple) else value

    return tuple(map(turned, structure))


def _one_more(item: r.StructureItem) -> r.StructureItem:
    """BODYSTRUCTURE of a text with a member that nobody defined."""
    single = isinstance(item.structure, tuple) and isinstance(item.structure[0], bytes)
    if item.attribute is not Attribute.BODYSTRUCTURE or not single:
        return item
    return replace(item, structure=(*item.structure, b"shipyard"))  # type: ignore[misc]


def _as_stored(item: r.StructureItem) -> r.StructureItem:
    """BODYSTRUCTURE of a single part shows how the server stores it."""
    fields = item.structure if isinstance(item.structure, tuple) else ()
    stored = tuple(b"X-RAW" if each == b"BASE64" else each for each in fields)
    return replace(item, structure=stored) if fields else item


FAULTS: tuple[Fault, ...] = (
    _envelope("without-bcc", "ENVELOPE has nine members", "9-aj", lambda m: (*m[:BCC], *m[BCC + 1 :])),
    _envelope("no-subject", "The subject is NIL", "7.4.2-aa", _nil_for(SUBJECT)),
    _envelope("no-date", "The date is NIL", "7.4.2-aa", _nil_for(DATE)),
    _envelope(
        "in-reply-to-is-message-id",
        "message-id and in-reply-to stand in each other's place",
        "7.4.2-aa 7.4.2-af",
        swapped(IN_REPLY_TO, MESSAGE_ID),
        seen_in="servers that mistake the order of the envelope",
    ),
    _envelope(
        "absent-is-empty",
        "Fields that are absent are empty strings",
        "7.4.2-af",
        _present(b"", DATE, SUBJECT, IN_REPLY_TO, MESSAGE_ID),
        seen_in="servers that do not tell NIL from an empty string",
    ),
    _envelope(
        "empty-subject",
        "An empty subject is given another text",
        "7.4.2-ag",
        lambda m: with_member(m, SUBJECT, m[SUBJECT] or b"(no subject)"),
    ),
    _envelope(
        "first-address-only", "Lists hold the first address only", "7.4.2-ac", lambda m: _each_list(m, lambda x: x[:1])
    ),
    _envelope("addresses-backwards", "Lists are backwards", "7.4.2-ac", lambda m: _each_list(m, lambda x: x[::-1])),
    _envelope("nobody", "Lists that are NIL name nobody", "7.4.2-ah", _present(_SOMEBODY, TO, CC, BCC)),
    _envelope("sender-nil", "sender is NIL", "7.4.2-ai", _nil_for(SENDER), seen_in="servers without defaults"),
    _envelope("reply-to-nil", "reply-to is NIL", "7.4.2-aj", _nil_for(REPLY_TO), seen_in="servers without defaults"),
    _address("of-three", "Addresses have three members", "9-g", lambda a: a[:3]),
    _address(
        "with-route-in-front",
        "The name stands where the route should",
        "9-h",
        lambda a: (a[ROUTE], a[NAME], a[MAILBOX], a[HOST]),
    ),
    _address("without-route", "The source route is left out", "9-h", lambda a: with_member(a, ROUTE, None)),
    _address(
        "host-cut", "The domain lacks its first octet", "9-i", lambda a: with_member(a, HOST, _string(a[HOST])[1:])
    ),
    _address(
        "whole-in-mailbox",
        "The mailbox is the whole address",
        "9-j",
        lambda a: with_member(a, MAILBOX, _string(a[MAILBOX]) + b"@" + _string(a[HOST])),
        "servers that do not take addresses apart",
    ),
    _address(
        "quoted-name",
        "Names keep their quotes",
        "9-k",
        lambda a: with_member(a, NAME, b'"%b"' % _string(a[NAME]) if a[NAME] is not None else None),
        "servers that leave the quoting of phrases",
    ),
    _address("empty-name", "Names that are absent are empty", "9-k", lambda a: with_member(a, NAME, a[NAME] or b"")),
    fault(
        "envelopes/groups-without-name",
        "The start of a group has no name",
        "7.4.2-ad",
        _groups(lambda a: with_member(a, MAILBOX, None)),
        "ENVELOPE",
    ),
    fault(
        "envelopes/groups-end-with-a-name",
        "The end of a group has a name",
        "7.4.2-ae",
        _groups(lambda a: with_member(a, MAILBOX, a[MAILBOX] or b"group")),
        "ENVELOPE",
    ),
    fault(
        "envelopes/nil-by-name", "The word NIL in an envelope is NIL", "4.5-b", rendered(nstring=_nil_for_nil), "FETCH"
    ),
    fault(
        "envelopes/reply-to-before-sender", "Reply-To stands before Sender", "7.4.2-z", _enveloped(_swapped), "FETCH"
    ),
    fault(
        "envelopes/host-before-mailbox",
        "The host stands before the mailbox",
        "7.4.2-ab",
        _enveloped(_host_first),
        "FETCH",
    ),
    fault(
        "envelopes/structure-with-one-more",
        "BODYSTRUCTURE has a member that nobody defined",
        "7.4.2-o",
        fetched(r.StructureItem, _one_more),
        "FETCH",
    ),
    fault(
        "envelopes/structure-of-the-raw",
        "BODYSTRUCTURE shows an encoding of the server's own",
        "RFC3516-6-b",
        fetched(r.StructureItem, _as_stored),
        "FETCH",
    ),
)
