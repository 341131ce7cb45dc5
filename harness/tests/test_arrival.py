"""Reading mailboxes back by POP3, by IMAP and by a target's own reader, and waiting until mail is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import cast

import pytest
import pytest_asyncio

from harness.arrival import arrived, message_id, read_mailbox, settled
from harness.clients.smtp import LmtpSession, SmtpSession
from harness.errors import SetupError
from harness.oracle import ReferenceInProcess
from harness.targets.model import Account, Target
from harness.targets.reach import smtp_session

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = (b"Message-ID: <1@x.test>\r\n\r\n.one\r\n", b"Message-ID:\t<2@x.test>\r\n\r\n..\r\n")
SENDER = "sender@client.test"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reference() -> AsyncIterator[ReferenceInProcess]:
    running = ReferenceInProcess(accounts=4)
    await running.start()
    yield running
    await running.stop()


def seen_as(reference: ReferenceInProcess, *names: str) -> Target:
    """The reference as a target that has these endpoints alone."""
    endpoints = {name: reference.endpoints[name] for name in names}
    return cast(Target, SimpleNamespace(endpoints=endpoints, tls_context=reference.tls_context, reader=None))


@pytest.mark.parametrize("name", ["pop3", "pop3s", "imap", "imaps"])
async def test_a_mailbox_is_read_by_whatever_there_is(reference: ReferenceInProcess, name: str) -> None:
    account = reference.accounts[0]
    await reference.empty(account)
    store = reference.server.store
    for message in MESSAGES:
        await asyncio.to_thread(store.append, message, [account.name])
    assert await read_mailbox(seen_as(reference, name), account, 5.0) == MESSAGES
    assert await read_mailbox(seen_as(reference, name), reference.accounts[1], 5.0) == ()


class Reader:
    """A target's own reader, whose mail comes in with the third look."""

    looks = 0

    async def read(self, account: Account) -> Sequence[bytes]:
        self.looks += 1
        return [account.name.encode()] if self.looks >= 3 else []


async def test_the_targets_own_reader_goes_first_and_is_asked_until_mail_is_there(
    reference: ReferenceInProcess,
) -> None:
    target = SimpleNamespace(endpoints=reference.endpoints, tls_context=reference.tls_context, reader=Reader())
    found = await arrived(cast(Target, target), reference.accounts[0], 1, patience=30.0, timeout=5.0)
    assert (found, target.reader.looks) == ((b"user1",), 3)


async def test_patience_ends(reference: ReferenceInProcess) -> None:
    assert await arrived(reference, reference.accounts[1], 1, patience=0.0, timeout=5.0) == ()


async def test_a_target_whose_mail_cannot_be_read(reference: ReferenceInProcess) -> None:
    with pytest.raises(SetupError, match="cannot be read back"):
        await read_mailbox(seen_as(reference, "smtp"), reference.accounts[0], 5.0)


@pytest.mark.parametrize(("kind", "name"), [(SmtpSession, "smtp"), (LmtpSession, "lmtp")])
async def test_all_that_was_accepted_before_has_had_its_turn(
    reference: ReferenceInProcess, kind: type[SmtpSession], name: str
) -> None:
    account = reference.accounts[2]
    await reference.empty(account)
    async with await smtp_session(reference, name) as session:
        assert isinstance(session, kind)
        await session.greet()
        await session.deliver(SENDER, [account.address], MESSAGES[0])
        for _ in range(2):  # markers of earlier calls are left out as well
            found = await settled(reference, account, session, SENDER, patience=30.0)
            assert [message_id(each) for each in found] == [b"<1@x.test>"]


async def test_a_marker_that_is_refused(reference: ReferenceInProcess) -> None:
    async with await smtp_session(reference, "smtp") as session:
        await session.greet()
        nobody = Account("user1", "x", "nobody@postel.test")
        with pytest.raises(SetupError, match="refused"):
            await settled(reference, nobody, session, SENDER, patience=1.0)


@pytest.mark.parametrize(
    ("message", "expected"), [(MESSAGES[1], b"<2@x.test>"), (b"A: b\r\n\r\nMessage-ID: <3@x.test>\r\n", b"")]
)
async def test_a_message_is_known_by_its_id(message: bytes, expected: bytes) -> None:
    assert message_id(message) == expected
