"""Two servers: mail goes in at Alice's, by submission, and comes out at Bob's, by POP3 and IMAP, octet for octet."""

from __future__ import annotations

import asyncio
import imaplib
import poplib
import smtplib
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from reference_server.backend import Envelope, Recipient
from reference_server.clock import Clock, VirtualClock
from reference_server.server import Endpoint, MailServer
from reference_server.settings import TEST_COST, Ports, Relay, Route, Settings
from reference_server.tests.queue_dns import serving, zone

pytestmark = pytest.mark.asyncio

DEADLINE = 30.0
PASSWORD = "tanstaaf"
HALF_AN_HOUR = 1800.0
BODY = b"Subject: hello\r\n\r\n.dot\r\n..\r\n \r\nlast line  \r\n"


def server(name: str, clock: Clock | None = None, **settings: object) -> MailServer:
    """A server for `name.test`, and an account of that name once it is started."""
    return MailServer(
        Settings(cost=TEST_COST, volatile=True, domains=(f"{name}.test",), hostname=f"mail.{name}.test", **settings),  # type: ignore[arg-type]
        clock=clock,
    )


def route(port: int) -> Relay:
    return Relay(routes=(Route("bob.test", "127.0.0.1", port),))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def submit(endpoint: Endpoint, authority: Path, *recipients: str, message: bytes = BODY) -> None:
    """Hand a message in as alice's user agent does."""
    context = ssl.create_default_context(cafile=str(authority))
    with smtplib.SMTP("localhost", endpoint.port, timeout=DEADLINE) as peer:
        peer.starttls(context=context)
        peer.login("alice", PASSWORD)
        peer.sendmail("alice@alice.test", recipients, message)


def relay(endpoint: Endpoint, sender: str, recipient: str) -> None:
    """Hand a message over as a trusted network's host does."""
    with smtplib.SMTP(endpoint.host, endpoint.port, timeout=DEADLINE) as peer:
        peer.sendmail(sender, recipient, BODY)


def by_pop3(endpoint: Endpoint, name: str) -> list[bytes]:
    peer = poplib.POP3(endpoint.host, endpoint.port, timeout=DEADLINE)
    peer.user(name)
    peer.pass_(PASSWORD)
    messages = [b"".join(line + b"\r\n" for line in peer.retr(number + 1)[1]) for number in range(peer.stat()[0])]
    peer.quit()
    return messages


def by_imap(endpoint: Endpoint, name: str) -> list[bytes]:
    with imaplib.IMAP4(endpoint.host, endpoint.port, timeout=DEADLINE) as peer:
        peer.login(name, PASSWORD)
        peer.select()
        _, found = peer.search(None, "ALL")
        fetched = [peer.fetch(number, "(RFC822)")[1][0] for number in found[0].decode().split()]
    return [each[1] for each in fetched if isinstance(each, tuple)]


async def mail_of(bob: MailServer, name: str) -> list[bytes]:
    """All messages of an account, read in two ways that must agree."""
    popped = await asyncio.to_thread(by_pop3, bob.endpoints["pop3"], name)
    assert popped == await asyncio.to_thread(by_imap, bob.endpoints["imap"], name)
    return popped


async def test_bobs_server_is_started_only_after_the_third_retry() -> None:
    clock, port = VirtualClock(), free_port()
    async with server("alice", clock, relay=route(port)) as alice:
        alice.accounts.add("alice", PASSWORD)
        submission = alice.endpoints["submission"]
        await asyncio.to_thread(submit, submission, alice.authority, "bob@bob.test")
        for attempts in range(1, 5):  # the first one, and three retries
            await alice.queue.idle()
            (entry,) = await alice.queue.entries()
            (waiting,) = entry.recipients
            assert waiting.attempts == attempts
            assert waiting.next_attempt == entry.arrived + timedelta(seconds=attempts * HALF_AN_HOUR)
            if attempts < 4:
                clock.advance(HALF_AN_HOUR - 1)
                await alice.queue.idle()
                assert (await alice.queue.entries())[0].recipients[0].attempts == attempts
                clock.advance(1)
        async with server("bob", ports=Ports(smtp=port)) as bob:
            bob.accounts.add("bob", PASSWORD)
            clock.advance(HALF_AN_HOUR)
            await alice.queue.idle()
            assert await alice.queue.entries() == ()
            (message,) = await mail_of(bob, "bob")
            assert message.startswith(b"Return-Path: <alice@alice.test>\r\nReceived: from mail.alice.test ")
            assert message.endswith(b"\r\n" + BODY)
            assert message.count(b"Received: ") == 2


