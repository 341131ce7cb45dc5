"""Runner: a whole run, from bringing the target up to taking it down, with every case settled and logged.

The order: the target up, a preflight; all ordinary cases, many at once; what deviated or was lost, again and alone;
cases that need the target to themselves, one by one; the validators over every exchange that was seen; the preflight
once more; the target down. Whatever happens, a footer is written and everything started is stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from harness.baseline import Baseline
from harness.cases import Case, Isolation
from harness.corpus import Corpus
from harness.doctor import Examination, examine
from harness.errors import HarnessError, SetupError
from harness.exits import FailOn, decide
from harness.judge.judging import Bench, judge
from harness.kept import KeptPerformances
from harness.oracle import Oracle
from harness.player import Player, PlayerSettings
from harness.results import CaseResult, DoctorLine, Footer, Header, RunLog, now_text, worst
from harness.stage import Capabilities
from harness.targets.model import Target
from harness.validation import ValidatorCase, Validators
from harness.verdicts import Outcome

#: How often a target that died is brought up again in one run.
MAX_REVIVALS = 5


class Listener(Protocol):
    """Hears of a run's progress, from the runner's own thread."""

    def began(self, header: Header) -> None:
        """The preflight is over and the cases begin."""

    def settled(self, result: CaseResult) -> None:
        """A case has its final result."""

    def said(self, text: str) -> None:
        """Something worth a line: what is being waited for, a target that died."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run.

    `log` is the NDJSON file, `timeout` seconds for one answer, `jobs` how many cases are played at once. `header` is
    completed by the preflight. `excuses` gives the profile's reason for a case that cannot be done there, `kept` what
    the oracle showed in earlier runs.
    """

    log: Path
    corpus: Corpus
    bench: Bench
    header: Header
    baseline: Baseline
    excuses: Mapping[str, str]
    kept: KeptPerformances | None = None
    jobs: int = 8
    timeout: float = 10.0
    fail_on: FailOn = FailOn.MUST


@dataclass(slots=True)
class _Progress:
    """What has happened so far."""

    results: list[CaseResult] = field(default_factory=list)
    revivals: int = 0
    target_failed: str = ""
    aborted: bool = False
    interrupted: bool = False
    began_with: tuple[DoctorLine, ...] = ()
    ended_with: tuple[DoctorLine, ...] = ()
    timing: dict[str, float] = field(default_factory=dict)


class Runner:
    """One run of cases against one target, with the reference as its oracle."""

    def __init__(self, target: Target, reference: Target, settings: RunSettings, listener: Listener) -> None:
        self._target = target
        self._reference = reference
        self._settings = settings
        self._listener = listener
        target.listen(listener.said)
        self._progress = _Progress()
        self._validators = Validators(settings.bench)
        self._header_written = False

    async def run(self, cases: Sequence[Case], validators: Sequence[ValidatorCase] = ()) -> Footer:
        """Run all cases and return the footer, which is logged too.

        Raises HarnessError when the log cannot be written; CancelledError never leaves a run without its footer.
        """
        began = time.monotonic()
        try:
            with self._settings.log.open("w", encoding="utf-8") as stream:
                self._log = RunLog(stream)
                await self._guarded(cases, validators)
                footer = self._footer(time.monotonic() - began)
                self._log.write(footer)
                return footer
        except OSError as error:
            raise HarnessError(
                f"the log {self._settings.log} cannot be written: {error.strerror or error}",
                mend="free some space or give another --out; what was written so far is kept",
            ) from error

    async def _guarded(self, cases: Sequence[Case], validators: Sequence[ValidatorCase]) -> None:
        """Bring up, play, take down, whatever happens on the way."""
        try:
            await self._brought_up(cases, validators)
            if not self._header_written:
                self._write_header(Examination((), ok=False, capabilities={}))
        finally:
            await asyncio.shield(self._take_down())

    async def _brought_up(self, cases: Sequence[Case], validators: Sequence[ValidatorCase]) -> None:
        try:
            await self._target.start()
            await self._examined_run(cases, validators)
        except asyncio.CancelledError:
            self._progress.interrupted = True
        except SetupError as error:
            self._abort(str(error))

    async def _examined_run(self, cases: Sequence[Case], validators: Sequence[ValidatorCase]) -> None:
        """The preflight; then, on a usable target, everything that there is to play; then the preflight again."""
        examination = await examine(self._target, timeout=self._settings.timeout)
        self._write_header(examination)
        if not examination.ok:
            failed = next(line for line in examination.lines if not line.ok)
            self._abort(f"{failed.tried}: {failed.saw}")
            return
        self._validators.capabilities = examination.capabilities
        player = self._player(self._target, examination.capabilities)
        kept = self._settings.kept
        oracle = Oracle(self._reference_player, kept)
        await self._play_ordinary([case for case in cases if case.isolation is Isolation.ACCOUNT], player, oracle)
        await player.recover()
        for case in cases:
            if case.isolation is Isolation.TARGET:
                await self._play_alone(case, player, oracle)
        for result in await self._validators.results(validators, player):
            self._settle(result)
        ending = await examine(self._target, timeout=self._settings.timeout)
        self._progress.ended_with = ending.lines
        if not ending.ok:
            failed = next(line for line in ending.lines if not line.ok)
            self._abort(f"the target did not pass the closing check: {failed.tried}: {failed.saw}")

    async def _reference_player(self) -> Player:
        """Bring the reference up; only where a case is not kept from an earlier run."""
        await self._reference.start()
        return self._player(self._reference, (await examine(self._reference, timeout=10)).capabilities)

    def _player(self, target: Target, capabilities: Capabilities) -> Player:
        return Player(target, capabilities, PlayerSettings(self._settings.timeout, self._settings.corpus))

    # -- ordinary cases -------------------------------------------------------------------------

    async def _play_ordinary(self, cases: Sequence[Case], player: Player, oracle: Oracle) -> None:
        """All at once, `jobs` at a time; what deviated, was lost or differs is then played again, alone."""
        began = time.monotonic()
        places = asyncio.Semaphore(self._settings.jobs)
        again: list[tuple[Case, CaseResult]] = []

        async def one(case: Case) -> None:
            async with places:
                seen, witness = await asyncio.gather(player.play(case), oracle.perform(case))
            self._validators.take(case, seen)
            result = judge(case, seen, witness, self._settings.bench)
            if result.outcome in _AGAIN:
                again.append((case, result))
            else:
                self._settle(result)

        try:
            async with asyncio.TaskGroup() as group:
                for case in sorted(cases, key=lambda case: -case.patience):
                    group.create_task(one(case))
            self._progress.timing["played"] = time.monotonic() - began
            began = time.monotonic()
            for case, result in again:
                await self._revive(result, player)
                await self._confirm(case, result, player, oracle)
        except (SetupError, asyncio.CancelledError):
            self._keep_unconfirmed([result for _, result in again])
            raise
        self._progress.timing["confirmed"] = time.monotonic() - began

    def _keep_unconfirmed(self, results: Sequence[CaseResult]) -> None:
        """The run ends early: what was to be played again is logged as it was seen, and nothing of it is charged."""
        settled = {result.id for result in self._progress.results}
        for result in results:
            if result.id not in settled:
                deviated = result.outcome in (Outcome.DEVIATES, Outcome.WARNS)
                reason = "deviated once, and the run ended before it was played again" if deviated else result.reason
                outcome = Outcome.UNSTABLE if deviated else result.outcome
                self._settle(replace(result, outcome=outcome, reason=reason))

    async def _play_alone(self, case: Case, player: Player, oracle: Oracle) -> None:
        """A case that needs the target to itself; what goes wrong is confirmed at once."""
        began = time.monotonic()
        seen = await player.play(case)
        witness = await oracle.perform(case)
        self._validators.take(case, seen)
        result = judge(case, seen, witness, self._settings.bench)
        if result.outcome in _AGAIN:
            await self._revive(result, player)
            await self._confirm(case, result, player, oracle)
        else:
            self._settle(result)
        self._progress.timing["isolated"] = self._progress.timing.get("isolated", 0.0) + time.monotonic() - began

    async def _confirm(self, case: Case, first: CaseResult, player: Player, oracle: Oracle) -> None:
        """Play a case again, alone. What happens twice is charged; what does not is UNSTABLE."""
        seen = await player.play(case)
        self._validators.take(case, seen)
        second = judge(case, seen, await oracle.perform(case), self._settings.bench)
        if first.outcome in (Outcome.DEVIATES, Outcome.WARNS):
            self._settle(confirmed(first, second))
        else:
            self._settle(replace(second, plays=2))
        await self._revive(second, player)

    async def _revive(self, result: CaseResult, player: Player) -> None:
        """Where the target died, say so with its log, and bring it up again, a bounded number of times."""
        if result.outcome not in (Outcome.TARGET_LOST, Outcome.BLOCKED):
            return
        state = await self._target.alive()
        if state.running:
            return
        died = f"the target died around {result.id} (exit status {state.exit_status})"
        self._listener.said(died)
        self._progress.target_failed = self._progress.target_failed or died
        if self._progress.revivals >= MAX_REVIVALS or not self._target.can_restart:
            raise SetupError(f"{died} and is not brought up again; the end of its log: {state.log_tail[-400:]}")
        self._progress.revivals += 1
        await self._target.restart()
        await player.recover()

    def _abort(self, why: str) -> None:
        """The run cannot go on, or did not end well: nothing after this is complete."""
        self._progress.target_failed = why
        self._progress.aborted = True
        self._listener.said(why)

    # -- bookkeeping ----------------------------------------------------------------------------

    def _settle(self, result: CaseResult) -> None:
        excuse = self._settings.excuses.get(result.id, "") if result.outcome is Outcome.BLOCKED else ""
        result = self._settings.baseline.apply(replace(result, excused=excuse))
        self._progress.results.append(result)
        self._log.write(result)
        self._listener.settled(result)

    def _write_header(self, examination: Examination) -> None:
        header = replace(
            self._settings.header,
            product=self._target.product,
            version=self._target.version,
            image_digest=self._target.image_digest,
            tuned=tuple(self._target.tuned),
            capabilities={
                protocol: [" ".join((tag, *parameters)) for tag, parameters in tags.items()]
                for protocol, tags in examination.capabilities.items()
            },
            doctor=tuple(examination.lines),
        )
        self._log.write(header)
        self._header_written = True
        self._listener.began(header)

    async def _take_down(self) -> None:
        target_log = self._target.log()
        if target_log:
            self._settings.log.with_name("target.log").write_bytes(target_log)
        await asyncio.gather(self._target.stop(), self._reference.stop())
        if self._settings.kept is not None:
            self._settings.kept.save()

    def _footer(self, seconds: float) -> Footer:
        progress = self._progress
        baseline = self._settings.baseline
        stale = baseline.stale(progress.results)
        end = decide(
            progress.results,
            fail_on=self._settings.fail_on,
            stale=stale,
            interrupted=progress.interrupted,
            target_failed=progress.target_failed,
        )
        charged = [each for result in progress.results for each in result.deviations]
        return Footer(
            finished=now_text(),
            seconds=round(seconds, 3),
            complete=not progress.interrupted and not progress.aborted,
            exit_code=int(end.code),
            exit_reason=end.reason,
            counts=dict(Counter(result.outcome.value for result in progress.results)),
            doctor=progress.ended_with,
            deviations=len(charged),
            known=sum(1 for each in charged if each.known),
            stale=stale,
            timing={name: round(value, 3) for name, value in progress.timing.items()},
        )


#: Outcomes that are only believed when they happen again.
_AGAIN = frozenset({Outcome.DEVIATES, Outcome.WARNS, Outcome.TARGET_LOST, Outcome.BLOCKED})


def confirmed(first: CaseResult, second: CaseResult) -> CaseResult:
    """What is charged after two plays: the deviations that happened in both, or UNSTABLE where none did."""
    before = {deviation.signature for deviation in first.deviations}
    both = tuple(deviation for deviation in second.deviations if deviation.signature in before)
    if both:
        outcome = Outcome(worst(deviation.verdict for deviation in both).value)
        return replace(second, outcome=outcome, deviations=both, plays=2)
    return replace(
        first,
        outcome=Outcome.UNSTABLE,
        reason=f"deviated once and, played again alone, came to {second.outcome.value}",
        plays=2,
    )
