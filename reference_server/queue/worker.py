"""Keeps the queue moving: takes what is due, sends it, notes what came of it, and wakes again when the next is due.

RFC 5321 §4.5.4.1: several transactions at the same time, but within limits; messages for one domain share connections.
Nothing here decides about mail: what is due is the spool's, when to try again the schedule's, whom to talk to the
line's.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import TypeVar

from reference_server.backend import StoreFailure
from reference_server.clock import Clock, Timer
from reference_server.queue.courier import Line
from reference_server.queue.domains import domain_key
from reference_server.queue.entries import Fate, Kind, Outcome, QueuedRecipient, QueueEntry
from reference_server.queue.parcel import Parcel
from reference_server.queue.reporter import Reporter
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Job, Spool
from reference_server.settings import Relay

T = TypeVar("T")

_JOBS_AT_ONCE = 500
_JOBS_PER_LINE = 10  # so many messages wait for one connection before another is opened to the same domain
_PAUSE = 60.0  # seconds until something that failed here is tried again
_STOP_SECONDS = 2.0  # seconds of real time for transactions that are under way when the server stops


class Worker:
    """Runs in one event loop. `wake` may be called from any thread."""

    def __init__(
        self,
        spool: Spool,
        reporter: Reporter,
        line: Callable[[str], Line],
        schedule: RetrySchedule,
        clock: Clock,
        relay: Relay,
        executor: Executor,
    ) -> None:
        """`line` makes the line to a domain; `executor` runs what blocks."""
        self._spool = spool
        self._reporter = reporter
        self._line = line
        self._schedule = schedule
        self._clock = clock
        self._relay = relay
        self._executor = executor
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._news = True
        self._quiet = asyncio.Event()
        self._in_flight: set[Job] = set()
        self._untold: set[int] = set()
        """Entries whose sender is to hear something."""
        self._waiting: dict[str, deque[Job]] = {}
        self._lines: Counter[str] = Counter()
        self._slots = asyncio.Semaphore(relay.connections)
        self._tasks: set[asyncio.Task[None]] = set()
        self._main: asyncio.Task[None] | None = None
        self._stopping = False

    # ---- what others call -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._main = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look whether something is due; from any thread, also when all is over."""
        self._news = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def idle(self) -> None:
        """Wait until everything that is due by now has been tried and told."""
        while self._news or not self._quiet.is_set():
            if self._news:
                self._quiet.clear()
                self._woken.set()
            await self._quiet.wait()

    async def stop(self) -> None:
        """Finish the transactions that are under way, as far as they end soon, and nothing else."""
        self._stopping = True
        if self._main is not None:
            self._main.cancel()
        tasks = {task for task in (self._main, *self._tasks) if task is not None}
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- the round ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        timer: Timer | None = None
        while True:
            self._woken.clear()
            self._news = False
            if timer is not None:
                timer.cancel()
            try:
                seconds = await self._round()
            except StoreFailure:
                seconds = _PAUSE
            timer = None if seconds is None else self._clock.call_later(seconds, self.wake)
            if not self._in_flight and not self._news:
                self._quiet.set()
            await self._woken.wait()
            self._quiet.clear()

    async def _round(self) -> float | None:
        """Start what is due; the seconds until there is more, None for when nothing waits."""
        now = self._clock.now()
        if len(self._in_flight) < _JOBS_AT_ONCE:
            most = len(self._in_flight) + _JOBS_AT_ONCE
            for job in await self._blocking(lambda: self._spool.due(now, most)):
                if job not in self._in_flight:
                    self._take(job)
        untold = await self._report()
        due = await self._blocking(lambda: self._spool.next_due(now))
        seconds = None if due is None else max(0.0, (due - self._clock.now()).total_seconds())
        return min(seconds or _PAUSE, _PAUSE) if untold else seconds

    async def _report(self) -> bool:
        """Tell senders what they have not been told; whether some could not be."""
        self._untold.update(await self._blocking(self._spool.unreported))
        for number in sorted(self._untold):
            try:
                await self._blocking(partial(self._reporter.report, number))
            except Exception:  # one that cannot be made must not hold up the others
                continue
            self._untold.discard(number)
        return bool(self._untold)

    def _take(self, job: Job) -> None:
        self._in_flight.add(job)
        waiting = self._waiting.setdefault(job.domain, deque())
        waiting.append(job)
        wanted = min(self._relay.connections_per_domain, 1 + (len(waiting) - 1) // _JOBS_PER_LINE)
        if self._lines[job.domain] < wanted:
            self._lines[job.domain] += 1
            task = asyncio.create_task(self._serve(job.domain, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, domain: str, waiting: deque[Job]) -> None:
        """Send what waits for a domain, one message after the other, until nothing is left."""
        async with self._slots:
            line = self._line(domain)
            try:
                while waiting and not self._stopping:
                    job = waiting.popleft()
                    try:
                        await self._carry(line, job)
                    except Exception:  # the store failed, or a bug: neither must make the queue spin
                        await self._pause()
                    finally:
                        self._in_flight.discard(job)
            except BaseException:
                await line.drop()
                raise
            finally:
                self._lines[domain] -= 1
                if not self._lines[domain]:
                    del self._lines[domain]
                    self._waiting.pop(domain, None)
                self.wake()
            await line.close()

    # ---- one message ----------------------------------------------------------------------------------------------

    async def _carry(self, line: Line, job: Job) -> None:
        entry = await self._blocking(lambda: self._spool.entry(job.entry))
        if entry is None:
            return
        recipients = _due(entry, job.domain, self._clock.now())
        if not recipients:
            return
        octets = await self._blocking(lambda: self._spool.octets(job.entry))
        try:
            outcomes = await line.send(_parcel(entry, recipients, octets))
        except Exception as error:  # a bug of ours must not make the queue spin
            outcomes = (Outcome(Kind.TEMPORARY, "4.3.0", f"internal error: {error!r}"),) * len(recipients)
        now = self._clock.now()
        by_position = {each.position: outcome for each, outcome in zip(recipients, outcomes, strict=True)}
        while not await self._recorded(entry, by_position, now):
            await self._pause()

    async def _recorded(self, entry: QueueEntry, outcomes: dict[int, Outcome], now: datetime) -> bool:
        """Note what came of an attempt. What was sent must not be sent again only because the disk is full."""
        try:
            tell = await self._blocking(lambda: self._spool.record(entry, outcomes, now, self._schedule))
        except StoreFailure:
            return False
        if tell:
            self._untold.add(entry.id)
            self.wake()
        return True

    async def _pause(self) -> None:
        over = asyncio.Event()

        def end() -> None:
            self._loop.call_soon_threadsafe(over.set)

        timer = self._clock.call_later(_PAUSE, end)
        try:
            await over.wait()
        finally:
            timer.cancel()

    async def _blocking(self, call: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._executor, call)


def _due(entry: QueueEntry, domain: str, now: datetime) -> list[QueuedRecipient]:
    """The recipients of a job, by now."""
    return [
        each
        for each in entry.recipients
        if each.fate is Fate.WAITING
        and domain_key(each.recipient.address) == domain
        and each.next_attempt is not None
        and each.next_attempt <= now
    ]


def _parcel(entry: QueueEntry, recipients: list[QueuedRecipient], octets: bytes) -> Parcel:
    envelope = entry.envelope
    return Parcel(
        envelope.reverse_path,
        tuple(each.recipient for each in recipients),
        octets,
        envelope.utf8,
        envelope.returns,
        envelope.envelope_id,
    )
