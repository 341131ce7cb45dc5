"""The whole server: mail in by SMTP and LMTP, out by POP3; start, stop, restart, and what can go wrong."""

from __future__ import annotations

import asyncio
import poplib
import smtplib
import socket
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.actions import Session, SessionContext
from reference_server.backend import Credentials, Delivery, Envelope, Maildrop, Maildrops, ScramKeys, StoreFailure
from reference_server.clock import VirtualClock
from reference_server.pop3 import Pop3Session
from reference_server.server import Endpoint, MailServer, ServerError, SessionFactories, Tls
from reference_server.settings import TEST_COST, Limits, Ports, Settings
from reference_server.smtp import SubmissionSession
from reference_server.smtp.state import SMTP_COMMANDS
from reference_server.store import DataDirectoryError, LocalDelivery

TEST = Settings(cost=TEST_COST, volatile=True)
DEADLINE = 20.0
MESSAGE = b"Subject: test\r\n\r\n.dot\r\nlast\r\n"
pytestmark = pytest.mark.asyncio


def send(endpoint: Endpoint, *recipients: str) -> dict[str, tuple[int, bytes]]:
    """Hand a message over with the standard library's client; the refused recipients."""
    client = smtplib.LMTP if endpoint.protocol == "lmtp" else smtplib.SMTP
    with client(endpoint.host, endpoint.port, timeout=DEADLINE) as peer:
        return peer.sendmail("bob@a.test", recipients, MESSAGE)


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def collect(endpoint: Endpoint, name: str, password: str, authority: Path | None = None) -> list[bytes]:
    """Read all of a maildrop with the standard library's client, deleting nothing."""
    if endpoint.tls is Tls.IMPLICIT:
        context = ssl.create_default_context(cafile=str(authority))
        peer: poplib.POP3 = poplib.POP3_SSL("localhost", endpoint.port, timeout=DEADLINE, context=context)
    else:
        peer = poplib.POP3(endpoint.host, endpoint.port, timeout=DEADLINE)
        if authority is not None:
            peer.stls(ssl.create_default_context(cafile=str(authority)))
    peer.user(name)
    peer.pass_(password)
    count, _ = peer.stat()
    messages = [b"\r\n".join(peer.retr(number + 1)[1]) + b"\r\n" for number in range(count)]
    peer.quit()
    return messages


async def test_mail_arrives_by_every_way(tmp_path: Path) -> None:
    async with MailServer(replace(TEST, data=tmp_path)) as server:
        server.accounts.add("alice", "secret")
        for name in ("smtp", "lmtp"):
            for recipient in ("alice@postel.test", "Postmaster"):  # one at a time: smtplib reads one LMTP reply only
                assert await asyncio.to_thread(send, server.endpoints[name], recipient) == {}
        for name, authority in (("pop3", None), ("pop3", server.authority), ("pop3s", server.authority)):
            endpoint = server.endpoints[name]
            messages = await asyncio.to_thread(collect, endpoint, "alice", "secret", authority)
            assert len(messages) == 2
            assert all(message.endswith(MESSAGE) for message in messages)
        assert len(server.store.messages("postmaster")) == 2


async def test_mail_accounts_and_unique_ids_survive_a_restart(tmp_path: Path) -> None:
    settings = replace(TEST, data=tmp_path)
    async with MailServer(settings) as server:
        server.accounts.add("alice", "secret", apop=True)
        before = server.store.append(MESSAGE, ["alice"])
        certificate = server.authority.read_bytes()
    async with MailServer(settings) as server:
        assert server.store.messages("alice") == before
        assert await asyncio.to_thread(collect, server.endpoints["pop3"], "alice", "secret") == [MESSAGE]
        assert server.authority.read_bytes() == certificate


