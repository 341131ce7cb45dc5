"""AccountPool: the accounts of a target, leased to one case at a time.

An account comes back only after it was found empty again by a login of its own; one that cannot be cleaned is set
aside with the reason, so that it cannot spoil the next case.
"""

from __future__ import annotations

import asyncio
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
        self._free: asyncio.Queue[Account | None] = asyncio.Queue()
        for account in accounts:
            self._free.put_nowait(account)

    async def lease(self) -> Account:
        """The next free account, waiting for one. Raises SetupError once every account is set aside."""
        while True:
            account = await self._free.get()
            if account is not None:
                return account
            if self._usable == 0:
                self._free.put_nowait(None)  # for whoever waits beside us
                reasons = "; ".join(f"{name}: {reason}" for name, reason in list(self.set_aside.items())[:3])
                raise SetupError(f"every account had to be set aside ({reasons})", mend="see `postel doctor`")

    def lease_free(self, count: int) -> list[Account]:
        """Up to so many accounts that are free now; never waits, so that no two cases block each other."""
        leased: list[Account] = []
        while len(leased) < count and not self._free.empty():
            account = self._free.get_nowait()
            if account is None:
                self._free.put_nowait(None)
                break
            leased.append(account)
        return leased

    def give_back(self, account: Account) -> None:
        """Return a clean account."""
        self._free.put_nowait(account)

    def discard(self, account: Account, reason: str) -> None:
        """Set an account aside for the rest of the run, or until it is taken out again."""
        self.set_aside[account.name] = reason
        self._discarded.append(account)
        self._usable -= 1
        if self._usable == 0:
            self._free.put_nowait(None)

    def take_discarded(self) -> list[Account]:
        """Take out every account that was set aside; each must be given back or discarded anew."""
        taken, self._discarded = self._discarded, []
        self.set_aside.clear()
        self._usable += len(taken)
        return taken
