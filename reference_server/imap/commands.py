"""IMAP commands as values: RFC 3501 §6 and extensions. `parser.py` makes them out of octets.

Every command has the client's `tag`. A `uid` that is True is the UID prefix: sets and results are then UIDs
(RFC 3501 §6.4.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reference_server.imap.fetchitems import FetchItem
from reference_server.imap.names import MailboxName
from reference_server.imap.searchkeys import SearchKey
from reference_server.imap.sets import SequenceSet


@dataclass(frozen=True, slots=True)
class Command:
    """What all commands have."""

    tag: str


# --- in every state


@dataclass(frozen=True, slots=True)
class Capability(Command):
    """RFC 3501 §6.1.1."""


@dataclass(frozen=True, slots=True)
class Noop(Command):
    """RFC 3501 §6.1.2."""


@dataclass(frozen=True, slots=True)
class Logout(Command):
    """RFC 3501 §6.1.3."""


@dataclass(frozen=True, slots=True)
class Id(Command):
    """RFC 2971 §3.1; None is NIL."""

    parameters: tuple[tuple[bytes, bytes | None], ...] | None


# --- not authenticated


@dataclass(frozen=True, slots=True)
class StartTls(Command):
    """RFC 3501 §6.2.1."""


@dataclass(frozen=True, slots=True)
class Authenticate(Command):
    """RFC 3501 §6.2.2. The mechanism is in upper case. An initial response that is absent is None; an empty one,
    written `=`, is b"" (RFC 4959 §3)."""

    mechanism: str
    initial_response: bytes | None


@dataclass(frozen=True, slots=True)
class Login(Command):
    """RFC 3501 §6.2.3."""

    user: bytes
    password: bytes


# --- authenticated


@dataclass(frozen=True, slots=True)
class QuickResync:
    """The parameter QRESYNC of SELECT (RFC 7162 §3.2.5). `known_numbers` and `known_uids_of_numbers` are there
    together, or neither."""

    validity: int
    mod_sequence: int
    known_uids: SequenceSet | None = None
    known_numbers: SequenceSet | None = None
    known_uids_of_numbers: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class Select(Command):
    """RFC 3501 §6.3.1, and §6.3.2 where `read_only`: EXAMINE. `condstore` is the parameter of RFC 7162 §3.1.8."""

    mailbox: MailboxName
    read_only: bool = False
    condstore: bool = False
    quick_resync: QuickResync | None = None


@dataclass(frozen=True, slots=True)
class Create(Command):
    """RFC 3501 §6.3.3. `for_children` says that the name came with a delimiter at its end. `special_uses` is the
    parameter USE (RFC 6154 §3)."""

    mailbox: MailboxName
    for_children: bool = False
    special_uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete(Command):
    """RFC 3501 §6.3.4."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class Rename(Command):
    """RFC 3501 §6.3.5."""

    source: MailboxName
    destination: MailboxName


@dataclass(frozen=True, slots=True)
class Subscribe(Command):
    """RFC 3501 §6.3.6."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class Unsubscribe(Command):
    """RFC 3501 §6.3.7."""

    mailbox: MailboxName


class StatusItem(Enum):
    """Items of STATUS (RFC 3501 §6.3.10 and extensions)."""

    MESSAGES = "MESSAGES"
    RECENT = "RECENT"
    UIDNEXT = "UIDNEXT"
    UIDVALIDITY = "UIDVALIDITY"
    UNSEEN = "UNSEEN"
    SIZE = "SIZE"
    """RFC 8438 §2."""
    HIGHESTMODSEQ = "HIGHESTMODSEQ"
    """RFC 7162 §3.1.7."""
    DELETED = "DELETED"
    """RFC 9051 §6.3.11, RFC 9208 §4.1.4."""
    DELETED_STORAGE = "DELETED-STORAGE"
    """RFC 9208 §4.1.4."""


class ListSelection(Enum):
    """Selection options of LIST (RFC 5258 §3.1, RFC 6154 §5.2)."""

    SUBSCRIBED = "SUBSCRIBED"
    REMOTE = "REMOTE"
    RECURSIVEMATCH = "RECURSIVEMATCH"
    SPECIAL_USE = "SPECIAL-USE"


class ListReturn(Enum):
    """Return options of LIST without data (RFC 5258 §3.2, RFC 6154 §5.2)."""

    SUBSCRIBED = "SUBSCRIBED"
    CHILDREN = "CHILDREN"
    SPECIAL_USE = "SPECIAL-USE"


@dataclass(frozen=True, slots=True)
class List(Command):
    """RFC 3501 §6.3.8. Reference and patterns are text; a pattern that no name can match was left out, so there may
    be none. `extended` says that the client used the syntax of RFC 5258; `status` is the option of RFC 5819, empty
    where it is absent."""

    reference: str
    patterns: tuple[str, ...]
    extended: bool = False
    selection: frozenset[ListSelection] = frozenset()
    returns: frozenset[ListReturn] = frozenset()
    status: tuple[StatusItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Lsub(Command):
    """RFC 3501 §6.3.9. As LIST, with one pattern at most."""

    reference: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status(Command):
    """RFC 3501 §6.3.10. Each item once."""

    mailbox: MailboxName
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class AppendMessage:
    """One message of APPEND. `binary` says that it came as literal8 and may hold NUL (RFC 3516 §4.4), `utf8` that it
    came as UTF8 (RFC 6855 §4). None is no date: now."""

    data: bytes
    flags: tuple[str, ...] = ()
    internal_date: datetime | None = None
    binary: bool = False
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Append(Command):
    """RFC 3501 §6.3.11; several messages with RFC 3502."""

    mailbox: MailboxName
    messages: tuple[AppendMessage, ...]


@dataclass(frozen=True, slots=True)
class Namespace(Command):
    """RFC 2342 §5."""


@dataclass(frozen=True, slots=True)
class Enable(Command):
    """RFC 5161 §3.1. Names in upper case, except that IMAP4rev2 is written like this; unknown ones included."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Idle(Command):
    """RFC 2177 §3. What ends it is the line DONE, which is no command: see `is_done`."""


