"""Many users at the same time, each with a maildrop (POSTEL-load)."""

from __future__ import annotations

import asyncio

from harness.cases import Isolation, case
from harness.clients.pop3 import Pop3Session
from harness.corpus import CorpusMessage
from harness.errors import TargetLost
from harness.stage import Enough, Stage
from harness.targets.model import Account
from harness.verdicts import Facet
from suites.pop3.acts import expect, expect_count, expect_identity, expect_that, settle

USERS = 20


@case("pop3/postel-load/twenty-users", "POSTEL-load-f", isolation=Isolation.TARGET)
async def twenty_users(stage: Stage) -> None:
    """Twenty users are logged in at the same time, and each reads the one message that came for him."""
    accounts = stage.lease(USERS)
    messages = [(await stage.load("plain", account=account))[0] for account in accounts]
    sessions = [await _greeted(stage) for _ in accounts]
    await asyncio.gather(*(_log_in(stage, *each) for each in zip(sessions, accounts, strict=True)))
    await asyncio.gather(*(_read_own(stage, *each) for each in zip(sessions, messages, strict=True)))
    await asyncio.gather(*(expect(stage, session, "QUIT", "+OK", "POSTEL-load-f") for session in sessions))


async def _greeted(stage: Stage) -> Pop3Session:
    try:
        return await stage.pop3(login=False)
    except TargetLost as lost:
        expect_that(stage, False, "a greeting for each", f"{lost}", "POSTEL-load-f", facet=Facet.CONNECTION)
        raise Enough from lost


async def _log_in(stage: Stage, session: Pop3Session, account: Account) -> None:
    await expect(stage, session, f"USER {account.name}", "+OK", "POSTEL-load-f")
    await expect(stage, session, f"PASS {account.password}", "+OK", "POSTEL-load-f")


async def _read_own(stage: Stage, session: Pop3Session, message: CorpusMessage) -> None:
    reply = await expect(stage, session, "STAT", "+OK", "POSTEL-load-f")
    settle(expect_count(stage, reply, 1, "POSTEL-load-f"))
    reply = await expect(stage, session, "RETR 1", "+OK", "POSTEL-load-f")
    settle(expect_identity(stage, reply, message, "POSTEL-load-f"))
