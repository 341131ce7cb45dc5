"""Target, Endpoint, Account, Loader: what the rest of the harness knows of a server under test.

A `Target` is a server under test, an `Endpoint` where one of its protocols listens, a `Profile` (`profile.py`) how it
is built, configured, loaded and emptied. Everything that can wait is a coroutine; `log`, `tls_context` and the
attributes answer at once. Nothing here talks to a server.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from harness.corpus import CorpusMessage, Trait
from harness.results import TunedSetting
from harness.targets.shared import Shared
from harness.testbed.target_bed import TargetBed

if TYPE_CHECKING:
    from harness.targets.profile import Profile


class TlsMode(StrEnum):
    """How TLS begins on an endpoint: never, by a command (STLS, STARTTLS), or with the connection (RFC 8314 §3)."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


#: Every name that an endpoint can have, with the protocol that is spoken there.
PROTOCOLS: dict[str, str] = {
    "pop3": "pop3",
    "pop3s": "pop3",
    "imap": "imap",
    "imaps": "imap",
    "smtp": "smtp",
    "submission": "smtp",
    "submissions": "smtp",
    "lmtp": "lmtp",
}

#: Endpoints whose connections begin with TLS (RFC 8314 §3.2, §3.3).
IMPLICIT_TLS = frozenset({"pop3s", "imaps", "submissions"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one protocol of a target listens, as the harness reaches it. `name` is a key of `PROTOCOLS`."""

    name: str
    protocol: str
    host: str
    port: int
    tls: TlsMode = TlsMode.NONE

    def __str__(self) -> str:
        return f"{self.name} at {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox and the login to it. `apop`: the server keeps its secret in a form that APOP can use (RFC 1939 §7)."""

    name: str
    password: str = field(repr=False)
    address: str
    apop: bool = False


class Loader(Protocol):
    """A way to put messages into a mailbox. `carries` says which traits of a message arrive unharmed."""

    @property
    def carries(self) -> frozenset[Trait]:
        """Traits that this way in keeps; `Trait.EXACT` when nothing is put before or behind the bytes."""

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Put the messages into the account's mailbox, in order; they can be read when this returns.

        Raises SetupError when the target does not take one.
        """


class MailReader(Protocol):
    """A way to read a mailbox where neither POP3 nor IMAP is offered."""

    async def read(self, account: Account) -> Sequence[bytes]:
        """Every message in its order, lines ended by CRLF. Raises SetupError when it cannot be read."""


class Emptier(Protocol):
    """A way to remove every message of a mailbox."""

    async def empty(self, account: Account) -> None:
        """Remove every message. Raises SetupError when the target does not let it."""


@dataclass(frozen=True, slots=True)
class TargetState:
    """Whether the target runs; `exit_status` is None while it does, or where it cannot be known."""

    running: bool
    exit_status: int | None = None
    log_tail: str = ""


class Target(Protocol):
    """A server under test.

    `product`, `version` and `image_digest` go into the report's header ("" where not known). `endpoints` is filled
    once `start` has returned. `accounts` is the pool that cases lease from.
    """

    @property
    def name(self) -> str:
        """What reports call the target: never how it was reached."""

    @property
    def product(self) -> str:
        """Name of the server software."""

    @property
    def version(self) -> str:
        """Version of the server software."""

    @property
    def image_digest(self) -> str:
        """Digest of the container image that runs."""

    @property
    def profile(self) -> Profile:
        """How the target is configured, loaded and emptied; its known deviations and blocked cases."""

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where the target listens, by endpoint name."""

    @property
    def accounts(self) -> Sequence[Account]:
        """The pool of accounts."""

    @property
    def loader(self) -> Loader:
        """How messages get in."""

    @property
    def reader(self) -> MailReader | None:
        """How its mailboxes are read; None where that is done by POP3 or IMAP."""

    @property
    def testbed(self) -> TargetBed | None:
        """DNS and next hops around it; None before `start`, and where its profile has no [relay] or none can be."""

    @property
    def shared(self) -> Shared:
        """What its cases share beside it, stopped with it."""

    @property
    def tuned(self) -> Sequence[TunedSetting]:
        """Settings that differ from stock."""

    @property
    def autologout_seconds(self) -> float | None:
        """Idle seconds to autologout of POP3; None where the profile cannot shorten it enough to be waited for."""

    @property
    def imap_autologout_seconds(self) -> float | None:
        """The same of IMAP, for sessions that are logged in."""

    @property
    def can_restart(self) -> bool:
        """Whether `restart` can be asked for."""

    def listen(self, hears: Callable[[str], None]) -> None:
        """From now on, `hears` is told a line about each slow step of bringing the target up."""

    async def start(self) -> None:
        """Bring the target up, until each of its endpoints greets. Raises SetupError."""

    async def stop(self) -> None:
        """Take down what `start` brought up. May be called again; never raises."""

    async def restart(self) -> None:
        """Stop and start the server, keeping its mail, until it greets again; ports may change. Raises SetupError."""

    async def empty(self, account: Account) -> None:
        """Remove every message of the account. Raises SetupError."""

    async def alive(self) -> TargetState:
        """Whether the target still runs."""

    def log(self) -> bytes:
        """What the target has logged so far, as far as it can be had."""

    def tls_context(self) -> ssl.SSLContext:
        """A client context that accepts this target's certificate."""
