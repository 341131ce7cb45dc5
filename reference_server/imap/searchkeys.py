"""Search keys as a tree (RFC 3501 §6.4.4, RFC 5032, RFC 7162 §3.1.5). `parser_search.py` makes it.

Keys that are others in disguise are not here: NEW is And(HasFlag(\\Recent), Not(HasFlag(\\Seen))), UNSEEN is
Not(HasFlag(\\Seen)). Strings have been decoded from the charset of the command.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum

from reference_server.imap.sets import SequenceSet


@dataclass(frozen=True, slots=True)
class Everything:
    """ALL."""


@dataclass(frozen=True, slots=True)
class And:
    """Several keys, all of which must match; two at least."""

    keys: tuple[SearchKey, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """OR: one of two keys must match."""

    first: SearchKey
    second: SearchKey


@dataclass(frozen=True, slots=True)
class Not:
    """NOT."""

    key: SearchKey


@dataclass(frozen=True, slots=True)
class HasFlag:
    """ANSWERED, SEEN, RECENT and the like, and KEYWORD; case-insensitive."""

    flag: str


class AddressField(Enum):
    """Header fields of the envelope that have keys of their own; the value is the field's name."""

    BCC = "Bcc"
    CC = "Cc"
    FROM = "From"
    TO = "To"


@dataclass(frozen=True, slots=True)
class AddressContains:
    """BCC, CC, FROM, TO: the substring is in that field of the envelope."""

    field: AddressField
    text: str


@dataclass(frozen=True, slots=True)
class SubjectContains:
    """SUBJECT."""

    text: str


@dataclass(frozen=True, slots=True)
class HeaderContains:
    """HEADER: a field of this name holds the substring; an empty one asks only for the field."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BodyContains:
    """BODY."""

    text: str


@dataclass(frozen=True, slots=True)
class TextContains:
    """TEXT: header or body."""

    text: str


class DateRelation(Enum):
    """How a message's date lies to the given one; time and zone are disregarded."""

    BEFORE = "BEFORE"
    ON = "ON"
    SINCE = "SINCE"


@dataclass(frozen=True, slots=True)
class InternalDate:
    """BEFORE, ON, SINCE."""

    relation: DateRelation
    date: date


@dataclass(frozen=True, slots=True)
class SentDate:
    """SENTBEFORE, SENTON, SENTSINCE: the Date header field."""

    relation: DateRelation
    date: date


@dataclass(frozen=True, slots=True)
class Larger:
    """LARGER: more octets than this."""

    octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """SMALLER: fewer octets than this."""

    octets: int


@dataclass(frozen=True, slots=True)
class Older:
    """OLDER: the internal date is at least so many seconds ago (RFC 5032 §2)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Younger:
    """YOUNGER: the internal date is at most so many seconds ago (RFC 5032 §2)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class InSet:
    """A sequence set, of UIDs after UID; `$` is either way the saved result (RFC 5182 §2.1)."""

    messages: SequenceSet
    uid: bool = False


@dataclass(frozen=True, slots=True)
class ModSeqSince:
    """MODSEQ: the mod-sequence is this or a higher one. `flag` is the one that was named, for servers that
    keep a mod-sequence per flag; others disregard it (RFC 7162 §3.1.5)."""

    value: int
    flag: str | None = None


SearchKey = (
    Everything
    | And
    | Or
    | Not
    | HasFlag
    | AddressContains
    | SubjectContains
    | HeaderContains
    | BodyContains
    | TextContains
    | InternalDate
    | SentDate
    | Larger
    | Smaller
    | Older
    | Younger
    | InSet
    | ModSeqSince
)


def uses_mod_sequences(key: SearchKey) -> bool:
    """Whether MODSEQ occurs, which makes SEARCH a CONDSTORE enabling command (RFC 7162 §3.1)."""
    return any(isinstance(each, ModSeqSince) for each in _leaves(key))


def uses_numbers(key: SearchKey) -> bool:
    """Whether message numbers occur, during which nothing may vanish (RFC 7162 §3.2.10.2)."""
    return any(isinstance(each, InSet) and not each.uid for each in _leaves(key))


def _leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys that are not made of others."""
    match key:
        case And(keys):
            for each in keys:
                yield from _leaves(each)
        case Or(first, second):
            yield from _leaves(first)
            yield from _leaves(second)
        case Not(inner):
            yield from _leaves(inner)
        case _:
            yield key
