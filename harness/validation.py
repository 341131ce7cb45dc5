"""Validators as cases: one for each requirement that a strict response validator judges, over every exchange of a run.

One trailing space in every reply would otherwise redden everything. Such a case gathers the violations of its
requirement from all performances; it is charged only where a case that showed it shows it again, played alone.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType

from harness.cases import Case, Performance
from harness.judge.judging import Bench, signature
from harness.player import Player
from harness.results import CaseResult, Deviation, EventRecord, ExpectationResult, event_records
from harness.stage import Capabilities
from harness.transcript import Exchange
from harness.verdicts import Level, Outcome, Verdict
from harness.wire import imap_validator, pop3_validator, smtp_validator
from harness.wire.findings import Report, Violation

#: Kinds of violation that are shown for one requirement.
KINDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ValidatorCase:
    """A requirement that a validator judges, as something that can be selected and reported like a case."""

    id: str
    title: str
    protocol: str
    requirements: tuple[str, ...]
    digest: str


def _cases(protocol: str, requirements: Sequence[str], modules: Sequence[ModuleType]) -> tuple[ValidatorCase, ...]:
    digest = hashlib.sha256("".join(map(inspect.getsource, modules)).encode()).hexdigest()
    return tuple(
        ValidatorCase(
            id=f"{protocol}/validator/{requirement.lower()}",
            title=f"Every reply of the run keeps to {requirement}",
            protocol=protocol,
            requirements=(requirement,),
            digest=digest,
        )
        for requirement in requirements
    )


#: The validator cases of each protocol.
VALIDATORS: Mapping[str, tuple[ValidatorCase, ...]] = {
    "pop3": _cases("pop3", sorted(pop3_validator.REQUIREMENTS), (pop3_validator, *pop3_validator.PARTS)),
    "imap": _cases("imap", sorted(imap_validator.REQUIREMENTS), (imap_validator, *imap_validator.PARTS)),
    "smtp": _cases("smtp", sorted(smtp_validator.REQUIREMENTS), (smtp_validator, *smtp_validator.PARTS)),
}
#: The validator of each suite: it judges the exchanges of its own protocols alone.
_VALIDATE: Mapping[str, Callable[[Sequence[Exchange], Mapping[str, Sequence[str]] | None], Report]] = {
    "pop3": pop3_validator.validate,
    "imap": imap_validator.validate,
    "smtp": smtp_validator.validate,
}
#: Which of them judges an exchange, by its protocol.
_JUDGES: Mapping[str, str] = {"pop3": "pop3", "imap": "imap", **dict.fromkeys(smtp_validator.PROTOCOLS, "smtp")}


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A violation, and where it was seen."""

    violation: Violation
    case: Case
    transcript: tuple[EventRecord, ...]


@dataclass(slots=True)
class Validators:
    """Gathers violations while cases are played, and settles them at the end."""

    bench: Bench
    capabilities: Capabilities = field(default_factory=dict)
    # by protocol and requirement
    _sightings: dict[tuple[str, str], dict[str, _Sighting]] = field(default_factory=dict)
    _checked: dict[tuple[str, str], int] = field(default_factory=dict)
    _seen_in: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, case: Case, performance: Performance) -> None:
        """Validate every exchange of a performance."""
        for protocol, report in self._validate(performance).items():
            for requirement, count in report.checked.items():
                key = (protocol, requirement)
                self._checked[key] = self._checked.get(key, 0) + count
            for violation in report.violations:
                key = (protocol, violation.requirement)
                kinds = self._sightings.setdefault(key, {})
                self._seen_in[key] = self._seen_in.get(key, 0) + 1
                if violation.kind not in kinds:
                    kinds[violation.kind] = _Sighting(violation, case, event_records(performance.transcript))

    def _validate(self, performance: Performance) -> dict[str, Report]:
        """A report for each protocol that was spoken."""
        exchanges = performance.transcript.exchanges
        spoken = {_JUDGES[exchange.protocol] for exchange in exchanges}
        return {name: _VALIDATE[name](exchanges, self.capabilities.get(name)) for name in sorted(spoken)}

    async def results(self, checks: Sequence[ValidatorCase], player: Player) -> list[CaseResult]:
        """One result for each validator case, violations confirmed by playing the case that showed them again."""
        return [await self._result(check, player) for check in checks]

    async def _result(self, check: ValidatorCase, player: Player) -> CaseResult:
        key = (check.protocol, check.requirements[0])
        count = self._checked.get(key, 0)
        result = CaseResult(
            id=check.id,
            title=check.title,
            protocol=check.protocol,
            outcome=Outcome.CONFORMS,
            requirements=check.requirements,
            seconds=0.0,
            notes=(f"{count} replies were checked",),
        )
        sightings = list(self._sightings.get(key, {}).values())
        if not sightings:
            return result if count else _nothing_checked(result)
        return await self._charged(check, result, sightings, player)

    async def _charged(
        self, check: ValidatorCase, result: CaseResult, sightings: Sequence[_Sighting], player: Player
    ) -> CaseResult:
        confirmed = [each for each in sightings[:KINDS_SHOWN] if await self._again(check.protocol, each, player)]
        first = (confirmed or sightings)[0]
        note = f"seen {self._seen_in[(check.protocol, check.requirements[0])]} times; shown from {first.case.id}"
        result = replace(
            result, transcript=first.transcript, notes=(*result.notes, note), plays=2, source=first.case.source
        )
        if not confirmed:
            return replace(result, outcome=Outcome.UNSTABLE, reason=f"seen in {first.case.id}, and not again")
        level = self.bench.requirements[check.requirements[0]].level
        verdict = level.verdict_when_broken
        return replace(
            result,
            outcome=Outcome(verdict.value),
            deviations=tuple(_deviation(check, each.violation, level) for each in confirmed),
            expectations=tuple(_expectation(check, each.violation, verdict) for each in confirmed),
        )

    async def _again(self, protocol: str, sighting: _Sighting, player: Player) -> bool:
        """Whether the case that showed a violation shows it again, played alone."""
        report = self._validate(await player.play(sighting.case)).get(protocol)
        wanted = (sighting.violation.requirement, sighting.violation.kind)
        return report is not None and any((each.requirement, each.kind) == wanted for each in report.violations)


def _nothing_checked(result: CaseResult) -> CaseResult:
    """A validator that saw nothing to judge has not passed."""
    return replace(result, outcome=Outcome.NOT_APPLICABLE, reason="no reply of this kind came in the run", notes=())


def _deviation(check: ValidatorCase, violation: Violation, level: Level) -> Deviation:
    return Deviation(
        signature=signature(check.id, violation.requirement, violation.facet.value, violation.kind),
        requirement=violation.requirement,
        level=level,
        verdict=level.verdict_when_broken,
        facet=violation.facet,
        expected=violation.expected,
        observed=violation.observed,
        kind=violation.kind,
        event=violation.event,
    )


def _expectation(check: ValidatorCase, violation: Violation, verdict: Verdict) -> ExpectationResult:
    return ExpectationResult(
        requirements=check.requirements,
        verdict=verdict,
        facet=violation.facet,
        expected=violation.expected,
        observed=violation.observed,
        event=violation.event,
    )
