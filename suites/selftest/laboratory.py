"""Laboratory: plays cases on faulty variants of the reference, in one event loop, and says what turned red.

By default a fault meets the cases that cite one of its requirements, and, where these do not settle it, those that use
one of its commands; `full` plays all. One conforming reference is the oracle for all faults.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from time import monotonic

from harness.cases import Case, Isolation, Performance
from harness.errors import TargetLost, TargetProtocolError
from harness.judge.judging import Bench, judge
from harness.oracle import Oracle, ReferenceInProcess, worth_keeping
from harness.player import Player, PlayerSettings
from harness.results import CaseResult
from harness.stage import Capabilities
from harness.suite import RULES, Suite
from harness.validation import ValidatorCase, Validators
from harness.verdicts import Outcome, Verdict
from suites.selftest.fault import Fault
from suites.selftest.outcome import Detection, FaultResult
from suites.selftest.preflight import capabilities_of

#: Seconds to autologout of faulty servers, and of the oracle: a busy machine may leave a session alone for a while.
AUTOLOGOUT = 3.0
ORACLE_AUTOLOGOUT = 5.0
#: Seconds that a faulty server may take for one answer: it runs in this process, so silence is part of its fault. Less
#: than its autologout, by which a session that hangs would seem to have been closed.
TIMEOUT = 2.0
#: The same where the fault lies in the queue: the server answers, and a case waits long for what never comes.
RELAYED_TIMEOUT = 5.0
#: Seconds that the oracle may take for one answer.
ORACLE_TIMEOUT = 20.0
#: Seconds for one fault altogether; what was judged until then counts.
FAULT_BUDGET = 60.0
#: The same for a fault of the queue: what never comes is waited for.
RELAYED_BUDGET = 180.0
#: Cases that are played at once on one faulty server, and faults that are under way at once.
CASES_AT_ONCE = 6
#: The same for cases about relaying, which mostly wait for a faulty queue.
RELAYED_AT_ONCE = 24
FAULTS_AT_ONCE = 8
#: Cases that are played before it is asked whether the fault is settled, where its own cases did not settle it.
BATCH = 16
#: Cases that are played at most beyond the fault's own: for validators, where cases have detected the fault, and to
#: see under what else it shows, where none has.
MORE = 48

_RED = (Verdict.WARNS, Verdict.DEVIATES)

Check = Case | ValidatorCase


@dataclass(slots=True)
class _Sight:
    """What has been seen of one fault so far."""

    fault: Fault
    red: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unjudged: dict[str, str] = field(default_factory=dict)
    played: int = 0

    def take(self, result: CaseResult) -> None:
        """Note the requirements under which a case turned red, if it did, or why it could not be judged."""
        named = {name for each in result.expectations if each.verdict in _RED for name in each.requirements}
        if named:
            self.red[result.id] = tuple(sorted(named))
        elif not result.outcome.judged and result.outcome is not Outcome.NOT_APPLICABLE:
            self.unjudged[result.id] = f"{result.outcome.value}: {result.reason}"

    @property
    def detected(self) -> bool:
        """Whether a red case names one of the fault's own requirements."""
        return any(set(named) & set(self.fault.requirements) for named in self.red.values())

    @property
    def detection(self) -> Detection:
        """What this comes to."""
        if self.detected:
            return Detection.DETECTED
        return Detection.MISATTRIBUTED if self.red else Detection.UNDETECTED


class _Witness:
    """The oracle of all faults. Cases that need a server to themselves get one, and meet it one at a time."""

    def __init__(self, suite: Suite) -> None:
        self.capabilities: Capabilities = {}
        self._corpus = suite.corpus
        self._references = {isolation: ReferenceInProcess(autologout=ORACLE_AUTOLOGOUT) for isolation in Isolation}
        self._oracles: dict[Isolation, Oracle] = {}
        self._alone = asyncio.Lock()

    async def start(self) -> None:
        """Start both references."""
        for isolation, reference in self._references.items():
            await reference.start()
            self.capabilities = await capabilities_of(reference, timeout=ORACLE_TIMEOUT)
            player = Player(reference, self.capabilities, PlayerSettings(ORACLE_TIMEOUT, self._corpus))
            self._oracles[isolation] = Oracle(player)

    async def stop(self) -> None:
        """Stop them."""
        for reference in self._references.values():
            await reference.stop()

    async def perform(self, case: Case) -> Performance:
        """The reference's performance of a case, kept."""
        async with self._alone if case.isolation is Isolation.TARGET else nullcontext():
            return await self._oracles[case.isolation].perform(case)


