"""What APPEND does with octets NUL, which no literal of RFC 3501 can carry back (RFC 3516 §4.4, §6).

A part that holds one is kept in base64 and says so in its header: its decoded octets stay exactly what they were.
"""

from __future__ import annotations

import base64

from reference_server.mime.parse import Entity, parse

_IDENTITY = frozenset({b"7BIT", b"8BIT", b"BINARY"})
_FIELD = b"content-transfer-encoding"


def without_nul(message: bytes) -> bytes | None:
    """The message with each part that holds NUL in base64; None where NUL is in a place that cannot be encoded."""
    if b"\0" not in message:
        return message
    pieces: list[bytes] = []
    position = 0
    for entity in parse(message).walk():
        if entity.source is not message or entity.parts or entity.message is not None:
            continue
        if b"\0" not in entity.body_octets:
            continue
        header = _encoded_header(entity)
        if header is None:
            return None
        body = base64.encodebytes(entity.body_octets).replace(b"\n", b"\r\n")
        pieces += [message[position : entity.start], header, entity.blank_line or b"\r\n", body]
        position = entity.end
    changed = b"".join([*pieces, message[position:]])
    return None if b"\0" in changed else changed


def _encoded_header(entity: Entity) -> bytes | None:
    """The fields, with the new encoding for the old one; None for octets that were encoded already."""
    if entity.encoding not in _IDENTITY:
        return None
    kept = b"".join(field.raw for field in entity.header.fields if field.name != _FIELD)
    return kept + b"Content-Transfer-Encoding: base64\r\n"
