"""AccountPool: several at once without waiting in a circle, and what happens when accounts are set aside."""

from __future__ import annotations

import asyncio

import pytest

from harness.accounts import AccountPool
from harness.errors import SetupError
from harness.targets.model import Account

pytestmark = pytest.mark.asyncio


def pool(count: int) -> AccountPool:
    return AccountPool([Account(f"u{number}", "p", f"u{number}@x.test") for number in range(count)])


async def test_two_that_want_most_of_the_pool_both_get_it() -> None:
    accounts = pool(3)

    async def one() -> int:
        leased = await accounts.lease(2)
        await asyncio.sleep(0)
        for account in leased:
            accounts.give_back(account)
        return len({account.name for account in leased})

    async with asyncio.timeout(5):
        assert await asyncio.gather(*(one() for _ in range(8))) == [2] * 8


async def test_one_waits_for_an_account_that_comes_back() -> None:
    accounts = pool(1)
    (first,) = await accounts.lease()
    waiting = asyncio.create_task(accounts.lease())
    await asyncio.sleep(0)
    assert not waiting.done()
    accounts.give_back(first)
    assert await waiting == (first,)


async def test_whoever_waits_for_more_than_are_left_is_told() -> None:
    accounts = pool(2)
    leased = await accounts.lease(2)
    waiting = [asyncio.create_task(accounts.lease(2)), asyncio.create_task(accounts.lease())]
    await asyncio.sleep(0)
    accounts.discard(leased[0], "it stayed locked")
    accounts.give_back(leased[1])
    with pytest.raises(SetupError, match=r"too many accounts had to be set aside .*it stayed locked"):
        await waiting[0]
    assert await waiting[1] == (leased[1],)


async def test_what_was_gathered_is_given_back_when_the_rest_cannot_come() -> None:
    accounts = pool(2)
    (held,) = await accounts.lease()
    waiting = asyncio.create_task(accounts.lease(2))
    await asyncio.sleep(0)
    accounts.discard(held, "x")
    with pytest.raises(SetupError):
        await waiting
    assert len(await accounts.lease()) == 1


async def test_none_are_left() -> None:
    accounts = pool(1)
    (only,) = await accounts.lease()
    accounts.discard(only, "x")
    with pytest.raises(SetupError, match="every account"):
        await accounts.lease()
    assert accounts.take_discarded() == [only]
