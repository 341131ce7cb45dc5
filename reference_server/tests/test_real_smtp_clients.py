"""Clients that people use deliver mail, with and without TLS and AUTH, and what arrives has the same octets."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from reference_server.server import Endpoint, MailServer, Tls
from reference_server.settings import TEST_COST, Settings
from reference_server.tests.programs import PASSWORD, needs, run

SETTINGS = Settings(volatile=True, cost=TEST_COST)
ALICE, BOB = "alice@postel.test", "bob@postel.test"
HEADER = (
    f"From: {ALICE}\r\nTo: {BOB}\r\nSubject: to be kept\r\n"
    "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <x@client.test>\r\n\r\n"
).encode()
MESSAGE = HEADER + "\r\n.\r\n..two\r\n.x\r\nüñï\r\nFrom here\r\n".encode() + b"x" * 990 + b"\r\n"
DEADLINE = 20.0
WAYS = ["smtp", "submission", "submissions"]

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer(SETTINGS) as running:
        running.accounts.add("alice", PASSWORD)
        running.accounts.add("bob", PASSWORD)
        yield running


def arrived(server: MailServer, recipient: str = "bob") -> list[tuple[bytes, bytes]]:
    """What lies in the mailbox: the trace in front of each message, and the message."""
    messages = [server.store.read(each) for each in server.store.messages(recipient)]
    return [(octets[: octets.index(b"From: ")], octets[octets.index(b"From: ") :]) for octets in messages]


def with_smtplib(endpoint: Endpoint, authority: Path, send: Callable[[smtplib.SMTP], object]) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    if endpoint.tls is Tls.IMPLICIT:
        peer: smtplib.SMTP = smtplib.SMTP_SSL("localhost", endpoint.port, timeout=DEADLINE, context=context)
    else:
        peer = smtplib.SMTP("localhost", endpoint.port, timeout=DEADLINE)
        peer.starttls(context=context)
    with peer:
        send(peer)


@pytest.mark.parametrize("name", WAYS)
async def test_smtplib_logs_in_under_tls(server: MailServer, name: str) -> None:
    def send(peer: smtplib.SMTP) -> None:
        peer.login("alice", PASSWORD)
        assert peer.sendmail(ALICE, [BOB], MESSAGE, mail_options=["BODY=8BITMIME"]) == {}

    await asyncio.to_thread(with_smtplib, server.endpoints[name], server.authority, send)
    ((trace, message),) = arrived(server)
    assert message == MESSAGE
    assert trace.startswith(b"Return-Path: <alice@postel.test>\r\nReceived: from ")
    assert b" with ESMTPSA id" in trace


async def test_smtplib_delivers_to_internationalized_addresses(server: MailServer) -> None:
    server.accounts.add("bücher", PASSWORD)

    def send(peer: smtplib.SMTP) -> None:
        peer.ehlo_or_helo_if_needed()
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        assert peer.sendmail("ü@bücher.test", ["bücher@postel.test"], MESSAGE, mail_options=options) == {}

    await asyncio.to_thread(with_smtplib, server.endpoints["smtp"], server.authority, send)
    ((trace, message),) = arrived(server, "bücher")
    assert message == MESSAGE
    assert trace.decode().startswith("Return-Path: <ü@bücher.test>\r\n")
    assert b" with UTF8SMTPS id" in trace


async def test_smtplib_is_not_let_through_without_a_login(server: MailServer) -> None:
    def send(peer: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            peer.sendmail(ALICE, [BOB], MESSAGE, mail_options=["BODY=8BITMIME"])
        assert refused.value.smtp_code == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            peer.login("alice", "wrong")

    await asyncio.to_thread(with_smtplib, server.endpoints["submission"], server.authority, send)
    assert arrived(server) == []


def url(endpoint: Endpoint) -> str:
    return f"{'smtps' if endpoint.tls is Tls.IMPLICIT else 'smtp'}://localhost:{endpoint.port}/client.example"


@needs("curl")
@pytest.mark.parametrize("name", WAYS)
async def test_curl_logs_in_under_tls(server: MailServer, name: str, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    finished = await run(
        *("curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", str(server.authority)),
        *("--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", "message"),
        *("--user", f"alice:{PASSWORD}", "--login-options", "AUTH=PLAIN", url(server.endpoints[name])),
        home=tmp_path,
    )
    finished.must_succeed()
    ((trace, message),) = arrived(server)
    assert message == MESSAGE
    assert b" with ESMTPSA id" in trace
    assert b"from client.example (" in trace


@needs("curl")
async def test_curl_delivers_in_the_clear(server: MailServer, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    finished = await run(
        *("curl", "--silent", "--show-error", "--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", "message"),
        url(server.endpoints["smtp"]),
        home=tmp_path,
    )
    finished.must_succeed()
    ((trace, message),) = arrived(server)
    assert message == MESSAGE
    assert b" with ESMTP id" in trace


@needs("curl")
async def test_curl_asks_who_is_there(server: MailServer, tmp_path: Path) -> None:
    for name, status in (("bob", 0), ("nobody", 8)):
        address = url(server.endpoints["smtp"])
        finished = await run("curl", "--silent", "--mail-rcpt", name, address, home=tmp_path)
        assert finished.status == status
        assert (b"<bob@postel.test>" in finished.output) is (status == 0)


@needs("msmtp")
@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-256"])
@pytest.mark.parametrize("name", WAYS)
async def test_msmtp_logs_in_under_tls(server: MailServer, name: str, mechanism: str, tmp_path: Path) -> None:
    endpoint = server.endpoints[name]
    (tmp_path / "password").write_text(PASSWORD)
    finished = await run(
        *(
            "msmtp",
            "--file=/dev/null",
            "--host=localhost",
            f"--port={endpoint.port}",
            "--user=alice",
            f"--auth={mechanism}",
        ),
        *("--passwordeval=cat password", "--tls=on", f"--tls-trust-file={server.authority}"),
        f"--tls-starttls={'off' if endpoint.tls is Tls.IMPLICIT else 'on'}",
        *(f"--from={ALICE}", "--dsn-notify=failure", "--dsn-return=headers", BOB),
        home=tmp_path,
        stdin=MESSAGE.replace(b"\r\n", b"\n"),
    )
    finished.must_succeed()
    ((trace, message),) = arrived(server)
    assert message == MESSAGE
    assert b" with ESMTPSA id" in trace


@needs("swaks")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("smtp", ()),
        ("smtp", ("--pipeline",)),
        ("submission", ("--auth", "PLAIN", "--auth-user", "alice", "--auth-password", PASSWORD)),
        ("lmtp", ("--protocol", "LMTP")),
    ],
)
async def test_swaks_delivers(server: MailServer, name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    finished = await run(
        *("swaks", "--server", "127.0.0.1", "--port", str(server.endpoints[name].port), "--helo", "client.example"),
        *("--from", ALICE, "--to", BOB, "--data", "@message", *options),
        home=tmp_path,
    )
    finished.must_succeed()
    ((_, message),) = arrived(server)
    assert message.rstrip(b"\r\n") == MESSAGE.rstrip(b"\r\n")
