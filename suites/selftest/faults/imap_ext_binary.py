"""Faults of BINARY (RFC 3516): decoding, sizes, parts of parts, literal8, and what is asked for wrongly."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

from reference_server.conversation import blocking
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.fetchitems import BinarySection, BinarySize, BodySection, FetchItem
from reference_server.imap.message_sets import chosen
from reference_server.imap.outcome import Handling
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from reference_server.mime.encoded_words import decode_words
from reference_server.store.flag_changes import FlagChange
from reference_server.store.records import Flags, SystemFlag
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, doing, fault, fetched, handler_of, meaning, refusing_lines, tolerating


def _items(change: Callable[[FetchItem], FetchItem]) -> Build:
    """A variant that takes items of FETCH for others."""
    return meaning(c.Fetch, lambda command: replace(command, items=tuple(map(change, command.items))))


def _encoded(item: r.BinaryItem) -> r.BinaryItem:
    return replace(item, octets=item.octets and base64.b64encode(item.octets))


def _off_by_one(item: r.BinaryItem) -> r.BinaryItem:
    """A part of a part begins one octet too late."""
    if item.item.partial is None:
        return item
    return replace(item, octets=item.octets[1:] if item.octets else b"?")


def _without_offset(item: r.BinaryItem) -> r.BinaryItem:
    return replace(item, item=replace(item.item, partial=None))


def _decoded(item: r.TextItem) -> r.TextItem:
    """BODY of a part in base64 is decoded, too."""
    if not isinstance(item.item, BodySection) or not item.item.section.part or item.octets is None:
        return item
    return replace(item, octets=base64.b64decode(item.octets + b"=="))


def _words_decoded(item: r.TextItem) -> r.TextItem:
    """Encoded words in a header are decoded."""
    if item.octets is None or b"=?" not in item.octets:
        return item
    return replace(item, octets=decode_words(item.octets.rstrip()).encode() + b"\r\n\r\n")


def _seen_by_size(session: ImapSession, command: c.Fetch) -> Handling:
    """BINARY.SIZE sets \\Seen."""
    if any(isinstance(item, BinarySize) for item in command.items):
        view = session.required_view()
        ranges = chosen(view, command.messages, uid=command.uid)
        yield from blocking(
            lambda: session.store.mail.store_flags(
                view.id, ranges, FlagChange.ADD, Flags(SystemFlag.SEEN), since=view.mod_sequence
            )
        )
    return (yield from handler_of("FETCH")(session, command))


def _without_nul(command: c.Append) -> c.Append:
    return replace(
        command,
        messages=tuple(replace(message, data=message.data.replace(b"\0", b"")) for message in command.messages),
    )


FAULTS: tuple[Fault, ...] = (
    fault(
        "binary/encoded",
        "BINARY gives parts in base64",
        "RFC3516-4.2-a",
        fetched(r.BinaryItem, _encoded),
        "FETCH",
    ),
    fault(
        "binary/never-seen",
        "BINARY does not set \\Seen",
        "RFC3516-4.2-a",
        _items(lambda item: replace(item, peek=True) if isinstance(item, BinarySection) else item),
        "FETCH",
    ),
    fault(
        "binary/partial-off",
        "A partial BINARY begins one octet too late",
        "RFC3516-4.2-b",
        fetched(r.BinaryItem, _off_by_one),
        "FETCH",
    ),
    fault(
        "binary/partial-without-offset",
        "A partial BINARY does not tell its offset",
        "RFC3516-4.3-e",
        fetched(r.BinaryItem, _without_offset),
        "FETCH",
    ),
    fault(
        "binary/peek-is-seen",
        "BINARY.PEEK sets \\Seen",
        "RFC3516-4.2-c",
        _items(lambda item: replace(item, peek=False) if isinstance(item, BinarySection) else item),
        "FETCH",
    ),
    fault("binary/size-is-seen", "BINARY.SIZE sets \\Seen", "RFC3516-4.2-d", doing("FETCH", _seen_by_size), "FETCH"),
    fault(
        "binary/size-off",
        "BINARY.SIZE is too large",
        "RFC3516-4.2-d RFC3516-4.3-d",
        fetched(r.BinarySizeItem, lambda item: replace(item, size=item.size * 4 // 3 + 1)),
        "FETCH",
        seen_in="servers that tell the size of what is encoded",
    ),
    fault(
        "binary/no-unknown-cte",
        "An unknown encoding is refused without UNKNOWN-CTE",
        "RFC3516-4.3-c",
        coded(Code, lambda code: None if code is Code.UNKNOWN_CTE else code),
        "FETCH",
    ),
    fault(
        "binary/no-literal8",
        "APPEND of a literal8 is BAD",
        "RFC3516-4.4-a RFC3516-4.4-d",
        refusing_lines(lambda line: b"APPEND INBOX ~{" in line),
        "APPEND",
    ),
    fault(
        "binary/nul-is-dropped",
        "NUL is taken out of what is appended",
        "RFC3516-4.4-c",
        meaning(c.Append, _without_nul),
        "APPEND",
    ),
    fault(
        "binary/words-are-decoded",
        "Encoded words in header fields are decoded",
        "RFC3516-5-a",
        fetched(r.TextItem, _words_decoded),
        "FETCH",
    ),
    fault("binary/body-too", "BODY is decoded, too", "RFC3516-6-c", fetched(r.TextItem, _decoded), "FETCH"),
    fault(
        "binary/parts-alone",
        "BINARY of the whole message is BAD",
        "RFC3516-7-a",
        refusing_lines(lambda line: b"BINARY.PEEK[]" in line),
        "FETCH",
    ),
    fault(
        "binary/any-section",
        "BINARY of a header is OK",
        "RFC3516-7-b",
        tolerating(lambda _, line: b"BINARY" in line),
        "FETCH",
    ),
)
