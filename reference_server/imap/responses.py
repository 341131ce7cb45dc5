"""Everything that the server says, as values (RFC 3501 §7 and extensions). `renderer.py` makes their octets.

A value says what is said; how strings are quoted, what is NIL and where spaces go is the renderer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reference_server.imap.commands import StatusItem
from reference_server.imap.fetchitems import Attribute, BinarySection, BinarySize, BodySection
from reference_server.imap.names import MailboxName
from reference_server.imap.response_codes import ResponseCode
from reference_server.mime.bodystructure import Structure
from reference_server.mime.threading import ThreadNode


class Condition(Enum):
    """Status responses (RFC 3501 §7.1)."""

    OK = "OK"
    NO = "NO"
    BAD = "BAD"
    PREAUTH = "PREAUTH"
    BYE = "BYE"


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """A condition with its text; untagged where `tag` is None (RFC 3501 §7.1)."""

    condition: Condition
    text: str
    code: ResponseCode | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Continue:
    """A command continuation request: go on with a literal, or with IDLE (RFC 3501 §7.5)."""

    text: str = "Ready"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A command continuation request with a SASL challenge, which may be empty (RFC 3501 §6.2.2)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CapabilityData:
    """RFC 3501 §7.2.1."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enabled:
    """RFC 5161 §3.2; possibly nothing."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdData:
    """RFC 2971 §3.2; None is NIL."""

    parameters: tuple[tuple[bytes, bytes | None], ...] | None


@dataclass(frozen=True, slots=True)
class NamespaceDescription:
    """A namespace's prefix, and its delimiter if there is hierarchy (RFC 2342 §5)."""

    prefix: str
    delimiter: str | None


@dataclass(frozen=True, slots=True)
class NamespaceData:
    """RFC 2342 §5; an empty tuple is NIL."""

    personal: tuple[NamespaceDescription, ...]
    other_users: tuple[NamespaceDescription, ...] = ()
    shared: tuple[NamespaceDescription, ...] = ()


@dataclass(frozen=True, slots=True)
class ListData:
    """RFC 3501 §7.2.2, and §7.2.3 where `lsub`. `name` is None for the empty name, which asks for the delimiter.
    `child_info` and `old_name` are the extended items of RFC 5258 §3.5 and RFC 9051 §6.3.9.7."""

    attributes: tuple[str, ...]
    delimiter: str | None
    name: MailboxName | None
    lsub: bool = False
    child_info: tuple[str, ...] = ()
    old_name: MailboxName | None = None


@dataclass(frozen=True, slots=True)
class StatusData:
    """RFC 3501 §7.2.4."""

    mailbox: MailboxName
    values: tuple[tuple[StatusItem, int], ...]


@dataclass(frozen=True, slots=True)
class SearchData:
    """RFC 3501 §7.2.5. `mod_sequence` is shown only with numbers (RFC 7162 §3.1.5)."""

    numbers: tuple[int, ...]
    mod_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class SortData:
    """RFC 5256 §4. `mod_sequence` is shown only with numbers (RFC 7162 §3.1.6)."""

    numbers: tuple[int, ...]
    mod_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class EsearchData:
    """RFC 4731 §3.1, RFC 4466 §2.6.2. None, and an empty `found`, are not shown. `found` is in ascending order."""

    tag: str
    uid: bool = False
    minimum: int | None = None
    maximum: int | None = None
    found: tuple[int, ...] = ()
    count: int | None = None
    mod_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class ThreadData:
    """RFC 5256 §4."""

    threads: tuple[ThreadNode, ...]


@dataclass(frozen=True, slots=True)
class FlagsData:
    """RFC 3501 §7.2.6."""

    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """RFC 3501 §7.3.1."""

    messages: int


@dataclass(frozen=True, slots=True)
class Recent:
    """RFC 3501 §7.3.2."""

    messages: int


@dataclass(frozen=True, slots=True)
class Expunged:
    """EXPUNGE (RFC 3501 §7.4.1)."""

    number: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """RFC 7162 §3.2.10. Not empty."""

    uids: tuple[int, ...]
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class QuotaResource:
    """A resource's usage and limit, in its unit (RFC 9208 §5)."""

    name: str
    usage: int
    limit: int


@dataclass(frozen=True, slots=True)
class QuotaData:
    """RFC 9208 §4.2.1."""

    root: bytes
    resources: tuple[QuotaResource, ...]


@dataclass(frozen=True, slots=True)
class QuotaRootData:
    """RFC 9208 §4.2.2."""

    mailbox: MailboxName
    roots: tuple[bytes, ...]


# --- what a FETCH response holds (RFC 3501 §7.4.2)


@dataclass(frozen=True, slots=True)
class FlagsItem:
    """FLAGS."""

    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NumberItem:
    """UID, RFC822.SIZE or MODSEQ."""

    attribute: Attribute
    value: int


@dataclass(frozen=True, slots=True)
class DateItem:
    """INTERNALDATE."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class StructureItem:
    """ENVELOPE, BODY or BODYSTRUCTURE, as reference_server.mime makes them."""

    attribute: Attribute
    structure: Structure


@dataclass(frozen=True, slots=True)
class TextItem:
    """BODY[...], RFC822, RFC822.HEADER or RFC822.TEXT. `octets` are already cut to the partial; None is NIL."""

    item: BodySection | Attribute
    octets: bytes | None


@dataclass(frozen=True, slots=True)
class BinaryItem:
    """BINARY[...] (RFC 3516 §4.3). `octets` are already cut to the partial."""

    item: BinarySection
    octets: bytes | None


@dataclass(frozen=True, slots=True)
class BinarySizeItem:
    """BINARY.SIZE[...]."""

    item: BinarySize
    size: int


FetchData = FlagsItem | NumberItem | DateItem | StructureItem | TextItem | BinaryItem | BinarySizeItem


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """RFC 3501 §7.4.2. `data` is not empty."""

    number: int
    data: tuple[FetchData, ...]


Response = (
    StatusResponse
    | Continue
    | Challenge
    | CapabilityData
    | Enabled
    | IdData
    | NamespaceData
    | ListData
    | StatusData
    | SearchData
    | SortData
    | EsearchData
    | ThreadData
    | FlagsData
    | Exists
    | Recent
    | Expunged
    | Vanished
    | QuotaData
    | QuotaRootData
    | FetchResponse
)
