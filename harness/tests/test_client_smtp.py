"""SmtpSession against a scripted server: SMTP and LMTP, dot-stuffing, replies by recipient, STARTTLS."""

from __future__ import annotations

import pytest

from harness.clients.smtp import LmtpSession, SmtpSession
from harness.errors import TargetSilent
from harness.tests.peers import Peer, PeerSession, tls_contexts
from harness.transcript import Recorder
from harness.wire.smtp import MESSAGE

pytestmark = pytest.mark.asyncio


async def smtp_server(peer: PeerSession) -> None:
    """As much of a server as these tests need; every recipient `no@…` is refused."""
    await peer.send(b"220 mx.test ready\r\n")
    accepted = 0
    lmtp = False
    while line := await peer.line():
        verb = line.split()[0].upper() if line.split() else b""
        if verb in (b"EHLO", b"LHLO"):
            lmtp = verb == b"LHLO"
            await peer.send(b"250-mx.test\r\n250-SIZE 1000\r\n250 8bitmime\r\n")
        elif verb == b"RCPT" and b"<no@" in line:
            await peer.send(b"550 5.1.1 no\r\n")
        elif verb == b"DATA" and accepted:
            await peer.send(b"354 go\r\n")
            content = b""
            while not content.endswith(b"\r\n.\r\n") and content != b".\r\n":
                content += await peer.line()
            await peer.send(b"".join(b"250 2.0.0 %d\r\n" % len(content) for _ in range(accepted if lmtp else 1)))
        elif verb == b"DATA":
            await peer.send(b"503 no recipients\r\n")
        elif verb == b"QUIT":
            await peer.send(b"221 bye\r\n")
            return
        else:
            accepted = accepted + 1 if verb == b"RCPT" else 0
            await peer.send(b"250 OK\r\n")


async def open_at(address: tuple[str, int], recorder: Recorder, *, lmtp: bool = False) -> SmtpSession:
    return await (LmtpSession if lmtp else SmtpSession).open(*address, recorder=recorder, timeout=10.0)


async def test_a_delivery_by_smtp() -> None:
    recorder = Recorder()
    async with Peer(smtp_server) as address, await open_at(address, recorder) as smtp:
        assert smtp.greeting is not None
        assert smtp.greeting.code == 220
        await smtp.greet()
        assert smtp.extensions == {"SIZE": "1000", "8BITMIME": ""}
        (reply,) = await smtp.deliver("a@a.test", ["b@a.test", "c@a.test"], b".x\r\n")
        assert reply.lines == (b"2.0.0 8",)  # ..x CRLF .CRLF
        assert (await smtp.quit()).code == 221
        assert (await smtp.wait_closed()).how == "closed"
    commands = [exchange.command for exchange in recorder.transcript.exchanges]
    assert commands[0] is None
    assert commands[-3:] == [b"DATA", b"(message)", b"QUIT"]
    assert {exchange.protocol for exchange in recorder.transcript.exchanges} == {"smtp"}


async def test_lmtp_answers_for_each_accepted_recipient() -> None:
    recorder = Recorder()
    async with Peer(smtp_server) as address, await open_at(address, recorder, lmtp=True) as lmtp:
        assert (await lmtp.greet()).ok
        await lmtp.mail("")
        replies = [await lmtp.rcpt(name) for name in ("b@a.test", "no@a.test", "c@a.test")]
        assert [reply.code for reply in replies] == [250, 550, 250]
        assert [reply.enhanced for reply in await lmtp.data(b"x\r\n")] == ["2.0.0", "2.0.0"]
        assert [reply.code for reply in await lmtp.deliver("", ["c@a.test"], b"")] == [250]
    assert {exchange.protocol for exchange in recorder.transcript.exchanges} == {"lmtp"}


async def test_the_reply_that_ends_a_delivery_early_is_the_result() -> None:
    async with Peer(smtp_server) as address, await open_at(address, Recorder()) as smtp:
        assert [reply.code for reply in await smtp.deliver("", ["no@a.test"], b"x")] == [550]
        assert [reply.code for reply in await smtp.data(b"x")] == [503]


async def test_lines_of_a_message_call_for_no_reply() -> None:
    recorder = Recorder()
    async with Peer(smtp_server) as address, await open_at(address, recorder) as smtp:
        await smtp.mail("")
        await smtp.rcpt("b@a.test")
        assert (await smtp.command("DATA")).intermediate
        await smtp.send("QUIT")
        assert smtp.outstanding == 0
        await smtp.send_raw([b"Subject: x\r", b"\n.\r\n"])
        assert smtp.outstanding == 1
        assert (await smtp.read_reply()).ok
    assert recorder.transcript.exchanges[-1].command == MESSAGE


async def test_starttls() -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.send(b"220 hi\r\n")
        await peer.expect(b"STARTTLS\r\n")
        await peer.send(b"220 go\r\n")
        await peer.start_tls(server)
        await smtp_server(peer)

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as smtp:
        assert (await smtp.starttls(client)).ok
        assert (await smtp.read_reply()).code == 220
    assert [exchange.secure for exchange in recorder.transcript.exchanges] == [False, False, True]


async def test_silence_leaves_an_incomplete_exchange() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"220-hi\r\n")
        await peer.hang()

    recorder = Recorder()
    async with Peer(script) as address:
        with pytest.raises(TargetSilent):
            await SmtpSession.open(*address, recorder=recorder, timeout=0.2)
    (exchange,) = recorder.transcript.exchanges
    assert (exchange.complete, exchange.reply) == (False, b"220-hi\r\n")
