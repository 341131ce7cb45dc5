"""Why a run exits as it does: one code and one sentence, from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ExitCode
from harness.results import EXIT_PRECEDENCE, CaseResult
from harness.verdicts import Outcome, Verdict


class FailOn(StrEnum):
    """The threshold: from which level on a new deviation fails a run."""

    MUST = "must"
    SHOULD = "should"

    def fails(self, verdict: Verdict) -> bool:
        """Whether a deviation of this verdict is at or above the threshold."""
        return verdict is Verdict.DEVIATES or (self is FailOn.SHOULD and verdict is Verdict.WARNS)


@dataclass(frozen=True, slots=True)
class Exit:
    """An exit code and why, in words."""

    code: ExitCode
    reason: str


def decide(
    results: Sequence[CaseResult],
    *,
    fail_on: FailOn,
    stale: Sequence[str] = (),
    interrupted: bool = False,
    target_failed: str = "",
    harness_failed: str = "",
) -> Exit:
    """The exit of a run. If several reasons apply, the first of `EXIT_PRECEDENCE` decides; never a count."""
    reasons: dict[ExitCode, str] = {ExitCode.OK: "nothing new at or above the threshold"}
    if interrupted:
        reasons[ExitCode.INTERRUPTED] = "interrupted; the report holds what was measured until then"
    broken = [result.id for result in results if result.outcome is Outcome.HARNESS_ERROR]
    if harness_failed or broken:
        reasons[ExitCode.HARNESS] = harness_failed or f"postel or its reference failed in {_some(broken)}"
    target = target_failed or _target_reason(results)
    if target:
        reasons[ExitCode.TARGET] = target
    new = [
        deviation
        for result in results
        for deviation in result.deviations
        if not deviation.known and fail_on.fails(deviation.verdict) and _charged(result)
    ]
    if new:
        clauses = sorted({deviation.requirement for deviation in new})
        reasons[ExitCode.DEVIATIONS] = f"new deviations from {_some(clauses)}"
    if stale:
        reasons[ExitCode.BASELINE] = f"the baseline lists what no longer happens: {_some(stale)}"
    code = next(code for code in EXIT_PRECEDENCE if code in reasons)
    return Exit(code, reasons[code])


def _charged(result: CaseResult) -> bool:
    return result.outcome in (Outcome.DEVIATES, Outcome.WARNS)


def _target_reason(results: Sequence[CaseResult]) -> str:
    lost = [result.id for result in results if result.outcome is Outcome.TARGET_LOST]
    if lost:
        return f"the target was lost in {_some(lost)}"
    blocked = [result.id for result in results if result.outcome is Outcome.BLOCKED and not result.excused]
    if blocked:
        return f"cases could not be judged, and the profile gives no reason: {_some(blocked)}"
    if not any(result.outcome.judged for result in results):
        return "nothing was judged"
    return ""


def _some(names: Sequence[str], limit: int = 3) -> str:
    listed = ", ".join(names[:limit])
    return listed if len(names) <= limit else f"{listed} and {len(names) - limit} more"
