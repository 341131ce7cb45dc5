"""The MIME tree of a message, byte-exact: every part knows where its header and its body lie.

Knows RFC 2045 §5.2 (default type), RFC 2046 §5.1 (multipart) and §5.2.1 (message/rfc822). Never raises, whatever the
octets: what a sender got wrong has one defined reading here.

* A Content-Type without a subtype, and a multipart without a boundary, are invalid, so the part is text/plain
  (RFC 2045 §5.2).
* A delimiter line is as the grammar has it: boundary, perhaps `--`, white space, line end (RFC 2046 §5.1.1). A line
  that only begins with the boundary is none: boundaries that begin alike are common in nested mail.
* An outer delimiter ends all inner parts (RFC 2046 §5.1.2), also where inner and outer boundary are the same.
* A multipart without any part has one empty text/plain part, because a body structure needs one (RFC 3501 §9,
  body-type-mpart).
* A message/rfc822 in base64 or quoted-printable, which RFC 2046 §5.2.1 forbids, is decoded to be looked into.
* What lies deeper than the limit is application/octet-stream; the last part that the limit admits runs to the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reference_server.mime.content_type import (
    MESSAGE_RFC822,
    OCTET_STREAM,
    TEXT_PLAIN,
    ContentType,
    content_type,
    encoding,
)
from reference_server.mime.header import Header, fields, fields_end
from reference_server.mime.transfer import UnknownEncoding, decode_transfer

_MULTIPART = b"MULTIPART"
_IDENTITY = frozenset({b"7BIT", b"8BIT", b"BINARY"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a message is taken apart: levels of nesting, and parts in all."""

    depth: int = 100
    parts: int = 20_000


_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Entity:
    """A message or a body part. Its offsets count in `source`: the message, or a decoded message inside of it.

    `source[start:fields_end]` are the fields, `source[fields_end:body]` is the blank line, `source[body:end]` the body.
    """

    source: bytes
    start: int
    fields_end: int
    body: int
    end: int
    header: Header
    type: ContentType
    encoding: bytes
    parts: tuple[Entity, ...] = ()
    message: Entity | None = None

    @property
    def is_multipart(self) -> bool:
        """Whether it is a multipart, and so has at least one part."""
        return bool(self.parts)

    @property
    def header_octets(self) -> bytes:
        """The header with the blank line after it, where there is one."""
        return self.source[self.start : self.body]

    @property
    def blank_line(self) -> bytes:
        """The blank line, empty where there is none."""
        return self.source[self.fields_end : self.body]

    @property
    def body_octets(self) -> bytes:
        """The body as it was sent, encoded."""
        return self.source[self.body : self.end]

    def walk(self) -> Iterator[Entity]:
        """This entity and all inside of it, in the order of the message."""
        pending = [self]
        while pending:
            entity = pending.pop()
            yield entity
            if entity.message is not None:
                pending.append(entity.message)
            pending.extend(reversed(entity.parts))


def parse(message: bytes, limits: Limits = _DEFAULT_LIMITS) -> Entity:
    """Take a message apart. Never raises; linear in the message for each level of nesting, of which there are few."""
    return _Parser(limits).entity(message, 0, len(message), TEXT_PLAIN, 0)


class _Parser:
    """Counts the parts of one message while it is taken apart."""

    def __init__(self, limits: Limits) -> None:
        self._depth = limits.depth
        self._parts_left = limits.parts

    def entity(self, source: bytes, start: int, end: int, default: ContentType, depth: int) -> Entity:
        """The entity that is `source[start:end]`; `default` is its type if it names none."""
        self._parts_left -= 1
        header_end, body = fields_end(source, start, end)
        header = fields(source[start:header_end])
        mechanism = encoding(header.first(b"content-transfer-encoding"))
        media = self._media(header.first(b"content-type"), default, depth)
        parts: tuple[Entity, ...] = ()
        message = None
        if media.type == _MULTIPART:
            parts = self._parts(source, body, end, media, depth)
        elif media[:2] == MESSAGE_RFC822[:2]:
            message = self._message(source, body, end, mechanism, depth)
            media = media if message else OCTET_STREAM
        return Entity(source, start, header_end, body, end, header, media, mechanism, parts, message)

    def _media(self, value: bytes | None, default: ContentType, depth: int) -> ContentType:
        media = default if value is None else content_type(value) or TEXT_PLAIN
        if media.type != _MULTIPART:
            return media
        if not _boundary(media):
            return TEXT_PLAIN
        return media if depth < self._depth and self._parts_left > 0 else OCTET_STREAM

    def _message(self, source: bytes, body: int, end: int, mechanism: bytes, depth: int) -> Entity | None:
        if depth >= self._depth or self._parts_left <= 0:
            return None
        if mechanism in _IDENTITY:
            return self.entity(source, body, end, TEXT_PLAIN, depth + 1)
        try:
            decoded = decode_transfer(mechanism, source[body:end])
        except UnknownEncoding:
            return None
        return self.entity(decoded, 0, len(decoded), TEXT_PLAIN, depth + 1)

    def _parts(self, source: bytes, body: int, end: int, media: ContentType, depth: int) -> tuple[Entity, ...]:
        default = MESSAGE_RFC822 if media.subtype == b"DIGEST" else TEXT_PLAIN
        parts = []
        for part_start, part_end in _spans(source, body, end, _boundary(media)):
            if self._parts_left <= 1:
                parts.append(self.entity(source, part_start, end, default, depth + 1))
                break
            parts.append(self.entity(source, part_start, part_end, default, depth + 1))
        return tuple(parts) or (self.entity(source, end, end, TEXT_PLAIN, depth + 1),)


def _boundary(media: ContentType) -> bytes:
    """The boundary, without the white space at its end that some gateway must have added (RFC 2046 §5.1.1)."""
    return (media.parameter(b"BOUNDARY") or b"").rstrip(b" \t")


# delimiter := CRLF dash-boundary        close-delimiter := delimiter "--"        both before transport-padding CRLF
_DELIMITER_TAIL = re.compile(rb"(--)?[ \t]*+(?:\r?\n|\r?\Z)")


def _spans(source: bytes, body: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each part. The line end before a delimiter is the delimiter's (RFC 2046 §5.1.1)."""
    if body == end:
        return
    delimiter = b"\n--" + boundary
    part_start = -1
    position = body - 1  # the end of the blank line, so that a delimiter may begin the body
    while (at := source.find(delimiter, position, end)) >= 0:
        tail = _DELIMITER_TAIL.match(source, at + len(delimiter), end)
        if tail is None:
            position = at + 1
            continue
        if part_start >= 0:
            part_end = at - 1 if at > part_start and source[at - 1] == 13 else at  # a CR
            yield part_start, max(part_start, part_end)
        if tail[1]:
            return
        part_start = tail.end()
        position = part_start - 1
    if part_start >= 0:
        yield part_start, end
