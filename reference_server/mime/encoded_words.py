"""Encoded words in header fields, decoded.

Knows RFC 2047 §2, §4 and §6.2, and the language suffix of RFC 2231 §5. Reads leniently: a word counts wherever it
stands, of any length; neighbours in one charset are decoded as one, since senders cut characters in two.
"""

from __future__ import annotations

import re

from reference_server.mime import charsets
from reference_server.mime.transfer import decode_base64

# encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
_WORD = re.compile(rb"=\?([^?*\x00-\x20]++)(?:\*[^?\x00-\x20]*+)?\?([bBqQ])\?([^?\r\n]*+)\?=")
_HEXADECIMAL = re.compile(rb"=([0-9A-Fa-f]{2})")


def decode_words(value: bytes) -> str:
    """The text of an unfolded value; octets outside of encoded words are UTF-8 (RFC 6532) as far as they can be."""
    if b"=?" not in value:
        return charsets.text(value)
    pieces: list[str] = []
    charset: str | None = None
    run: list[bytes] = []
    position = 0
    for word in _WORD.finditer(value):
        between = value[position : word.start()]
        name = word[1].decode("ascii", "replace").lower()
        adjacent = charset is not None and not between.strip(b" \t\r\n")
        if not (adjacent and name == charset):
            pieces.append(charsets.text(b"".join(run), charset))
            run = []
        if not adjacent:
            pieces.append(charsets.text(between))
        run.append(_decoded(word[2], word[3]))
        charset = name
        position = word.end()
    return "".join((*pieces, charsets.text(b"".join(run), charset), charsets.text(value[position:])))


def _decoded(encoding: bytes, octets: bytes) -> bytes:
    if encoding in b"bB":
        return decode_base64(octets)
    return _HEXADECIMAL.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), octets.replace(b"_", b" "))
