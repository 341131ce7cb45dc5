"""Emptiers: ways to remove every message of a mailbox, and the POP3 one's count of them (RFC 1939 §5, §6).

Emptying by POP3 or IMAP is a clean login as well: it shows that the account can be used again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from harness.clients.pop3 import Pop3Session
from harness.errors import SetupError, TargetLost, TargetProtocolError
from harness.targets.model import Account
from harness.targets.reach import ANSWER_TIMEOUT, Reach, Reaching, filled, imap_session, pop3_session

#: Seconds that a mailbox may stay locked by a session that was just left, and the pause between two tries.
LOCK_PATIENCE = 10.0
LOCK_PAUSE = 0.05


async def pop3_login(reach: Reaching, account: Account, timeout: float = ANSWER_TIMEOUT) -> Pop3Session:
    """A session in the TRANSACTION state; a mailbox that is still locked is waited for.

    Raises SetupError when the login stays refused or the target is lost.
    """
    deadline = asyncio.get_running_loop().time() + LOCK_PATIENCE
    pause = LOCK_PAUSE
    while True:
        try:
            session = await pop3_session(reach, timeout)
            try:
                reply = await session.login(account.name, account.password)
            except BaseException:
                await session.close()
                raise
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"no POP3 login as {account.name}: {lost}") from lost
        if reply.ok:
            return session
        await session.close()
        if asyncio.get_running_loop().time() > deadline:
            said = reply.raw.decode("utf-8", "replace").strip()
            raise SetupError(f"no POP3 login as {account.name}: {said}", mend="check the profile's [accounts]")
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


async def pop3_count(session: Pop3Session) -> int:
    """Messages in the maildrop, by STAT. Raises SetupError when the answer cannot be read."""
    reply = await session.command("STAT")
    if not reply.ok or not reply.words or not reply.words[0].isdigit():
        raise SetupError(f"STAT was answered {reply.raw!r}")
    return int(reply.words[0])


@dataclass(frozen=True, slots=True)
class Pop3Emptier:
    """DELE for each message, then QUIT."""

    reach: Reach

    async def empty(self, account: Account) -> None:
        """Raises SetupError when a message stays."""
        session = await pop3_login(self.reach, account)
        try:
            for number in range(1, await pop3_count(session) + 1):
                reply = await session.command(f"DELE {number}")
                if not reply.ok:
                    raise SetupError(f"DELE {number} of {account.name} was answered {reply.raw!r}")
            reply = await session.quit()
            if not reply.ok:
                raise SetupError(f"QUIT of {account.name} was answered {reply.raw!r}")
            await session.wait_closed(1.0)  # the lock is free once the target has closed
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"the mailbox of {account.name} could not be emptied: {lost}") from lost
        finally:
            await session.close()


@dataclass(frozen=True, slots=True)
class ImapEmptier:
    """Every message of INBOX marked as deleted and expunged."""

    reach: Reach

    async def empty(self, account: Account) -> None:
        """Raises SetupError when the target refuses."""
        try:
            async with await imap_session(self.reach) as session:
                result = await session.login(account.name, account.password)
                if result.ok:
                    result = await session.delete_all("INBOX")
                if not result.ok:
                    raise SetupError(f"INBOX of {account.name} could not be emptied: {result.tagged.raw!r}")
                await session.logout()
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"INBOX of {account.name} could not be emptied: {lost}") from lost


@dataclass(frozen=True, slots=True)
class CommandEmptier:
    """A command of the profile, run where the target runs."""

    reach: Reach
    command: Sequence[str]

    async def empty(self, account: Account) -> None:
        """Raises SetupError when the command fails."""
        result = await self.reach.run(filled(self.command, account))
        if result.status:
            raise SetupError(
                f"emptying {account.name}: the command ended with {result.status}: {result.said}",
                mend="try it by hand; it is [emptying] command in the profile",
            )
