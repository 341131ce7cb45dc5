"""Malformed messages: what a server makes of them is its own choice, but it must be said in the grammar.

Multiparts without boundary, end or parts; types that are none; headers that are none. Nothing of them is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.corpus import Trait
from suites.corpus.lines import CRLF, PARAGRAPH, header, joined, long_line, message
from suites.corpus.mime_pieces import CHART


@dataclass(frozen=True, slots=True)
class Malformed:
    """A kind of malformed message: fields, and body behind them."""

    about: str
    fields: tuple[bytes, ...]
    body: tuple[bytes, ...] = PARAGRAPH
    traits: frozenset[Trait] = frozenset()

    def build(self, kind: str, number: int) -> bytes:
        """The n-th message's octets."""
        return message(header(kind, number, *self.fields), self.body)


def _typed(about: str, content_type: bytes, *body: bytes) -> Malformed:
    return Malformed(about, (b"MIME-Version: 1.0", b"Content-Type: " + content_type), body or PARAGRAPH)


_PART = (b"Content-Type: text/plain", b"", PARAGRAPH[0])
_BASE64_MESSAGE = (
    b"MIME-Version: 1.0",
    b"Content-Type: message/rfc822",
    b"Content-Transfer-Encoding: base64",
)

MALFORMED: Mapping[str, Malformed] = {
    "broken-no-boundary": _typed("a multipart without a boundary", b"multipart/mixed", b"--x", *_PART, b"--x--"),
    "broken-empty-boundary": _typed("an empty boundary", b'multipart/mixed; boundary=""', b"--", *_PART, b"----"),
    "broken-no-delimiter": _typed("a boundary that never comes", b'multipart/mixed; boundary="never"'),
    "broken-no-parts": _typed("a multipart without parts", b'multipart/mixed; boundary="x"', b"--x--"),
    "broken-no-body": _typed("a multipart without a body", b'multipart/mixed; boundary="x"', b""),
    "broken-unterminated": _typed("a multipart without an end", b'multipart/mixed; boundary="x"', b"--x", *_PART),
    "broken-same-boundary": _typed(
        "two levels with one boundary",
        b'multipart/mixed; boundary="x"',
        *(b"--x", b'Content-Type: multipart/mixed; boundary="x"', b"", b"--x", *_PART, b"--x--", b"--x--"),
    ),
    "broken-inner-unterminated": _typed(
        "an inner multipart without an end",
        b'multipart/mixed; boundary="x"',
        *(b"--x", b'Content-Type: multipart/mixed; boundary="y"', b"", b"--y", *_PART, b"--x", *_PART, b"--x--"),
    ),
    "broken-header-to-end": _typed(
        "a part that is nothing but header",
        b'multipart/mixed; boundary="x"',
        b"--x",
        b"Content-Type: text/plain",
        b"--x--",
    ),
    "broken-no-subtype": _typed("a type without a subtype", b"text"),
    "broken-no-type": _typed("a subtype without a type", b"/plain"),
    "broken-empty-type": Malformed("an empty Content-Type", (b"MIME-Version: 1.0", b"Content-Type:")),
    "broken-type-specials": _typed("brackets in the type", b'te(xt/pl")ain; charset=us-ascii'),
    "broken-open-quote": _typed("a quote that is not closed", b'text/plain; charset="us-ascii'),
    "broken-parameter": _typed("parameters without value or name", b"text/plain; charset; =x; ;; a=b=c"),
    "broken-two-types": _typed("two fields of Content-Type", b"text/plain\r\nContent-Type: text/html"),
    "broken-encoding": Malformed("an encoding with spaces", (b"MIME-Version: 1.0", b"Content-Transfer-Encoding: a b")),
    "broken-empty-encoding": Malformed("an empty encoding", (b"MIME-Version: 1.0", b"Content-Transfer-Encoding:")),
    "broken-message-base64": Malformed("a message in base64", _BASE64_MESSAGE, (CHART,)),
    "broken-message-empty": _typed("an enclosed message of no octets", b"message/rfc822", b""),
    "broken-disposition": Malformed(
        "a disposition of specials", (b'Content-Disposition: "; filename=(', b"Content-ID:")
    ),
    "broken-language": Malformed("empty and odd languages", (b"Content-Language: ,, (", b"Content-MD5:")),
    "broken-from": Malformed("addresses that are none", (b"Cc: <<<>>>, @, a@, ;:, (((", b'Bcc: "open <x@y.test>')),
    "broken-group": Malformed("a group that is not closed", (b"Cc: Crew: mate@ship.test, cook@ship.test",)),
    "broken-field": Malformed("a header line without a colon", (b"this is no field", b"X-After: yes")),
    "broken-header-line-100k": Malformed(
        "a header line of 100 KiB", (b"X-Rope: " + long_line(102_400),), traits=frozenset({Trait.LONG_LINE})
    ),
    "broken-thousand-fields": Malformed(
        "a thousand header fields", tuple(b"X-Knot-%d: tied" % index for index in range(1, 1001))
    ),
}


def nested(levels: int, kind: str, number: int) -> bytes:
    """A message of so many multiparts, each in the one before."""
    lines: list[bytes] = [*header(kind, number, b"MIME-Version: 1.0")]
    for level in range(levels):
        lines += [b'Content-Type: multipart/mixed; boundary="b%d"' % level, b"", b"--b%d" % level]
    return joined([*lines, b"", b"At the bottom.", *(b"--b%d--" % level for level in reversed(range(levels)))])


def wide(parts: int, kind: str, number: int) -> bytes:
    """A message of one multipart with so many parts."""
    fields = (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="w"')
    return joined(header(kind, number, *fields)) + (CRLF + b"--w" + CRLF + CRLF + b"x") * parts + CRLF + b"--w--" + CRLF
