"""The shell: actions in order, timers, limits, TLS, back pressure, and sessions that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest

from reference_server.clock import VirtualClock
from reference_server.connection_log import LogLine
from reference_server.settings import Limits
from reference_server.shell import Gate, Shell
from reference_server.tests.scripted_session import IDLE, ScriptedSession
from reference_server.tls import CertificateFiles, certificate_files, server_context

DEADLINE = 20.0
DEFAULTS = Limits()
pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return certificate_files(tmp_path_factory.mktemp("tls"), ("localhost",))


@dataclass
class Stage:
    """A shell that listens, its clock, and every session that it made."""

    files: CertificateFiles
    clock: VirtualClock = field(default_factory=VirtualClock)
    sessions: list[ScriptedSession] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    work: Callable[[], object] = lambda: "worked"
    port: int = 0
    shell: Shell = field(init=False)

    @contextlib.asynccontextmanager
    async def listening(self, limits: Limits = DEFAULTS, *, implicit_tls: bool = False) -> AsyncIterator[Stage]:
        with ThreadPoolExecutor(2) as executor:
            context = server_context(self.files)
            self.shell = Shell(clock=self.clock, limits=limits, executor=executor, tls=context, log=self.log.append)
            gate = Gate("line", implicit_tls, self._make)
            server = await asyncio.start_server(partial(self.shell.accept, gate), "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                server.close()
                await self.shell.stop()

    def _make(self, number: int, peer: str) -> ScriptedSession:
        self.sessions.append(ScriptedSession(number, peer, self.work))
        return self.sessions[-1]

    async def connect(self, tls: bool = False) -> Client:
        context = self.trusting() if tls else None
        name = "localhost" if tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname=name)
        return Client(reader, writer)

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.files.authority))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop run until the condition holds."""
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0.001)
        raise AssertionError("the condition does not come to hold")


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def line(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readline()

    async def rest(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            return await self.reader.read()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@pytest.fixture
def stage(files: CertificateFiles) -> Stage:
    return Stage(files)


async def test_actions_are_carried_out_in_order(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        client.send(b"ECHO a\r\nWORK\r\nECHO b\r\nWORK\r\nECHO c\r\nQUIT\r\nECHO never\r\n")
        assert await client.rest() == b"HELLO\r\na\r\nRESULT worked\r\nb\r\nRESULT worked\r\nc\r\nBYE\r\n"
        await client.close()
    assert stage.sessions[0].events == ["data", "resumed", "resumed", "lost"]
    assert stage.sessions[0].peer == "127.0.0.1"


async def test_octet_by_octet(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        for octet in b"ECHO a\r\nWORK\r\nQUIT\r\n":
            client.send(bytes([octet]))
            await asyncio.sleep(0)
        assert await client.rest() == b"HELLO\r\na\r\nRESULT worked\r\nBYE\r\n"
        await client.close()


async def test_what_work_raises_is_handed_back(stage: Stage) -> None:
    def fails() -> object:
        raise ValueError("out of order")

    stage.work = fails
    async with stage.listening():
        client = await stage.connect()
        client.send(b"WORK\r\nQUIT\r\n")
        assert await client.rest() == b"HELLO\r\nRESULT out of order\r\nBYE\r\n"
        await client.close()


async def test_work_does_not_hold_up_others(stage: Stage) -> None:
    release = threading.Event()
    stage.work = lambda: release.wait(DEADLINE)
    async with stage.listening():
        busy, other = await stage.connect(), await stage.connect()
        busy.send(b"WORK\r\n")
        other.send(b"ECHO quick\r\n")
        assert [await other.line(), await other.line()] == [b"HELLO\r\n", b"quick\r\n"]
        release.set()
        assert [await busy.line(), await busy.line()] == [b"HELLO\r\n", b"RESULT True\r\n"]
        await busy.close()
        await other.close()


async def test_idle_sessions_are_timed_out_by_the_clock(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        client.send(b"ECHO a\r\n")
        assert [await client.line(), await client.line()] == [b"HELLO\r\n", b"a\r\n"]
        await stage.until(lambda: IDLE in stage.clock.pending())
        stage.clock.advance(IDLE - 1)
        client.send(b"ECHO b\r\n")
        assert await client.line() == b"b\r\n"
        await stage.until(lambda: IDLE in stage.clock.pending())
        stage.clock.advance(IDLE - 1)
        assert "timed out" not in stage.sessions[0].events
        stage.clock.advance(1)
        assert await client.rest() == b"BYE\r\n"
        await client.close()
    assert stage.sessions[0].events[-2:] == ["timed out", "lost"]


async def test_the_clock_may_be_moved_by_another_thread(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        assert await client.line() == b"HELLO\r\n"
        await stage.until(lambda: IDLE in stage.clock.pending())
        await asyncio.to_thread(stage.clock.advance, IDLE)
        assert await client.rest() == b"BYE\r\n"
        await client.close()


async def test_work_is_finished_although_the_client_has_gone(stage: Stage) -> None:
    """So that a lock which the work takes reaches the session, and is released."""
    started, release = threading.Event(), threading.Event()

    def slow() -> object:
        started.set()
        return release.wait(DEADLINE)

    stage.work = slow
    async with stage.listening():
        client = await stage.connect()
        client.send(b"WORK\r\n")
        await stage.until(started.is_set)
        client.writer.transport.abort()
        release.set()
        await stage.until(stage.sessions[0].ended.is_set)
    assert stage.sessions[0].events == ["data", "resumed", "lost"]


async def test_octets_that_end_no_line_are_no_sign_of_life(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        assert await client.line() == b"HELLO\r\n"
        await stage.until(lambda: IDLE in stage.clock.pending())
        for _ in range(3):
            stage.clock.advance(IDLE / 4)
            before = len(stage.sessions[0].events)
            client.send(b"N")
            await stage.until(lambda before=before: len(stage.sessions[0].events) > before)  # type: ignore[misc]
        await stage.until(lambda: IDLE / 4 in stage.clock.pending())
        stage.clock.advance(IDLE / 4)
        assert await client.rest() == b"BYE\r\n"
        await client.close()


async def test_a_client_that_never_reads_is_cut_off(stage: Stage) -> None:
    limits = Limits(send_stall=60)
    async with stage.listening(limits):
        peer = socket.create_connection(("127.0.0.1", stage.port))
        peer.sendall(b"BIG 30000000\r\n" + b"ECHO never\r\n" * 10)
        await stage.until(lambda: any(session.events for session in stage.sessions))
        await stage.until(lambda: 60 in stage.clock.pending())
        transports = [connection._transport for connection in stage.shell._running.values()]
        unsent = transports[0]._writer.transport.get_write_buffer_size()
        assert unsent < 1_000_000
        stage.clock.advance(60)
        await stage.until(stage.sessions[0].ended.is_set)
        peer.close()
    assert stage.sessions[0].events == ["data", "lost"]
    assert any("cut off" in line.text for line in stage.log)


async def test_input_waits_while_its_answers_are_not_read(stage: Stage) -> None:
    """Of a flood of commands, no more is taken in than one chunk whose answers wait to be read."""
    async with stage.listening():
        peer = socket.create_connection(("127.0.0.1", stage.port))
        peer.setblocking(False)
        flood = b"BIG 100000\r\n" * 100_000
        with contextlib.suppress(BlockingIOError):
            while flood:
                flood = flood[peer.send(flood) :]
        await stage.until(lambda: any(session.events for session in stage.sessions))
        await stage.until(lambda: stage.shell.limits.send_stall in stage.clock.pending())
        for _ in range(50):
            await asyncio.sleep(0)
        assert stage.sessions[0].events == ["data"]
        peer.close()


async def test_sessions_over_the_limit_are_refused(stage: Stage) -> None:
    async with stage.listening(Limits(sessions=2, sessions_per_address=5)):
        first, second = await stage.connect(), await stage.connect()
        assert [await first.line(), await second.line()] == [b"HELLO\r\n"] * 2
        third = await stage.connect()
        assert await third.rest() == b"NO TOO_MANY_SESSIONS\r\n"
        await third.close()
        await first.close()
        await stage.until(lambda: len(stage.shell._running) == 1)
        fourth = await stage.connect()
        assert await fourth.line() == b"HELLO\r\n"
        await second.close()
        await fourth.close()


async def test_sessions_over_the_limit_of_one_address_are_refused(stage: Stage) -> None:
    async with stage.listening(Limits(sessions=5, sessions_per_address=1)):
        first, second = await stage.connect(), await stage.connect()
        assert {await first.line(), await second.line()} == {
            b"HELLO\r\n",
            b"NO TOO_MANY_SESSIONS_FROM_ADDRESS\r\n",
        }
        await first.close()
        await second.close()


async def test_refusals_too_are_limited(stage: Stage) -> None:
    """A client that is over the limit and does not go away costs a bounded number of refusals."""
    async with stage.listening(Limits(sessions=0)):
        clients = [await stage.connect() for _ in range(40)]
        await stage.until(lambda: stage.shell._count == 40)
        assert len(stage.shell._running) <= 32
        for client in clients:
            await client.close()


async def test_starttls_lets_nothing_through(stage: Stage) -> None:
    """RFC 2595 §4, RFC 3207 §4.2: what came in the clear after the command has no effect under TLS."""
    async with stage.listening():
        client = await stage.connect()
        assert await client.line() == b"HELLO\r\n"
        client.send(b"TLS\r\nECHO injected\r\n")
        assert await client.line() == b"GO\r\n"
        await client.writer.start_tls(stage.trusting(), server_hostname="localhost")
        client.send(b"ECHO inside\r\nQUIT\r\n")
        assert await client.rest() == b"inside\r\nBYE\r\n"
        await client.close()
    assert stage.sessions[0].events == ["data", "tls", "data", "lost"]


async def test_plaintext_in_place_of_a_handshake_ends_the_connection(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        client.send(b"TLS\r\n")
        assert [await client.line(), await client.line()] == [b"HELLO\r\n", b"GO\r\n"]
        client.send(b"ECHO injected\r\n" * 3)
        answer = await client.rest()
        assert b"injected" not in answer
        await client.close()
    assert stage.sessions[0].events == ["data", "lost"]


async def test_a_large_injection_never_reaches_the_session(stage: Stage) -> None:
    """More than one chunk: what the session never took is read as a handshake, and ends the connection."""
    async with stage.listening():
        client = await stage.connect()
        client.send(b"TLS\r\n" + b"ECHO injected\r\n" * 5000)
        with contextlib.suppress(ConnectionError):
            assert b"injected" not in await client.rest()
        await stage.until(stage.sessions[0].ended.is_set)
        await client.close()
    assert stage.sessions[0].events == ["data", "lost"]


async def test_a_handshake_that_does_not_come_ends(stage: Stage) -> None:
    async with stage.listening(Limits(tls_handshake=60)):
        client = await stage.connect()
        client.send(b"TLS\r\n")
        assert [await client.line(), await client.line()] == [b"HELLO\r\n", b"GO\r\n"]
        await stage.until(lambda: 60 in stage.clock.pending())
        stage.clock.advance(60)
        await stage.until(stage.sessions[0].ended.is_set)
        await client.close()


async def test_implicit_tls(stage: Stage) -> None:
    async with stage.listening(implicit_tls=True):
        client = await stage.connect(tls=True)
        client.send(b"BIG 300000\r\nQUIT\r\n")
        assert await client.rest() == b"HELLO\r\n" + b"x" * 300_000 + b"BYE\r\n"
        await client.close()


async def test_last_words_arrive_although_input_was_left(stage: Stage) -> None:
    """Closing over unread octets would reset the connection and could take the last reply away."""
    async with stage.listening():
        client = await stage.connect()
        client.send(b"BIG 200000\r\nQUIT\r\n" + b"ECHO more\r\n" * 20_000)
        assert (await client.rest()).endswith(b"xBYE\r\n")
        await client.close()


async def test_a_client_that_stays_after_the_end_is_cut_off(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        client.send(b"QUIT\r\n")
        assert await client.rest() == b"HELLO\r\nBYE\r\n"
        assert stage.sessions[0].ended.is_set()
        await stage.until(lambda: len(stage.clock.pending()) == 1)
        stage.clock.advance(60)
        await stage.until(lambda: not stage.shell._running)
        await client.close()


async def test_a_bug_in_a_session_ends_only_that_session(stage: Stage) -> None:
    async with stage.listening():
        bad, good = await stage.connect(), await stage.connect()
        bad.send(b"BUG\r\n")
        with contextlib.suppress(ConnectionError):
            assert await bad.rest() in {b"HELLO\r\n", b""}
        good.send(b"ECHO fine\r\n")
        assert [await good.line(), await good.line()] == [b"HELLO\r\n", b"fine\r\n"]
        await bad.close()
        await good.close()
    assert any("internal error: RuntimeError" in line.text for line in stage.log)
    assert all(session.events[-1] == "lost" for session in stage.sessions)


async def test_a_reset_releases_the_session(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        assert await client.line() == b"HELLO\r\n"
        client.writer.transport.abort()
        await stage.until(stage.sessions[0].ended.is_set)
    assert stage.sessions[0].events.count("lost") == 1


async def test_stopping_says_goodbye_between_commands(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        assert await client.line() == b"HELLO\r\n"
        await stage.shell.stop()
        assert await client.rest() == b"NO SHUTTING_DOWN\r\n"
        await client.close()


async def test_stopping_lets_work_finish_and_answers_it(stage: Stage) -> None:
    started, release = threading.Event(), threading.Event()

    def slow() -> object:
        started.set()
        return release.wait(DEADLINE)

    stage.work = slow
    async with stage.listening():
        client = await stage.connect()
        client.send(b"WORK\r\n")
        assert await client.line() == b"HELLO\r\n"
        await stage.until(started.is_set)
        stopping = asyncio.create_task(stage.shell.stop())
        await asyncio.sleep(0)
        release.set()
        assert await client.rest() == b"RESULT True\r\nNO SHUTTING_DOWN\r\n"
        await stopping
        await client.close()


async def test_after_stopping_nobody_is_served(stage: Stage) -> None:
    async with stage.listening():
        await stage.shell.stop()
        client = await stage.connect()
        with contextlib.suppress(ConnectionError):
            assert await client.rest() == b""
        await client.close()
    assert stage.sessions == []


async def test_the_log_shows_what_the_session_lets_it_show(stage: Stage) -> None:
    async with stage.listening():
        client = await stage.connect()
        client.send(b"ECHO \x1b[2J\r\nQUIT\r\n")
        await client.rest()
        await client.close()
    assert [str(line).split(" ", 4)[-1] for line in stage.log] == [
        "-- connected",
        "S: HELLO",
        "C: ECHO \\x1b[2J",
        "S: (an echo)",
        "C: QUIT",
        "S: BYE",
        "-- closed",
    ]
