"""AccountPool: the accounts of a target, leased to one case at a time.

An account comes back only after it was found empty again by a login of its own; one that cannot be cleaned is set
aside with the reason, so that it cannot spoil the next case.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from harness.errors import SetupError
from harness.targets.model import Account


class AccountPool:
    """Hands out accounts. `set_aside` holds those that could not be cleaned, with the reason."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        if not accounts:
            raise SetupError("the target has no accounts", mend="give its profile an [accounts] table")
        self.set_aside: dict[str, str] = {}
        self._discarded: list[Account] = []
        self._usable = len(accounts)
        self._free = deque(accounts)
        self._waiting: list[asyncio.Future[None]] = []
        self._several = asyncio.Lock()

    async def lease(self, count: int = 1) -> tuple[Account, ...]:
        """So many free accounts, waiting for them. Raises SetupError once too many accounts are set aside.

        Only one case at a time gathers several, so that no two wait for what the other holds.
        """
        if count == 1:
            return (await self._next(1),)
        leased: list[Account] = []
        try:
            async with self._several:
                while len(leased) < count:
                    leased.append(await self._next(count))
        except BaseException:
            for account in leased:
                self.give_back(account)
            raise
        return tuple(leased)

    async def _next(self, needed: int) -> Account:
        """The next free account, as long as `needed` are usable."""
        while self._usable >= needed:
            if self._free:
                return self._free.popleft()
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(self.set_aside.items())[:3])
        which = "every account" if self._usable == 0 else "too many accounts"
        raise SetupError(f"{which} had to be set aside ({reasons})", mend="see `postel doctor`")

    def _wake(self) -> None:
        """Whoever waits looks again."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def lease_free(self, count: int) -> list[Account]:
        """Up to so many accounts that are free now; never waits, so that no two cases block each other."""
        return [self._free.popleft() for _ in range(min(count, len(self._free)))]

    def give_back(self, account: Account) -> None:
        """Return a clean account."""
        self._free.append(account)
        self._wake()

    def discard(self, account: Account, reason: str) -> None:
        """Set an account aside for the rest of the run, or until it is taken out again."""
        self.set_aside[account.name] = reason
        self._discarded.append(account)
        self._usable -= 1
        self._wake()

    def take_discarded(self) -> list[Account]:
        """Take out every account that was set aside; each must be given back or discarded anew."""
        taken, self._discarded = self._discarded, []
        self.set_aside.clear()
        self._usable += len(taken)
        return taken
