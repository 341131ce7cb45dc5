"""The asyncio shell around every sans-IO session: it carries out actions, and keeps time and limits.

Knows no protocol: what is said when a limit is reached is the session's business. A connection takes the memory of one
chunk of input and of what that makes the session answer, however little the client reads.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from reference_server.actions import Action, Close, Heard, Refusal, Send, Session, StartTls, Wakeable, Work
from reference_server.clock import Clock
from reference_server.connection_log import ConnectionLog, Direction, LogLine, printable, summary
from reference_server.settings import Limits
from reference_server.transport import Transport

_COALESCE = 64 * 1024  # octets of replies gathered before they are written
_SLICE = 64 * 1024  # octets written before the client must have read
_LINGER = 5.0  # seconds in which a client may close after us, before it is cut off
_REFUSALS_AT_ONCE = 32  # connections over the limit that are told so at the same time; more are cut off
_STOP_SECONDS = 10.0  # seconds for work that is under way when the server stops; more than any of it takes
_STOP_GRACE = 0.1  # seconds of real time for each last word to a client when the server stops


@dataclass(frozen=True, slots=True)
class Gate:
    """One listener's way in."""

    protocol: str
    implicit_tls: bool
    make_session: Callable[[int, str], Session]
    """From the session's number and the client's IP address."""


class Shell:
    """Runs the sessions of one server, in one event loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        limits: Limits,
        executor: Executor,
        tls: ssl.SSLContext,
        log: ConnectionLog | None,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.executor = executor
        self.tls = tls
        self.log = log
        self._count = 0
        self._served: Counter[str] = Counter()
        self._refused = 0
        self._stopped = False
        self._running: dict[asyncio.Task[None], Connection] = {}

    async def accept(self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client from its connection to its end."""
        if self._stopped:
            writer.transport.abort()
            return
        self._count += 1
        peer = str((writer.get_extra_info("peername") or ("unknown",))[0])
        refusal = self._over_limit(peer)
        transport = Transport(reader, writer)
        if refusal is not None and self._refused >= _REFUSALS_AT_ONCE:
            transport.abort()
            return
        connection = Connection(self, gate, transport, self._count, peer)
        task = asyncio.create_task(connection.serve(refusal))
        self._running[task] = connection
        self._count_in(peer, refusal, 1)
        try:
            await task
        finally:
            self._count_in(peer, refusal, -1)
            del self._running[task]

    async def stop(self) -> None:
        """End every session between two commands; work that is under way is finished and answered."""
        self._stopped = True
        for connection in self._running.values():
            connection.stop()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()

    def _over_limit(self, peer: str) -> Refusal | None:
        if self._served.total() >= self.limits.sessions:
            return Refusal.TOO_MANY_SESSIONS
        if self._served[peer] >= self.limits.sessions_per_address:
            return Refusal.TOO_MANY_SESSIONS_FROM_ADDRESS
        return None

    def _count_in(self, peer: str, refusal: Refusal | None, change: int) -> None:
        if refusal is not None:
            self._refused += change
            return
        self._served[peer] += change
        if not self._served[peer]:
            del self._served[peer]