async def test_a_message_that_never_gets_through_is_given_up_after_days() -> None:
    clock, port = VirtualClock(), free_port()
    async with server("alice", clock, relay=route(port)) as alice:
        alice.accounts.add("alice", PASSWORD)
        await asyncio.to_thread(submit, alice.endpoints["submission"], alice.authority, "bob@bob.test")
        await alice.queue.idle()
        hours = 0
        while await alice.queue.entries():
            assert hours < 200
            clock.advance(3600)
            hours += 1
            await alice.queue.idle()
        assert 4 * 24 <= hours <= 5 * 24 + 1
        late, failed = await mail_of(alice, "alice")
        assert b"Action: delayed" in late
        assert b"Will-Retry-Until: " in late
        assert b"Action: failed" in failed
        assert b"Status: 4.4.1" in failed
        assert failed.count(BODY) == 1
        assert late.startswith(b"Return-Path: <>\r\n")
        assert failed.startswith(b"Return-Path: <>\r\n")


async def test_some_here_some_there_some_nowhere() -> None:
    async with server("bob") as bob:
        bob.accounts.add("bob", PASSWORD)
        async with server("alice", relay=route(bob.endpoints["smtp"].port)) as alice:
            alice.accounts.add("alice", PASSWORD)
            recipients = ("bob@bob.test", "alice@alice.test", "nobody@bob.test")
            await asyncio.to_thread(submit, alice.endpoints["submission"], alice.authority, *recipients)
            await alice.queue.idle()
            assert await alice.queue.entries() == ()
            assert [message.endswith(BODY) for message in await mail_of(bob, "bob")] == [True]
            copy, bounce = await mail_of(alice, "alice")
            assert copy.endswith(BODY)
            assert b"Final-Recipient: rfc822; nobody@bob.test\r\nAction: failed\r\nStatus: 5.1.1\r\n" in bounce
            assert b"Final-Recipient: rfc822; bob@bob.test" not in bounce


async def test_two_servers_send_to_each_other() -> None:
    ports = free_port(), free_port()
    to_bob, to_alice = route(ports[1]), Relay(routes=(Route("alice.test", "127.0.0.1", ports[0]),))
    async with (
        server("alice", ports=Ports(smtp=ports[0]), relay=to_bob) as alice,
        server("bob", ports=Ports(smtp=ports[1]), relay=to_alice, relay_networks=("127.0.0.1/32",)) as bob,
    ):
        alice.accounts.add("alice", PASSWORD)
        bob.accounts.add("bob", PASSWORD)
        await asyncio.to_thread(submit, alice.endpoints["submission"], alice.authority, "bob@bob.test")
        await asyncio.to_thread(relay, bob.endpoints["smtp"], "bob@bob.test", "alice@alice.test")
        await asyncio.gather(alice.queue.idle(), bob.queue.idle())
        assert len(await mail_of(alice, "alice")) == len(await mail_of(bob, "bob")) == 1


async def test_next_hops_from_dns() -> None:
    records = ("bob.test. MX 10 mx.bob.test.", "mx.bob.test. A 127.0.0.1", "null.test. MX 0 .")
    async with server("bob") as bob, serving(zone(*records)) as (resolver, dns):
        bob.accounts.add("bob", PASSWORD)
        relay = Relay(resolver=resolver.server, port=bob.endpoints["smtp"].port)
        async with server("alice", relay=relay) as alice:
            alice.accounts.add("alice", PASSWORD)
            recipients = ("bob@bob.test", "x@null.test", "x@nowhere.test")
            await asyncio.to_thread(submit, alice.endpoints["submission"], alice.authority, *recipients)
            await alice.queue.idle()
            assert await alice.queue.entries() == ()
            assert len(await mail_of(bob, "bob")) == 1
            bounces = b"".join(await mail_of(alice, "alice"))
    assert b"Final-Recipient: rfc822; x@null.test\r\nAction: failed\r\nStatus: 5.1.10\r\n" in bounces
    assert b"Final-Recipient: rfc822; x@nowhere.test\r\nAction: failed\r\nStatus: 5.1.2\r\n" in bounces
    assert b"bob@bob.test" not in bounces
    assert "mx.bob.test. AAAA" in dns.asked


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n",
        b"Subject: x\r\n\r\n\xff\xfe\r\n",
        b"Subject: x\r\n\r\na\n.\nMAIL FROM:<eve@x.test>\r\nb\r.\rc\n\r\n.\r\r\nd\r\n",
        b"Subject: x\r\n\r\nno line end",
        b"Subject: x\r\n\r\nn\0l\r\n",
        b"",
    ],
)
async def test_any_octets_arrive_as_they_left(octets: bytes) -> None:
    """Handed over in process, so that not even a client can have touched them."""
    async with server("bob") as bob:
        bob.accounts.add("bob", PASSWORD)
        async with server("alice", relay=route(bob.endpoints["smtp"].port)) as alice:
            envelope = Envelope("alice@alice.test", (Recipient("bob@bob.test"),))
            assert alice.queue.delivery.deliver(envelope, octets) == [None]
            await alice.queue.idle()
            (message,) = bob.store.messages("bob")
            arrived = bob.store.read(message)
    header_end = arrived.index(b"+0000\r\n") + 7  # of Return-Path and Received
    assert arrived[header_end:] == (octets or b"\r\n")
