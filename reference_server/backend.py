"""What a protocol session needs from the rest of the server: accounts, a maildrop, a place to deliver to.

Sessions know these protocols and nothing of SQLite, hashing or sockets. All calls are synchronous and may block (a
memory-hard hash, a disk flush), so a session never makes them itself: it hands a `Work` to its shell, which runs it
off the event loop and feeds the result back by `session.resume(...)`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of a mailbox.

    `uid` ascends and is never reused in its mailbox. `unique_id` is POP3's UIDL (1 to 70 octets of x21 to x7E, never
    changed, never reused: RFC 1939 §7). `size` counts octets as they are sent, a line end as two.
    """

    uid: int
    unique_id: str
    size: int
    received: datetime


class MaildropLocked(Exception):
    """Another session holds the maildrop (RFC 1939 §4, RFC 2449 §8.1.1 [IN-USE])."""


class StoreFailure(Exception):
    """The store could not do it, now (`permanent` false) or at all; nothing was changed that is not told."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        self.permanent = permanent
        super().__init__(reason)


class Rejected(Exception):
    """The store's answer to a request that cannot be met as things are; nothing was changed. Subclasses say why."""


class Maildrop(Protocol):
    """An exclusively locked view of one INBOX, fixed when the lock was taken (RFC 1939 §4)."""

    @property
    def messages(self) -> Sequence[StoredMessage]:
        """In order of arrival; message number 1 is the first."""

    def read(self, message: StoredMessage) -> bytes:
        """The message's bytes, exactly as they were stored. Raises StoreFailure where it is gone."""

    def commit(self, deleted: Collection[StoredMessage]) -> None:
        """Remove these for good; durable when it returns (the UPDATE state, RFC 1939 §6). Raises StoreFailure."""

    def release(self) -> None:
        """Give the lock back; safe to call twice."""


class Maildrops(Protocol):
    """Opens maildrops."""

    def open(self, account: str) -> Maildrop:
        """Take the lock of the account's maildrop. Raises MaildropLocked or StoreFailure, never waits."""


class Credentials(Protocol):
    """Decides who somebody is. Account names are text, already prepared (SASLprep, RFC 4013)."""

    def verify_password(self, account: str, password: str) -> bool:
        """True for the right password of an existing account; as slow for an account that does not exist."""

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        """True when `digest` is the hex MD5 of timestamp and secret, for accounts that opted in (RFC 1939 §7)."""

    def scram_keys(self, account: str) -> ScramKeys:
        """The account's SCRAM-SHA-256 keys; for an unknown account, plausible ones that never verify (RFC 5802)."""


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What a server keeps of a password for SCRAM (RFC 5802 §3)."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes


class Notify(Enum):
    """What a sender wants to hear of (RFC 3461 §4.1)."""

    SUCCESS = auto()
    FAILURE = auto()
    DELAY = auto()


class BodyType(StrEnum):
    """What a message's octets may be: ASCII in lines, any octets in lines (RFC 6152 §2), anything (RFC 3030 §3)."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"
    BINARY = "BINARYMIME"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One forward-path of an envelope and what RCPT said of it.

    `address` is in its shortest spelling; only `postmaster` has no domain. `notify` is None where it was not given and
    empty for NEVER. `original` is ORCPT, decoded, with its address type: `rfc822;a@b` (RFC 3461 §4.2).
    """

    address: str
    notify: frozenset[Notify] | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """SMTP's envelope: the reverse-path (empty for `<>`) and the forward-paths accepted so far.

    `utf8` says that the client asked for SMTPUTF8 (RFC 6531 §3.4); `returns` is RET and `envelope_id` is ENVID, decoded
    (RFC 3461 §4.3, §4.4).
    """

    reverse_path: str
    recipients: tuple[Recipient, ...]
    body: BodyType = BodyType.SEVEN_BIT
    utf8: bool = False
    returns: Literal["FULL", "HDRS"] | None = None
    envelope_id: str | None = None


class Delivery(Protocol):
    """Takes responsibility for messages."""

    def accepts(self, recipient: str) -> bool:
        """True where the address is a local mailbox (any case of the domain; `postmaster` too, RFC 5321 §4.5.1).

        Who may send to other addresses is the session's business, not Delivery's.
        """

    def deliver(self, envelope: Envelope, message: bytes) -> Sequence[StoreFailure | None]:
        """Take the message, its trace field in front, for each recipient; one result per recipient, in order.

        Everything that is taken, local copies and queued ones, becomes durable in one commit before it returns
        (RFC 5321 §4.2.5, §6.1). Return-Path belongs to the final delivery (RFC 5321 §4.4): local copies get it here.
        """


@dataclass(frozen=True, slots=True)
class Work:
    """Something that may block. The shell runs `call` in a worker and hands its result, or the exception that it
    raised, to `session.resume`."""

    call: Callable[[], object]
