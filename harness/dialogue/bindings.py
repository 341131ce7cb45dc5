"""Bindings: what names stand for while a dialogue is played, and their use in what is sent."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from harness.dialogue.model import WHOLE_FORMS, Chunk, ChunkForm, Template, Variable
from harness.errors import HarnessError
from harness.wire.smtp import stuffed

_NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bindings:
    """Names and what they are bound to; never changed, only extended.

    `messages` holds the loaded messages by name (`m1` …), `octets` the size that the target gave for one. `exact`:
    they were loaded without anything put before them.
    """

    names: Mapping[str, bytes] = field(default_factory=lambda: _NOTHING)
    messages: Mapping[str, bytes] = field(default_factory=lambda: _NOTHING)
    octets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    exact: bool = True

    @classmethod
    def start(
        cls, *, user: str, password: str, address: str = "", messages: Sequence[bytes] = (), exact: bool = True
    ) -> Bindings:
        """What is bound before the first step."""
        names = {"user": user.encode(), "password": password.encode(), "address": address.encode()}
        return cls(names, {f"m{number}": data for number, data in enumerate(messages, 1)}, {}, exact)

    def bound(self, name: str, value: bytes) -> Bindings:
        """These bindings and one name more."""
        return replace(self, names={**self.names, name: value})

    def sized(self, message: str, octets: int) -> Bindings:
        """These bindings and the size of one message more."""
        return replace(self, octets={**self.octets, message: octets})

    def agrees(self, message: str, octets: int) -> bool:
        """Whether a size is the one that is bound for the message, if any.

        A message without a final CRLF gets one on the wire; servers count it or not (RFC 1939 §3 and §11).
        """
        known = self.octets.get(message)
        if known is None or known == octets:
            return True
        unfinished = not self.messages.get(message, b"\r\n").endswith(b"\r\n")
        return unfinished and abs(known - octets) == len(b"\r\n")


def substitute(template: Template, bindings: Bindings) -> bytes:
    """The octets to send; for a `Send`, whoever plays it adds the CRLF. Raises HarnessError for an unbound name."""
    return b"".join(chunk_octets(chunk, bindings) for chunk in template)


def chunk_octets(chunk: Chunk, bindings: Bindings) -> bytes:
    """A chunk's octets with its names replaced. In a literal a message's name stands for its octets, not its UID.

    A message as DATA carries it comes without its last CRLF, which ends the line that it is sent in.
    """
    whole = chunk.form in WHOLE_FORMS
    octets = b"".join(_value(piece, bindings, whole=whole) for piece in chunk.pieces) * chunk.times
    match chunk.form:
        case ChunkForm.BASE64:
            return base64.b64encode(octets)
        case ChunkForm.DATA:
            return stuffed(octets).removesuffix(b"\r\n")
        case ChunkForm.OCTETS:
            return b"%d" % len(octets)
        case _:
            return octets


def _value(piece: bytes | Variable, bindings: Bindings, *, whole: bool) -> bytes:
    if isinstance(piece, bytes):
        return piece
    name, message = bindings.names.get(piece.name), bindings.messages.get(piece.name)
    value = message if name is None or (whole and message is not None) else name
    if value is None:
        raise HarnessError(f"${piece.name} is not bound", mend="this is a fault of postel; please report it")
    return value
