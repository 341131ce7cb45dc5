"""BODY[section] and BINARY[section]: octets of a message, of a part, or of either one's header or text.

Knows RFC 3501 §6.4.5 and RFC 3516 §4.2. In BODY nothing is decoded or mended: each section is a run of the message's
octets, and HEADER.FIELDS a choice of them. Partials are cut by who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from reference_server.mime.parse import Entity
from reference_server.mime.transfer import decode_transfer

SectionText = Literal["HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"]


def section(
    message: Entity, part: tuple[int, ...], text: SectionText | None = None, fields: Iterable[bytes] = ()
) -> bytes | None:
    """The octets of a section; None where the message has no such part.

    `part` holds the part numbers, from 1; `fields` names the fields of HEADER.FIELDS and HEADER.FIELDS.NOT, in any
    case. HEADER and TEXT of a numbered part are those of the message that it encapsulates.
    """
    if not part:
        return message.source if text is None else _of_message(message, text, fields)
    entity = find_part(message, part)
    if entity is None:
        return None
    if text is None:
        return entity.body_octets
    if text == "MIME":
        return entity.header_octets
    return None if entity.message is None else _of_message(entity.message, text, fields)


def binary(message: Entity, part: tuple[int, ...]) -> bytes | None:
    """BINARY[part]: the part's body with its transfer encoding undone; the whole message for no part (RFC 3516 §4.2).

    None where the message has no such part. Raises UnknownEncoding where nobody knows how to undo it (UNKNOWN-CTE).
    A multipart has no encoding of its own (RFC 2045 §6.4), whatever its header says.
    """
    if not part:
        return message.source
    entity = find_part(message, part)
    if entity is None:
        return None
    return entity.body_octets if entity.parts else decode_transfer(entity.encoding, entity.body_octets)


def find_part(message: Entity, part: tuple[int, ...]) -> Entity | None:
    """The body part of these numbers, or None.

    A multipart's parts are numbered in it. A message that is no multipart has its own body as part 1, and so has an
    encapsulated one, whose numbers follow those of the part that holds it.
    """
    container: Entity | None = message
    entity: Entity | None = None
    for number in part:
        if container is None:
            return None
        if container.parts:
            entity = container.parts[number - 1] if 1 <= number <= len(container.parts) else None
        else:
            entity = container if number == 1 else None
        if entity is None:
            return None
        container = entity if entity.parts else entity.message
    return entity


def _of_message(message: Entity, text: SectionText, fields: Iterable[bytes]) -> bytes | None:
    match text:
        case "HEADER":
            return message.header_octets
        case "TEXT":
            return message.body_octets
        case "HEADER.FIELDS":
            return _subset(message, fields, wanted=True)
        case "HEADER.FIELDS.NOT":
            return _subset(message, fields, wanted=False)
        case "MIME":
            return None  # MIME must be prefixed by a part number


def _subset(message: Entity, names: Iterable[bytes], *, wanted: bool) -> bytes:
    """The fields so named, or all others, as they are, and the blank line if there is one."""
    chosen = {name.lower() for name in names}
    fields = [field.raw for field in message.header.fields if (field.name in chosen) is wanted]
    return b"".join(fields) + message.blank_line
