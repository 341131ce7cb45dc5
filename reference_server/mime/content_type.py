"""Structured MIME fields: Content-Type, Content-Disposition, Content-Transfer-Encoding, Content-Language.

Knows RFC 2045 §5.1 and §6.1, RFC 2183 §2, RFC 2231 §3 and §4 (to find a boundary or a charset that is written in its
forms), RFC 3282. Comments are taken out wherever RFC 822 let them stand. Types, subtypes, encodings and attributes are
in upper case, for case means nothing there; values keep theirs.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

Parameters = tuple[tuple[bytes, bytes], ...]

# type "/" subtype: tokens, with any of the octets that a token should not have but the separators.
_TYPE = re.compile(rb"[ \t]*([^\x00-\x20()<>@,;:\\\"/\[\]?=]+)[ \t]*/[ \t]*([^\x00-\x20()<>@,;:\\\"/\[\]?=]+)")

# ";" attribute "=" value           value = token / quoted-string, and, leniently, anything up to the next semicolon
_PARAMETER = re.compile(
    rb";[ \t]*+([^\x00-\x20;=\"]++)[ \t]*+=[ \t]*+(?:\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\"?|([^;]*+))", re.DOTALL
)

_TOKEN = re.compile(rb"[^\x00-\x20;,()\"]+")
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT_STEP = re.compile(rb"\\.|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"?|[()]", re.DOTALL)
_INNER_COMMENT_STEP = re.compile(rb"\\.|[()]", re.DOTALL)

_CACHED_LENGTH = 256
_MOST_CONTINUATIONS = 100


class ContentType(NamedTuple):
    """A media type: type and subtype in upper case, parameters in their order, attributes in upper case."""

    type: bytes
    subtype: bytes
    parameters: Parameters

    def parameter(self, attribute: bytes) -> bytes | None:
        """The value of an attribute (in upper case), also where RFC 2231 splits or encodes it."""
        return parameter(self.parameters, attribute)


class Disposition(NamedTuple):
    """A Content-Disposition (RFC 2183): its type in upper case, and its parameters."""

    type: bytes
    parameters: Parameters


TEXT_PLAIN = ContentType(b"TEXT", b"PLAIN", ((b"CHARSET", b"US-ASCII"),))  # RFC 2045 §5.2
MESSAGE_RFC822 = ContentType(b"MESSAGE", b"RFC822", ())  # RFC 2046 §5.1.5
OCTET_STREAM = ContentType(b"APPLICATION", b"OCTET-STREAM", ())


def content_type(value: bytes) -> ContentType | None:
    """Read the value of a Content-Type field, unfolded; None where it names no type and subtype."""
    return _cached_content_type(value) if len(value) <= _CACHED_LENGTH else _content_type(value)


def _content_type(value: bytes) -> ContentType | None:
    value = without_comments(value)
    match = _TYPE.match(value)
    if match is None:
        return None
    return ContentType(match[1].upper(), match[2].upper(), _parameters(value, match.end()))


_cached_content_type = lru_cache(maxsize=512)(_content_type)


def disposition(value: bytes) -> Disposition | None:
    """Read the value of a Content-Disposition field, unfolded; None where it names no type."""
    value = without_comments(value)
    match = _TOKEN.search(value)
    if match is None or b";" in value[: match.start()]:
        return None
    return Disposition(match[0].upper(), _parameters(value, match.end()))


def encoding(value: bytes | None) -> bytes:
    """The mechanism that a Content-Transfer-Encoding field names, in upper case; 7BIT by default (RFC 2045 §6.1)."""
    match = value and _TOKEN.search(without_comments(value))
    return match[0].upper() if match else b"7BIT"


def languages(value: bytes) -> tuple[bytes, ...]:
    """The tags of a Content-Language field (RFC 3282 §2)."""
    return tuple(_TOKEN.findall(without_comments(value)))


def parameter(parameters: Parameters, attribute: bytes) -> bytes | None:
    """The value of an attribute (in upper case), also where RFC 2231 splits or encodes it."""
    for name, value in parameters:
        if name == attribute:
            return value
    return (
        _extended(parameters, attribute) if any(name.startswith(attribute + b"*") for name, _ in parameters) else None
    )


def _extended(parameters: Parameters, attribute: bytes) -> bytes | None:
    """attribute*=charset'language'encoded, or the sections attribute*0, attribute*1*, ... (RFC 2231 §3, §4)."""
    named = dict(reversed(parameters))
    whole = named.get(attribute + b"*")
    if whole is not None:
        return unquote_to_bytes(whole.split(b"'", 2)[-1])
    value = b""
    for number in range(_MOST_CONTINUATIONS):
        section = attribute + b"*%d" % number
        if section in named:
            value += named[section]
        elif section + b"*" in named:
            encoded = named[section + b"*"]
            value += unquote_to_bytes(encoded.split(b"'", 2)[-1] if number == 0 else encoded)
        else:
            return value if number else None
    return value


def _parameters(value: bytes, start: int) -> Parameters:
    return tuple(
        [
            (name.upper(), unquote(quoted) if quoted else plain.rstrip(b" \t"))
            for name, quoted, plain in _PARAMETER.findall(value, start)
        ]
    )


def unquote(quoted: bytes) -> bytes:
    """The inside of a quoted-string or comment without the backslashes of its quoted-pairs (RFC 5322 §3.2.1)."""
    return _QUOTED_PAIR.sub(rb"\1", quoted) if b"\\" in quoted else quoted


def without_comments(value: bytes) -> bytes:
    """A structured value with a space for each comment (RFC 5322 §3.2.2); one without an end goes to the value's."""
    if b"(" not in value:
        return value
    kept = []
    depth = position = kept_to = 0
    while match := (_INNER_COMMENT_STEP if depth else _COMMENT_STEP).search(value, position):
        position = match.end()
        if match[0] == b"(":
            if depth == 0:
                kept += [value[kept_to : match.start()], b" "]
            depth += 1
        elif match[0] == b")" and depth:
            depth -= 1
            kept_to = position
    if not depth:
        kept.append(value[kept_to:])
    return b"".join(kept)