@dataclass(frozen=True, slots=True)
class GetQuota(Command):
    """RFC 9208 §4.1.1."""

    root: bytes


@dataclass(frozen=True, slots=True)
class GetQuotaRoot(Command):
    """RFC 9208 §4.1.2."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class SetQuota(Command):
    """RFC 9208 §4.1.3: resource names in upper case, and limits in the unit of the resource."""

    root: bytes
    limits: tuple[tuple[str, int], ...]


# --- selected


@dataclass(frozen=True, slots=True)
class Check(Command):
    """RFC 3501 §6.4.1."""


@dataclass(frozen=True, slots=True)
class Close(Command):
    """RFC 3501 §6.4.2."""


@dataclass(frozen=True, slots=True)
class Unselect(Command):
    """RFC 3691 §2."""


@dataclass(frozen=True, slots=True)
class Expunge(Command):
    """RFC 3501 §6.4.3; with `uids` it is UID EXPUNGE (RFC 4315 §2.1)."""

    uids: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class Copy(Command):
    """RFC 3501 §6.4.7."""

    messages: SequenceSet
    mailbox: MailboxName
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Move(Command):
    """RFC 6851 §3."""

    messages: SequenceSet
    mailbox: MailboxName
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Fetch(Command):
    """RFC 3501 §6.4.5. Items as they were asked for, macros replaced, each once. `changed_since` and `vanished` are
    the modifiers of RFC 7162 §3.1.4.1 and §3.2.6."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    uid: bool = False
    changed_since: int | None = None
    vanished: bool = False


class StoreMode(Enum):
    """What STORE does with its flags (RFC 3501 §6.4.6)."""

    REPLACE = "FLAGS"
    ADD = "+FLAGS"
    REMOVE = "-FLAGS"


@dataclass(frozen=True, slots=True)
class Store(Command):
    """RFC 3501 §6.4.6. `unchanged_since` is the modifier of RFC 7162 §3.1.3."""

    messages: SequenceSet
    mode: StoreMode
    flags: tuple[str, ...]
    silent: bool = False
    uid: bool = False
    unchanged_since: int | None = None


class SearchReturn(Enum):
    """Result options (RFC 4731 §3.1, RFC 5182 §2.1)."""

    MIN = "MIN"
    MAX = "MAX"
    ALL = "ALL"
    COUNT = "COUNT"
    SAVE = "SAVE"


@dataclass(frozen=True, slots=True)
class Search(Command):
    """RFC 3501 §6.4.4. `returns` is None where there is no RETURN; `RETURN ()` has become ALL (RFC 4731 §3.1)."""

    key: SearchKey
    uid: bool = False
    returns: frozenset[SearchReturn] | None = None


class SortKey(Enum):
    """Sort keys (RFC 5256 §3)."""

    ARRIVAL = "ARRIVAL"
    CC = "CC"
    DATE = "DATE"
    FROM = "FROM"
    SIZE = "SIZE"
    SUBJECT = "SUBJECT"
    TO = "TO"


@dataclass(frozen=True, slots=True)
class SortCriterion:
    """A sort key and its direction."""

    key: SortKey
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sort(Command):
    """RFC 5256 §3, BASE.6.4.SORT."""

    criteria: tuple[SortCriterion, ...]
    key: SearchKey
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Thread(Command):
    """RFC 5256 §3, BASE.6.4.THREAD. The algorithm is one that is advertised, in upper case."""

    algorithm: str
    key: SearchKey
    uid: bool = False


# idle = "IDLE" CRLF "DONE"
def is_done(line: bytes) -> bool:
    """Whether a line, without its CRLF, is what ends IDLE (RFC 2177 §4)."""
    return line.upper() == b"DONE"
