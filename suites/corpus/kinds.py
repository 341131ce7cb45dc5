"""The kinds of corpus messages: what each is for, how it is made, and what it asks of the way in.

A kind is one difficulty that mail servers have had with a message: lines that begin with a dot (RFC 1939 §3), line
ends that are none (RFC 5322 §2.3), lengths (RFC 5322 §2.1.1), a missing part, octets beyond ASCII (RFC 6152,
RFC 6532).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from harness.corpus import Trait
from suites.corpus.lines import CRLF, LONGEST_LINE, PARAGRAPH, header, joined, long_line, message, numbered_lines
from suites.corpus.mime import BROKEN, MAILS
from suites.corpus.mime_malformed import nested, wide

#: Size of the `large-10m` kind's body at least.
LARGE_OCTETS = 10 * 1024 * 1024

Builder = Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class Kind:
    """How to make the n-th message of a kind, what is special about it, and what it asks of the way in."""

    build: Builder
    about: str
    traits: frozenset[Trait] = frozenset()


def _body(*lines: bytes) -> Builder:
    """A message with the usual header and these lines as its body."""
    return lambda kind, number: message(header(kind, number), lines)


def _tail(tail: bytes) -> Builder:
    """A message with the usual header and these octets as its body."""
    return lambda kind, number: joined(header(kind, number)) + CRLF + tail


def _around(line: bytes) -> Builder:
    """A message whose body has text, this line, and text again."""
    return _body(PARAGRAPH[0], line, PARAGRAPH[1])


def _plain(kind: str, number: int) -> bytes:
    return message(header(kind, number), (*PARAGRAPH, b"Number %d waits for you." % number))


def _header_only(kind: str, number: int) -> bytes:
    return joined(header(kind, number))


def _no_header(kind: str, number: int) -> bytes:
    return joined((b"", b"This is %s %d and it begins with the empty line." % (kind.encode(), number), *PARAGRAPH))


def _dot_first_no_header(kind: str, number: int) -> bytes:
    return joined((b".", b".%s %d" % (kind.encode(), number), b"", b"."))


def _dot_field(kind: str, number: int) -> bytes:
    """RFC 5322 §3.6.8 lets the name of a field begin with a dot."""
    return joined((b".X-Mooring: bow",)) + message(header(kind, number), PARAGRAPH)


def _empty(kind: str, number: int) -> bytes:
    return b""


def _utf8_header(kind: str, number: int) -> bytes:
    subject = f"Grüße von der Fähre, {kind} {number}".encode()
    mime = (b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 8bit")
    return message(header(kind, number, *mime, subject=subject), ("Das Schiff fährt um sieben.".encode(), b"Ahoi."))


def _eight_bit(charset: str, label: str) -> Builder:
    mime = (
        b"MIME-Version: 1.0",
        b"Content-Type: text/plain; charset=" + label.encode(),
        b"Content-Transfer-Encoding: 8bit",
    )
    lines = [text.encode(charset) for text in ("Überfahrt nach Langeoog: fünf Züge später.", "Schöne Grüße, Jörg")]
    return lambda kind, number: message(header(kind, number, *mime), lines)


def _long_header(kind: str, number: int) -> bytes:
    return message(header(kind, number, b"X-Cargo: " + long_line(LONGEST_LINE - len(b"X-Cargo: "))), PARAGRAPH)


def _folded_header(kind: str, number: int) -> bytes:
    folded = (b"X-Route: harbour,", b" lighthouse,", b"\tsandbank,", b"  island", b"X-Empty:")
    return message(header(kind, number, *folded), PARAGRAPH)


def _many_fields(kind: str, number: int) -> bytes:
    fields = [b"X-Buoy-%d: lit" % index for index in range(1, 301)]
    return message(header(kind, number, *fields), PARAGRAPH)


def _multipart(kind: str, number: int) -> bytes:
    fields = (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="=_pier"')
    body = (
        b"This preamble is for readers without MIME.",
        b"--=_pier",
        b"Content-Type: text/plain; charset=us-ascii",
        b"",
        *PARAGRAPH,
        b"--=_pier",
        b"Content-Type: application/octet-stream; name=chart.bin",
        b"Content-Transfer-Encoding: base64",
        b"",
        b"VGhlIGNoYXJ0IG9mIHRoZSBzYW5kYmFua3M=",
        b"--=_pier--",
        b"And this is the epilogue.",
    )
    return message(header(kind, number, *fields), body)


def _nested(kind: str, number: int) -> bytes:
    fields = (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="outer"')
    body = (
        b"--outer",
        b"Content-Type: message/rfc822",
        b"",
        *header("inner", number, b"MIME-Version: 1.0", b'Content-Type: multipart/alternative; boundary="inner"'),
        b"",
        b"--inner",
        b"",
        b".plain text of the inner message",
        b"--inner",
        b"Content-Type: text/html",
        b"",
        b"<p>hypertext of the inner message</p>",
        b"--inner--",
        b"--outer--",
    )
    return message(header(kind, number, *fields), body)


def _large(kind: str, number: int) -> bytes:
    line = long_line(510) + CRLF
    dotted = b"." + long_line(509) + CRLF
    block = line * 63 + dotted
    return joined(header(kind, number)) + CRLF + block * (LARGE_OCTETS // len(block) + 1)


_EIGHT_BIT = frozenset({Trait.EIGHT_BIT})
_LONG = frozenset({Trait.LONG_LINE})
_HEADERLESS = frozenset({Trait.NO_HEADER})
_FROM_LINE = frozenset({Trait.FROM_LINE})

KINDS: Mapping[str, Kind] = {
    "plain": Kind(_plain, "a small message without any difficulty"),
    # Dots: what byte-stuffing is for.
    "lone-dot": Kind(_around(b"."), "a line that is a single dot, inside the body"),
    "two-dots": Kind(_around(b".."), "a line of two dots"),
    "three-dots": Kind(_around(b"..."), "a line of three dots"),
    "dot-word": Kind(_around(b".x marks the spot"), "a line that begins with a dot and goes on"),
    "dot-space": Kind(_around(b". "), "a dot and a space"),
    "dot-first": Kind(_body(b".first line of the body", *PARAGRAPH), "a body whose first line begins with a dot"),
    "dot-field": Kind(_dot_field, "a header whose first field begins with a dot"),
    "dot-first-no-header": Kind(_dot_first_no_header, "dots from the very first octet on", _HEADERLESS),
    "dotty-end": Kind(_body(*PARAGRAPH, b"."), "a last line that is a single dot"),
    "dot-runs": Kind(_body(b".", b".", b"..", b"", b".", b"", b"."), "nothing but dots and empty lines"),
    "dot-in-line": Kind(_around(b"end. .begin ..more. ."), "dots that are not at the start of a line"),
    "terminator-inside": Kind(_body(PARAGRAPH[0], b"", b".", b"", b"+OK not the end", b"-ERR nor this"), "a false end"),
    # Lines.
    "from-line": Kind(
        _around(b"From here on the path is steep."), "a line that an mbox takes for a new message", _FROM_LINE
    ),
    "from-dated": Kind(
        _body(
            PARAGRAPH[0], b"", b"From lena@sender.test Mon Jun  3 07:00:00 2024", b"Subject: not a message", b"", b"x"
        ),
        "text that looks like the next message of an mbox",
        _FROM_LINE,
    ),
    "quoted-from-line": Kind(_around(b">From the other side."), "a line that an mbox has quoted already", _FROM_LINE),
    "empty-body": Kind(_tail(b""), "header and empty line, no body"),
    "header-only": Kind(_header_only, "a header and not even the empty line"),
    "blank-body": Kind(_body(b"", b"", b""), "a body of empty lines only"),
    "trailing-blank-lines": Kind(_body(*PARAGRAPH, b"", b"", b""), "empty lines at the end"),
    "leading-blank-lines": Kind(_body(b"", b"", *PARAGRAPH), "empty lines at the start of the body"),
    "white-space": Kind(
        _body(b"trailing blanks   ", b"\ttab first", b"tab last\t", b" ", b"\t", b" done"), "white space at line edges"
    ),
    "one-line": Kind(_body(b"x"), "a body of one octet"),
    "many-lines": Kind(
        lambda kind, number: message(header(kind, number), numbered_lines(1000)), "a body of a thousand lines"
    ),
    "twenty-lines": Kind(
        lambda kind, number: message(header(kind, number), numbered_lines(20)), "a body of twenty numbered lines"
    ),
    "line-998": Kind(_around(long_line(LONGEST_LINE)), "the longest line that is allowed"),
    "line-999": Kind(_around(long_line(LONGEST_LINE + 1)), "a line one octet too long", _LONG),
    "line-2000": Kind(_around(long_line(2000)), "a line of 2000 octets", _LONG),
    "line-64k": Kind(_around(long_line(65_536)), "a line of 65536 octets", _LONG),
    "dot-line-998": Kind(_around(b"." + long_line(LONGEST_LINE - 1)), "the longest line, beginning with a dot"),
    # Header.
    "no-header": Kind(_no_header, "an empty header", _HEADERLESS),
    "long-header": Kind(_long_header, "a header field of 998 octets"),
    "folded-header": Kind(_folded_header, "folded and empty header fields"),
    "many-fields": Kind(_many_fields, "three hundred header fields"),
    "utf8-header": Kind(_utf8_header, "a Subject in UTF-8 (RFC 6532)", _EIGHT_BIT),
    "mime-multipart": Kind(_multipart, "a multipart message with preamble and epilogue"),
    "nested-mime": Kind(_nested, "a message inside a message"),
    # Octets.
    "eight-bit-latin1": Kind(_eight_bit("latin-1", "iso-8859-1"), "octets above 127 that are no UTF-8", _EIGHT_BIT),
    "eight-bit-utf8": Kind(_eight_bit("utf-8", "utf-8"), "a body in UTF-8", _EIGHT_BIT),
    "nul": Kind(_around(b"before\0after"), "a NUL octet in the body", frozenset({Trait.NUL})),
    "control-octets": Kind(_around(b"bell\x07 escape\x1b[31m delete\x7f form feed\x0c"), "control octets in the body"),
    "bare-lf": Kind(_tail(b"upper\nlower\r\n.\nunder a dot\r\nlast\r\n"), "bare LFs", frozenset({Trait.BARE_LF})),
    "bare-cr": Kind(_tail(b"left\rright\r\nlone\r\r\nlast\r\n"), "bare CRs", frozenset({Trait.BARE_CR})),
    "no-final-crlf": Kind(
        _tail(b"the last line\r\nhas no end"), "no CRLF at the end", frozenset({Trait.NO_FINAL_CRLF})
    ),
    "empty": Kind(_empty, "no octets at all", _HEADERLESS),
    # Size.
    "large-10m": Kind(_large, "more than 10 MiB, with dots at the start of lines", frozenset({Trait.LARGE})),
    # MIME.
    **{name: Kind(each.build, each.about, each.traits) for name, each in MAILS.items()},
    **{name: Kind(each.build, each.about, each.traits) for name, each in BROKEN.items()},
    "mime-thousand-levels": Kind(partial(nested, 1000), "a thousand multiparts, each in the one before"),
    "mime-ten-thousand-parts": Kind(partial(wide, 10_000), "a multipart of ten thousand parts"),
}
