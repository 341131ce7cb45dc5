"""ImapSession against a scripted server."""

from __future__ import annotations

import pytest

from harness.clients.imap import ImapSession, NonSync, exists
from harness.errors import TargetClosed, TargetProtocolError, TargetSilent
from harness.tests.peers import Peer, PeerSession, tls_contexts
from harness.transcript import EventKind, Recorder
from harness.wire.imap import UntaggedResponse

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
        assert isinstance(imap.greeting, UntaggedResponse)
        assert imap.greeting.condition == "OK"
        assert (await imap.login("ann", 's"cret')).ok
        assert await imap.capability() == {"IMAP4REV1", "UIDPLUS"}
        result = await imap.append("INBOX", b"a\r\n.\r\n")
        assert result.code is not None
        assert result.code.text == b"APPENDUID 1 2"
        assert exists(result) == 1
        assert [each.condition for each in (await imap.logout()).untagged] == ["BYE"]
    sent = b"".join(event.data for event in recorder.transcript.events if event.kind is EventKind.SENT)
    assert b"cret" not in sent
    commands = [exchange.command for exchange in recorder.transcript.exchanges]
    append = b'P3 APPEND "INBOX" {6}\r\na\r\n.\r\n'
    assert commands == [None, b'P1 LOGIN "ann" ********', b"P2 CAPABILITY", append, b"P4 LOGOUT"]


async def test_a_refused_literal_is_not_sent() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.line()
        await peer.send(b"P1 NO [TRYCREATE] no\r\n")
        await peer.expect(b"P2 LOGOUT\r\n")
        await peer.send(b"P2 OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        refused = await imap.append("nowhere", b"x" * 10)
        assert refused.code is not None
        assert (refused.ok, refused.code.name) == (False, "TRYCREATE")
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


async def test_pipelined_commands_get_their_own_answers() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b"P1 NOOP\r\nP2 CHECK\r\nP3 NOOP\r\n")
        await peer.send(b"* 1 EXISTS\r\nP2 BAD no\r\nP1 OK\r\n* 2 EXISTS\r\nP3 OK\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        tags = [await imap.send(each) for each in ("NOOP", "CHECK", "NOOP")]
        replies = [await imap.complete(tag) for tag in tags]
    assert [reply.condition for reply in replies] == ["OK", "BAD", "OK"]
    assert [exists(reply) for reply in replies] == [1, 0, 2]
    assert [(each.command, each.reply) for each in recorder.transcript.exchanges[1:]] == [
        (b"P2 CHECK", b"* 1 EXISTS\r\nP2 BAD no\r\n"),
        (b"P1 NOOP", b"P1 OK\r\n"),
        (b"P3 NOOP", b"* 2 EXISTS\r\nP3 OK\r\n"),
    ]


async def test_a_non_synchronizing_literal_waits_for_nothing() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b"P1 LOGIN {3+}\r\nann {1+}\r\nx\r\n")
        await peer.send(b"P1 OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        assert (await imap.command("LOGIN ", NonSync(b"ann"), " ", NonSync(b"x"))).ok


async def test_raw_octets_are_followed() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b"a LOGIN {3}\r\n")
        await peer.send(b"+ go\r\n")
        await peer.expect(b"ann {1}\r\n")
        await peer.send(b"a NO\r\n")
        await peer.expect(b"\r\nb NOOP\r\n")
        await peer.send(b"* BAD what\r\nb OK\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        await imap.send_raw([b"a LOG", b"IN {3}\r\n"])
        await imap.next()
        await imap.send_raw(b"ann {1}\r\n")
        assert (await imap.complete("a")).condition == "NO"
        assert not imap.pending
        await imap.send_raw(b"\r\nb NOOP\r\n")
        assert (await imap.complete("b")).ok
    assert [each.command for each in recorder.transcript.exchanges] == [
        None,
        b"a LOGIN {3}\r\nann {1}\r\n",
        b"",
        b"b NOOP",
    ]


async def test_what_came_unasked_is_no_part_of_an_answer() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n* 5 EXISTS\r\n")
        await peer.expect(b"P1 NOOP\r\n")
        await peer.send(b"P1 OK\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        assert await imap.hears_within(10)
        reply = await imap.command("NOOP")
    assert exists(reply) == 5
    exchanges = [(each.command, each.reply) for each in recorder.transcript.exchanges]
    assert exchanges[1:] == [(None, b"* 5 EXISTS\r\n"), (b"P1 NOOP", b"P1 OK\r\n")]


async def test_idle() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b"P1 IDLE\r\n")
        await peer.send(b"+ idling\r\n* 2 EXISTS\r\n")
        await peer.expect(b"DONE\r\n")
        await peer.send(b"P1 OK\r\n")
        await peer.expect(b"P2 IDLE\r\n")
        await peer.send(b"P2 BAD\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        tag = await imap.idle()
        assert await imap.continuation(tag) is not None
        assert (await imap.next()).raw == b"* 2 EXISTS\r\n"
        assert (await imap.done(tag)).ok
        tag = await imap.idle()
        assert await imap.continuation(tag) is None
        assert (await imap.complete(tag)).condition == "BAD"
    assert [each.command for each in recorder.transcript.exchanges] == [None, b"P1 IDLE", b"P2 IDLE"]


async def test_starttls() -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.expect(b"P1 STARTTLS\r\n")
        await peer.send(b"P1 OK\r\n")
        await peer.start_tls(server)
        await peer.expect(b"P2 NOOP\r\n")
        await peer.send(b"P2 OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        assert (await imap.starttls(client)).ok
        assert imap.connection.secure
        assert (await imap.command("NOOP")).ok


@pytest.mark.parametrize("initial", [True, False])
async def test_authenticate_plain(initial: bool) -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        if initial:
            await peer.expect(b"P1 AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=\r\n")
        else:
            await peer.expect(b"P1 AUTHENTICATE PLAIN\r\n")
            await peer.send(b"+ \r\n")
            await peer.expect(b"AGFubgBzZWNyZXQ=\r\n")
        await peer.send(b"P1 OK\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as imap:
        assert (await imap.authenticate_plain("ann", "secret", initial=initial)).ok
    assert all(b"AGFubgB" not in event.data for event in recorder.transcript.events)


async def test_scram_without_a_proof_of_the_server_is_a_finding() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.line()
        await peer.send(b"+ \r\n")
        await peer.line()
        await peer.send(b"P1 OK\r\n")

    async with Peer(script) as address, await open_at(address, Recorder()) as imap:
        assert (await imap.authenticate_scram_sha_256("ann", "secret")).ok  # refused no challenge, so nothing to prove

    async def broken(peer: PeerSession) -> None:
        await peer.send(b"* OK hi\r\n")
        await peer.line()
        await peer.send(b"+ \r\n")
        await peer.line()
        await peer.send(b"+ ?\r\n")
        await peer.line()

    async with Peer(broken) as address, await open_at(address, Recorder()) as imap:
        with pytest.raises(TargetProtocolError, match="base64"):
            await imap.authenticate_scram_sha_256("ann", "secret")