class Laboratory:
    """Examines faults in the running event loop, with one oracle for all. Use `async with`."""

    def __init__(self, suite: Suite, checks: Iterable[Check], *, full: bool = False) -> None:
        self._suite = suite
        self._full = full
        checks = tuple(checks)
        self._cases = tuple(check for check in checks if isinstance(check, Case))
        self._validators = tuple(check for check in checks if isinstance(check, ValidatorCase))
        self._bench = Bench(suite.requirements, RULES)
        self._witness = _Witness(suite)
        self._proved: set[str] = set()

    async def __aenter__(self) -> Laboratory:
        await self._witness.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._witness.stop()

    async def examine_all(self, faults: Sequence[Fault], settled: Callable[[FaultResult], None]) -> None:
        """Examine the faults, some at once; what was not detected once more, alone. `settled` hears of each."""
        places = asyncio.Semaphore(FAULTS_AT_ONCE)
        again: list[Fault] = []

        async def one(fault: Fault) -> None:
            async with places:
                result = await self.examine(fault)
                if result.detection is Detection.DETECTED:
                    settled(result)
                else:
                    again.append(fault)

        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(one(fault))
        for fault in again:
            settled(await self.examine(fault))

    async def examine(self, fault: Fault) -> FaultResult:
        """Play cases on one faulty server and say what they showed."""
        began = monotonic()
        sight = _Sight(fault)
        server = ReferenceInProcess(build=fault.build, autologout=AUTOLOGOUT)
        budget = RELAYED_BUDGET if fault.protocol == "relay" else FAULT_BUDGET
        reason = ""
        try:
            async with asyncio.timeout(budget):
                await server.start()
                await self._play(sight, server)
        except TimeoutError:
            reason = f"not done within {budget:g} s"
        finally:
            await server.stop()
        return FaultResult(
            fault=fault.id,
            requirements=fault.requirements,
            detection=sight.detection,
            red=dict(sorted(sight.red.items())),
            played=sight.played,
            seconds=round(monotonic() - began, 3),
            reason=reason,
            unjudged=dict(sorted(sight.unjudged.items())),
        )

    async def _play(self, sight: _Sight, server: ReferenceInProcess) -> None:
        capabilities = await self._announced(server, sight.fault.protocol)
        timeout = RELAYED_TIMEOUT if sight.fault.protocol == "relay" else TIMEOUT
        player = Player(server, capabilities, PlayerSettings(timeout, self._suite.corpus))
        own = [case for case in self._cases if self._full or _cites(case, sight.fault)]
        checks = [check for check in self._validators if self._full or _cites(check, sight.fault)]
        proved = set() if self._full else self._proved
        run = _FaultRun(sight, player, self._witness, Validators(self._bench, capabilities), checks, proved)
        await run.play(sorted(own, key=lambda case: -_used(case, sight.fault.touches)))
        if not run.settled:
            others = _nearest([case for case in self._cases if case.id not in run.played], sight.fault)
            await self._play_more(run, sorted(others, key=lambda case: not _cites(case, sight.fault)))

    async def _play_more(self, run: _FaultRun, cases: Sequence[Case]) -> None:
        """Further cases until one names the fault, and a few more for validators that have not seen it."""
        most = len(cases) if run.validated and not run.sight.detected else MORE
        for start in range(0, min(most, len(cases)), BATCH):
            if run.settled or (run.sight.detected and start >= MORE):
                return
            await run.play(cases[start : start + BATCH], all_of_them=True)

    async def _announced(self, server: ReferenceInProcess, protocol: str) -> Capabilities:
        """What the faulty server announces; what a sound one does where it cannot be asked."""
        try:
            return await capabilities_of(server, timeout=TIMEOUT, protocols=(protocol,))
        except (TargetLost, TargetProtocolError, OSError):
            return self._witness.capabilities


