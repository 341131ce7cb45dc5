"""Pieces of the MIME corpus: header fields with the envelope that belongs to them, and ready-made parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.corpus import Trait
from suites.corpus.lines import CRLF, PARAGRAPH, joined
from suites.corpus.mime_tree import Address, Envelope, Leaf, Mail, Multipart, Part, Says

MIME = b"MIME-Version: 1.0"
DATE = b"Wed, 12 Jun 2024 09:30:00 +0200"
LENA = Address(b"Lena Fischer", None, b"lena", b"sender.test")
READER = Address(b"Postbox", None, b"reader", b"postel.test")

#: Two lines of text, the second without a line end: behind it comes a delimiter.
SHORT = PARAGRAPH[0] + CRLF + PARAGRAPH[1]
#: Base64 of a few octets, in one line.
CHART = b"VGhlIGNoYXJ0IG9mIHRoZSBzYW5kYmFua3M="


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of message that knows what it says: how the n-th one is made, and what it asks of the way in."""

    mail: Callable[[str, int], Mail]
    about: str
    traits: frozenset[Trait] = frozenset()

    def build(self, kind: str, number: int) -> bytes:
        """The n-th message's octets."""
        return self.mail(kind, number).octets


def subject(kind: str, number: int) -> bytes:
    """What the n-th message of a kind has as its Subject."""
    return b"%s, number %d" % (kind.encode(), number)


def message_id(kind: str, number: int, tag: str = "") -> bytes:
    """What the n-th message of a kind has as its Message-ID; `tag` tells a message inside it apart."""
    return f"<{kind}.{number}{tag}@mime.sender.test>".encode()


def mail_of(kind: str, number: int, body: Part, *, tag: str = "") -> Mail:
    """A message with the usual header around a body. `tag` is given for a message inside another."""
    named = subject(kind, number) + (b" " + tag.strip(".").encode() if tag else b"")
    fields = (
        b"From: Lena Fischer <lena@sender.test>",
        b"To: Postbox <reader@postel.test>",
        b"Date: " + DATE,
        b"Subject: " + named,
        b"Message-ID: " + message_id(kind, number, tag),
        MIME,
    )
    envelope = Envelope(DATE, named, (LENA,), (LENA,), (LENA,), (READER,), message_id=message_id(kind, number, tag))
    return Mail(fields, body, envelope)


def bodied(make: Callable[[str, int], Part], about: str, *traits: Trait) -> MailKind:
    """A kind whose messages have the usual header, and the body that `make` makes."""
    return MailKind(lambda kind, number: mail_of(kind, number, make(kind, number)), about, frozenset(traits))


def fixed(body: Part, about: str, *traits: Trait) -> MailKind:
    """A kind whose messages have the usual header and one and the same body."""
    return bodied(lambda kind, number: body, about, *traits)


def plain(content: bytes = SHORT) -> Leaf:
    """A part of text without any header."""
    return Leaf((), content, Says("TEXT", "PLAIN"))


def text(subtype: str = "plain", content: bytes = SHORT, charset: bytes = b"us-ascii") -> Leaf:
    """A part of text with its type."""
    field = b"Content-Type: text/%s; charset=%s" % (subtype.encode(), charset)
    return Leaf((field,), content, Says("TEXT", subtype.upper(), {"CHARSET": charset}))


def data(media: str = "application/octet-stream", content: bytes = CHART) -> Leaf:
    """A part in base64."""
    name, _, subtype = media.partition("/")
    fields = (b"Content-Type: " + media.encode(), b"Content-Transfer-Encoding: base64")
    return Leaf(fields, content, Says(name.upper(), subtype.upper(), encoding=b"BASE64"))


def multipart(
    subtype: str, boundary: str, *parts: Part, more: Mapping[str, bytes] | None = None, preamble: bytes = b""
) -> Multipart:
    """A multipart whose boundary stands in quotes. `more` parameters come before it."""
    others = b"".join(b' %s="%s";' % (name.lower().encode(), value) for name, value in (more or {}).items())
    field = b'Content-Type: multipart/%s;%s boundary="%s"' % (subtype.encode(), others, boundary.encode())
    says = Says("MULTIPART", subtype.upper(), {**(more or {}), "BOUNDARY": boundary.encode()})
    return Multipart((field,), boundary.encode(), parts, says, preamble)


def ended(*lines: bytes) -> bytes:
    """Lines of a body that nothing follows."""
    return joined(lines)
