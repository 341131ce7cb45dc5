"""Messages made of parts, each with what it says of itself: what a FETCH of the message has to show, known beforehand.

A tree renders to octets (RFC 2046 §5.1.1), and gives every section by its number (RFC 3501 §6.4.5) from the same
pieces, so that nothing has to be parsed to know the answer. `Says` and `Envelope` are written by hand beside each
message: RFC 3501 §7.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from suites.corpus.lines import CRLF, joined


@dataclass(frozen=True, slots=True)
class Either:
    """A text of which there are several right renderings; None among them is NIL."""

    choices: tuple[bytes | None, ...]


#: A text as a response has to give it, unfolded; None is NIL.
Text = bytes | Either | None


@dataclass(frozen=True, slots=True)
class Address:
    """An address as an envelope gives it; `group` makes the marks of a group."""

    name: Text
    route: Text
    mailbox: Text
    host: Text


GROUP_END = Address(None, None, None, None)


def group(name: bytes, *members: Address) -> tuple[Address, ...]:
    """A group of addresses, as an envelope gives it."""
    return (Address(None, None, name, None), *members, GROUP_END)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The ten members of an ENVELOPE (RFC 3501 §7.4.2). An empty list of addresses stands for NIL."""

    date: Text
    subject: Text
    from_: Sequence[Address] = ()
    sender: Sequence[Address] = ()
    reply_to: Sequence[Address] = ()
    to: Sequence[Address] = ()
    cc: Sequence[Address] = ()
    bcc: Sequence[Address] = ()
    in_reply_to: Text = None
    message_id: Text = None


@dataclass(frozen=True, slots=True)
class Says:
    """What a body says of itself. `parameters` None: not to be compared (RFC 2231 pieces may be joined or not)."""

    media: str
    subtype: str
    parameters: Mapping[str, bytes] | None = field(default_factory=dict)
    encoding: bytes = b"7BIT"
    id: Text = None
    description: Text = None
    md5: Text = None
    disposition: tuple[bytes, Mapping[str, bytes] | None] | None = None
    language: tuple[bytes, ...] = ()
    location: Text = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without parts of its own. `content` is as transfer encoded."""

    fields: tuple[bytes, ...]
    content: bytes
    says: Says


@dataclass(frozen=True, slots=True)
class Multipart:
    """A multipart. `padding` stands behind each delimiter, `end` behind the last."""

    fields: tuple[bytes, ...]
    boundary: bytes
    parts: tuple[Part, ...]
    says: Says
    preamble: bytes = b""
    epilogue: bytes = b""
    padding: bytes = b""

    @property
    def content(self) -> bytes:
        """Everything behind the header."""
        rendered = [self.preamble + CRLF] if self.preamble else []
        for part in self.parts:
            rendered += [b"--", self.boundary, self.padding, CRLF, header_of(part), part.content, CRLF]
        rendered += [b"--", self.boundary, b"--", self.padding, CRLF + self.epilogue if self.epilogue else b""]
        return b"".join(rendered)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A MESSAGE/RFC822 part."""

    fields: tuple[bytes, ...]
    mail: Mail
    says: Says = field(default_factory=lambda: Says("MESSAGE", "RFC822"))

    @property
    def content(self) -> bytes:
        """The message inside."""
        return self.mail.header + self.mail.text


Part = Leaf | Multipart | Enclosed


@dataclass(frozen=True, slots=True)
class Mail:
    """A message: header fields but for the MIME ones, its body, and its envelope."""

    fields: tuple[bytes, ...]
    body: Part
    envelope: Envelope

    @property
    def header(self) -> bytes:
        """The header with the empty line behind it."""
        return joined((*self.fields, *self.body.fields)) + CRLF

    @property
    def text(self) -> bytes:
        """What follows the header."""
        return self.body.content

    @property
    def octets(self) -> bytes:
        """The whole message; its last line is ended."""
        whole = self.header + self.text
        return whole if whole.endswith(CRLF) else whole + CRLF


def header_of(part: Part) -> bytes:
    """A part's MIME header with the empty line behind it."""
    return joined(part.fields) + CRLF


def numbered(mail: Mail, prefix: str = "") -> Iterator[tuple[str, Part]]:
    """Every part that has a number, with that number (RFC 3501 §6.4.5), depth first."""
    if not isinstance(mail.body, Multipart):
        yield f"{prefix}1", mail.body
        yield from _below(mail.body, f"{prefix}1.")
        return
    yield from _inside(mail.body, prefix)


def _inside(multipart: Multipart, prefix: str) -> Iterator[tuple[str, Part]]:
    for index, part in enumerate(multipart.parts, 1):
        yield f"{prefix}{index}", part
        yield from _below(part, f"{prefix}{index}.")


def _below(part: Part, prefix: str) -> Iterator[tuple[str, Part]]:
    match part:
        case Multipart():
            yield from _inside(part, prefix)
        case Enclosed():
            yield from numbered(part.mail, prefix)
