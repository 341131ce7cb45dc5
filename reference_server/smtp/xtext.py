"""Encoded values of ESMTP parameters: xtext (RFC 3461 §4) and the UTF-8 address type of ORCPT (RFC 6533 §3)."""

from __future__ import annotations

import re

# xtext = *( xchar / hexchar );  hexchar = "+" and two upper case hexadecimal digits
_XTEXT = re.compile(r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(r"\+([0-9A-F]{2})")

# utf-8-enc-addr = 1*(QUCHAR / EmbeddedUnicodeChar);  EmbeddedUnicodeChar = "\x{" HEXPOINT "}"
_UTF8_ADDRESS = re.compile(
    r"(?:[\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e\u0080-\ud7ff\ue000-\U0010ffff]|\\x\{[0-9A-F]{2,6}\})+"
)
_EMBEDDED = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


def decode_xtext(text: str) -> str | None:
    """The text that was encoded; None where this is no xtext, or what it encodes is not printable ASCII, as DSNs need
    (RFC 3461 §4.2, §4.4)."""
    if not _XTEXT.fullmatch(text):
        return None
    decoded = _HEXCHAR.sub(lambda match: chr(int(match[1], 16)), text)
    return decoded if decoded.isascii() and decoded.replace("\t", "").isprintable() else None


def decode_utf8_address(text: str) -> str | None:
    """The address that was encoded, in any of the type's three forms; None where this is none of them."""
    if not _UTF8_ADDRESS.fullmatch(text):
        return None
    points = [int(digits, 16) for digits in _EMBEDDED.findall(text)]
    if any(point > 0x10FFFF or 0xD800 <= point <= 0xDFFF for point in points):
        return None
    return _EMBEDDED.sub(lambda match: chr(int(match[1], 16)), text)
