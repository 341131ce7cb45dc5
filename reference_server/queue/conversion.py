"""A message made fit for a path of seven bits: parts with other octets are encoded (RFC 6152 §3, RFC 2045 §6).

Text becomes quoted-printable, anything else base64; multiparts and messages around it get an honest label. All else
stays octet for octet. What may not be touched is not: headers, and the inside of multipart/signed and
multipart/encrypted (RFC 1847 §2.1, §2.2).
"""

from __future__ import annotations

import base64
import re

from reference_server.mime.header import Field
from reference_server.mime.parse import Entity, parse

_LINE_OF_BASE64 = 57  # octets that make 76 characters (RFC 2045 §6.8)
_NOT_PLAIN = re.compile(rb"\r(?!\n)|(?<!\r)\n|[\x00\x80-\xff]")
_UNTOUCHABLE = frozenset({b"SIGNED", b"ENCRYPTED"})
_IDENTITY = frozenset({b"7BIT", b"8BIT", b"BINARY"})
_LONGEST_QUOTED_LINE = 76


class CannotConvert(Exception):
    """The message cannot be made seven-bit without harm; the message says why."""


def to_seven_bit(message: bytes) -> bytes:
    """The message in ASCII and lines that end in CRLF, its content the same. Raises CannotConvert."""
    if _NOT_PLAIN.search(message) is None:
        return message
    root = parse(message)
    converted = _converted(root, outermost=True)
    if _NOT_PLAIN.search(converted) is not None:
        raise CannotConvert("an octet outside of its parts cannot be encoded")
    return converted


def _converted(entity: Entity, *, outermost: bool) -> bytes:
    octets = entity.source[entity.start : entity.end]
    if _NOT_PLAIN.search(octets) is None:
        return octets
    if _NOT_PLAIN.search(entity.header_octets) is not None:
        raise CannotConvert("a header cannot be encoded")
    if entity.encoding not in _IDENTITY:
        raise CannotConvert("a part that is said to be encoded is not")
    if entity.is_multipart:
        if entity.type.subtype in _UNTOUCHABLE:
            raise CannotConvert("a signed or encrypted part must not be changed")
        return _labelled(entity, b"7bit", outermost=outermost) + _multipart_body(entity)
    if entity.message is not None:
        return _labelled(entity, b"7bit", outermost=outermost) + _converted(entity.message, outermost=True)
    body = entity.body_octets
    if entity.type.type == b"TEXT":
        return _labelled(entity, b"quoted-printable", outermost=outermost) + quoted_printable(body)
    return _labelled(entity, b"base64", outermost=outermost) + _base64(body)


def _multipart_body(entity: Entity) -> bytes:
    """The body with its parts converted and all between them, preamble and delimiters, as it was."""
    pieces, position = [], entity.body
    for part in entity.parts:
        pieces += [entity.source[position : part.start], _converted(part, outermost=False)]
        position = part.end
    return b"".join([*pieces, entity.source[position : entity.end]])


def _labelled(entity: Entity, mechanism: bytes, *, outermost: bool) -> bytes:
    """The header with Content-Transfer-Encoding set, and for a message that is not MIME yet with what makes it so.

    The charset of text that names none is not known, only that it is not ASCII (RFC 1428 §4).
    """
    names = {field.name for field in entity.header.fields}
    label = b"Content-Transfer-Encoding: " + mechanism + b"\r\n"
    kept: list[bytes] = []
    for field in entity.header.fields:
        if field.name != b"content-transfer-encoding":
            kept.append(_ended(field))
        elif label:
            kept.append(label)
            label = b""
    if label and outermost and b"mime-version" not in names:
        kept.append(b"MIME-Version: 1.0\r\n")
    if label and b"content-type" not in names and mechanism == b"quoted-printable":
        kept.append(b"Content-Type: text/plain; charset=unknown-8bit\r\n")
    return b"".join([*kept, label, entity.blank_line or b"\r\n"])


def _ended(field: Field) -> bytes:
    return field.raw if field.raw.endswith(b"\n") else field.raw + b"\r\n"


def _base64(octets: bytes) -> bytes:
    lines = (octets[at : at + _LINE_OF_BASE64] for at in range(0, len(octets), _LINE_OF_BASE64))
    return b"".join(base64.b64encode(line) + b"\r\n" for line in lines)


def quoted_printable(octets: bytes) -> bytes:
    """Text whose line ends are CRLF, encoded; a bare CR or LF is an octet like others and becomes `=0D`, `=0A`."""
    return b"\r\n".join(_quoted_line(line) for line in octets.split(b"\r\n"))


def _quoted_line(line: bytes) -> bytes:
    """One line, broken softly so that none is longer than 76 characters (RFC 2045 §6.7, rule 5)."""
    tokens = [_quoted_octet(octet, last=at == len(line) - 1) for at, octet in enumerate(line)]
    rows: list[bytes] = []
    row, room = bytearray(), _LONGEST_QUOTED_LINE
    for at, token in enumerate(tokens):
        needed = len(token) + (at < len(tokens) - 1)  # the `=` of a soft break, unless nothing follows
        if len(row) + needed > room:
            rows.append(bytes(row) + b"=")
            row.clear()
        row += token
    return b"\r\n".join([*rows, bytes(row)])


def _quoted_octet(octet: int, *, last: bool) -> bytes:
    """Printable ASCII as it is; white space as well, but at the end of a line (RFC 2045 §6.7, rules 1 to 3)."""
    if 33 <= octet <= 126 and octet != ord("="):
        return bytes((octet,))
    if octet in b" \t" and not last:
        return bytes((octet,))
    return b"=%02X" % octet
