"""What a next hop has seen: an Attempt for each connection, with every octet; and the questions that DNS was asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who said a line: the target, or the hop."""

    TARGET = "C"
    HOP = "S"


class Fate(StrEnum):
    """How an attempt stands, or ended: the best that became of any of its messages, or else why it ended."""

    OPEN = "open"  # it goes on, and no message was accepted so far
    DELIVERED = "delivered"  # a message was answered with 2yz
    DEFERRED = "deferred"  # the last refusal was 4yz
    REFUSED = "refused"  # the last refusal was 5yz
    DROPPED = "dropped"  # the hop ended the connection, as planned
    LEFT = "left"  # the target ended it, and nothing had been refused


@dataclass(frozen=True, slots=True)
class Said:
    """Octets as they went over the connection: a line with its end, or a piece of a message.

    `at` is seconds since the testbed began.
    """

    side: Side
    octets: bytes
    at: float
    secure: bool = False


@dataclass(frozen=True, slots=True)
class HopRecipient:
    """A recipient as the target named it: the path without its brackets, parameters, and the code of the reply."""

    path: str
    parameters: tuple[str, ...]
    code: int

    @property
    def accepted(self) -> bool:
        """Whether it was answered with 2yz."""
        return self.code // 100 == 2


@dataclass(frozen=True, slots=True)
class Transaction:
    """One mail transaction (RFC 5321 §3.3), from MAIL on.

    `message` is the content with stuffing undone, b"" where none came; `raw` the octets of the content as they went
    over the connection, the final dot's line included (for BDAT the chunks without their commands). `mail_code` is the
    reply to MAIL, `code` that to the whole message; 0 where none was given.
    """

    reverse_path: str
    parameters: tuple[str, ...]
    mail_code: int
    recipients: tuple[HopRecipient, ...]
    message: bytes
    raw: bytes
    code: int
    chunked: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the message was answered with 2yz."""
        return self.code // 100 == 2

    @property
    def to(self) -> tuple[str, ...]:
        """The recipients that were accepted."""
        return tuple(each.path for each in self.recipients if each.accepted)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection of the target to a hop.

    `number` counts the hop's connections from 1. `began` and `ended` are seconds since the testbed began; `ended` is
    None while it goes on. `tls` is the version of TLS, "" without. `reached` has each point that was come to, in order;
    `ahead` those where more had come from the target before the hop answered: it pipelines (RFC 2920 §3.1).
    """

    number: int
    hop: str
    peer: str
    began: float
    ended: float | None
    tls: str
    fate: Fate
    said: tuple[Said, ...]
    transactions: tuple[Transaction, ...]
    reached: tuple[str, ...]
    ahead: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """The target's command lines, without their ends; lines of messages are not among them."""
        return tuple(each.octets.rstrip(b"\r\n").decode("latin-1") for each in self.said if each.side is Side.TARGET)

    @property
    def verbs(self) -> tuple[str, ...]:
        """The first word of each command, in upper case."""
        return tuple(line.split(" ")[0].upper() for line in self.commands)

    @property
    def accepted(self) -> tuple[Transaction, ...]:
        """The transactions whose message was accepted."""
        return tuple(each for each in self.transactions if each.accepted)


@dataclass(frozen=True, slots=True)
class Query:
    """A question that the testbed's DNS was asked. `name` in lower case without the final dot; `at` as above."""

    name: str
    type: str
    transport: str
    at: float
