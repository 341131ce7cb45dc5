"""Exit codes: one reason each, and which wins where several apply."""

from __future__ import annotations

import pytest

from harness.errors import ExitCode
from harness.exits import FailOn, decide
from harness.results import CaseResult, Deviation
from harness.verdicts import Facet, Level, Outcome, Verdict


def result(outcome: Outcome, *, known: str = "", excused: str = "", case_id: str = "pop3/a/b") -> CaseResult:
    deviations: tuple[Deviation, ...] = ()
    if outcome in (Outcome.DEVIATES, Outcome.WARNS):
        verdict = Verdict(outcome.value)
        deviations = (
            Deviation("sig", "RFC1939-3-a", Level.MUST, verdict, Facet.STATUS, "+OK", "-ERR", "k", known=known),
        )
    return CaseResult(case_id, "t", "pop3", outcome, (), 0.1, deviations=deviations, excused=excused)


GOOD = result(Outcome.CONFORMS)


@pytest.mark.parametrize(
    ("outcome", "fail_on", "code"),
    [
        (Outcome.CONFORMS, FailOn.MUST, ExitCode.OK),
        (Outcome.VARIES, FailOn.SHOULD, ExitCode.OK),
        (Outcome.REVIEW, FailOn.SHOULD, ExitCode.OK),
        (Outcome.NOT_APPLICABLE, FailOn.MUST, ExitCode.OK),
        (Outcome.WARNS, FailOn.MUST, ExitCode.OK),
        (Outcome.WARNS, FailOn.SHOULD, ExitCode.DEVIATIONS),
        (Outcome.DEVIATES, FailOn.MUST, ExitCode.DEVIATIONS),
        (Outcome.BLOCKED, FailOn.MUST, ExitCode.TARGET),
        (Outcome.TARGET_LOST, FailOn.MUST, ExitCode.TARGET),
        (Outcome.HARNESS_ERROR, FailOn.MUST, ExitCode.HARNESS),
    ],
)
def test_one_reason(outcome: Outcome, fail_on: FailOn, code: ExitCode) -> None:
    assert decide([GOOD, result(outcome)], fail_on=fail_on).code is code


def test_nothing_judged_is_never_zero() -> None:
    assert decide([], fail_on=FailOn.MUST).code is ExitCode.TARGET
    assert decide([result(Outcome.NOT_APPLICABLE)], fail_on=FailOn.MUST).code is ExitCode.TARGET


def test_a_known_deviation_is_not_new() -> None:
    assert decide([result(Outcome.DEVIATES, known="issue 7")], fail_on=FailOn.SHOULD).code is ExitCode.OK


def test_a_blocked_case_with_a_reason_from_the_profile_is_excused() -> None:
    assert decide([GOOD, result(Outcome.BLOCKED, excused="no LMTP here")], fail_on=FailOn.MUST).code is ExitCode.OK


def test_many_deviations_are_still_one() -> None:
    assert decide([result(Outcome.DEVIATES)] * 256, fail_on=FailOn.MUST).code == 1


def test_the_worst_reason_wins() -> None:
    everything = [result(Outcome.DEVIATES), result(Outcome.TARGET_LOST), result(Outcome.HARNESS_ERROR)]
    assert decide(everything, fail_on=FailOn.MUST, stale=["x"], interrupted=True).code is ExitCode.INTERRUPTED
    assert decide(everything, fail_on=FailOn.MUST, stale=["x"]).code is ExitCode.HARNESS
    assert decide(everything[:2], fail_on=FailOn.MUST, stale=["x"]).code is ExitCode.TARGET
    assert decide(everything[:1], fail_on=FailOn.MUST, stale=["x"]).code is ExitCode.DEVIATIONS
    assert decide([GOOD], fail_on=FailOn.MUST, stale=["x"]).code is ExitCode.BASELINE


def test_reasons_are_words() -> None:
    assert "pop3/a/b" in decide([result(Outcome.TARGET_LOST)], fail_on=FailOn.MUST).reason
