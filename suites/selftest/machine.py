"""The machine that proves the suites: examines all faults, on every core, and sums up what was seen.

A fault is detected when a case that it turns red names one of the fault's own requirements, misattributed when cases
turn red and none names it. A case is never red when no fault turned it red under a requirement of that fault: such a
case tests nothing.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue

from harness.selectors import select
from suites.registry import SUITES, all_checks, suite
from suites.selftest.fault import Fault
from suites.selftest.faults import FAULTS
from suites.selftest.laboratory import Check, Laboratory
from suites.selftest.outcome import Detection, FaultResult

#: Fewer faults than this are examined in this process: starting others takes longer.
WORTH_PROCESSES = 12
#: Processes at most; each holds an oracle of its own.
MOST_PROCESSES = 8
#: Checks at most that are looked at again where no fault turned them red: more than a few are no accident.
WORTH_A_SECOND_LOOK = 40
#: Seconds between looks at whether a process has died.
_POLL = 0.5

Settled = Callable[[FaultResult], None]


@dataclass(frozen=True, slots=True)
class SelftestResult:
    """What became of the faults. `checks` gives the requirements of each case and validator, by id; `complete` is
    false where only some faults were examined, so that nothing can be said of cases that stayed green."""

    faults: tuple[FaultResult, ...]
    checks: Mapping[str, tuple[str, ...]]
    complete: bool = True

    def _of(self, detection: Detection) -> tuple[str, ...]:
        return tuple(sorted(result.fault for result in self.faults if result.detection is detection))

    @property
    def detected(self) -> tuple[str, ...]:
        """Faults that a case reports under their own requirement."""
        return self._of(Detection.DETECTED)

    @property
    def misattributed(self) -> tuple[str, ...]:
        """Faults that turn cases red, but not under their own requirement."""
        return self._of(Detection.MISATTRIBUTED)

    @property
    def undetected(self) -> tuple[str, ...]:
        """Faults that nothing sees."""
        return self._of(Detection.UNDETECTED)

    @property
    def never_red(self) -> tuple[str, ...]:
        """Cases that no fault turned red under a requirement of that fault."""
        if not self.complete:
            return ()
        reddened = {
            case_id
            for result in self.faults
            for case_id, named in result.red.items()
            if set(named) & set(result.requirements)
        }
        return tuple(check_id for check_id in self.checks if check_id not in reddened)

    def with_more(self, results: Iterable[FaultResult]) -> SelftestResult:
        """The same with what further performances of the same faults turned red."""
        more = {result.fault: result.red for result in results}
        faults = tuple(replace(each, red={**each.red, **more.get(each.fault, {})}) for each in self.faults)
        return replace(self, faults=faults)

    @property
    def ok(self) -> bool:
        """Every fault is detected, and every case can turn red."""
        return not (self.misattributed or self.undetected or self.never_red)

    def to_json(self) -> dict[str, object]:
        """Counts and lists under their names; `results` is the matrix of which fault turned which case red."""
        return {
            "faults": len(self.faults),
            "detected": len(self.detected),
            "misattributed": len(self.misattributed),
            "cases": len(self.checks),
            "never_red": list(self.never_red),
            "undetected": list(self.undetected),
            "results": [result.to_json() for result in sorted(self.faults, key=lambda result: result.fault)],
        }


def every_check() -> tuple[Check, ...]:
    """Every case and validator of the protocols that there are faults for."""
    protocols = {fault.protocol for fault in FAULTS}
    return tuple(check for name in SUITES for check in all_checks(name) if check.protocol in protocols)


def run_selftest(
    *, full: bool = False, selectors: Sequence[str] = (), progress: Callable[[str], None] = lambda text: None
) -> SelftestResult:
    """Examine the faults that the selectors choose by id, all for none. `progress` hears a line for each.

    Raises UsageError for a selector that chooses nothing.
    """
    chosen = set(select(selectors, [fault.id for fault in FAULTS]))
    faults = [fault for fault in FAULTS if fault.id in chosen]
    results: list[FaultResult] = []

    def settled(result: FaultResult) -> None:
        results.append(result)
        progress(f"{len(results)} of {len(faults)}: {result.fault}: {result.detection.value}")

    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if processes > 1 and len(faults) >= WORTH_PROCESSES:
        _examine_apart([fault.id for fault in faults], full, processes, settled)
    else:
        examine(faults, every_check(), settled, full=full)
    requirements = {check.id: check.requirements for check in every_check()}
    whole = SelftestResult(tuple(results), requirements, complete=len(faults) == len(FAULTS))
    return whole.with_more(_second_look(whole))


def _second_look(first: SelftestResult) -> list[FaultResult]:
    """Play the checks that no fault turned red once more, by themselves: a busy machine may have lost a few."""
    green = set(first.never_red)
    if not green or len(green) > WORTH_A_SECOND_LOOK:
        return []
    checks = [check for check in every_check() if check.id in green]
    named = {name for check in checks for name in check.requirements}
    results: list[FaultResult] = []
    examine([fault for fault in FAULTS if set(fault.requirements) & named], checks, results.append)
    return results


def examine(faults: Sequence[Fault], checks: Iterable[Check], settled: Settled, *, full: bool = False) -> None:
    """Examine faults in this process; `settled` hears of each as soon as it is settled."""

    async def run() -> None:
        async with Laboratory(suite(), checks, full=full) as laboratory:
            await laboratory.examine_all(faults, settled)

    asyncio.run(run())


# ---- several processes ----------------------------------------------------------------------------------------------

_results: Queue[FaultResult]


def _begin(results: Queue[FaultResult]) -> None:
    """In a new process: where to report."""
    global _results  # noqa: PLW0603 (a process of a pool has no other place to keep what it was started with)
    _results = results


def _examine_share(fault_ids: Sequence[str], full: bool) -> None:
    """In a process of its own: examine a share of the faults."""
    wanted = set(fault_ids)
    examine([fault for fault in FAULTS if fault.id in wanted], every_check(), _results.put, full=full)


def _examine_apart(fault_ids: Sequence[str], full: bool, processes: int, settled: Settled) -> None:
    """Share the faults out among processes, every n-th to each, since neighbours take similar times."""
    context = multiprocessing.get_context("spawn")
    results: Queue[FaultResult] = context.Queue()
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(results,)) as pool:
        shares = [pool.submit(_examine_share, fault_ids[start::processes], full) for start in range(processes)]
        for _ in fault_ids:
            settled(_next_result(results, shares))
        for share in shares:
            share.result()


def _next_result(results: Queue[FaultResult], shares: Sequence[Future[None]]) -> FaultResult:
    """The next result. Raises what a process died of."""
    while True:
        try:
            return results.get(timeout=_POLL)
        except queue.Empty:
            for share in shares:
                if share.done() and share.exception() is not None:
                    share.result()
