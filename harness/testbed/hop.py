"""Hop: a scripted next hop, which listens on an address of its own and keeps every Attempt."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable

from harness.testbed.attempt import Attempt
from harness.testbed.attempt_log import AttemptLog, News
from harness.testbed.hop_session import HopSession
from harness.testbed.plan import HopPlan

#: What can be waited for beside a point: connections that began, connections that ended, messages that were accepted.
BEGUN, ENDED, ACCEPTED = "begun", "ended", "accepted"


class Hop:
    """One next hop. `clock` gives seconds since the testbed began."""

    def __init__(self, name: str, plan: HopPlan, clock: Callable[[], float], tls: ssl.SSLContext | None) -> None:
        self.name = name
        self.plan = plan
        self.address = ""
        self._port = 0
        self._clock = clock
        self._tls = tls
        self._news = News()
        self._logs: list[AttemptLog] = []
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._changed_at = 0  # connections before the present plan

    async def listen(self, address: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, address, port)
        self.address = address
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    def refuse(self) -> None:
        """Refuse connections from now on; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def listen_again(self) -> None:
        """Take connections again. Raises OSError."""
        if self._server is None:
            await self.listen(self.address, self._port)

    def follow(self, plan: HopPlan) -> None:
        """Follow this plan from the next connection on, which gets its first part."""
        self.plan = plan
        self._changed_at = len(self._logs)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        self.refuse()
        for task in list(self._sessions):
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def wait(self, count: int, what: str, within: float) -> tuple[Attempt, ...]:
        """Every attempt so far, as soon as that many have come to a point, or the time is over.

        `what` is BEGUN, ENDED (then the attempt of that number has), ACCEPTED (so many messages), or a Point's value.
        """
        await self._news.until(lambda: self._holds(count, what), within)
        return tuple(log.snapshot() for log in self._logs)

    def _holds(self, count: int, what: str) -> bool:
        logs = self._logs
        if what == BEGUN:
            return len(logs) >= count
        if what == ENDED:
            return len(logs) >= count and logs[count - 1].ended
        if what == ACCEPTED:
            return sum(log.accepted for log in logs) >= count
        return sum(1 for log in logs if log.has_reached(what)) >= count

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        number = len(self._logs) + 1
        host, port, *_ = writer.get_extra_info("peername")
        log = AttemptLog(number, self.name, f"{host}:{port}", self._clock, self._news)
        self._logs.append(log)
        self._news.tell()
        plan = self.plan.of(number - self._changed_at)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await HopSession(reader, writer, name=self.name, plan=plan, log=log, tls=self._tls).run()
        finally:
            self._sessions.discard(task)
