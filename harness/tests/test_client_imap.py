"""ImapSession against a scripted server."""

from __future__ import annotations

import pytest

from harness.clients.imap import ImapSession, exists
from harness.errors import TargetClosed, TargetSilent
from harness.tests.peers import Peer, PeerSession
from harness.transcript import EventKind, Recorder

pytestmark = pytest.mark.asyncio


async def open_at(address: tuple[str, int], recorder: Recorder, timeout: float = 10.0) -> ImapSession:
    return await ImapSession.open(*address, recorder=recorder, timeout=timeout)


async def test_login_select_append_and_logout() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b'P1 LOGIN "ann" "s\\"cret"\r\n')
        await peer.send(b"P1 OK\r\n")
        await peer.expect(b"P2 CAPABILITY\r\n")
        await peer.send(b"* CAPABILITY IMAP4rev1 uidplus\r\nP2 OK\r\n")
        await peer.expect(b'P3 APPEND "INBOX" {6}\r\n')
        await peer.send(b"* 1 EXISTS\r\n+ go\r\n")
        await peer.expect(b"a\r\n.\r\n\r\n")
        await peer.send(b"P3 OK [APPENDUID 1 2]\r\n")
        await peer.expect(b"P4 LOGOUT\r\n")
        await peer.send(b"* BYE\r\nP4 OK\r\n")

    recorder = Recorder(['s"cret'])
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        assert imap.greeting is not None
        assert imap.greeting.condition == "OK"
        assert (await imap.login("ann", 's"cret')).ok
        assert await imap.capability() == {"IMAP4REV1", "UIDPLUS"}
        result = await imap.append("INBOX", b"a\r\n.\r\n")
        assert result.tagged.code == "APPENDUID 1 2"
        assert exists(result) == 1
        assert [each.condition for each in (await imap.logout()).untagged] == ["BYE"]
    sent = b"".join(event.data for event in recorder.transcript.events if event.kind is EventKind.SENT)
    assert b"cret" not in sent
    commands = [exchange.command for exchange in recorder.transcript.exchanges]
    assert commands == [None, b'LOGIN "ann" ********', b"CAPABILITY", b'APPEND "INBOX" {6}', b"LOGOUT"]


async def test_a_refused_literal_is_not_sent() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.line()
        await peer.send(b"P1 NO [TRYCREATE] no\r\n")
        await peer.expect(b"P2 LOGOUT\r\n")
        await peer.send(b"P2 OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        refused = await imap.append("nowhere", b"x" * 10)
        assert (refused.ok, refused.tagged.code) == (False, "TRYCREATE")
        assert (await imap.logout()).ok


@pytest.mark.parametrize("messages", [0, 3])
async def test_emptying(messages: int) -> None:
    lines: list[bytes] = []

    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        while line := await peer.line():
            tag, _, rest = line.strip().partition(b" ")
            lines.append(rest)
            before = b"* %d EXISTS\r\n" % messages if rest.startswith(b"SELECT") else b""
            await peer.send(before + tag + b" OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        assert (await imap.delete_all("INBOX")).ok
    expected = [b'SELECT "INBOX"', rb"UID STORE 1:* +FLAGS.SILENT (\Deleted)", b"EXPUNGE"]
    assert lines == expected[: 3 if messages else 1]


async def test_a_lost_connection_leaves_an_incomplete_exchange() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.line()
        await peer.send(b"* 1 EXISTS\r\nP1 O")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        with pytest.raises(TargetClosed):
            await imap.select("INBOX")
    last = recorder.transcript.exchanges[-1]
    assert (last.complete, last.reply) == (False, b"* 1 EXISTS\r\nP1 O")


async def test_responses_that_never_end_are_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.clients.imap.LONG_REPLY", 1)

    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.drip(b"* 1 EXISTS\r\n", every=0.02)

    async with Peer(script) as address, await open_at(address, Recorder(), timeout=0.3) as imap:
        with pytest.raises(TargetSilent, match="no tagged response"):
            await imap.select("INBOX")
