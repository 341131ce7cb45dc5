"""What can be asked of messages without looking at their octets, as parts of one SQL condition.

A `Condition` is a text with placeholders and its parameters, over the columns of `messages`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reference_server.store.records import Ranges
from reference_server.store.transfer import ranges_text

_DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LOCAL_DAY = "(received / 1000000 + zone * 60)"
"""Seconds since 1970 as the clock showed them where the internal date comes from."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Part of a WHERE clause."""

    text: str
    parameters: tuple[object, ...] = ()
    depth: int = 1
    """How deep the text nests. SQLite refuses what goes beyond some thirty levels."""


EVERYTHING = Condition("1")
NOTHING = Condition("0")


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    parameters = tuple(value for each in conditions for value in each.parameters)
    depth = max(each.depth for each in conditions) + len(conditions).bit_length()
    return Condition(_balanced(word, [each.text for each in conditions]), parameters, depth)


def _balanced(word: str, texts: Sequence[str]) -> str:
    """In pairs of pairs: SQLite bounds the depth of an expression, and a client may well give a thousand keys."""
    if len(texts) == 1:
        return texts[0]
    middle = len(texts) // 2
    return f"({_balanced(word, texts[:middle])} {word} {_balanced(word, texts[middle:])})"


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Every one holds; one at least must be given."""
    return _joined("AND", conditions)


def any_of(conditions: Sequence[Condition]) -> Condition:
    """One of them holds; one at least must be given."""
    return _joined("OR", conditions)


def negated(condition: Condition) -> Condition:
    """It does not hold."""
    return Condition(f"(NOT {condition.text})", condition.parameters, condition.depth + 1)


def has_flag(flag: int) -> Condition:
    """A bit of SystemFlag is set."""
    return Condition("(flags & ?)", (flag,))


def has_keyword(keyword: str) -> Condition:
    """The keyword is set, in whatever case. Keywords are ASCII, and so is `lower` in SQLite."""
    return Condition("(instr(lower(keywords), ?) > 0)", (f" {keyword.lower()} ",))


def larger(octets: int) -> Condition:
    """More octets than this."""
    return Condition("(length > ?)", (octets,))


def smaller(octets: int) -> Condition:
    """Fewer octets than this."""
    return Condition("(length < ?)", (octets,))


def dated_before(day: date) -> Condition:
    """The internal date is of an earlier day, in its own zone (RFC 3501 §6.4.4)."""
    return Condition(f"({_LOCAL_DAY} < ?)", ((day.toordinal() - _EPOCH_DAY) * _DAY,))


def received_until(microseconds: int) -> Condition:
    """Received at that moment or earlier."""
    return Condition("(received <= ?)", (microseconds,))


def changed_since(mod_sequence: int) -> Condition:
    """The mod-sequence is this one or a higher one (RFC 7162 §3.1.5)."""
    return Condition("(mod_sequence >= ?)", (mod_sequence,))


def uid_within(ranges: Ranges) -> Condition:
    """The UID is in one of the ranges."""
    if len(ranges) == 1:
        return Condition("(uid BETWEEN ? AND ?)", ranges[0])
    return Condition(
        "EXISTS (SELECT 1 FROM json_each(?) WHERE uid BETWEEN value ->> 0 AND value ->> 1)", (ranges_text(ranges),)
    )
