"""The whole chain with the user agents that people have: in at Alice's submission port, on to Bob's server, and out of
Bob's mailbox by POP3 and IMAP with the same octets."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from reference_server.server import MailServer
from reference_server.tests.programs import needs, run
from reference_server.tests.test_relay import DEADLINE, PASSWORD, mail_of, route, server

ALICE, BOB = "alice@alice.test", "bob@bob.test"
MESSAGE = (
    f"From: Alice <{ALICE}>\r\nTo: {BOB}\r\nSubject: to be kept\r\n"
    "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <x@client.test>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "\r\n.\r\n..two\r\n.x\r\nüñï\r\nFrom here\r\n \r\n" + "x" * 990 + "\r\n"
).encode()

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def bob() -> AsyncIterator[MailServer]:
    async with server("bob") as running:
        running.accounts.add("bob", PASSWORD)
        yield running


@pytest_asyncio.fixture
async def alice(bob: MailServer) -> AsyncIterator[MailServer]:
    async with server("alice", relay=route(bob.endpoints["smtp"].port)) as running:
        running.accounts.add("alice", PASSWORD)
        yield running


async def by_smtplib(alice: MailServer, home: Path) -> None:
    def send() -> None:
        context = ssl.create_default_context(cafile=str(alice.authority))
        with smtplib.SMTP_SSL("localhost", port, timeout=DEADLINE, context=context) as peer:
            peer.login("alice", PASSWORD)
            assert peer.sendmail(ALICE, [BOB], MESSAGE, mail_options=["BODY=8BITMIME"]) == {}

    port = alice.endpoints["submissions"].port
    await asyncio.to_thread(send)


async def by_curl(alice: MailServer, home: Path) -> None:
    (home / "message").write_bytes(MESSAGE)
    finished = await run(
        *("curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", str(alice.authority)),
        *("--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", "message", "--user", f"alice:{PASSWORD}"),
        f"smtp://localhost:{alice.endpoints['submission'].port}/client.example",
        home=home,
    )
    finished.must_succeed()


async def by_msmtp(alice: MailServer, home: Path) -> None:
    (home / "password").write_text(PASSWORD)
    finished = await run(
        *("msmtp", "--file=/dev/null", "--host=localhost", f"--port={alice.endpoints['submission'].port}"),
        *("--user=alice", "--auth=scram-sha-256", "--passwordeval=cat password"),
        *("--tls=on", f"--tls-trust-file={alice.authority}", f"--from={ALICE}", BOB),
        home=home,
        stdin=MESSAGE.replace(b"\r\n", b"\n"),
    )
    finished.must_succeed()


async def by_swaks(alice: MailServer, home: Path) -> None:
    (home / "message").write_bytes(MESSAGE.removesuffix(b"\r\n"))  # it ends the last line itself
    finished = await run(
        *("swaks", "--server", "127.0.0.1", "--port", str(alice.endpoints["submission"].port)),
        *("--helo", "client.example", "--auth", "PLAIN", "--auth-user", "alice", "--auth-password", PASSWORD),
        *("--from", ALICE, "--to", BOB, "--data", "@message"),
        home=home,
    )
    finished.must_succeed()


@pytest.mark.parametrize(
    "send",
    [
        by_smtplib,
        pytest.param(by_curl, marks=needs("curl")),
        pytest.param(by_msmtp, marks=needs("msmtp")),
        pytest.param(by_swaks, marks=needs("swaks")),
    ],
)
async def test_from_the_user_agent_to_the_other_mailbox(
    alice: MailServer, bob: MailServer, send: Callable[[MailServer, Path], Awaitable[None]], tmp_path: Path
) -> None:
    await send(alice, tmp_path)
    await asyncio.wait_for(alice.queue.idle(), DEADLINE)
    assert await alice.queue.entries() == ()
    (message,) = await mail_of(bob, "bob")
    trace, kept = message[: -len(MESSAGE)], message[-len(MESSAGE) :]
    assert kept == MESSAGE
    assert [line.split(b":")[0] for line in trace.splitlines() if not line.startswith(b"\t")] == [
        *(b"Return-Path", b"Received", b"Received"),
    ]
