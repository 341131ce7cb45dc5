"""The verdict table, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cases import Case, Ending, Observation, Performance
from harness.errors import Position
from harness.judge.judging import Bench, judge, signature
from harness.normalise.rules import Difference, Rule, RuleSet
from harness.requirements.model import Requirement
from harness.transcript import Transcript
from harness.verdicts import Facet, Level, Outcome, Verdict

LICENCE = Rule("free-code", "RFC 2449 §8", "codes are free", lambda each: each.facet is Facet.CODE)


async def script(_stage: object) -> None:
    """Never played here."""


CASE = Case("pop3/rfc1939-5/x", "x", "pop3", ("RFC1939-5-a",), script, Position("x", 1), "digest")


def bench(level: Level = Level.MUST) -> Bench:
    requirements = {
        "RFC1939-5-a": Requirement("RFC1939-5-a", level, "server", "does it"),
        "RFC1939-5-b": Requirement("RFC1939-5-b", Level.SHOULD, "server", "should do it"),
    }
    return Bench(requirements, RuleSet([LICENCE]))


def observation(
    *requirements: str,
    holds: bool = True,
    status: str = "+OK",
    code: str = "",
    by_oracle: bool = False,
) -> Observation:
    return Observation(
        requirements,
        Facet.STATUS,
        holds,
        expected="+OK",
        observed=status,
        kind=f"status:{status}",
        canonical={"verb": "NOOP", "status": status, "code": code},
        by_oracle=by_oracle,
    )


def performance(*observations: Observation, ending: Ending = Ending.FINISHED, reason: str = "") -> Performance:
    return Performance(CASE.id, ending, reason, Transcript(), observations, 0.1)


A = "RFC1939-5-a"


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (observation(A), observation(A), Verdict.CONFORMS),
        (observation(A, code="X"), observation(A), Verdict.VARIES),
        (observation(A, status="-ERR"), observation(A), Verdict.REVIEW),
        (observation(A, holds=False, status="-ERR"), observation(A), Verdict.DEVIATES),
        (observation(A, holds=False), observation(A), Verdict.DEVIATES),
        (observation("RFC1939-5-b", holds=False), observation("RFC1939-5-b"), Verdict.WARNS),
        (observation("RFC1939-5-b", A, holds=False), observation(A), Verdict.DEVIATES),
        (observation(), observation(), Verdict.CONFORMS),
        (observation(code="X"), observation(), Verdict.VARIES),
        (observation(status="-ERR"), observation(), Verdict.REVIEW),
        (observation(A, by_oracle=True), observation(A, by_oracle=True), Verdict.CONFORMS),
        (observation(A, status="-ERR", by_oracle=True), observation(A, by_oracle=True), Verdict.DEVIATES),
        (observation(A, code="X", by_oracle=True), observation(A, by_oracle=True), Verdict.VARIES),
    ],
)
def test_verdict_table(ours: Observation, theirs: Observation, verdict: Verdict) -> None:
    result = judge(CASE, performance(ours), performance(theirs), bench())
    assert result.expectations[0].verdict is verdict
    assert result.outcome.value == verdict.value
    assert bool(result.deviations) == (verdict in (Verdict.WARNS, Verdict.DEVIATES))


@pytest.mark.parametrize(
    ("level", "outcome"),
    [
        (Level.MUST, Outcome.DEVIATES),
        (Level.MUST_NOT, Outcome.DEVIATES),
        (Level.STATEMENT, Outcome.DEVIATES),
        (Level.SHOULD, Outcome.WARNS),
        (Level.SHOULD_NOT, Outcome.WARNS),
        (Level.MAY, Outcome.CONFORMS),
    ],
)
def test_the_level_decides_what_a_failure_is(level: Level, outcome: Outcome) -> None:
    broken = observation(A, holds=False)
    assert judge(CASE, performance(broken), performance(observation(A)), bench(level)).outcome is outcome


def test_where_the_reference_fails_nothing_is_charged() -> None:
    failing = observation(A, holds=False, status="-ERR")
    result = judge(CASE, performance(failing), performance(failing), bench())
    assert result.outcome is Outcome.HARNESS_ERROR
    assert not result.deviations
    assert "expected +OK, got -ERR" in result.reason


def test_where_the_reference_cannot_finish_nothing_is_charged() -> None:
    broken = performance(ending=Ending.LOST, reason="gone")
    assert judge(CASE, performance(observation(A)), broken, bench()).outcome is Outcome.HARNESS_ERROR


def test_where_the_reference_lacks_what_the_case_is_about_the_clause_alone_decides() -> None:
    absent = performance(ending=Ending.NOT_APPLICABLE, reason="not advertised")
    assert judge(CASE, performance(observation(A)), absent, bench()).outcome is Outcome.CONFORMS
    assert judge(CASE, performance(observation(A, holds=False)), absent, bench()).outcome is Outcome.DEVIATES


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.NOT_APPLICABLE, Outcome.NOT_APPLICABLE),
        (Ending.BLOCKED, Outcome.BLOCKED),
        (Ending.LOST, Outcome.TARGET_LOST),
        (Ending.ERROR, Outcome.HARNESS_ERROR),
    ],
)
def test_endings_are_outcomes_of_their_own(ending: Ending, outcome: Outcome) -> None:
    ended = performance(observation(A), ending=ending, reason="why")
    result = judge(CASE, ended, performance(observation(A)), bench())
    assert (result.outcome, result.reason) == (outcome, "why")


def test_a_case_that_judged_nothing_is_an_error_of_ours() -> None:
    assert judge(CASE, performance(), performance(), bench()).outcome is Outcome.HARNESS_ERROR


def test_a_finding_before_a_block_is_kept() -> None:
    ended = performance(observation(A, holds=False), ending=Ending.BLOCKED, reason="then this failed")
    result = judge(CASE, ended, performance(observation(A)), bench())
    assert (result.outcome, result.reason) == (Outcome.DEVIATES, "then this failed")


def test_a_difference_in_status_hides_what_follows_from_it() -> None:
    ours = observation(A, status="-ERR", code="X")
    assert judge(CASE, performance(ours), performance(observation(A)), bench()).outcome is Outcome.REVIEW


def test_signatures_hold_no_free_text() -> None:
    broken = observation(A, holds=False, status="-ERR")
    deviation = judge(CASE, performance(broken), performance(observation(A)), bench()).deviations[0]
    assert deviation.signature == signature(CASE.id, A, "status", "status:-ERR")
    assert deviation.signature == "pop3/rfc1939-5/x RFC1939-5-a status status:-ERR"


def test_a_rule_without_a_clause_does_not_load() -> None:
    with pytest.raises(Exception, match="cites no clause"):
        RuleSet([Rule("lenient", "", "anything goes", lambda _: True)])


def test_rules_are_asked_in_order() -> None:
    other = Rule("also", "RFC 1939 §3", "text is free", lambda _: True)
    difference = Difference("pop3", "NOOP", Facet.CODE, "X", "")
    assert RuleSet([LICENCE, other]).licence(difference) is LICENCE
    assert RuleSet([]).licence(difference) is None


def test_a_difference_that_is_charged_already_is_not_to_be_reviewed_too() -> None:
    status, content = observation(A, status="-ERR"), observation(A, holds=False)
    ours = [replace(each, event=7) for each in (status, content)]
    theirs = performance(observation(A), observation(A))
    result = judge(CASE, performance(*ours), theirs, bench())
    assert [each.verdict for each in result.expectations] == [Verdict.CONFORMS, Verdict.DEVIATES]
    elsewhere = judge(CASE, performance(replace(status, event=6), ours[1]), theirs, bench())
    assert [each.verdict for each in elsewhere.expectations] == [Verdict.REVIEW, Verdict.DEVIATES]