async def test_a_directory_that_is_kept_is_always_durable(tmp_path: Path) -> None:
    for settings, flushed in (
        (Settings(data=tmp_path, volatile=True, cost=TEST_COST), 2),
        (Settings(volatile=False, cost=TEST_COST), 2),
        (Settings(volatile=True, cost=TEST_COST), 0),
    ):
        async with MailServer(settings) as server:
            pragma = server.store.database.write(lambda c: c.execute("PRAGMA synchronous").fetchone())
            assert pragma == (flushed,)


async def test_endpoints() -> None:
    async with MailServer(TEST) as server:
        assert {name: (e.protocol, e.tls) for name, e in server.endpoints.items()} == {
            "pop3": ("pop3", Tls.STARTTLS),
            "pop3s": ("pop3", Tls.IMPLICIT),
            "smtp": ("smtp", Tls.STARTTLS),
            "submission": ("smtp", Tls.STARTTLS),
            "submissions": ("smtp", Tls.IMPLICIT),
            "lmtp": ("lmtp", Tls.STARTTLS),
            "imap": ("imap", Tls.STARTTLS),
            "imaps": ("imap", Tls.IMPLICIT),
        }
        assert all(endpoint.port > 0 and endpoint.host == "127.0.0.1" for endpoint in server.endpoints.values())
    assert server.endpoints == {}


async def test_only_the_ports_that_are_asked_for() -> None:
    only_pop3 = Ports(0, **dict.fromkeys(("pop3s", "smtp", "submission", "submissions", "lmtp", "imap", "imaps")))
    async with MailServer(replace(TEST, ports=only_pop3, starttls=False)) as server:
        assert [(name, e.tls) for name, e in server.endpoints.items()] == [("pop3", Tls.NONE)]


async def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with MailServer(TEST) as server:
        endpoints = list(server.endpoints.values())
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []
    for endpoint in endpoints:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(endpoint.host, endpoint.port)
    await server.stop()


async def test_a_port_in_use_is_told_and_everything_released(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = replace(TEST, data=tmp_path, ports=Ports(lmtp=port))
        with pytest.raises(ServerError, match=rf"cannot listen on 127.0.0.1 port {port} for lmtp: "):
            await MailServer(settings).start()
    async with MailServer(settings) as server:
        assert server.endpoints["lmtp"].port == port


async def test_a_network_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"cannot relay for '192.0.2.0/99': it is no IP network"):
        await MailServer(replace(TEST, data=tmp_path, relay_networks=("192.0.2.1/24", "192.0.2.0/99"))).start()
    assert names(tmp_path) == []


async def test_a_directory_in_use_is_told(tmp_path: Path) -> None:
    async with MailServer(replace(TEST, data=tmp_path)):
        with pytest.raises(DataDirectoryError, match="in use by another server"):
            await MailServer(replace(TEST, data=tmp_path)).start()


