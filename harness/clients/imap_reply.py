"""ImapReply: what one IMAP command brought; and the parts of which a command is put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.wire.imap import ContinuationRequest, ImapResponse, ResponseCode, TaggedResponse, UntaggedResponse


@dataclass(frozen=True, slots=True)
class NonSync:
    """A part of a command that goes out as a non-synchronizing literal (RFC 7888 §4)."""

    data: bytes


#: A part of a command: text as it is, bytes as a synchronizing literal, or a non-synchronizing literal.
Part = str | bytes | NonSync


@dataclass(frozen=True, slots=True)
class ImapReply:
    """What one command brought: its tagged response, and all that came before it and nobody had read, in order."""

    tagged: TaggedResponse
    before: tuple[ImapResponse, ...] = ()

    @property
    def ok(self) -> bool:
        """True for a tagged OK."""
        return self.tagged.condition == "OK"

    @property
    def condition(self) -> str:
        """OK, NO or BAD."""
        return self.tagged.condition

    @property
    def code(self) -> ResponseCode | None:
        """The tagged response's code."""
        return self.tagged.code

    @property
    def untagged(self) -> tuple[UntaggedResponse, ...]:
        """The untagged responses, in order."""
        return tuple(each for each in self.before if isinstance(each, UntaggedResponse))

    @property
    def continuations(self) -> tuple[ContinuationRequest, ...]:
        """The continuation requests, in order."""
        return tuple(each for each in self.before if isinstance(each, ContinuationRequest))

    @property
    def raw(self) -> bytes:
        """All of it, as it came."""
        return b"".join(each.raw for each in (*self.before, self.tagged))

    def named(self, name: str) -> Iterator[UntaggedResponse]:
        """The untagged responses of this name, such as FETCH."""
        return (each for each in self.untagged if each.name == name)

    def coded(self, name: str) -> ResponseCode | None:
        """The first response code of this name, in an untagged or the tagged response."""
        codes = [each.code for each in self.untagged] + [self.tagged.code]
        return next((code for code in codes if code is not None and code.name == name), None)


def exists(reply: ImapReply) -> int:
    """The number of the last EXISTS among the untagged responses; 0 without one (RFC 3501 §7.3.1)."""
    numbers = [each.number for each in reply.named("EXISTS") if each.number is not None]
    return numbers[-1] if numbers else 0
