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
        self._usable = len(accounts)
        self._free: asyncio.Queue[Account | None] = asyncio.Queue()
        for account in accounts:
            self._free.put_nowait(account)

    async def lease(self) -> Account:
        """The next free account, waiting for one. Raises SetupError once every account is set aside."""
        account = await self._free.get()
        if account is None:
            self._free.put_nowait(None)  # for whoever waits beside us
            reasons = "; ".join(f"{name}: {reason}" for name, reason in list(self.set_aside.items())[:3])
            raise SetupError(f"every account had to be set aside ({reasons})", mend="see `postel doctor`")
        return account

    def give_back(self, account: Account) -> None:
        """Return a clean account."""
        self._free.put_nowait(account)

    def discard(self, account: Account, reason: str) -> None:
        """Set an account aside for the rest of the run."""
        self.set_aside[account.name] = reason
        self._usable -= 1
        if self._usable == 0:
            self._free.put_nowait(None)