async def test_damaged_data_is_told(tmp_path: Path) -> None:
    (tmp_path / "mail.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(ServerError, match=r"cannot open the data in .*: the file is not a database"):
        await MailServer(replace(TEST, data=tmp_path)).start()


async def test_a_damaged_certificate_is_told(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("nonsense")
    with pytest.raises(ServerError, match="cannot make the certificate"):
        await MailServer(replace(TEST, data=tmp_path)).start()


async def test_autologout_by_the_virtual_clock() -> None:
    clock = VirtualClock()
    async with MailServer(TEST, clock=clock) as server:
        endpoint = server.endpoints["pop3"]
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        assert (await reader.readline()).startswith(b"+OK")
        for _ in range(10_000):
            if clock.pending() == (600.0,):
                break
            await asyncio.sleep(0.001)
        clock.advance(600)
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        writer.close()


async def test_the_limit_of_sessions_is_the_whole_servers() -> None:
    async with MailServer(replace(TEST, limits=Limits(sessions=1))) as server:
        pop3, smtp = server.endpoints["pop3"], server.endpoints["smtp"]
        reader, writer = await asyncio.open_connection(pop3.host, pop3.port)
        assert (await reader.readline()).startswith(b"+OK")
        refused, other = await asyncio.open_connection(smtp.host, smtp.port)
        assert (await asyncio.wait_for(refused.read(), DEADLINE)).startswith(b"421 ")
        writer.close()
        other.close()


class Locked:
    def __init__(self, maildrops: Maildrops) -> None:
        self.inner = maildrops

    def open(self, account: str) -> Maildrop:
        raise StoreFailure("broken on purpose")


class AnyPassword:
    def __init__(self, credentials: Credentials) -> None:
        self.inner = credentials

    def verify_password(self, account: str, password: str) -> bool:
        return True

    def verify_apop(self, account: str, timestamp: str, digest: str) -> bool:
        return True

    def scram_keys(self, account: str) -> ScramKeys:
        return self.inner.scram_keys(account)


class Nowhere:
    def __init__(self, delivery: Delivery) -> None:
        self.inner = delivery

    def accepts(self, recipient: str) -> bool:
        return False

    def deliver(self, envelope: Envelope, message: bytes) -> Sequence[StoreFailure | None]:
        return self.inner.deliver(envelope, message)


async def test_sessions_and_backends_can_be_replaced() -> None:
    """What deliberate faults are made of."""
    made: list[int] = []

    class Rude(Pop3Session):
        def __init__(self, context: SessionContext) -> None:
            made.append(context.number)
            super().__init__(context)

    def rude(context: SessionContext) -> Session:
        return Rude(context)

    sessions = SessionFactories(pop3=rude, maildrops=Locked, credentials=AnyPassword, delivery=Nowhere)
    async with MailServer(TEST, sessions=sessions) as server:
        with pytest.raises(poplib.error_proto, match="SYS/TEMP"):
            await asyncio.to_thread(collect, server.endpoints["pop3"], "nobody", "whatever")
        assert made == [1]
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await asyncio.to_thread(send, server.endpoints["smtp"], "postmaster")


async def test_receiving_and_final_delivery_can_be_replaced() -> None:
    class Anonymous(LocalDelivery):
        def final_form(self, envelope: Envelope, message: bytes) -> bytes:
            return message

    class Open(SubmissionSession):
        def stamp(self, envelope: Envelope) -> bytes:
            return b"X-Came-By: nobody\r\n"

    def open_to_all(context: SessionContext) -> Session:
        return Open(context, commands=SMTP_COMMANDS)

    async with MailServer(TEST, sessions=SessionFactories(submission=open_to_all, local_delivery=Anonymous)) as server:
        await asyncio.to_thread(send, server.endpoints["submission"], "postmaster")
        (stored,) = server.store.messages("postmaster")
        lines = server.store.read(stored).split(b"\r\n")
        assert lines[0] == b"X-Came-By: nobody"
        assert lines[1].startswith(b"Date: ")


async def test_a_full_disk_costs_a_temporary_reply_and_no_mail() -> None:
    async with MailServer(TEST) as server:
        server.accounts.add("alice", "secret")
        database = server.store.database
        (pages,) = database.write(lambda c: c.execute("PRAGMA page_count").fetchone())
        database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
        big = MESSAGE * 2000

        def hand_over() -> int:
            endpoint = server.endpoints["smtp"]
            with smtplib.SMTP(endpoint.host, endpoint.port, timeout=DEADLINE) as peer:
                peer.helo()
                peer.mail("bob@a.test")
                peer.rcpt("alice@postel.test")
                return peer.data(big)[0]

        assert 400 <= await asyncio.to_thread(hand_over) < 500
        assert server.store.messages("alice") == ()
        database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
        assert await asyncio.to_thread(hand_over) == 250
        assert len(server.store.messages("alice")) == 1


async def test_starting_is_quick() -> None:
    """Hundreds of faulty variants are started in one run."""
    async with MailServer(TEST):
        pass
    start = asyncio.get_running_loop().time()
    for _ in range(10):
        async with MailServer(TEST):
            pass
    assert (asyncio.get_running_loop().time() - start) / 10 < 0.5  # some 0.01 on an idle machine
