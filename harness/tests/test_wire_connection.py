"""Connection against hostile peers on real sockets: each ends in bounded time, with the right error and record."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import time

import pytest

from harness.errors import TargetClosed, TargetFlooded, TargetReset, TargetSilent, TargetUnreachable, TlsFailed
from harness.tests.peers import Peer, PeerSession, Script, tls_contexts
from harness.transcript import EventKind, Recorder
from harness.wire.connection import Connection
from harness.wire.pop3 import Pop3Reply, Pop3ReplyParser

pytestmark = pytest.mark.asyncio

#: Seconds: long enough that nothing on this machine is late by chance, short enough to wait for.
TIMEOUT = 0.4
PATIENT = 10.0


def kinds(recorder: Recorder) -> list[EventKind]:
    return [event.kind for event in recorder.transcript.events]


async def read(
    script: Script, recorder: Recorder, *, multiline: bool = False, timeout: float = PATIENT
) -> tuple[Pop3Reply, int]:
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=timeout)
        try:
            return await connection.read_reply(Pop3ReplyParser(multiline))
        finally:
            await connection.close()


async def test_a_reply_is_one_event() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hello\r\n")
        await peer.hang()

    recorder = Recorder()
    reply, event = await read(script, recorder)
    assert reply.words == ("hello",)
    assert recorder.transcript.events[event].data == b"+OK hello\r\n"
    assert kinds(recorder) == [EventKind.CONNECTED, EventKind.RECEIVED, EventKind.LEFT]


async def test_a_trickled_reply_is_still_one_event() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.trickle(b"+OK\r\nSubject: x\r\n\r\n..\r\n.\r\n")

    recorder = Recorder()
    reply, _ = await read(script, recorder, multiline=True)
    assert reply.body == b"Subject: x\r\n\r\n.\r\n"
    assert kinds(recorder).count(EventKind.RECEIVED) == 1


async def test_a_second_answer_stays_unread() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK one\r\n+OK two\r\n")
        await peer.hang()

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        await connection.read_reply(Pop3ReplyParser(multiline=False))
        assert connection.unread == b"+OK two\r\n"
        assert connection.take_unread() == (b"+OK two\r\n", 2)
        assert connection.take_unread() is None
        await connection.close()


async def test_nothing_at_all_is_silence() -> None:
    recorder = Recorder()
    with pytest.raises(TargetSilent) as caught:
        await read(PeerSession.hang, recorder, timeout=TIMEOUT)
    assert caught.value.received == b""
    assert kinds(recorder) == [EventKind.CONNECTED, EventKind.SILENT, EventKind.LEFT]
    assert caught.value.event == 1


async def test_half_a_line_is_silence_that_knows_the_half() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hel")
        await peer.hang()

    recorder = Recorder()
    with pytest.raises(TargetSilent) as caught:
        await read(script, recorder, timeout=TIMEOUT)
    assert caught.value.received == b"+OK hel"
    assert kinds(recorder)[1:3] == [EventKind.RECEIVED, EventKind.SILENT]


async def test_a_status_line_that_never_ends_gets_no_more_time_for_trickling() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.drip(b"x" * 10, every=TIMEOUT / 20)

    began = time.monotonic()
    with pytest.raises(TargetSilent) as caught:
        await read(script, Recorder(), timeout=TIMEOUT)
    assert len(caught.value.received) > 10
    assert time.monotonic() - began < PATIENT


async def test_a_body_that_trickles_for_ever_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.wire.connection.LONG_REPLY", 2)

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\n")
        await peer.drip(b"x\r\n", every=TIMEOUT / 20)

    began = time.monotonic()
    with pytest.raises(TargetSilent):
        await read(script, Recorder(), multiline=True, timeout=TIMEOUT)
    assert TIMEOUT < time.monotonic() - began < PATIENT


async def test_a_loose_end_costs_less_than_the_timeout() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\nabc\n.\r\n")
        await peer.hang()

    began = time.monotonic()
    reply, _ = await read(script, Recorder(), multiline=True, timeout=2.0)
    assert reply.lines == (b"abc",)
    assert time.monotonic() - began < 1.9


@pytest.mark.parametrize("partial", [b"", b"+OK by"])
async def test_an_orderly_close_is_told_from_a_reset(partial: bytes) -> None:
    async def close(peer: PeerSession) -> None:
        await peer.send(partial)

    recorder = Recorder()
    with pytest.raises(TargetClosed) as caught:
        await read(close, recorder)
    assert caught.value.received == partial
    assert caught.value.event is not None
    assert recorder.transcript.events[caught.value.event].kind is EventKind.CLOSED
    assert EventKind.LEFT not in kinds(recorder)


async def test_a_reset_is_one() -> None:
    async def reset(peer: PeerSession) -> None:
        await peer.send(b"+O")
        await peer.line()
        peer.reset()

    recorder = Recorder()
    async with Peer(reset) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=3, timeout=PATIENT)
        await connection.send(b"NOOP\r\n")
        with pytest.raises(TargetReset) as caught:
            await connection.read_reply(Pop3ReplyParser(multiline=False))
        await connection.close()
    assert caught.value.received == b"+O"
    assert kinds(recorder)[-1] is EventKind.RESET
    assert {event.session for event in recorder.transcript.events} == {3}


async def test_what_was_said_before_the_end_can_be_read_after_a_send() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"-ERR bye\r\n")

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        await connection._link._gone.wait()
        assert not connection.open_still
        await connection.send(b"NOOP\r\n")
        reply, _ = await connection.read_reply(Pop3ReplyParser(multiline=False))
        assert reply.raw == b"-ERR bye\r\n"
        with pytest.raises(TargetClosed):
            await connection.read_reply(Pop3ReplyParser(multiline=False))
        await connection.close()
    assert EventKind.SENT not in kinds(recorder)


async def test_100_mib_without_a_line_end_are_neither_kept_nor_waited_for() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.flood(100 * 1024 * 1024)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    recorder = Recorder()
    with pytest.raises(TargetFlooded) as caught:
        await read(script, recorder)
    assert time.monotonic() - began < PATIENT
    assert len(caught.value.received) < 10_000
    assert kinds(recorder)[-3:] == [EventKind.RECEIVED, EventKind.NOTE, EventKind.LEFT]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB


async def test_nul_and_escape_octets_pass_unharmed() -> None:
    data = b"+OK \0\x1b[2J\x1b]0;x\x07<script>\x80\r\n"

    async def script(peer: PeerSession) -> None:
        await peer.send(data)

    recorder = Recorder()
    reply, event = await read(script, recorder)
    assert reply.raw == data
    assert recorder.transcript.events[event].data == data


async def test_segments_arrive_as_one_stream_and_are_one_event() -> None:
    lines: list[bytes] = []

    async def script(peer: PeerSession) -> None:
        lines.append(await peer.line())
        await peer.send(b"+OK\r\n")

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        event = await connection.send_segments([b"NO", b"OP\r", b"\n"])
        await connection.read_reply(Pop3ReplyParser(multiline=False))
        await connection.close()
    assert lines == [b"NOOP\r\n"]
    assert recorder.transcript.events[event].data == b"NOOP\r\n"
    assert kinds(recorder).count(EventKind.SENT) == 1


async def test_a_peer_that_never_reads_is_silent() -> None:
    ready = asyncio.Event()

    async def script(peer: PeerSession) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await ready.wait()

    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=Recorder(), session=1, timeout=TIMEOUT)
        with pytest.raises(TargetSilent):
            await connection.send(b"x" * 64 * 1024 * 1024)
        ready.set()
        await connection.close()


async def test_waiting_for_the_end() -> None:
    async def script(peer: PeerSession) -> None:
        assert await peer.line() == b"QUIT\r\n"
        await peer.send(b"late\r\n")

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        still = await connection.wait_closed(0.05)
        assert (still.how, still.received) == (EventKind.SILENT, b"")
        await connection.send(b"QUIT\r\n")
        closing = await connection.wait_closed(PATIENT)
        assert (closing.how, closing.received) == (EventKind.CLOSED, b"late\r\n")
        assert (await connection.wait_closed(PATIENT)).how is EventKind.CLOSED
        await connection.close()
    assert kinds(recorder)[-2:] == [EventKind.RECEIVED, EventKind.CLOSED]


async def test_a_half_closed_connection_still_hears_the_other_side() -> None:
    async def script(peer: PeerSession) -> None:
        heard = await peer.reader.read()
        await peer.send(b"+OK you said " + heard + b"\r\n")

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        await connection.send(b"QUIT")
        connection.finish_sending()
        closing = await connection.wait_closed(PATIENT)
        await connection.close()
    assert (closing.how, closing.received) == (EventKind.CLOSED, b"+OK you said QUIT\r\n")
    assert kinds(recorder) == [
        EventKind.CONNECTED,
        EventKind.SENT,
        EventKind.LEFT,
        EventKind.RECEIVED,
        EventKind.CLOSED,
    ]


async def test_nobody_listens() -> None:
    async with Peer(PeerSession.hang) as (host, port):
        pass
    recorder = Recorder()
    with pytest.raises(TargetUnreachable, match=str(port)):
        await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
    assert kinds(recorder) == [EventKind.NOTE]


async def test_hearing_does_not_take_what_came() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.line()
        await peer.send(b"+OK\r\n")
        await peer.hang()

    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=Recorder(), session=1, timeout=PATIENT)
        assert not await connection.hears_within(0.05)
        await connection.send(b"NOOP\r\n")
        assert await connection.hears_within(PATIENT)
        assert connection.unread == b"+OK\r\n"
        await connection.close()


async def test_tls_from_the_first_octet() -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK\r\n")

    recorder = Recorder()
    async with Peer(script, tls=server) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT, tls=client)
        assert connection.secure
        await connection.read_reply(Pop3ReplyParser(multiline=False))
        assert (await connection.wait_closed(PATIENT)).how is EventKind.CLOSED
        await connection.close()
    assert kinds(recorder) == [EventKind.CONNECTED, EventKind.TLS, EventKind.RECEIVED, EventKind.CLOSED]
    assert recorder.transcript.events[1].text.startswith("TLSv1")


@pytest.mark.parametrize("alert", [True, False])
async def test_a_close_alert_is_told_from_a_bare_close(alert: bool) -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.line()
        if not alert:
            peer.writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    async with Peer(script, tls=server) as (host, port):
        connection = await Connection.open(host, port, recorder=Recorder(), session=1, timeout=PATIENT, tls=client)
        await connection.send(b"QUIT\r\n")
        closing = await connection.wait_closed(PATIENT)
        await connection.close()
    assert (closing.how, closing.close_alert) == (EventKind.CLOSED, alert)


async def test_what_came_in_the_clear_does_not_survive_the_handshake() -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK go\r\n+OK injected\r\n")
        await peer.start_tls(server)
        await peer.send(b"+OK inside\r\n")
        await peer.hang()

    recorder = Recorder()
    async with Peer(script) as (host, port):
        connection = await Connection.open(host, port, recorder=recorder, session=1, timeout=PATIENT)
        await connection.read_reply(Pop3ReplyParser(multiline=False))
        await connection.start_tls(client)
        reply, _ = await connection.read_reply(Pop3ReplyParser(multiline=False))
        await connection.close()
    assert reply.words == ("inside",)
    assert [event.text for event in recorder.transcript.events if event.kind is EventKind.NOTE] == [
        "14 octets that came in the clear before the handshake are dropped"
    ]


@pytest.mark.parametrize("answer", [b"-ERR what?\r\n", b""])
async def test_a_failed_handshake_ends_in_bounded_time(answer: bytes) -> None:
    async def script(peer: PeerSession) -> None:
        await peer.reader.read(1)
        await peer.send(answer)
        await peer.hang()

    recorder = Recorder()
    _, client = tls_contexts()
    async with Peer(script) as (host, port):
        with pytest.raises(TlsFailed):
            await Connection.open(host, port, recorder=recorder, session=1, timeout=TIMEOUT, tls=client)
    assert EventKind.TLS not in kinds(recorder)
    assert any("TLS handshake failed" in event.text for event in recorder.transcript.events)


async def test_a_certificate_that_is_not_trusted_is_a_failed_handshake() -> None:
    server, _ = tls_contexts()
    async with Peer(PeerSession.hang, tls=server) as (host, port):
        with pytest.raises(TlsFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await Connection.open(
                host, port, recorder=Recorder(), session=1, timeout=PATIENT, tls=ssl.create_default_context()
            )
