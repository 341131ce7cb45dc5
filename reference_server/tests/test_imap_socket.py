"""IMAP over sockets, with Python's imaplib: TLS, IDLE, restart; and POP3 and SMTP beside it."""

from __future__ import annotations

import asyncio
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.accounts import derive
from reference_server.clock import VirtualClock
from reference_server.server import MailServer
from reference_server.settings import TEST_COST, Limits, Settings

TEST = Settings(volatile=True, cost=TEST_COST)
MESSAGE = b"From: ann@a.test\r\nSubject: Tea\r\n\r\nBring cups.\r\n"
DEADLINE = 20.0


async def with_client(server: MailServer, talk: Callable[[imaplib.IMAP4], None]) -> None:
    """Let imaplib talk in a thread, logged in."""

    def run() -> None:
        with imaplib.IMAP4("127.0.0.1", server.endpoints["imap"].port, timeout=DEADLINE) as client:
            client.login("user1", "secret")
            talk(client)

    await asyncio.wait_for(asyncio.to_thread(run), DEADLINE)


def add_user(server: MailServer) -> None:
    server.accounts.put({"user1": derive("secret", TEST_COST)})


async def timer_runs(clock: VirtualClock, seconds: float) -> None:
    """Wait until the server has started a timer of that length."""
    for _ in range(10_000):
        if seconds in clock.pending():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("no such timer")


def everything(client: imaplib.IMAP4) -> list[object]:
    """All numbers that must outlive the server."""
    found: list[object] = [client.list(), client.lsub()]
    for name in ("INBOX", "a/b"):
        client.select(name, readonly=True)
        found.append(client.response("UIDVALIDITY"))
        found.append(client.status(name, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT HIGHESTMODSEQ SIZE)"))
        found.append(client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[] MODSEQ)"))
    return found


@pytest.mark.asyncio
async def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    found: list[list[object]] = []

    def fill(client: imaplib.IMAP4) -> None:
        client.create("a/b")
        client.subscribe("a/b")
        client.append("INBOX", r"(\Seen $Work)", '"17-Jul-1996 02:44:25 -0700"', MESSAGE)
        client.append("INBOX", "", "", MESSAGE)
        client.append("a/b", r"(\Draft)", "", MESSAGE)
        client.select()
        client.store("2", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.append("INBOX", "", "", MESSAGE)
        client.unselect()

    settings = replace(TEST, data=tmp_path)
    async with MailServer(settings) as server:
        add_user(server)
        await with_client(server, fill)
        await with_client(server, lambda client: found.append(everything(client)))
    async with MailServer(settings) as server:
        await with_client(server, lambda client: found.append(everything(client)))
    assert found[0] == found[1]


@pytest.mark.asyncio
async def test_starttls_and_implicit_tls() -> None:
    async with MailServer(replace(TEST, plaintext_logins=False)) as server:
        add_user(server)
        trust = ssl.create_default_context(cafile=str(server.authority))

        def run() -> None:
            with imaplib.IMAP4("localhost", server.endpoints["imap"].port, timeout=DEADLINE) as client:
                assert "LOGINDISABLED" in client.capabilities
                with pytest.raises(imaplib.IMAP4.error):
                    client.login("user1", "secret")
                client.starttls(trust)
                client.login("user1", "secret")
            with imaplib.IMAP4_SSL(
                "localhost", server.endpoints["imaps"].port, ssl_context=trust, timeout=DEADLINE
            ) as client:
                assert "STARTTLS" not in client.capabilities
                client.login("user1", "secret")
                assert client.select()[0] == "OK"

        await asyncio.to_thread(run)


@pytest.mark.asyncio
@pytest.mark.parametrize("implicit", [False, True])
async def test_idle_hears_of_mail_that_arrives(implicit: bool) -> None:
    async with MailServer(TEST) as server:
        add_user(server)
        context = ssl.create_default_context(cafile=str(server.authority)) if implicit else None
        port = server.endpoints["imaps" if implicit else "imap"].port
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)

        async def until(text: bytes) -> bytes:
            return await asyncio.wait_for(reader.readuntil(text), DEADLINE)

        writer.write(b"a LOGIN user1 secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
        await until(b"+ Idling\r\n")
        for number in range(1, 4):
            await asyncio.to_thread(server.store.append, MESSAGE, ["user1"])
            assert await until(b" EXISTS\r\n") == (b"* %d EXISTS\r\n" % number)
            await until(b" RECENT\r\n")
        writer.write(b"DONE\r\n")
        await until(b"c OK Idle no more\r\n")
        writer.write(b"d LOGOUT\r\n")
        await until(b"d OK Until next time\r\n")
        writer.close()


@pytest.mark.asyncio
async def test_one_inbox_for_all_protocols() -> None:
    async with MailServer(TEST) as server:
        add_user(server)

        def send_and_collect() -> None:
            with smtplib.SMTP("127.0.0.1", server.endpoints["smtp"].port, timeout=DEADLINE) as peer:
                peer.sendmail("ann@a.test", "user1@postel.test", MESSAGE)
            with imaplib.IMAP4("127.0.0.1", server.endpoints["imap"].port, timeout=DEADLINE) as client:
                client.login("user1", "secret")
                assert client.select() == ("OK", [b"1"])
                pop = poplib.POP3("127.0.0.1", server.endpoints["pop3"].port, timeout=DEADLINE)
                pop.user("user1")
                pop.pass_("secret")
                assert pop.stat()[0] == 1
                pop.dele(1)
                pop.quit()
                client.noop()
                assert client.response("EXPUNGE") == ("EXPUNGE", [b"1"])

        await asyncio.to_thread(send_and_collect)


@pytest.mark.asyncio
async def test_autologout() -> None:
    clock = VirtualClock()
    async with MailServer(TEST, clock=clock) as server:
        add_user(server)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.endpoints["imap"].port)
        writer.write(b"a LOGIN user1 secret\r\n")
        await asyncio.wait_for(reader.readuntil(b"Logged in\r\n"), DEADLINE)
        await timer_runs(clock, Limits().imap_idle)
        clock.advance(Limits().imap_idle - 1)
        writer.write(b"b NOOP\r\n")
        assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"b OK ")
        await timer_runs(clock, Limits().imap_idle)
        clock.advance(Limits().imap_idle)
        assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"* BYE ")
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        writer.close()


@pytest.mark.asyncio
async def test_a_server_that_stops_says_bye() -> None:
    server = MailServer(TEST)
    await server.start()
    add_user(server)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.endpoints["imap"].port)
    writer.write(b"a LOGIN user1 secret\r\nb SELECT INBOX\r\nc IDLE\r\n")
    await asyncio.wait_for(reader.readuntil(b"+ Idling\r\n"), DEADLINE)
    await server.stop()
    assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"* BYE ")
    writer.close()
