"""The verdict table: what an expectation comes to, given the target, the oracle and the rules.

| expectation with ids | same as the oracle | verdict |
|---|---|---|
| holds | yes | CONFORMS |
| holds | no | VARIES where a rule licenses the difference, else REVIEW |
| fails | any | DEVIATES (MUST, MUST NOT, STATEMENT) or WARNS (SHOULD); a MAY never fails |
| none | no | VARIES where licensed, else REVIEW |

An expectation without ids that fails blocks the case. Where the reference does not meet an expectation itself,
postel is at fault: HARNESS_ERROR, and nothing is charged to the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from harness.cases import Case, Ending, Observation, Performance
from harness.errors import UsageError
from harness.judge.compare import Comparison, compare
from harness.normalise.rules import RuleSet
from harness.requirements.model import Requirement
from harness.results import CaseResult, Deviation, ExpectationResult, event_records, worst
from harness.verdicts import Level, Outcome, Verdict

_ENDED: Mapping[Ending, Outcome] = {
    Ending.NOT_APPLICABLE: Outcome.NOT_APPLICABLE,
    Ending.BLOCKED: Outcome.BLOCKED,
    Ending.LOST: Outcome.TARGET_LOST,
    Ending.ERROR: Outcome.HARNESS_ERROR,
}


@dataclass(frozen=True, slots=True)
class Bench:
    """What a judge needs beside the two performances: the law (requirements by id) and the rules."""

    requirements: Mapping[str, Requirement]
    rules: RuleSet


def judge(case: Case, target: Performance, oracle: Performance, bench: Bench) -> CaseResult:
    """Judge one played case. Pure: the same performances give the same result."""
    result = CaseResult(
        id=case.id,
        title=case.title,
        protocol=case.protocol,
        outcome=Outcome.CONFORMS,
        requirements=case.requirements,
        seconds=round(target.seconds, 4),
        transcript=event_records(target.transcript),
        oracle_transcript=event_records(oracle.transcript),
        notes=target.notes,
        source=case.source,
        place=f"{case.position}",
    )
    fault = _oracle_fault(oracle)
    if fault and target.ending not in (Ending.NOT_APPLICABLE, Ending.ERROR):
        return replace(result, outcome=Outcome.HARNESS_ERROR, reason=f"the reference does not meet the case: {fault}")
    judged = [
        _expectation(case, ours, theirs, bench)
        for ours, theirs in zip_longest(target.observations, oracle.observations[: len(target.observations)])
        if ours is not None
    ]
    expectations = _explained([expectation for expectation, _ in judged])
    deviations = tuple(deviation for _, deviation in judged if deviation is not None)
    outcome, reason = _outcome(target, expectations, deviations)
    return replace(result, outcome=outcome, reason=reason, expectations=expectations, deviations=deviations)


def _explained(expectations: Sequence[ExpectationResult]) -> tuple[ExpectationResult, ...]:
    """A reply that one expectation charges differs from the oracle's for that reason: nothing is left to review."""
    charged = {each.event for each in expectations if each.verdict in (Verdict.WARNS, Verdict.DEVIATES)} - {None}
    return tuple(
        replace(each, verdict=Verdict.CONFORMS) if each.verdict is Verdict.REVIEW and each.event in charged else each
        for each in expectations
    )


def _oracle_fault(oracle: Performance) -> str:
    """Why the reference cannot be a witness here, or nothing.

    What the case is about may be missing from the reference (LOGIN-DELAY, say): then there is no witness, and the
    clause alone decides.
    """
    if oracle.ending is Ending.NOT_APPLICABLE:
        return ""
    if oracle.ending is not Ending.FINISHED:
        return oracle.reason or oracle.ending.value
    for observation in oracle.observations:
        if not observation.holds:
            where = f"line {observation.line}: " if observation.line else ""
            return f"{where}expected {observation.expected}, got {observation.observed}"
    return ""


def _outcome(
    target: Performance, expectations: Sequence[ExpectationResult], deviations: Sequence[Deviation]
) -> tuple[Outcome, str]:
    """The worst verdict; a case that could not be judged to its end says why, unless it deviated before that."""
    if target.ending is not Ending.FINISHED and not (deviations and target.ending is Ending.BLOCKED):
        return _ENDED[target.ending], target.reason
    if not expectations:
        return Outcome.HARNESS_ERROR, "the case judged nothing"
    verdict = worst(expectation.verdict for expectation in expectations)
    return Outcome(verdict.value), target.reason


def _expectation(
    case: Case, ours: Observation, theirs: Observation | None, bench: Bench
) -> tuple[ExpectationResult, Deviation | None]:
    """Judge one expectation."""
    comparison = compare(case.protocol, ours, theirs, bench.rules)
    holds = ours.holds and not (ours.by_oracle and not comparison.same and comparison.unlicensed is not None)
    verdict, rule = _verdict(ours, comparison, bench, holds=holds)
    result = ExpectationResult(
        requirements=ours.requirements,
        verdict=verdict,
        facet=ours.facet,
        expected=_expected(ours, theirs),
        observed=ours.observed,
        oracle=theirs.observed if theirs is not None else "",
        rule=rule,
        event=ours.event,
        oracle_event=theirs.event if theirs is not None else None,
        line=ours.line,
    )
    if verdict not in (Verdict.WARNS, Verdict.DEVIATES):
        return result, None
    return result, _deviation(case, ours, result, bench)


def _verdict(ours: Observation, comparison: Comparison, bench: Bench, *, holds: bool) -> tuple[Verdict, str]:
    if not holds and ours.requirements:
        return worst(_level(bench, name).verdict_when_broken for name in ours.requirements), ""
    if not holds or comparison.same:
        return Verdict.CONFORMS, ""  # a failed prerequisite judges nothing: the ending says so
    if comparison.unlicensed is not None:
        return Verdict.REVIEW, ""
    return Verdict.VARIES, comparison.rule.id if comparison.rule else ""


def _expected(ours: Observation, theirs: Observation | None) -> str:
    return theirs.observed if ours.by_oracle and theirs is not None else ours.expected


def _level(bench: Bench, requirement: str) -> Level:
    found = bench.requirements.get(requirement)
    if found is None:
        raise UsageError(f"no requirement has the id {requirement}", mend="see `postel requirements`")
    return found.level


def _deviation(case: Case, ours: Observation, result: ExpectationResult, bench: Bench) -> Deviation:
    requirement = max(ours.requirements, key=lambda name: _level(bench, name).verdict_when_broken.severity)
    return Deviation(
        signature=signature(case.id, requirement, ours.facet.value, ours.kind),
        requirement=requirement,
        level=_level(bench, requirement),
        verdict=result.verdict,
        facet=ours.facet,
        expected=result.expected,
        observed=ours.observed,
        kind=ours.kind,
        event=ours.event,
        oracle_event=result.oracle_event,
    )


def signature(case_id: str, requirement: str, facet: str, kind: str) -> str:
    """What makes a deviation the same one in another run: no free text, no numbers that change."""
    return " ".join((case_id, requirement, facet, kind.replace(" ", "-")))
