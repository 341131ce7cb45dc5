"""The Return-Path field, which final delivery puts in front of a message (RFC 5321 §4.4).

Of the message itself nothing changes, but that a Return-Path which it brought along is removed, so that exactly one is
left. A relay does neither.
"""

from __future__ import annotations

import re

CRLF = b"\r\n"

# field = 1*ftext ":" ...            (RFC 5322 §2.2; obsolete syntax lets white space stand before the colon, §4.5)
_FIELD = re.compile(rb"(?P<name>[\x21-\x39\x3b-\x7e]+)[ \t]*:")


def with_return_path(message: bytes, reverse_path: str) -> bytes:
    """The message as it is to be stored: one Return-Path, in front."""
    return return_path(reverse_path) + without_return_path(message)


# Return-path-line = "Return-Path:" FWS Reverse-path CRLF
def return_path(address: str) -> bytes:
    """The field; `<>` for an empty address. An internationalized address stays as it is (RFC 6531 §3.7.2)."""
    return f"Return-Path: <{address}>\r\n".encode()


def without_return_path(message: bytes) -> bytes:
    """The message without the Return-Path fields of its header; all other octets stay (RFC 5321 §4.4)."""
    kept: list[bytes] = []
    position, removing = 0, False
    while (end := message.find(CRLF, position)) >= 0:
        line = message[position : end + 2]
        if not line.startswith((b" ", b"\t")):
            field = _FIELD.match(line)
            if field is None:  # the blank line, or something that is no header
                break
            removing = field["name"].lower() == b"return-path"
        if not removing:
            kept.append(line)
        position = end + 2
    return b"".join(kept) + message[position:]
