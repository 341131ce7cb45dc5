"""How a string goes over the wire: atom, quoted or literal (RFC 3501 §4.3 and §9, RFC 6855 §3).

The choice is made here and nowhere else, from the octets alone, so that no content can break out of its place.
"""

from __future__ import annotations

import re

from reference_server.imap.names import MailboxName

Pieces = list[bytes]
"""Octets in several objects, so that a message need not be copied into its response."""

_QUOTED_LIMIT = 1024
"""A longer string is a literal, so that lines stay short (RFC 2683 §3.2.1.5)."""

# What needs no escape in a quoted string, and what does. Other control characters than TAB would be permitted, and are
# sent as literals all the same.
_PLAIN = re.compile(rb"[\t\x20\x21\x23-\x5b\x5d-\x7e]*")
_ESCAPED = re.compile(rb"[\t\x20-\x7e]*")
_ESCAPED_8BIT = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SPECIAL = re.compile(rb'(["\\])')

# 1*ASTRING-CHAR
_ASTRING_ATOM = re.compile(rb"[\x21\x23\x24\x26\x27\x2b-\x5b\x5d-\x7a\x7c-\x7e]+")

_NUL_REPLACEMENT = b"\x80"
"""Stands for NUL, which no string can hold (RFC 3501 §4.3.1); octet counts stay the same."""


class StringRenderer:
    """Renders strings. `utf8` says that the client enabled UTF-8 (RFC 6855 §3)."""

    def __init__(self, *, utf8: bool = False) -> None:
        self.utf8 = utf8

    def string(self, data: bytes) -> bytes:
        """`string`: quoted where it can be, else a literal."""
        if len(data) <= _QUOTED_LIMIT:
            if _PLAIN.fullmatch(data):
                return b'"' + data + b'"'
            if _ESCAPED.fullmatch(data) or (self.utf8 and _is_quotable_utf8(data)):
                return b'"' + _SPECIAL.sub(rb"\\\1", data) + b'"'
        return b"".join(self.literal(data))

    def literal(self, data: bytes) -> Pieces:
        """`literal`; an octet NUL, which would make it none, becomes another (RFC 3501 §4.3.1)."""
        if b"\x00" in data:
            data = data.replace(b"\x00", _NUL_REPLACEMENT)
        return [b"{%d}\r\n" % len(data), data]

    def literal8(self, data: bytes) -> Pieces:
        """`literal8` (RFC 3516 §7)."""
        return [b"~{%d}\r\n" % len(data), data]

    def nstring(self, data: bytes | None) -> bytes:
        """`nstring`."""
        return b"NIL" if data is None else self.string(data)

    def astring(self, data: bytes) -> bytes:
        """`astring`: as an atom where it can be one; not `NIL`, which readers take for something else."""
        return data if _ASTRING_ATOM.fullmatch(data) and data.upper() != b"NIL" else self.string(data)

    def mailbox(self, name: MailboxName) -> bytes:
        """`mailbox`, in the encoding that the client knows."""
        return self.astring(name.octets(utf8=self.utf8))

    def text(self, text: str) -> bytes:
        """`text`: one octet at least, printable ASCII, and not to be taken for a response code."""
        printable = "".join(character if " " <= character <= "~" else "?" for character in text) or "-"
        return ("?" + printable[1:] if printable[0] == "[" else printable).encode("ascii")


def _is_quotable_utf8(data: bytes) -> bool:
    if not _ESCAPED_8BIT.fullmatch(data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
