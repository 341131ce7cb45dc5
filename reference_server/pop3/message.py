"""What POP3 must know of a message's inside: where its header ends, what TOP sends, whether it needs UTF-8 mode.

Octets in, octets out. A line ends in CRLF and in nothing else (RFC 1939 §3, §11).
"""

from __future__ import annotations

from reference_server.lines import CRLF

_BLANK_LINE = CRLF + CRLF


def header_length(message: bytes) -> int:
    """Octets up to the body: the header and the blank line after it; all of a message without a blank line."""
    if message.startswith(CRLF):
        return len(CRLF)
    blank = message.find(_BLANK_LINE)
    return len(message) if blank < 0 else blank + len(_BLANK_LINE)


def top(message: bytes, lines: int) -> bytes:
    """Header, blank line and the first `lines` lines of the body [RFC1939-7.TOP-d] [RFC1939-7.TOP-e]."""
    end = header_length(message)
    for _ in range(lines):
        line_end = message.find(CRLF, end)
        if line_end < 0:
            return message  # [RFC1939-7.TOP-g]
        end = line_end + len(CRLF)
    return message[:end]


def needs_utf8_mode(message: bytes) -> bool:
    """Whether the header holds UTF-8 (RFC 6532), which unextended POP3 cannot carry [RFC6856-2.1-f] [RFC6856-2.1-g].

    8-bit octets of the body are MIME's business (8bit, RFC 6152) and go to every client, as they always have. So do
    octets of the header that are not UTF-8: no mode makes text of them.
    """
    header = message[: header_length(message)]
    if header.isascii():
        return False
    try:
        header.decode()
    except UnicodeDecodeError:
        return False
    return True
