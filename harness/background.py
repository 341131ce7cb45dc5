"""BackgroundRun: a runner on an event loop in a thread of its own, and the results that tests wait for.

A server started in a fixture's loop would not answer while a synchronous test runs; here the loop never stops turning.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from harness.baseline import Baseline, load_baseline
from harness.cases import Case
from harness.errors import HarnessError, PostelError
from harness.exits import FailOn
from harness.judge.judging import Bench
from harness.kept import KeptPerformances
from harness.oracle import ReferenceInProcess
from harness.results import CaseResult, Footer, Header, RequirementRecord, RuleRecord, now_text
from harness.runner import Runner, RunSettings
from harness.suite import RULES, Suite
from harness.targets.model import Target
from harness.targets.spec import parse_target
from harness.validation import ValidatorCase

#: Seconds that an interrupted run may take to stop what it started.
STOPPING_BUDGET = 60.0


class Hooks(Protocol):
    """The part of pytest's hook relay that a run calls."""

    def pytest_postel_began(self, *, header: Header) -> object:
        """See harness/hooks.py."""

    def pytest_postel_settled(self, *, result: CaseResult) -> object:
        """See harness/hooks.py."""

    def pytest_postel_said(self, *, text: str) -> object:
        """See harness/hooks.py."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, as the options say."""

    suite: Suite
    target: Target
    log: Path
    jobs: int
    timeout: float
    fail_on: FailOn
    seed: int
    selectors: tuple[str, ...]
    baseline: Baseline
    profile: str
    command: str
    cold: bool

    @classmethod
    def from_options(cls, options: Namespace, suite: Suite) -> Plan:
        """A plan from pytest's options. Raises UsageError for a bad target, profile or baseline."""
        target = parse_target(options.target, options.profile)
        entries = [*target.profile.known, *(load_baseline(Path(options.baseline)) if options.baseline else ())]
        out = Path(options.out) if options.out else Path("out") / _file_name(target.name)
        return cls(
            suite=suite,
            target=target,
            log=out / "run.ndjson",
            jobs=options.jobs,
            timeout=options.timeout,
            fail_on=FailOn(options.fail_on),
            seed=options.seed,
            selectors=tuple(options.select),
            baseline=Baseline(entries),
            profile=options.profile or "",
            command=options.target,
            cold=options.cold,
        )

    def header(self, checks: Sequence[Case | ValidatorCase]) -> Header:
        """The log's first line, but for what the preflight adds."""
        documents = {each.split("-")[0] for check in checks for each in check.requirements}
        return Header(
            postel=version("postel"),
            started=now_text(),
            target=self.target.name,
            product="",
            version="",
            image_digest="",
            suites=tuple(sorted({check.protocol for check in checks})),
            selectors=self.selectors,
            case_count=len(checks),
            suite_signature=_signature(checks),
            seed=self.seed,
            jobs=self.jobs,
            timeout=self.timeout,
            fail_on=self.fail_on.value,
            profile=self.profile,
            command=self.command,
            requirements=_records(self.suite, documents),
            rules={rule.id: RuleRecord(rule.id, rule.clause, rule.summary) for rule in RULES},
        )


class BackgroundRun:
    """One run in a thread. `footer` is set once the run has ended in order."""

    def __init__(self, plan: Plan, checks: Sequence[Case | ValidatorCase], hooks: Hooks) -> None:
        self.plan = plan
        self.footer: Footer | None = None
        self._hooks = hooks
        self._cases = [check for check in checks if isinstance(check, Case)]
        self._validators = [check for check in checks if isinstance(check, ValidatorCase)]
        self._results: dict[str, Future[CaseResult]] = {check.id: Future() for check in checks}
        self._thread = threading.Thread(target=self._main, name="postel-run")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Footer] | None = None
        self._failure: BaseException | None = None
        plan.log.parent.mkdir(parents=True, exist_ok=True)
        self._settings = settings_of(plan, checks)

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def result(self, case_id: str) -> CaseResult:
        """Wait for a case's result. Raises HarnessError where the run ended without one."""
        try:
            return self._results[case_id].result()
        except FutureCancelledError as error:
            reason = self.footer.exit_reason if self.footer else str(self._failure or "the run broke")
            raise HarnessError(f"{case_id} was not judged: {reason}") from error

    def finish(self) -> None:
        """Let the run end, or end it where the tests ended first; returns once everything is stopped."""
        unsettled = any(not future.done() for future in self._results.values())
        if unsettled and self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(STOPPING_BUDGET)
        if isinstance(self._failure, PostelError):
            raise self._failure

    # -- the run's own thread -------------------------------------------------------------------

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # whatever it was, the tests must not wait for ever
            self._failure = error
        finally:
            for future in self._results.values():
                future.cancel()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        runner = Runner(self.plan.target, ReferenceInProcess(), self._settings, self)
        self._task = asyncio.create_task(runner.run(self._cases, self._validators))
        self.footer = await self._task

    def began(self, header: Header) -> None:
        """Listener: pass on."""
        self._hooks.pytest_postel_began(header=header)

    def settled(self, result: CaseResult) -> None:
        """Listener: hand the result to the test that waits for it."""
        self._hooks.pytest_postel_settled(result=result)
        future = self._results.get(result.id)
        if future is not None and not future.done():
            future.set_result(result)

    def said(self, text: str) -> None:
        """Listener: pass on."""
        self._hooks.pytest_postel_said(text=text)


def settings_of(plan: Plan, checks: Sequence[Case | ValidatorCase]) -> RunSettings:
    """What a runner needs to carry out the plan."""
    return RunSettings(
        log=plan.log,
        corpus=plan.suite.corpus,
        bench=Bench(plan.suite.requirements, RULES),
        header=plan.header(checks),
        baseline=plan.baseline,
        excuses=plan.target.profile.excuses,
        kept=None if plan.cold else KeptPerformances.of_this_user(),
        jobs=plan.jobs,
        timeout=plan.timeout,
        fail_on=plan.fail_on,
    )


def _records(suite: Suite, documents: set[str]) -> dict[str, RequirementRecord]:
    """Every statement of the documents that the run is about, so that a report can say what was not tested."""
    return {
        key: RequirementRecord(each.id, each.level, each.clause, each.summary, each.untestable)
        for key, each in suite.requirements.items()
        if each.document in documents
    }


def _signature(checks: Sequence[Case | ValidatorCase]) -> str:
    """The same for two runs that checked the same: ids and digests, not order, names of files or time."""
    parts = sorted(f"{check.id} {check.digest}" for check in checks)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _file_name(target: str) -> str:
    return "".join(character if character.isalnum() or character in "-._" else "-" for character in target)
