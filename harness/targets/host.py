"""HostTarget: a server that runs already and is reached at an address. It is never started, stopped or restarted.

Its mailboxes may hold somebody's mail. Unless the profile says `disposable = true`, a mailbox that is not empty is
refused, and only as many messages are ever removed as were loaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from harness.clients.imap import exists
from harness.corpus import CorpusMessage, Trait
from harness.errors import SetupError, TargetLost, TargetProtocolError
from harness.targets.base import GREETING_TRY, ProfiledTarget
from harness.targets.emptying import pop3_count, pop3_login
from harness.targets.local import run_locally
from harness.targets.model import Account, Loader, TargetState
from harness.targets.profile import Profile
from harness.targets.reach import CommandResult, imap_session


class HostTarget(ProfiledTarget):
    """A server at an address."""

    def __init__(self, profile: Profile, ports: Mapping[str, int]) -> None:
        super().__init__(profile, ports)
        self._counting = _CountingLoader(self.loader)
        self.loader = self._counting

    @property
    def can_restart(self) -> bool:
        """Never: it is not ours."""
        return False

    async def _bring_up(self) -> None:
        self._endpoints = {name: self._endpoint(name, self.profile.host, port) for name, port in self._ports.items()}

    async def start(self) -> None:
        """Wait for the greetings; refuse mailboxes that hold mail, unless the profile calls them disposable."""
        await super().start()
        for account in self.accounts:
            if self.profile.disposable:
                await self._emptier.empty(account)
                continue
            count = await self._count(account)
            if count:
                raise SetupError(
                    f"the mailbox of {account.name} on {self.profile.host} holds {count} messages",
                    mend="give test accounts with empty mailboxes, or write disposable = true in the profile "
                    "if their mail may be deleted",
                )

    async def stop(self) -> None:
        """Nothing of it was started."""
        await self.shared.stop()
        self._endpoints = {}

    async def restart(self) -> None:
        """Refused."""
        raise SetupError(f"{self.name} was not started by postel and is not restarted")

    async def empty(self, account: Account) -> None:
        """Remove every message; without `disposable` only if there are no more than were loaded."""
        if not self.profile.disposable:
            count = await self._count(account)
            if count > self._counting.loaded.get(account.name, 0):
                raise SetupError(
                    f"the mailbox of {account.name} holds mail that was not loaded by this run; it is left as it is",
                    mend="use accounts that nobody else sends to, or disposable = true",
                )
        await super().empty(account)
        self._counting.loaded.pop(account.name, None)

    async def alive(self) -> TargetState:
        """Whether one of its endpoints greets."""
        soon = asyncio.get_running_loop().time() + min(GREETING_TRY, self.profile.ready_timeout)
        for endpoint in self._endpoints.values():
            if not await self._silence(endpoint, soon):
                return TargetState(running=True)
        return TargetState(running=False)

    def log(self) -> bytes:
        """Not to be had."""
        return b""

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command on this machine, in the profile's directory."""
        return await run_locally(command, stdin, directory=self.profile.directory)

    async def _count(self, account: Account) -> int:
        """Messages in the mailbox. Raises SetupError."""
        try:
            if {"pop3", "pop3s"} & set(self._ports):
                pop3 = await pop3_login(self, account)
                try:
                    count = await pop3_count(pop3)
                    await pop3.quit()
                    await pop3.wait_closed(1.0)
                    return count
                finally:
                    await pop3.close()
            async with await imap_session(self) as imap:
                await imap.login(account.name, account.password)
                result = await imap.select("INBOX")
                if not result.ok:
                    raise SetupError(f"INBOX of {account.name} could not be opened: {result.tagged.raw!r}")
                return exists(result)
        except (TargetLost, TargetProtocolError) as lost:
            raise SetupError(f"the mailbox of {account.name} could not be opened: {lost}") from lost


class _CountingLoader:
    """Passes messages on and counts them by account."""

    def __init__(self, loader: Loader) -> None:
        self.loaded: dict[str, int] = {}
        self._loader = loader

    @property
    def carries(self) -> frozenset[Trait]:
        """As the loader behind it."""
        return self._loader.carries

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Count first: what fails half way may have left messages."""
        self.loaded[account.name] = self.loaded.get(account.name, 0) + len(messages)
        await self._loader.load(account, messages)
