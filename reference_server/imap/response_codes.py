"""Response codes: what a client's program reads out of a status response (RFC 3501 §7.1, RFC 5530 and extensions)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """Codes without data."""

    ALERT = "ALERT"
    PARSE = "PARSE"
    READ_ONLY = "READ-ONLY"
    READ_WRITE = "READ-WRITE"
    TRYCREATE = "TRYCREATE"
    """RFC 3501 §7.1."""
    UIDNOTSTICKY = "UIDNOTSTICKY"
    """RFC 4315 §3."""
    UNKNOWN_CTE = "UNKNOWN-CTE"
    """RFC 3516 §4.3."""
    TOOBIG = "TOOBIG"
    """RFC 4469 §4.2, RFC 7888 §5."""
    NOTSAVED = "NOTSAVED"
    """RFC 5182 §2.1."""
    USEATTR = "USEATTR"
    """RFC 6154 §3."""
    NOMODSEQ = "NOMODSEQ"
    """RFC 7162 §3.1.2.2."""
    CLOSED = "CLOSED"
    """RFC 7162 §3.2.11."""
    UNAVAILABLE = "UNAVAILABLE"
    AUTHENTICATIONFAILED = "AUTHENTICATIONFAILED"
    AUTHORIZATIONFAILED = "AUTHORIZATIONFAILED"
    EXPIRED = "EXPIRED"
    PRIVACYREQUIRED = "PRIVACYREQUIRED"
    CONTACTADMIN = "CONTACTADMIN"
    NOPERM = "NOPERM"
    INUSE = "INUSE"
    EXPUNGEISSUED = "EXPUNGEISSUED"
    CORRUPTION = "CORRUPTION"
    SERVERBUG = "SERVERBUG"
    CLIENTBUG = "CLIENTBUG"
    CANNOT = "CANNOT"
    LIMIT = "LIMIT"
    OVERQUOTA = "OVERQUOTA"
    ALREADYEXISTS = "ALREADYEXISTS"
    NONEXISTENT = "NONEXISTENT"
    """RFC 5530 §3, from UNAVAILABLE on; OVERQUOTA also RFC 9208 §4.3."""
    HASCHILDREN = "HASCHILDREN"
    """RFC 9051 §7.1."""


@dataclass(frozen=True, slots=True)
class BadCharset:
    """The charsets that there are, or none to say nothing of them (RFC 3501 §7.1)."""

    charsets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities, in a greeting or in what ends a login (RFC 3501 §7.1)."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PermanentFlags:
    """Flags that clients can change for good; `new_keywords` is `\\*` (RFC 3501 §7.1)."""

    flags: tuple[str, ...]
    new_keywords: bool = False


@dataclass(frozen=True, slots=True)
class UidNext:
    """The predicted UID (RFC 3501 §2.3.1.1)."""

    uid: int


@dataclass(frozen=True, slots=True)
class UidValidity:
    """The mailbox's UIDVALIDITY (RFC 3501 §2.3.1.1)."""

    value: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """The message number of the first message without \\Seen (RFC 3501 §7.1)."""

    number: int


@dataclass(frozen=True, slots=True)
class HighestModSeq:
    """The highest mod-sequence of the mailbox (RFC 7162 §3.1.2.1)."""

    value: int


@dataclass(frozen=True, slots=True)
class Modified:
    """Messages that a conditional STORE left alone: numbers, or UIDs for UID STORE (RFC 7162 §3.1.3). Not empty."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AppendUid:
    """The UIDs of appended messages in their order (RFC 4315 §3, RFC 3502). Not empty."""

    validity: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CopyUid:
    """The UIDVALIDITY of the destination; UIDs there and the ones that they are copies of, pairwise (RFC 4315 §3).
    Not empty."""

    validity: int
    source: tuple[int, ...]
    destination: tuple[int, ...]


ResponseCode = (
    Code
    | BadCharset
    | Capabilities
    | PermanentFlags
    | UidNext
    | UidValidity
    | Unseen
    | HighestModSeq
    | Modified
    | AppendUid
    | CopyUid
)
