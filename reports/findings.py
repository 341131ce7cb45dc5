"""What a run found: deviations gathered under the requirement they break, and what was not judged, by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.results import CaseResult, Deviation, RequirementRecord, RunResult, worst
from harness.verdicts import Outcome, Verdict
from reports.sections import Section, natural, requirement_of, section_of

#: Judged outcomes, the worst first.
JUDGED = tuple(sorted((outcome for outcome in Outcome if outcome.judged), key=list(Outcome).index, reverse=True))
#: Outcomes that say why nothing was judged, those that need somebody's attention first.
UNJUDGED = (
    Outcome.HARNESS_ERROR,
    Outcome.TARGET_LOST,
    Outcome.UNSTABLE,
    Outcome.BLOCKED,
    Outcome.NOT_APPLICABLE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One charged deviation and the case that showed it."""

    case: CaseResult
    deviation: Deviation


@dataclass(frozen=True, slots=True)
class Sight:
    """The same thing expected and the same thing observed, with every finding of it."""

    expected: str
    observed: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BrokenRequirement:
    """A requirement with every deviation that is charged under it: however many cases show it, it is one finding."""

    requirement: RequirementRecord
    section: Section
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its deviations."""
        return worst(finding.deviation.verdict for finding in self.findings)

    @property
    def cases(self) -> tuple[CaseResult, ...]:
        """The cases that show it, each once, in the order of the run."""
        return tuple({finding.case.id: finding.case for finding in self.findings}.values())

    @property
    def sights(self) -> list[Sight]:
        """Its findings, gathered where they read the same; the most frequent first."""
        gathered: dict[tuple[str, str], list[Finding]] = {}
        for finding in self.findings:
            gathered.setdefault((finding.deviation.expected, finding.deviation.observed), []).append(finding)
        sights = [Sight(*key, tuple(findings)) for key, findings in gathered.items()]
        return sorted(sights, key=lambda sight: -len(sight.findings))

    @property
    def new(self) -> int:
        """How many of its deviations no baseline knows."""
        return sum(not finding.deviation.known for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Reason:
    """Cases that were not judged for the same reason."""

    outcome: Outcome
    text: str
    cases: tuple[CaseResult, ...]


def charged(case: CaseResult) -> tuple[Deviation, ...]:
    """The deviations that count against the target: none where the case as a whole was not judged."""
    return case.deviations if case.outcome.judged else ()


def broken_requirements(run: RunResult) -> list[BrokenRequirement]:
    """Every requirement that the target breaks: worst verdict first, new before known, most cases first."""
    found: dict[str, list[Finding]] = {}
    for case in run.cases:
        for deviation in charged(case):
            found.setdefault(deviation.requirement, []).append(Finding(case, deviation))
    groups = []
    for requirement_id, findings in found.items():
        requirement = requirement_of(run.header, requirement_id)
        groups.append(BrokenRequirement(requirement, section_of(requirement), tuple(findings)))
    return sorted(groups, key=_gravity)


def _gravity(group: BrokenRequirement) -> tuple[int, bool, int, list[tuple[int, int, str]]]:
    return (-group.verdict.severity, not group.new, -len(group.cases), natural(group.requirement.id))


def unjudged_reasons(cases: Iterable[CaseResult]) -> list[Reason]:
    """The cases that were not judged, gathered by outcome and reason; the most frequent reason of an outcome first."""
    gathered: dict[tuple[Outcome, str], list[CaseResult]] = {}
    for case in cases:
        if not case.outcome.judged:
            text = f"{case.reason} (excused: {case.excused})" if case.excused else case.reason
            gathered.setdefault((case.outcome, text), []).append(case)
    reasons = [Reason(outcome, text, tuple(found)) for (outcome, text), found in gathered.items()]
    return sorted(reasons, key=lambda reason: (UNJUDGED.index(reason.outcome), -len(reason.cases)))
