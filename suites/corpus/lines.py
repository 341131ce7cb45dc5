"""Pieces of corpus messages: header fields, text and ready-made messages. Deterministic; knows no kinds.

Every message names its kind and number in `Subject` and `Message-ID`, so that no two messages can be confused
(RFC 5322 §3.6.4). All words are our own.
"""

from __future__ import annotations

from collections.abc import Sequence

CRLF = b"\r\n"

#: The longest line that RFC 5322 §2.1.1 allows, CRLF not counted.
LONGEST_LINE = 998

PARAGRAPH = (
    b"The ferry leaves the harbour at seven, whatever the weather.",
    b"Whoever wants to come along should be at the pier a little earlier.",
    b"Bring something warm; the wind out there is not to be trifled with.",
)


def header(kind: str, number: int, *extra: bytes, subject: bytes | None = None) -> list[bytes]:
    """Header fields of the n-th message of a kind, as lines; `extra` ones go before the last."""
    tag = f"{kind}.{number}".encode()
    return [
        b"From: Lena Fischer <lena@sender.test>",
        b"To: Postbox <reader@postel.test>",
        b"Date: Mon, 3 Jun 2024 07:%02d:%02d +0000" % (number // 60 % 60, number % 60),
        b"Subject: " + (subject or b"%s, number %d" % (kind.encode(), number)),
        *extra,
        b"Message-ID: <" + tag + b"@corpus.sender.test>",
    ]


def joined(lines: Sequence[bytes]) -> bytes:
    """Lines, each ended by CRLF."""
    return b"".join(line + CRLF for line in lines)


def message(head: Sequence[bytes], body: Sequence[bytes]) -> bytes:
    """A message of header fields, the empty line and a body, all line ends CRLF."""
    return joined(head) + CRLF + joined(body)


def numbered_lines(count: int) -> list[bytes]:
    """That many lines of text, each different."""
    return [b"Line %d of the logbook." % index for index in range(1, count + 1)]


def long_line(octets: int) -> bytes:
    """One line of exactly so many octets, whose position can be read off it, so that a lost part is found."""
    words = b"".join(b"%07d " % position for position in range(0, octets + 8, 8))
    return words[: octets - 1] + b"|"