class _FaultRun:
    """Plays cases on one faulty server, and has the validators that concern its fault look at them."""

    def __init__(
        self,
        sight: _Sight,
        player: Player,
        witness: _Witness,
        validators: Validators,
        checks: Sequence[ValidatorCase],
        proved: set[str],
    ) -> None:
        """`proved` are the cases that other faults have turned red; it grows."""
        self.sight = sight
        self._player = player
        self._witness = witness
        self._validators = validators
        self._checks = checks
        self._proved = proved
        self.played: set[str] = set()

    @property
    def validated(self) -> bool:
        """Whether validators should see the fault."""
        return bool(self._checks)

    @property
    def settled(self) -> bool:
        """Whether a case has named the fault, and every validator that should see it has."""
        return self.sight.detected and {check.id for check in self._checks} <= self.sight.red.keys()

    async def play(self, cases: Sequence[Case], *, all_of_them: bool = False) -> None:
        """Ordinary cases many at once, then one by one those that need the server to themselves; where not
        `all_of_them` are wanted, without those that can show nothing new any more."""
        at_once = RELAYED_AT_ONCE if self.sight.fault.protocol == "relay" else CASES_AT_ONCE
        places = asyncio.Semaphore(1 if self.sight.fault.alone else at_once)

        async def one(case: Case) -> None:
            async with places:
                if all_of_them or self._worthwhile(case):
                    await self._one(case)

        async with asyncio.TaskGroup() as group:
            for case in cases:
                if case.isolation is Isolation.ACCOUNT:
                    group.create_task(one(case))
        for case in cases:
            if case.isolation is Isolation.TARGET and (all_of_them or self._worthwhile(case)):
                await self._one(case)
        for result in await self._validators.results(self._checks, self._player):
            self.sight.take(result)

    def _worthwhile(self, case: Case) -> bool:
        """Whether the case can show what is not known yet: that it can turn red itself, or that a requirement of the
        fault, which no case has named so far, is broken."""
        named = {name for each in self.sight.red.values() for name in each}
        unnamed = set(self.sight.fault.requirements) - named
        return bool(unnamed & set(case.requirements)) or not self.sight.detected or case.id not in self._proved

    async def _one(self, case: Case) -> None:
        seen, witness = await asyncio.gather(self._player.play(case), self._witness.perform(case))
        if not worth_keeping(witness):
            witness = await self._witness.perform(case)  # a busy machine may have failed it
        self.sight.played += 1
        self.played.add(case.id)
        if self._checks:
            self._validators.take(case, seen)
        self.sight.take(judge(case, seen, witness, self._validators.bench))
        if set(self.sight.red.get(case.id, ())) & set(self.sight.fault.requirements):
            self._proved.add(case.id)


def _nearest(cases: Sequence[Case], fault: Fault) -> list[Case]:
    """The cases that use a command of the fault, those that use most of them first; all where it names no command.

    Those that need the server to themselves are left out: they take their time.
    """
    used = {case.id: _used(case, fault.touches) for case in cases if case.isolation is Isolation.ACCOUNT}
    found = [case for case in cases if case.id in used and (used[case.id] or not fault.touches)]
    return sorted(found, key=lambda case: -used[case.id])


def _used(case: Case, commands: Sequence[str]) -> int:
    """How many of the commands a case sends, as far as its id, title and source tell; nearly all log in with USER and
    PASS."""
    words = {*re.findall(r"[A-Z0-9]+", f"{case.id} {case.title} {case.source}".upper()), "USER", "PASS"}
    return len(words & set(commands))


def _cites(check: Check, fault: Fault) -> bool:
    """Whether a check judges one of the fault's requirements."""
    return bool(set(check.requirements) & set(fault.requirements))
