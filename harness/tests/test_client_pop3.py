"""Pop3Session against scripted servers: which reply belongs to which command, authentication, hostile peers."""

from __future__ import annotations

import base64
import hashlib

import pytest

from harness.clients.pop3 import Pop3Session
from harness.errors import TargetClosed, TargetLost, TargetProtocolError, TargetSilent, TlsFailed
from harness.tests.peers import Peer, PeerSession, Script, tls_contexts
from harness.transcript import EventKind, Recorder

pytestmark = pytest.mark.asyncio

PATIENT = 10.0


async def open_at(
    address: tuple[str, int], recorder: Recorder | None = None, *, timeout: float = PATIENT, read_greeting: bool = True
) -> Pop3Session:
    recorder = recorder or Recorder()
    return await Pop3Session.open(*address, recorder=recorder, timeout=timeout, read_greeting=read_greeting)


def answers(*replies: bytes, greeting: bytes = b"+OK hi\r\n") -> Script:
    """A server that answers one line with each reply in turn and then hangs."""

    async def script(peer: PeerSession) -> None:
        await peer.send(greeting)
        for reply in replies:
            await peer.line()
            await peer.send(reply)
        await peer.hang()

    return script


async def test_commands_meet_their_replies() -> None:
    recorder = Recorder(["secret"])
    script = answers(b"+OK\r\n", b"+OK in\r\n", b"+OK 1 3\r\n", b"+OK\r\n1 3\r\n.\r\n", b"+OK 1 3\r\n", b"+OK\r\n")
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        assert (await pop3.login("ann", "secret")).words == ("in",)
        assert (await pop3.command("STAT")).lines is None
        assert (await pop3.command("LIST")).lines == (b"1 3",)
        assert (await pop3.command("LIST 1")).lines is None
        assert (await pop3.quit()).ok
    exchanges = recorder.transcript.exchanges
    assert [each.command for each in exchanges] == [
        None, b"USER ann", b"PASS ********", b"STAT", b"LIST", b"LIST 1", b"QUIT",
    ]  # fmt: skip
    assert all(each.complete for each in exchanges)
    for each in exchanges[1:]:
        assert recorder.transcript.events[each.first].kind is EventKind.SENT
        assert recorder.transcript.events[each.last].data == each.reply


async def test_a_refused_user_is_the_result_of_a_login() -> None:
    async with Peer(answers(b"-ERR no\r\n")) as address, await open_at(address) as pop3:
        assert not (await pop3.login("ann", "x")).ok
        assert pop3.outstanding == 0


async def test_a_pipelined_batch_is_answered_in_order() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        await peer.expect(b"STAT\r\nUIDL\r\nNOOP\r\n")
        await peer.send(b"+OK 0 0\r\n+OK\r\n.\r\n+OK done\r\n")
        await peer.hang()

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        await pop3.send_raw(b"STAT\r\nUIDL\r\nNOOP\r\n")
        assert pop3.outstanding == 3
        assert [(await pop3.read_reply()).raw for _ in range(3)] == [b"+OK 0 0\r\n", b"+OK\r\n.\r\n", b"+OK done\r\n"]
    assert [each.command for each in recorder.transcript.exchanges[1:]] == [b"STAT", b"UIDL", b"NOOP"]


async def test_a_command_in_segments_is_one_command() -> None:
    async with Peer(answers(b"+OK\r\n.\r\n")) as address, await open_at(address) as pop3:
        await pop3.send_raw([b"UI", b"DL\r"])
        assert pop3.outstanding == 0
        await pop3.send_raw(b"\n")
        assert pop3.outstanding == 1
        assert (await pop3.read_reply()).lines == ()


async def test_what_was_sent_without_crlf_is_the_command_of_the_reply_that_comes() -> None:
    recorder = Recorder()
    async with Peer(answers(b"-ERR what\r\n")) as address, await open_at(address, recorder) as pop3:
        await pop3.send_raw(b"NOOP\n")
        assert not (await pop3.read_reply()).ok
    assert recorder.transcript.exchanges[-1].command == b"NOOP\n"


async def test_an_unread_greeting_comes_before_the_first_reply() -> None:
    recorder = Recorder()
    script = answers(b"+OK bye\r\n")
    async with Peer(script) as address, await open_at(address, recorder, read_greeting=False) as pop3:
        await pop3.send("QUIT")
        assert (await pop3.read_reply()).words == ("hi",)
        assert pop3.greeting is not None
        assert (await pop3.read_reply()).words == ("bye",)


