"""Arrival: what lies in a mailbox, read back by whatever the target offers, and the waiting until it is there.

RFC 5321 §4.1.1.4 lets a server accept a message and deliver it later, so every look at a mailbox is a wait with an end:
this is the one place where it is waited.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence, Set
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial

from harness.clients.imap import ImapReply, exists
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import SmtpSession
from harness.errors import SetupError, TargetLost, TargetProtocolError
from harness.targets.emptying import pop3_count, pop3_login
from harness.targets.model import Account, Target
from harness.targets.reach import imap_session
from harness.wire.imap_values import Scalar

#: Seconds between two looks at a mailbox: at first, and at most.
PAUSE = 0.02
LONGEST_PAUSE = 0.5

_MESSAGE_ID = re.compile(rb"(?im)^Message-ID:[ \t]*(\S+)")
#: Messages of ours that show that all before them have had their turn; each is new to every server.
_MARKER_ID = re.compile(rb"<marker\.[0-9a-f]{32}@client\.test>")
_MARKER = b"From: <%s>\r\nMessage-ID: %s\r\nSubject: behind all others\r\n\r\nnothing follows\r\n"

_Enough = Callable[[Sequence[bytes]], bool]


async def read_mailbox(target: Target, account: Account, timeout: float) -> tuple[bytes, ...]:
    """Every message of the account's mailbox, in its order. `timeout` is seconds for one answer.

    By the target's own reader, else POP3, else IMAP. Raises SetupError where it cannot be read.
    """
    names = target.endpoints.keys()
    if target.reader is not None:
        return tuple(await target.reader.read(account))
    try:
        if names & {"pop3", "pop3s"}:
            with _left_to_imap(names):
                return await _by_pop3(target, account, timeout)
        if names & {"imap", "imaps"}:
            return await _by_imap(target, account, timeout)
    except (TargetLost, TargetProtocolError) as lost:
        raise SetupError(f"the mailbox of {account.name} cannot be read back: {lost}") from lost
    raise SetupError(
        f"the mailbox of {account.name} cannot be read back", mend="give the profile a pop3 or imap port, or [reading]"
    )


def _left_to_imap(names: Set[str]) -> AbstractContextManager[None]:
    """Lets a refusal of POP3 pass where there is IMAP: POP3 may refuse messages in UTF-8 (RFC 6856 §3)."""
    return suppress(TargetProtocolError) if names & {"imap", "imaps"} else nullcontext()


async def _by_pop3(target: Target, account: Account, timeout: float) -> tuple[bytes, ...]:
    async with await pop3_login(target, account, timeout) as session:
        found = [await _retrieved(session, number) for number in range(1, await pop3_count(session) + 1)]
        await session.quit()
        return tuple(found)


async def _retrieved(session: Pop3Session, number: int) -> bytes:
    reply = await session.command(f"RETR {number}")
    if reply.body is None:
        raise TargetProtocolError(f"RETR {number} was answered {reply.raw[:100]!r}")
    return reply.body


async def _by_imap(target: Target, account: Account, timeout: float) -> tuple[bytes, ...]:
    async with await imap_session(target, timeout) as session:
        if not (await session.login(account.name, account.password)).ok:
            raise TargetProtocolError(f"no IMAP login as {account.name}")
        count = exists(await session.select("INBOX", examine=True))
        found = [_fetched(await session.command(f"FETCH {number} BODY.PEEK[]")) for number in range(1, count + 1)]
        await session.logout()
        return tuple(found)


def _fetched(reply: ImapReply) -> bytes:
    for response in reply.named("FETCH"):
        value = response.item("BODY[]")
        if isinstance(value, Scalar) and value.data is not None:
            return value.data
    raise TargetProtocolError(f"FETCH was answered {reply.tagged.raw[:100]!r}")


async def arrived(
    target: Target, account: Account, count: int, *, patience: float, timeout: float
) -> tuple[bytes, ...]:
    """What lies in the mailbox once `count` messages do, or after `patience` seconds. Raises SetupError."""
    return await _watch(target, account, lambda found: len(found) >= count, patience, timeout)


async def settled(
    target: Target, account: Account, session: SmtpSession, sender: str, *, patience: float
) -> tuple[bytes, ...]:
    """What lies in the mailbox once all that was accepted before has been delivered, as far as can be seen.

    `session`, which is greeted, sends two messages, the second when the first has arrived: what was accepted earlier
    has then had its turn. They are left out. Raises SetupError when they are refused or do not arrive.
    """
    timeout = session.connection.timeout
    found: tuple[bytes, ...] = ()
    for _ in range(2):
        marker = f"<marker.{uuid.uuid4().hex}@client.test>".encode()
        replies = await session.deliver(sender, [account.address], _MARKER % (sender.encode(), marker))
        if not replies[-1].ok:
            raise SetupError(f"a message behind all others was refused: {replies[-1].raw[:100]!r}")
        found = await _watch(target, account, partial(_holds, marker), patience, timeout)
        if not _holds(marker, found):
            raise SetupError(f"a message behind all others was accepted and did not arrive in {patience:g} s")
    return tuple(each for each in found if not _MARKER_ID.fullmatch(message_id(each)))


def _holds(identity: bytes, messages: Sequence[bytes]) -> bool:
    return identity in map(message_id, messages)


def message_id(message: bytes) -> bytes:
    """A message's Message-ID (RFC 5322 §3.6.4); empty without one."""
    found = _MESSAGE_ID.search(message.partition(b"\r\n\r\n")[0])
    return found[1] if found else b""


async def _watch(
    target: Target, account: Account, enough: _Enough, patience: float, timeout: float
) -> tuple[bytes, ...]:
    deadline = asyncio.get_running_loop().time() + patience
    pause = PAUSE
    while True:
        found = await read_mailbox(target, account, timeout)
        if enough(found) or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