class Connection:
    """One client's connection and its session."""

    def __init__(self, shell: Shell, gate: Gate, transport: Transport, number: int, peer: str) -> None:
        self._shell = shell
        self._gate = gate
        self._transport = transport
        self._number = number
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._stopping = False
        self._alive_at = 0.0
        self._wait: asyncio.Timeout | None = None
        self._receiving = False
        self._woken = False

    def stop(self) -> None:
        """End this connection as soon as no work is under way."""
        self._stopping = True
        if self._wait is not None:
            self._wait.reschedule(asyncio.get_running_loop().time())

    def wake(self) -> None:
        """Let the session speak as soon as nothing else is under way; from any thread, also when all is over."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._interrupt)

    def _interrupt(self) -> None:
        self._woken = True
        if self._receiving and self._wait is not None:
            self._wait.reschedule(self._loop.time())

    async def serve(self, refusal: Refusal | None) -> None:
        """Run the session to its end, whatever the client or the session does."""
        self._note("connected")
        try:
            session = self._gate.make_session(self._number, self._peer)
            if isinstance(session, Wakeable):
                session.attach(self.wake)
            try:
                await self._converse(session, refusal)
            finally:
                session.connection_lost()
            await self._finish()
        except TimeoutError:
            self._note("cut off: the client neither reads nor answers")
        except OSError as error:
            self._note(f"connection lost: {error.strerror or error}")
        except Exception as error:  # a session's bug must not take the server along
            self._note(f"internal error: {error!r}")
        finally:
            self._transport.abort()
            await self._transport.close()
            self._note("closed")

    async def _converse(self, session: Session, refusal: Refusal | None) -> None:
        if self._gate.implicit_tls:
            await self._start_tls()
        if refusal is not None:
            await self._perform(session, session.refuse(refusal))
            return
        await self._perform(session, session.greeting())
        self._alive_at = self._shell.clock.monotonic()
        while not self._closing:
            data = await self._receive(session)
            if self._woken and isinstance(session, Wakeable):
                self._woken = False
                await self._perform(session, session.wake())
                if data is None:
                    continue
            if data is None:
                last_words = session.refuse(Refusal.SHUTTING_DOWN) if self._stopping else session.timed_out()
                await self._perform(session, last_words)
                return
            if not data:
                return
            await self._perform(session, session.receive(data))
            if b"\n" in data:  # only a line is a sign of life: who sends an octet now and then is idle
                self._alive_at = self._shell.clock.monotonic()

    async def _receive(self, session: Session) -> bytes | None:
        """The next octets, or None where the session's time is up or the server stops."""
        if self._stopping or self._woken:
            return None
        silent = self._shell.clock.monotonic() - self._alive_at
        self._receiving = True
        try:
            async with self._within(session.idle_limit - silent):
                return await self._transport.receive()
        except TimeoutError:
            return None
        finally:
            self._receiving = False

    async def _perform(self, session: Session, actions: Iterable[Action]) -> None:
        """Carry out the actions, in order, and those that follow from them."""
        due = deque(actions)
        unsent = bytearray()
        while due and not self._closing:
            action = due.popleft()
            if isinstance(action, Send):
                if self._shell.log is not None:
                    self._log(Direction.SERVER, action.logged or summary(action.data))
                unsent += action.data
            elif isinstance(action, Heard) and self._shell.log is not None:
                self._log(Direction.CLIENT, printable(action.line))
            if not isinstance(action, Send | Heard) or len(unsent) >= _COALESCE:
                await self._send(unsent)
                unsent.clear()
            match action:
                case Close():
                    self._closing = True
                case Work():
                    due.extend(session.resume(await self._work(action)))
                case StartTls():
                    await self._start_tls()
                    due.extend(session.tls_started())
        await self._send(unsent)

    async def _work(self, work: Work) -> object:
        """Run what may block in a worker; its result, or the exception that it raised."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._shell.executor, work.call)
        except Exception as error:
            return error

    async def _send(self, data: bytearray) -> None:
        """Write everything; however long it is, a client that goes on reading has time for it."""
        with memoryview(data) as view:
            for start in range(0, len(view), _SLICE):
                async with self._within(self._shell.limits.send_stall):
                    await self._transport.send(view[start : start + _SLICE])

    async def _start_tls(self) -> None:
        async with self._within(self._shell.limits.tls_handshake):
            self._note(await self._transport.start_tls(self._shell.tls))

    async def _finish(self) -> None:
        """Close in a way that lets the client read everything; it has a little time to do so."""
        with suppress(TimeoutError):
            async with self._within(_LINGER):
                await self._transport.finish()

    @asynccontextmanager
    async def _within(self, seconds: float) -> AsyncIterator[None]:
        """Raise TimeoutError out of the block when the clock has moved on by `seconds`, or when the server stops."""
        loop = asyncio.get_running_loop()
        grace = _STOP_GRACE if self._stopping else None
        async with asyncio.timeout(grace) as wait:

            def expire() -> None:
                if self._wait is wait:
                    wait.reschedule(loop.time())

            def due() -> None:  # maybe in another thread, and maybe when the block is left already
                loop.call_soon_threadsafe(expire)

            timer = self._shell.clock.call_later(seconds, due)
            self._wait = wait
            try:
                yield
            finally:
                self._wait = None
                timer.cancel()

    def _note(self, text: str) -> None:
        self._log(Direction.NOTE, text)

    def _log(self, direction: Direction, text: str) -> None:
        if self._shell.log is not None:
            now = self._shell.clock.now()
            self._shell.log(LogLine(now, self._number, self._gate.protocol, self._peer, direction, text))
