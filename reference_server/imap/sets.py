"""Sequence sets (RFC 3501 §9, RFC 5182 §2.1): message numbers or UIDs, never enumerated.

A range of four thousand million UIDs costs as much as a range of two: everything works on ranges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reference_server.imap.errors import SyntaxFault

LARGEST = 0xFFFF_FFFF
"""The largest number of the grammar (RFC 3501 §9, nz-number)."""


@dataclass(frozen=True, slots=True)
class SequenceRange:
    """`first:last`, both included, in the order of the client; None is `*`. A single number is both."""

    first: int | None
    last: int | None

    def bounds(self, largest: int) -> tuple[int, int]:
        """The lower and the upper number, where `*` is `largest`."""
        first = largest if self.first is None else self.first
        last = largest if self.last is None else self.last
        return (first, last) if first <= last else (last, first)


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """`saved` is `$`, the result of the last SEARCH that saved one; it has no ranges of its own."""

    ranges: tuple[SequenceRange, ...]
    saved: bool = False

    @property
    def has_star(self) -> bool:
        """Whether `*` occurs."""
        return any(each.first is None or each.last is None for each in self.ranges)

    @property
    def highest(self) -> int:
        """The highest number that is written out; 0 where there is only `*`."""
        return max((number for each in self.ranges for number in (each.first, each.last) if number), default=0)

    def resolve(self, largest: int) -> tuple[tuple[int, int], ...]:
        """Ranges in ascending order that neither overlap nor touch; `*` is `largest`, or 1 where that is 0."""
        return merged(each.bounds(max(largest, 1)) for each in self.ranges)

    def within(self, largest: int) -> tuple[tuple[int, int], ...]:
        """As `resolve`, without numbers above `largest`; empty for an empty mailbox."""
        return tuple((low, min(high, largest)) for low, high in self.resolve(largest) if low <= largest)

    def exceeds(self, messages: int) -> bool:
        """Whether a message number is beyond those of the mailbox: BAD (RFC 3501 §9, seq-number)."""
        return self.highest > messages or (messages == 0 and not self.saved)


SAVED_RESULT = SequenceSet((), saved=True)


def merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same numbers in as few ascending ranges as possible."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return tuple(result)


# sequence-set = (seq-number / seq-range) *("," sequence-set)        seq-range = seq-number ":" seq-number
# seq-number   = nz-number / "*"
# A number has at most ten digits, so a longer one is not even converted.
_NUMBER = rb"(?:[1-9][0-9]{0,9}|\*)"
_SET = re.compile(rb"%b(?::%b)?(?:,%b(?::%b)?)*" % (_NUMBER, _NUMBER, _NUMBER, _NUMBER))


# sequence-set =/ seq-last-command             seq-last-command = "$"       (RFC 5182 §3)
def parse_sequence_set(octets: bytes, *, saved_result: bool = False) -> SequenceSet:
    """Read a set; `saved_result` permits `$`. Raises SyntaxFault."""
    if octets == b"$" and saved_result:
        return SAVED_RESULT
    if not _SET.fullmatch(octets):
        raise SyntaxFault("not a sequence set")
    return SequenceSet(tuple(_range(each) for each in octets.split(b",")))


def _range(octets: bytes) -> SequenceRange:
    first, _, last = octets.partition(b":")
    number = _seq_number(first)
    return SequenceRange(number, _seq_number(last) if last else number)


def _seq_number(octets: bytes) -> int | None:
    if octets == b"*":
        return None
    number = int(octets)
    if number > LARGEST:
        raise SyntaxFault("a number of a sequence set is too large")
    return number


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive ascending numbers, in the given order, which COPYUID's two sets need (RFC 4315 §3)."""
    low = high = 0
    for number in numbers:
        if low and number == high + 1:
            high = number
            continue
        if low:
            yield low, high
        low = high = number
    if low:
        yield low, high


def set_text(numbers: Iterable[int]) -> str:
    """The shortest set that lists these numbers, all above 0, in the given order; empty for none."""
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs(numbers))
