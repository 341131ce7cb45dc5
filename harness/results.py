"""The result model and its NDJSON log: one log per run is the truth, every report is a view of it.

A log is a header line, a line for each case as it is settled, and a footer line. A log without a footer is a broken
run: it is read as far as it goes and marked as incomplete. Bytes are text here, one character an octet (Latin-1), so
that JSON escapes what a terminal would obey.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import TypeAdapter, ValidationError

from harness.errors import ExitCode, Position, UsageError
from harness.transcript import Event, Transcript
from harness.verdicts import Facet, Level, Outcome, Verdict

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as it is logged; `data` holds one character an octet. `step` numbers the command it belongs to."""

    session: int
    kind: str
    at: float
    data: str = ""
    text: str = ""
    omitted: int = 0
    sha256: str = ""

    @staticmethod
    def of(event: Event) -> EventRecord:
        """The record of an event."""
        return EventRecord(
            session=event.session,
            kind=event.kind.value,
            at=event.at,
            data=event.data.decode("latin-1"),
            text=event.text,
            omitted=event.omitted,
            sha256=event.sha256,
        )


def event_records(transcript: Transcript) -> tuple[EventRecord, ...]:
    """All events of a transcript as records."""
    return tuple(EventRecord.of(event) for event in transcript.events)


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """One judged expectation. `rule` names the normalisation rule that licensed a difference (`VARIES`).

    `event` and `oracle_event` are indices into the transcripts of the target and of the oracle.
    """

    requirements: tuple[str, ...]
    verdict: Verdict
    facet: Facet
    expected: str
    observed: str
    oracle: str = ""
    rule: str = ""
    event: int | None = None
    oracle_event: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference that is charged. `signature` is stable from run to run: case, requirement, facet, kind.

    `known` is the reason that a baseline gives for it, empty where it is new.
    """

    signature: str
    requirement: str
    level: Level
    verdict: Verdict
    facet: Facet
    expected: str
    observed: str
    kind: str
    event: int | None = None
    oracle_event: int | None = None
    known: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case. `plays` counts how often it was played against the target."""

    id: str
    title: str
    protocol: str
    outcome: Outcome
    requirements: tuple[str, ...]
    seconds: float
    reason: str = ""
    expectations: tuple[ExpectationResult, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    transcript: tuple[EventRecord, ...] = ()
    oracle_transcript: tuple[EventRecord, ...] = ()
    notes: tuple[str, ...] = ()
    plays: int = 1
    source: str = ""
    place: str = ""
    excused: str = ""  # a reason from the profile for a BLOCKED case
    type: Literal["case"] = "case"


@dataclass(frozen=True, slots=True)
class RequirementRecord:
    """A requirement that some case of the run cites, so that a report needs nothing but the log."""

    id: str
    level: Level
    clause: str
    summary: str
    untestable: str = ""


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """A normalisation rule: what it erases, and the clause that permits it."""

    id: str
    clause: str
    summary: str


@dataclass(frozen=True, slots=True)
class TunedSetting:
    """A setting of the target that the profile changed, with what it is in stock."""

    setting: str
    value: str
    stock: str
    why: str = ""
    unjudged: tuple[str, ...] = ()  # requirements that cannot be judged with this value


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One thing that the preflight tried, what it saw, and what to change where it failed."""

    tried: str
    saw: str
    ok: bool
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What was run, against what, with which settings.

    `target` is the target's name, `command` how the command line named it, `profile` the profile lent to it, if any.
    """

    postel: str
    started: str
    target: str
    product: str
    version: str
    image_digest: str
    suites: tuple[str, ...]
    selectors: tuple[str, ...]
    case_count: int
    suite_signature: str
    seed: int
    jobs: int
    timeout: float
    fail_on: str
    profile: str
    command: str
    tuned: tuple[TunedSetting, ...] = ()
    capabilities: dict[str, list[str]] = field(default_factory=dict)
    doctor: tuple[DoctorLine, ...] = ()
    requirements: dict[str, RequirementRecord] = field(default_factory=dict)
    rules: dict[str, RuleRecord] = field(default_factory=dict)
    schema: int = SCHEMA
    type: Literal["header"] = "header"


@dataclass(frozen=True, slots=True)
class Footer:
    """How the run ended. `complete` is false when it was interrupted or the target was lost for good."""

    finished: str
    seconds: float
    complete: bool
    exit_code: int
    exit_reason: str
    counts: dict[str, int]
    doctor: tuple[DoctorLine, ...] = ()
    deviations: int = 0
    known: int = 0
    stale: tuple[str, ...] = ()
    timing: dict[str, float] = field(default_factory=dict)
    type: Literal["footer"] = "footer"


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run as it was logged; `footer` is None for a broken one."""

    header: Header
    cases: tuple[CaseResult, ...]
    footer: Footer | None

    @property
    def complete(self) -> bool:
        """True when the run reached its end and the log holds all of it."""
        return self.footer is not None and self.footer.complete

    @property
    def counts(self) -> dict[Outcome, int]:
        """Cases by outcome, counted from the case lines; every outcome has an entry."""
        counted = Counter(case.outcome for case in self.cases)
        return {outcome: counted[outcome] for outcome in Outcome}


_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "header": TypeAdapter(Header),
    "case": TypeAdapter(CaseResult),
    "footer": TypeAdapter(Footer),
}


def dump_line(line: Header | CaseResult | Footer) -> str:
    """One NDJSON line, without its line end."""
    return json.dumps(_ADAPTERS[line.type].dump_python(line, mode="json"), ensure_ascii=True)


class RunLog:
    """Writes the NDJSON log, a line at a time, flushed, so that an interrupted run keeps what it measured."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, line: Header | CaseResult | Footer) -> None:
        """Append one line. Raises OSError where the disk is full."""
        self._stream.write(dump_line(line) + "\n")
        self._stream.flush()


def read_run(path: Path) -> RunResult:
    """Read a log. A missing footer or a torn last line makes a broken run; anything else wrong raises UsageError."""
    header: Header | None = None
    footer: Footer | None = None
    cases: list[CaseResult] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, text in enumerate(lines, 1):
        torn = number == len(lines)
        parsed = _read_line(text, Position(path, number), torn=torn)
        if isinstance(parsed, Header):
            header = parsed
        elif isinstance(parsed, Footer):
            footer = parsed
        elif parsed is not None:
            cases.append(parsed)
    if header is None:
        raise UsageError(
            "this is not a run log: it has no header line",
            position=Position(path, 1),
            mend="give the run.ndjson that `postel run` wrote",
        )
    return RunResult(header, tuple(cases), footer)


def _read_line(text: str, position: Position, *, torn: bool) -> Header | CaseResult | Footer | None:
    try:
        raw = json.loads(text)
        adapter = _ADAPTERS[raw["type"]]
        line: Header | CaseResult | Footer = adapter.validate_python(raw)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        if torn:
            return None
        reason = str(error).split("\n")[0]
        raise UsageError(f"not a line of a run log: {reason}", position=position) from error
    if isinstance(line, Header) and line.schema != SCHEMA:
        raise UsageError(
            f"log schema {line.schema} is not schema {SCHEMA}",
            position=position,
            mend="read it with the postel version that wrote it",
        )
    return line


def worst(outcomes: Iterable[Verdict]) -> Verdict:
    """The most severe verdict; CONFORMS for none."""
    return max(outcomes, key=lambda verdict: verdict.severity, default=Verdict.CONFORMS)


def now_text() -> str:
    """The present moment, UTC, to the second (ISO 8601)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


#: Why a run exits as it does, worst first; if several apply the first wins.
EXIT_PRECEDENCE: Sequence[ExitCode] = (
    ExitCode.INTERRUPTED,
    ExitCode.USAGE,
    ExitCode.HARNESS,
    ExitCode.TARGET,
    ExitCode.DEVIATIONS,
    ExitCode.BASELINE,
    ExitCode.OK,
)
