"""Baseline: a ledger of deviations that are known, each with its reason.

An entry names the case, the verdict, and what it matches in the deviation's signature or observation. A deviation that
no entry matches is new; an entry whose case ran and did not deviate that way is stale. Neither the loss of a
target nor a fault of the harness can be listed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from harness.errors import BaselineError, Position
from harness.results import CaseResult, Deviation
from harness.verdicts import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class KnownDeviation:
    """One entry. `matches` is a regular expression, searched in the signature and in what was observed."""

    case: str
    verdict: Verdict
    matches: str
    reason: str
    issue: str = ""
    since: str = ""
    clause: str = ""

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        """Raises ValueError, which whoever reads a file turns into an error that names the place."""
        if not self.reason.strip():
            raise ValueError(f"the entry for {self.case} gives no reason: say why it is accepted")
        if self.verdict not in (Verdict.DEVIATES, Verdict.WARNS):
            raise ValueError(f"the entry for {self.case} lists {self.verdict}: only deviates and warns can be listed")
        try:
            re.compile(self.matches)
        except re.error as error:
            raise ValueError(f"the pattern for {self.case} is no regular expression: {error}") from error

    def covers(self, case_id: str, deviation: Deviation) -> bool:
        """Whether this entry is about that deviation."""
        return (
            case_id == self.case
            and deviation.verdict is self.verdict
            and any(re.search(self.matches, text) for text in (deviation.signature, deviation.observed))
        )


_ENTRIES = TypeAdapter(list[KnownDeviation])


class Baseline:
    """The entries of a run, and which of them were met."""

    def __init__(self, entries: Iterable[KnownDeviation] = ()) -> None:
        self.entries = tuple(entries)
        self._met: set[KnownDeviation] = set()

    def apply(self, result: CaseResult) -> CaseResult:
        """The result with the reason put to each deviation that is known."""
        if result.outcome not in (Outcome.DEVIATES, Outcome.WARNS):
            return result
        return replace(result, deviations=tuple(self._marked(result.id, each) for each in result.deviations))

    def _marked(self, case_id: str, deviation: Deviation) -> Deviation:
        for entry in self.entries:
            if entry.covers(case_id, deviation):
                self._met.add(entry)
                return replace(deviation, known=entry.reason)
        return deviation

    def stale(self, results: Sequence[CaseResult]) -> tuple[str, ...]:
        """Entries whose case was judged and did not deviate as listed, as `case: pattern`."""
        judged = {result.id for result in results if result.outcome.judged}
        return tuple(
            f"{entry.case}: {entry.matches}"
            for entry in self.entries
            if entry.case in judged and entry not in self._met
        )


def load_baseline(path: Path) -> tuple[KnownDeviation, ...]:
    """Read a baseline file: TOML with `[[known]]` tables. Raises BaselineError naming file and mend."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(f"cannot be read: {error.strerror}", position=Position(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"is not valid TOML: {error}", position=Position(path)) from error
    strange = set(raw) - {"known"}
    if strange:
        raise BaselineError(
            f"unknown key {min(strange)!r}", position=Position(path), mend="a baseline holds [[known]] tables only"
        )
    try:
        return tuple(_ENTRIES.validate_python(raw.get("known", [])))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BaselineError(f"known.{place}: {first['msg']}", position=Position(path)) from error
