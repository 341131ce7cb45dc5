"""Alignment of body steps with body lines: which line answers which step, in order.

A missing line must not make every later line look wrong, so steps and lines are aligned at the least cost, as texts are
compared. Names bind along the cheapest way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.dialogue.bindings import Bindings
from harness.dialogue.matchers import Failure
from harness.dialogue.model import Expect, Lines, Pattern
from harness.verdicts import Facet

#: Lines beyond the number of steps that are aligned, where no step takes any number of them; more are extra unseen.
LOOKAHEAD = 512

_MISSING, _EXTRA, _WRONG = 2, 2, 3

LineMatcher = Callable[[Pattern, bytes, Bindings], Bindings | Failure]


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one step: the line that it took, if any, and why that does not match."""

    line: bytes | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """What became of each step, the indices of the lines that none took, and the bindings at the end."""

    placed: tuple[Placed, ...]
    extra: tuple[int, ...]
    bindings: Bindings


@dataclass(frozen=True, slots=True)
class _Way:
    """The cheapest way to some number of steps and lines: its last move and the way before it."""

    cost: int
    bindings: Bindings
    before: _Way | None = None
    step: Placed | None = None
    extra: int | None = None


def align(steps: Sequence[Expect], lines: Sequence[bytes], bindings: Bindings, matches: LineMatcher) -> Alignment:
    """Align steps with lines."""
    window = lines if any(map(_takes_all, steps)) else lines[: len(steps) + LOOKAHEAD]
    row = [_Way(0, bindings)]
    for index in range(len(window)):
        row.append(_extra(row[index], index))
    for step in steps:
        row = _next_row(row, step, window, matches)
    way, beyond = row[-1], range(len(window), len(lines))
    placed: list[Placed] = []
    extra: list[int] = []
    at: _Way | None = way
    while at is not None:
        if at.step is not None:
            placed.append(at.step)
        if at.extra is not None:
            extra.append(at.extra)
        at = at.before
    return Alignment(tuple(reversed(placed)), (*reversed(extra), *beyond), way.bindings)


def _takes_all(step: Expect) -> bool:
    return isinstance(step.alternatives[0].first, Lines)


def _extra(way: _Way, index: int) -> _Way:
    return _Way(way.cost + _EXTRA, way.bindings, way, extra=index)


def _next_row(above: list[_Way], step: Expect, lines: Sequence[bytes], matches: LineMatcher) -> list[_Way]:
    """Ways through one step more, by number of lines; `above` are those without it."""
    takes_all = _takes_all(step)
    row = [_skip(above[0], step)]
    for index, line in enumerate(lines):
        if takes_all:
            through = _Way(row[index].cost, row[index].bindings, row[index])
            row.append(min(_skip(above[index + 1], step), through, key=_cost))
            continue
        ways = [_skip(above[index + 1], step), _take(above[index], step, line, matches), _extra(row[index], index)]
        row.append(min((way for way in ways if way is not None), key=_cost))
    return row


def _cost(way: _Way) -> int:
    return way.cost


def _skip(way: _Way, step: Expect) -> _Way:
    """The step takes no line."""
    if step.optional or _takes_all(step):
        return _Way(way.cost, way.bindings, way, step=Placed())
    return _Way(way.cost + _MISSING, way.bindings, way, step=Placed(failure=Failure(Facet.DATA, "missing-line")))


def _take(way: _Way, step: Expect, line: bytes, matches: LineMatcher) -> _Way | None:
    """The step takes the line, whether it matches or not; an optional step takes none that does not."""
    failure: Failure | None = None
    for pattern in step.alternatives:
        result = matches(pattern, line, way.bindings)
        if isinstance(result, Bindings):
            return _Way(way.cost, result, way, step=Placed(line))
        failure = failure or result
    return None if step.optional else _Way(way.cost + _WRONG, way.bindings, way, step=Placed(line, failure))
