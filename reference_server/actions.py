"""What a protocol session is to its shell: the actions that it asks for, and what it gets to work with.

A session is sans-IO: bytes go in, actions come out. The shell (shell.py) owns the socket, TLS, the timers and the
worker threads, and carries out the actions strictly in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, runtime_checkable

from reference_server.backend import Credentials, Delivery, Maildrops, Work
from reference_server.clock import Clock
from reference_server.settings import Settings

__all__ = [
    "Action",
    "Close",
    "Heard",
    "Refusal",
    "Send",
    "Session",
    "SessionContext",
    "SessionFactory",
    "StartTls",
    "Wakeable",
    "Work",
]


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes. The log shows `logged` instead, where the bytes hold a secret."""

    data: bytes
    logged: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Only for the log: what the client said, as one command line without its CRLF, secrets already masked.

    The session writes it because only the session knows which octets are a secret (`PASS ***`, a SASL response).
    """

    line: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Do the server's side of a TLS handshake, then call `tls_started()`. Always the last action of its list.

    Whatever the client sent after the STLS or STARTTLS line came in the clear and must not be acted on afterwards
    (RFC 2595 §4, RFC 3207 §4.2): the session drops what it has buffered, and the shell feeds it nothing until
    TLS is up.
    """


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection once everything before it is sent. Nothing follows; `connection_lost()` is called."""


Action = Send | Heard | StartTls | Close | Work


class Refusal(Enum):
    """Why the server will not go on with a connection."""

    TOO_MANY_SESSIONS = auto()
    TOO_MANY_SESSIONS_FROM_ADDRESS = auto()
    SHUTTING_DOWN = auto()


class Session(Protocol):
    """One client's conversation, whatever its protocol. The shell never calls two of these methods at once."""

    @property
    def idle_limit(self) -> float:
        """Seconds without a line from the client until `timed_out()`, in the present state."""

    def greeting(self) -> list[Action]:
        """What to do when the client has connected (with implicit TLS: after the handshake)."""

    def refuse(self, reason: Refusal) -> list[Action]:
        """What to do instead of the greeting, or, when the server shuts down, between two commands.

        The shell closes the connection after it, whether or not the list ends in `Close`.
        """

    def receive(self, data: bytes) -> list[Action]:
        """Take bytes of any segmentation, never empty. While a Work is out they are only kept."""

    def resume(self, result: object) -> list[Action]:
        """Go on with the result of the last Work, or with the exception that it raised."""

    def tls_started(self) -> list[Action]:
        """The connection is encrypted now."""

    def timed_out(self) -> list[Action]:
        """The idle limit has passed. The shell closes the connection after these actions."""

    def connection_lost(self) -> None:
        """The connection is gone, however it ended: release what is held. Called exactly once; must not block."""


@runtime_checkable
class Wakeable(Protocol):
    """A session that may have something to say without having been asked, as in IMAP's IDLE (RFC 2177)."""

    def attach(self, wake: Callable[[], None]) -> None:
        """Take what the session calls, in any thread, to have `wake` called soon."""

    def wake(self) -> list[Action]:
        """What to do now, possibly nothing. Never called while another method runs or a Work is out."""


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What a session is made with."""

    settings: Settings
    clock: Clock
    maildrops: Maildrops
    credentials: Credentials
    delivery: Delivery
    random_bytes: Callable[[int], bytes]
    """Unpredictable octets, so many (for nonces and APOP's timestamp)."""

    number: int
    """Counts the connections of this server, from 1."""

    peer: str
    """The client's IP address."""

    encrypted: bool
    """Whether TLS is already up (implicit TLS)."""

    can_start_tls: bool
    """Whether the shell can carry out StartTls on this connection."""


SessionFactory = Callable[[SessionContext], Session]