async def test_a_second_answer_is_kept_apart() -> None:
    recorder = Recorder()
    script = answers(b"+OK one\r\n-ERR again\r\n", b"+OK two\r\n")
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        assert (await pop3.command("NOOP")).words == ("one",)
        assert await pop3.connection.hears_within(PATIENT)
        assert (await pop3.command("NOOP")).words == ("two",)
        assert pop3.unasked == [b"-ERR again\r\n"]
    assert [each.command for each in recorder.transcript.exchanges] == [None, b"NOOP", None, b"NOOP"]


async def test_apop_digests_timestamp_and_secret() -> None:
    """The example of RFC 1939 §7 (APOP)."""

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n")
        await peer.expect(b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n")
        await peer.send(b"+OK\r\n")
        await peer.hang()

    async with Peer(script) as address, await open_at(address) as pop3:
        assert (await pop3.apop("mrose", "tanstaaf")).ok


async def test_apop_needs_a_timestamp() -> None:
    async with Peer(answers(greeting=b"+OK <hello> you\r\n")) as address, await open_at(address) as pop3:
        assert pop3.timestamp is None
        with pytest.raises(TargetProtocolError):
            await pop3.apop("ann", "x")


@pytest.mark.parametrize("initial", [True, False])
async def test_plain_goes_out_once_and_never_into_the_record(initial: bool) -> None:
    response = base64.b64encode(b"\0ann\0secret")

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        if initial:
            await peer.expect(b"AUTH PLAIN " + response + b"\r\n")
        else:
            await peer.expect(b"AUTH PLAIN\r\n")
            await peer.send(b"+ \r\n")
            await peer.expect(response + b"\r\n")
        await peer.send(b"+OK in\r\n")
        await peer.hang()

    recorder = Recorder(["secret"])
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        assert (await pop3.auth_plain("ann", "secret", initial=initial)).ok
    seen = [event.data for event in recorder.transcript.events]
    seen += [each.command or b"" for each in recorder.transcript.exchanges]
    assert not any(response in data or b"secret" in data for data in seen)


async def test_a_password_that_the_server_repeats_is_masked_and_counted() -> None:
    recorder = Recorder(["secret"])
    async with Peer(answers(b"-ERR not secret\r\n")) as address, await open_at(address, recorder) as pop3:
        assert (await pop3.command("PASS secret")).text == b"not secret"
    assert recorder.transcript.exchanges[-1].reply == b"-ERR not ******\r\n"
    assert not any(b"secret" in event.data for event in recorder.transcript.events)


async def test_a_response_to_a_challenge_is_no_command() -> None:
    """The base64 of a response may read like a command with a multi-line reply."""
    script = answers(b"+ \r\n", b"+OK\r\n", b"+OK\r\n.\r\n")
    async with Peer(script) as address, await open_at(address) as pop3:
        assert (await pop3.command("AUTH X")).challenge
        assert (await pop3.command("LIST")).lines is None
        assert (await pop3.command("LIST")).lines == ()


@pytest.mark.parametrize("initial", [True, False])
async def test_scram_as_in_the_example_of_rfc_7677(monkeypatch: pytest.MonkeyPatch, initial: bool) -> None:
    monkeypatch.setattr("harness.clients.scram.secrets.token_urlsafe", lambda _: "rOprNGfwEbeRWgbNEkqO")
    server_nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        first = b"biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n"  # n,,n=user,r=…
        if initial:
            await peer.expect(b"AUTH SCRAM-SHA-256 " + first)
        else:
            await peer.expect(b"AUTH SCRAM-SHA-256\r\n")
            await peer.send(b"+ \r\n")
            await peer.expect(first)
        challenge = b"r=" + server_nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        await peer.send(b"+ " + base64.b64encode(challenge) + b"\r\n")
        proof = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        await peer.expect(base64.b64encode(b"c=biws,r=" + server_nonce + b",p=" + proof) + b"\r\n")
        signature = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        await peer.send(b"+ " + base64.b64encode(signature) + b"\r\n")
        await peer.expect(b"\r\n")
        await peer.send(b"+OK in\r\n")
        await peer.hang()

    async with Peer(script) as address, await open_at(address) as pop3:
        assert (await pop3.auth_scram_sha_256("user", "pencil", initial=initial)).ok


@pytest.mark.parametrize(
    ("last", "problem"),
    [(b"+OK in\r\n", "without the server's signature"), (b"+ dj1BQUFB\r\n", "signature is wrong")],
)
async def test_scram_fails_a_server_that_does_not_know_the_password(last: bytes, problem: str) -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        first = base64.b64decode((await peer.line()).split()[-1])
        nonce = first.split(b"r=")[1]
        salt = base64.b64encode(hashlib.sha256(b"salt").digest()[:16])
        await peer.send(b"+ " + base64.b64encode(b"r=" + nonce + b"xyz,s=" + salt + b",i=10") + b"\r\n")
        assert base64.b64decode(await peer.line()).startswith(b"c=biws,r=" + nonce + b"xyz,p=")
        await peer.send(last)
        await peer.hang()

    async with Peer(script) as address, await open_at(address) as pop3:
        with pytest.raises(TargetProtocolError, match=problem):
            await pop3.auth_scram_sha_256("ann", "secret")


async def test_stls_upgrades_and_forgets_what_was_pipelined_before() -> None:
    server, client = tls_contexts()

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        await peer.expect(b"STLS\r\nCAPA\r\n")
        await peer.send(b"+OK go\r\n")
        await peer.start_tls(server)
        await peer.expect(b"STAT\r\n")
        await peer.send(b"-ERR log in\r\n")
        await peer.hang()

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        await pop3.send_raw(b"STLS\r\nCAPA\r\n")
        assert (await pop3.read_reply()).ok
        await pop3.start_tls(client)
        assert pop3.outstanding == 0
        assert (await pop3.command("STAT")).raw == b"-ERR log in\r\n"
    assert [each.secure for each in recorder.transcript.exchanges] == [False, False, True]


async def test_stls_that_is_granted_and_not_kept() -> None:
    _, client = tls_contexts()
    async with Peer(answers(b"+OK go\r\n", b"-ERR\r\n")) as address, await open_at(address) as pop3:
        with pytest.raises(TlsFailed):
            await pop3.stls(client)


async def test_stls_that_is_refused_leaves_the_session_as_it_was() -> None:
    _, client = tls_contexts()
    async with Peer(answers(b"-ERR no\r\n", b"+OK\r\n")) as address, await open_at(address) as pop3:
        assert not (await pop3.stls(client)).ok
        assert (await pop3.quit()).ok


async def test_capabilities() -> None:
    script = answers(b"+OK\r\nTOP\r\nsasl PLAIN X\r\n\r\nEXPIRE 60\r\n.\r\n", b"-ERR no\r\n")
    async with Peer(script) as address, await open_at(address) as pop3:
        assert await pop3.capa() == {"TOP": (), "SASL": ("PLAIN", "X"), "EXPIRE": ("60",)}
        assert await pop3.capa() == {}


async def test_the_end_after_quit() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        await peer.line()
        await peer.send(b"+OK bye\r\n")

    async with Peer(script) as address, await open_at(address) as pop3:
        await pop3.quit()
        assert (await pop3.wait_closed()).how is EventKind.CLOSED


async def test_a_reply_that_ends_early_is_an_incomplete_exchange() -> None:
    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hi\r\n")
        await peer.line()
        await peer.send(b"+OK\r\nSubject: x\r\n")

    recorder = Recorder()
    async with Peer(script) as address, await open_at(address, recorder) as pop3:
        with pytest.raises(TargetClosed) as caught:
            await pop3.command("RETR 1")
    assert caught.value.received == b"+OK\r\nSubject: x\r\n"
    last = recorder.transcript.exchanges[-1]
    assert (last.command, last.reply, last.complete) == (b"RETR 1", caught.value.received, False)
    assert recorder.transcript.events[last.last].kind is EventKind.CLOSED


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (PeerSession.hang, TargetSilent),
        (answers(greeting=b"x" * 70_000), TargetLost),
        (answers(greeting=b""), TargetSilent),
    ],
)
async def test_without_a_greeting_there_is_no_session(script: Script, error: type[TargetLost]) -> None:
    recorder = Recorder()
    async with Peer(script) as address:
        with pytest.raises(error):
            await open_at(address, recorder, timeout=0.2)
    assert recorder.transcript.events[-1].kind is EventKind.LEFT
