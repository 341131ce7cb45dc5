"""The shape of a server-side SASL mechanism (RFC 4422 §3): messages in, steps out.

A mechanism knows nothing of base64, of `AUTH` or of `+ `: the protocol's profile does (RFC 5034, RFC 4954). It does not
look anybody up either: it hands out a `Check`, whose call may block, and goes on with the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from reference_server.backend import Credentials


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send this to the client, and pass its answer to `respond`."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Check:
    """Run `call` where blocking is allowed (a Work), and pass what it returns to `checked`.

    Where it raises, the exchange has ended: the caller answers with a temporary failure.
    """

    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Success:
    """The client is `account`. Nothing is left to send but the protocol's own completion."""

    account: str


class FailureReason(Enum):
    """Why an exchange failed."""

    MALFORMED = auto()
    """A message that breaks the mechanism's grammar."""
    NOT_AUTHENTICATED = auto()
    """Wrong credentials, an unknown account, or an identity that this account may not act as."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The exchange has failed."""

    reason: FailureReason


SaslStep = Challenge | Check | Success | Failure


class ServerMechanism(Protocol):
    """One exchange. Success and Failure end it; calling it out of turn raises RuntimeError."""

    def start(self, initial_response: bytes | None) -> SaslStep:
        """Begin; None where the client sent no initial response (RFC 4422 §3.3), b"" where it sent an empty one."""

    def respond(self, data: bytes) -> SaslStep:
        """Take the client's answer to the last Challenge, decoded."""

    def checked(self, result: object) -> SaslStep:
        """Take what the last Check's call returned."""


MechanismFactory = Callable[[Credentials, Callable[[int], bytes]], ServerMechanism]
"""Makes a mechanism from credentials and a source of unpredictable octets."""
