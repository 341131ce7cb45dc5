"""Faults of sequence sets, of numbers and of UIDs (RFC 3501 §6.4.8, §9, sequence-set)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap.sets import SequenceRange, SequenceSet
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import fault, mistaking, refusing_lines


def _sets(change: Callable[[tuple[SequenceRange, ...]], Iterable[SequenceRange]]) -> Build:
    """A variant that takes other sets than it was given."""

    def changed(command: Any) -> Any:
        if command.messages.saved:
            return command
        return replace(command, messages=SequenceSet(tuple(change(command.messages.ranges))))

    return mistaking((c.Store, c.Copy, c.Fetch), changed)


def _forward(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """A range whose ends are the other way round is its first end alone."""
    return [
        SequenceRange(each.first, each.first) if (each.first or 2**32) > (each.last or 2**32) else each
        for each in ranges
    ]


def _without_star(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """`*` is the first message."""
    return [SequenceRange(each.first or 1, each.last or 1) for each in ranges]


def _ends(ranges: tuple[SequenceRange, ...]) -> list[SequenceRange]:
    """Of a range only its ends count."""
    return [SequenceRange(end, end) for each in ranges for end in (each.first, each.last)]


FAULTS: tuple[Fault, ...] = (
    fault("sets/ranges-forward", "Ranges go forward only", "9-bq", _sets(_forward)),
    fault("sets/star-is-the-first", "* is the first message", "9-bo", _sets(_without_star)),
    fault("sets/ends-of-ranges", "Of a range only the ends count", "9-br 9-bo 6.4.8-g", _sets(_ends)),
    fault("sets/first-of-a-set", "Of a set only the first range counts", "9-br", _sets(lambda x: x[:1])),
    fault(
        "sets/uid-range-past-the-last",
        "A UID range with * whose other end is above every UID is empty",
        "6.4.8-h",
        refusing_lines(lambda line: re.search(rb"UID \w+ \d{4,}:\*", line) is not None),
        "UID",
        seen_in="servers that compare before they put the last UID for *",
    ),
)
