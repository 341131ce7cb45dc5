"""The sentences that every report says alike: how a run ended, what a case is played again with, what an event is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ExitCode
from harness.results import CaseResult, Header, RunResult
from harness.transcript import EventKind
from harness.verdicts import Outcome, Verdict
from reports.findings import broken_requirements

OUTCOME_NAME: dict[Outcome, str] = {
    Outcome.CONFORMS: "Conforms",
    Outcome.VARIES: "Varies",
    Outcome.REVIEW: "Review",
    Outcome.WARNS: "Warns",
    Outcome.DEVIATES: "Deviates",
    Outcome.NOT_APPLICABLE: "Not applicable",
    Outcome.BLOCKED: "Blocked",
    Outcome.TARGET_LOST: "Target lost",
    Outcome.UNSTABLE: "Unstable",
    Outcome.HARNESS_ERROR: "Harness error",
}

#: What an exit code means, for a log that gives no reason.
EXIT_MEANING: dict[int, str] = {
    ExitCode.OK: "nothing new at or above the threshold",
    ExitCode.DEVIATIONS: "new deviations",
    ExitCode.USAGE: "a wrong option, selector or input",
    ExitCode.TARGET: "the target could not be used or was lost",
    ExitCode.HARNESS: "a fault of postel or of its reference",
    ExitCode.BASELINE: "the baseline is stale or not valid",
    ExitCode.INTERRUPTED: "interrupted",
}

EVENT_WORDS: dict[str, str] = {
    EventKind.CONNECTED: "connected",
    EventKind.TLS: "TLS established",
    EventKind.CLOSED: "server closed the connection",
    EventKind.RESET: "server reset the connection",
    EventKind.LEFT: "postel closed the connection",
    EventKind.SILENT: "nothing came before the deadline",
    EventKind.NOTE: "note",
}


class Tone(StrEnum):
    """How a headline is meant."""

    GOOD = "good"
    BAD = "bad"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Headline:
    """A run in one sentence; `why` says how it ended."""

    text: str
    why: str
    tone: Tone


def exit_code(run: RunResult) -> int:
    """The run's exit code; a log without a footer is an interrupted run."""
    return run.footer.exit_code if run.footer else ExitCode.INTERRUPTED


def exit_reason(run: RunResult) -> str:
    """Why the run ended with its exit code, in words."""
    if run.footer is None:
        return f"interrupted: the log ends after {len(run.cases)} of {run.header.case_count} cases and has no footer"
    return run.footer.exit_reason or EXIT_MEANING.get(run.footer.exit_code, "no reason was logged")


def headline(run: RunResult) -> Headline:
    """What a reader should know if they read one line only."""
    broken = broken_requirements(run)
    must = sum(group.verdict is Verdict.DEVIATES for group in broken)
    should = sum(group.verdict is Verdict.WARNS for group in broken)
    why = f"exit {exit_code(run)}: {exit_reason(run)}"
    judged = sum(case.outcome.judged for case in run.cases)
    if not run.complete:
        return Headline(f"Incomplete run: {len(run.cases)} of {run.header.case_count} cases settled", why, Tone.BROKEN)
    if judged == 0:
        return Headline("Nothing was judged", why, Tone.BROKEN)
    if must or should:
        parts = [counted(must, "MUST clause", "MUST clauses")] if must else []
        parts += [counted(should, "SHOULD or robustness check", "SHOULDs or robustness checks")] if should else []
        return Headline(f"Breaks {' and '.join(parts)}", why, Tone.BAD)
    if exit_code(run) != ExitCode.OK:
        return Headline("No deviation, and yet the run did not end well", why, Tone.BROKEN)
    return Headline(f"No deviation in {counted(judged, 'judged case', 'judged cases')}", why, Tone.GOOD)


def counted(number: int, one: str, many: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {one if number == 1 else many}"


def replay_command(case: CaseResult, header: Header) -> str:
    """The shell line that plays a case again."""
    words = ["postel", "replay", case.id, "--target", header.command or header.target]
    return shlex.join([*words, *(["--profile", header.profile] if header.profile else [])])
