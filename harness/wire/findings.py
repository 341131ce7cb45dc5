"""Findings: what a strict validator has checked, and what it found, by requirement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.transcript import Exchange
from harness.verdicts import Facet

#: Octets of a reply that an observation quotes.
QUOTED = 160


@dataclass(frozen=True, slots=True)
class Violation:
    """One reply that breaks one requirement.

    `exchange` is an index into the transcript's exchanges, `event` into its events. `kind` is the class of what was
    seen, without free text, for signatures.
    """

    requirement: str
    exchange: int
    expected: str
    observed: str
    kind: str
    facet: Facet
    event: int


@dataclass(frozen=True, slots=True)
class Report:
    """All violations in order, and for each requirement how often it was checked."""

    violations: tuple[Violation, ...]
    checked: Mapping[str, int]


@dataclass(slots=True)
class Findings:
    """Collects checks. Made for one transcript."""

    _violations: list[Violation] = field(default_factory=list)
    _checked: Counter[str] = field(default_factory=Counter)

    def check(
        self,
        requirement: str,
        holds: bool,
        place: tuple[int, Exchange],
        *,
        expected: str,
        observed: str | bytes,
        kind: str,
        facet: Facet = Facet.GRAMMAR,
        event: int | None = None,
    ) -> bool:
        """Count one check of a requirement, and note a violation unless it holds; returns whether it does.

        `event` is where it was seen, the exchange's last one unless it is given.
        """
        self._checked[requirement] += 1
        if not holds:
            index, exchange = place
            seen = observed if isinstance(observed, str) else quoted(observed)
            where = exchange.last if event is None else event
            self._violations.append(Violation(requirement, index, expected, seen, kind, facet, where))
        return holds

    def passed(self, requirement: str) -> None:
        """Count one check of a requirement that holds."""
        self._checked[requirement] += 1

    def passed_all(self, counts: Mapping[str, int]) -> None:
        """Count checks that hold, by requirement."""
        self._checked.update(counts)

    def report(self) -> Report:
        """What was found."""
        return Report(tuple(self._violations), dict(self._checked))


def quoted(data: bytes) -> str:
    """Octets as printable text: control and non-ASCII octets as escapes, long data cut."""
    text = data[:QUOTED].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f"`{text}`" + (f" … ({len(data)} octets)" if len(data) > QUOTED else "")
