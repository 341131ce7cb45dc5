"""What SEARCH looks at: the text of header fields, of addresses and of the body, decoded.

Knows RFC 3501 §6.4.4 (FROM, TO, CC, BCC, SUBJECT, HEADER, BODY, TEXT) and RFC 5255 §4.6 (encodings are removed before
text is compared). Texts come as they are; whoever compares folds them (`collation`). Parts that are neither text nor a
message are left out, as RFC 3501 permits; the headers of parts belong to the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reference_server.mime import charsets
from reference_server.mime.addresses import Address, addresses
from reference_server.mime.collation import fold
from reference_server.mime.encoded_words import decode_words
from reference_server.mime.parse import Entity
from reference_server.mime.transfer import UnknownEncoding, decode_transfer

_FOLD = re.compile(rb"\r?\n(?=[ \t])")


def contains(texts: Iterable[str], folded_key: str) -> bool:
    """Whether a key, already folded, is a substring of one of the texts (RFC 3501 §6.4.4)."""
    return any(folded_key in fold(text) for text in texts)


def field_texts(message: Entity, name: bytes) -> Iterator[str]:
    """The values of all fields of a name, in any case, of the message's header; none where there is no such field."""
    return (decode_words(value) for value in message.header.every(name.lower()))


def address_texts(message: Entity, name: bytes) -> Iterator[str]:
    """The addresses of all fields of a name, each as `name <mailbox@host>`, a group's start as its name."""
    return (
        _address_text(address)
        for value in message.header.every(name.lower())
        for address in addresses(value)
        if address.mailbox is not None
    )


def body_texts(message: Entity) -> Iterator[str]:
    """All text below the header of the message: headers of parts and of encapsulated messages, and decoded text."""
    for entity in message.walk():
        if entity is not message:
            yield header_text(entity)
        if entity.type.type == b"TEXT":
            yield _part_text(entity)


def message_texts(message: Entity) -> Iterator[str]:
    """The text of the header, then all of `body_texts`."""
    yield header_text(message)
    yield from body_texts(message)


def header_text(entity: Entity) -> str:
    """The header of a message or of a part, unfolded and decoded, one line for each field."""
    octets = _FOLD.sub(b"", entity.source[entity.start : entity.fields_end])
    if b"=?" not in octets:
        return charsets.text(octets)
    return "\n".join([decode_words(line) for line in octets.split(b"\n")])


def _part_text(entity: Entity) -> str:
    try:
        octets = decode_transfer(entity.encoding, entity.body_octets)
    except UnknownEncoding:
        octets = entity.body_octets
    charset = entity.type.parameter(b"CHARSET")
    return charsets.text(octets, charset.decode("ascii", "replace") if charset else None)


def _address_text(address: Address) -> str:
    name = decode_words(address.name or b"")
    mailbox = decode_words(address.mailbox or b"")
    if address.host is None:
        return mailbox
    specification = f"{mailbox}@{charsets.text(address.host)}"
    return f"{name} <{specification}>" if name else specification
