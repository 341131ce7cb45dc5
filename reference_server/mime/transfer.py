"""Content-Transfer-Encodings undone.

Knows RFC 2045 §6.7 and §6.8, read as leniently as they ask robust readers to be, and nothing of MIME's structure.
"""

from __future__ import annotations

import binascii
import re

_IDENTITY = frozenset({b"7BIT", b"8BIT", b"BINARY"})

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_ALPHABET + b"="))

# White space at the end of a line is a transport's, not the sender's (RFC 2045 §6.7, rule 3).
_TRAILING_SPACE = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\r?\Z)")
# Here the standard library has readings of its own: it takes a bare CR for a line end, and `==` for one `=`.
_STRAY_EQUALS = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n|\r?\Z)")


class UnknownEncoding(Exception):
    """The encoding is none of RFC 2045 (IMAP's UNKNOWN-CTE, RFC 3516 §4.3)."""


def decode_transfer(encoding: bytes, octets: bytes) -> bytes:
    """Undo an encoding, named in upper case. Raises UnknownEncoding; malformed data give what can be made of them."""
    if encoding in _IDENTITY:
        return octets
    if encoding == b"BASE64":
        return decode_base64(octets)
    if encoding == b"QUOTED-PRINTABLE":
        return decode_quoted_printable(octets)
    raise UnknownEncoding(encoding.decode("ascii", "replace"))


def decode_base64(octets: bytes) -> bytes:
    """Octets outside of the alphabet are ignored, padding ends the data, and missing padding is supplied (§6.8)."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        digits = octets.translate(None, _NOT_BASE64).partition(b"=")[0]
        digits = digits[: len(digits) - (len(digits) % 4 == 1)]
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def decode_quoted_printable(octets: bytes) -> bytes:
    """An `=` that begins no hexadecimal digits and no soft line break stands for itself (§6.7). At the end it is a soft
    line break, whose line end a delimiter took."""
    return binascii.a2b_qp(_STRAY_EQUALS.sub(b"=3D", _TRAILING_SPACE.sub(b"", octets)))
