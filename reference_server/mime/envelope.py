"""ENVELOPE: the structure that IMAP makes of a message's header.

Knows RFC 3501 §7.4.2 and §9 (envelope). Where a field that should be there once is there more than once, the first
counts; the lists of several To, Cc and Bcc fields are one list (RFC 5322 §4.5.3).
"""

from __future__ import annotations

from typing import NamedTuple

from reference_server.mime.addresses import Address, addresses
from reference_server.mime.header import unfold
from reference_server.mime.parse import Entity

AddressList = tuple[Address, ...] | None

_NAMES = frozenset(
    {
        b"date",
        b"subject",
        b"from",
        b"sender",
        b"reply-to",
        b"to",
        b"cc",
        b"bcc",
        b"in-reply-to",
        b"message-id",
    }
)


class EnvelopeStructure(NamedTuple):
    """The ten fields, in the order in which they are sent; None is NIL. It is a plain tuple to whoever renders it."""

    date: bytes | None
    subject: bytes | None
    from_: AddressList
    sender: AddressList
    reply_to: AddressList
    to: AddressList
    cc: AddressList
    bcc: AddressList
    in_reply_to: bytes | None
    message_id: bytes | None


def envelope(message: Entity) -> EnvelopeStructure:
    """The envelope of a message. Strings are the unfolded values; an absent field is None, an empty one b""."""
    values: dict[bytes, list[bytes]] = {}
    for name, _, value in message.header.fields:
        if name in _NAMES:
            values.setdefault(name, []).append(unfold(value))
    author = _first_list(values, b"from")
    return EnvelopeStructure(
        date=_text(values, b"date"),
        subject=_text(values, b"subject"),
        from_=author,
        sender=_first_list(values, b"sender") or author,
        reply_to=_first_list(values, b"reply-to") or author,
        to=_whole_list(values, b"to"),
        cc=_whole_list(values, b"cc"),
        bcc=_whole_list(values, b"bcc"),
        in_reply_to=_text(values, b"in-reply-to"),
        message_id=_text(values, b"message-id"),
    )


def _text(values: dict[bytes, list[bytes]], name: bytes) -> bytes | None:
    return values[name][0] if name in values else None


def _first_list(values: dict[bytes, list[bytes]], name: bytes) -> AddressList:
    return (addresses(values[name][0]) or None) if name in values else None


def _whole_list(values: dict[bytes, list[bytes]], name: bytes) -> AddressList:
    if name not in values:
        return None
    return tuple([address for value in values[name] for address in addresses(value)]) or None
