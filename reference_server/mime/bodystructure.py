"""BODY and BODYSTRUCTURE: what IMAP tells of a message's MIME tree.

Knows RFC 3501 §7.4.2 and §9 (body). Types, subtypes, encodings and attributes are in upper case; values are as sent, in
particular RFC 2231's encoded ones. A count of lines is the count of line ends. Text without a charset has the default
one (RFC 2046 §4.1.2).
"""

from __future__ import annotations

from reference_server.mime.content_type import ContentType, Parameters, disposition, languages
from reference_server.mime.envelope import envelope
from reference_server.mime.parse import Entity

Structure = bytes | int | None | tuple["Structure", ...]
"""A string, a number, NIL or a list, to be rendered. A list that begins with lists has these side by side."""

_NO_EXTENSION = (None, None, None)
_EXTENSION_FIELDS = frozenset({b"content-disposition", b"content-language", b"content-location"})


def body(entity: Entity, *, extended: bool) -> tuple[Structure, ...]:
    """BODYSTRUCTURE, or BODY where not `extended`."""
    if entity.parts:
        parts: list[Structure] = [body(part, extended=extended) for part in entity.parts]
        if not extended:
            return (*parts, entity.type.subtype)
        return (*parts, entity.type.subtype, _parameters(entity.type.parameters), *_extension(entity))
    fields = _fields(entity)
    if entity.message is not None:
        message = entity.message
        fields += (envelope(message), body(message, extended=extended), _lines(entity))
    elif entity.type.type == b"TEXT":
        fields += (_lines(entity),)
    return (*fields, entity.header.first(b"content-md5"), *_extension(entity)) if extended else fields


def _fields(entity: Entity) -> tuple[Structure, ...]:
    """media-type, media-subtype and body-fields."""
    header = entity.header
    return (
        entity.type.type,
        entity.type.subtype,
        _type_parameters(entity.type),
        header.first(b"content-id"),
        header.first(b"content-description"),
        entity.encoding,
        entity.end - entity.body,
    )


def _type_parameters(media: ContentType) -> Structure:
    if media.type == b"TEXT" and media.parameter(b"CHARSET") is None:
        return (*(_parameters(media.parameters) or ()), b"CHARSET", b"US-ASCII")
    return _parameters(media.parameters)


def _parameters(parameters: Parameters) -> tuple[bytes, ...] | None:
    return tuple([text for parameter in parameters for text in parameter]) or None


def _lines(entity: Entity) -> int:
    return entity.source.count(b"\n", entity.body, entity.end)


def _extension(entity: Entity) -> tuple[Structure, Structure, Structure]:
    """body-fld-dsp, body-fld-lang and body-fld-loc."""
    header = entity.header
    if not any(field.name in _EXTENSION_FIELDS for field in header.fields):
        return _NO_EXTENSION
    disposed = disposition(header.first(b"content-disposition") or b"")
    tags = languages(header.first(b"content-language") or b"")
    return (
        (disposed.type, _parameters(disposed.parameters)) if disposed else None,
        (tags if len(tags) > 1 else tags[0]) if tags else None,
        header.first(b"content-location"),
    )
