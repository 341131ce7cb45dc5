"""Player: plays cases against a target, each on a leased account, and returns what was seen.

Playing is I/O and judging is pure, so they are apart: a player neither knows the oracle nor charges anybody. It
turns whatever happens, a hostile target's worst included, into a `Performance`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.accounts import AccountPool
from harness.cases import Case, Ending, Performance
from harness.clients.imap_names import MailboxNames
from harness.corpus import Corpus
from harness.errors import PostelError, SetupError, TargetLost, TargetProtocolError
from harness.stage import Blocked, Capabilities, Enough, NotApplicable, Stage
from harness.targets.mailboxes import names_of_mailboxes, remove_mailboxes
from harness.targets.model import Account, Target
from harness.transcript import Transcript

#: A whole case may take this many times the timeout of a single answer.
CASE_BUDGET = 12.0


@dataclass(frozen=True, slots=True)
class PlayerSettings:
    """`timeout`: seconds that a target may take for one answer."""

    timeout: float
    corpus: Corpus


class Player:
    """Plays cases against one target. Several performances may be under way at once."""

    def __init__(self, target: Target, capabilities: Capabilities, settings: PlayerSettings) -> None:
        self.target = target
        self.pool = AccountPool(target.accounts)
        self._capabilities = capabilities
        self._settings = settings
        self._names: asyncio.Task[MailboxNames | None] | None = None

    async def play(self, case: Case) -> Performance:
        """Play one case. Never raises for what a target does; only cancellation passes through."""
        if len(self.target.accounts) < case.users:
            why = f"{case.users} accounts are needed, and the profile names {len(self.target.accounts)}"
            return empty_performance(case, Ending.NOT_APPLICABLE, why)
        try:
            accounts = await self.pool.lease(case.users)
        except SetupError as error:
            return empty_performance(case, Ending.LOST, str(error))
        return await self._play(case, accounts, masked=True)

    async def play_unmasked(self, case: Case) -> tuple[Performance, tuple[Account, ...]]:
        """Play one case and keep its secrets in the transcript, for a replay of its very bytes. Raises SetupError."""
        accounts = await self.pool.lease(case.users)
        return await self._play(case, accounts, masked=False), accounts

    async def _play(self, case: Case, accounts: Sequence[Account], *, masked: bool) -> Performance:
        stage = Stage(
            case,
            self.target,
            accounts[0],
            neighbours=accounts[1:],
            corpus=self._settings.corpus,
            capabilities=self._capabilities,
            timeout=self._settings.timeout,
            masked=masked,
            pool=self.pool,
        )
        began = time.monotonic()
        try:
            ending, reason = await self._perform(case, stage)
        finally:
            await stage.close()
            seconds = time.monotonic() - began
            await asyncio.gather(*(self._return(each, case.protocol) for each in (accounts[0], *stage.neighbours)))
        return Performance(
            case_id=case.id,
            ending=ending,
            reason=reason,
            transcript=stage.recorder.transcript,
            observations=tuple(stage.observations),
            seconds=seconds,
            notes=tuple(stage.notes),
        )

    async def _perform(self, case: Case, stage: Stage) -> tuple[Ending, str]:
        """Run the script and say how it ended."""
        if case.endpoint and case.endpoint not in self.target.endpoints:
            return Ending.NOT_APPLICABLE, f"the target has no {case.endpoint} endpoint"
        missing = self._missing(case)
        if missing:
            return Ending.NOT_APPLICABLE, f"the target does not advertise {missing}"
        tuned = self._tuned_away(case)
        if tuned:
            return Ending.NOT_APPLICABLE, tuned
        try:
            async with asyncio.timeout(self._settings.timeout * CASE_BUDGET):
                stage.mailbox_names = await self._mailbox_names(case, stage.account)
                await stage.load(*case.messages)
                await case.script(stage)
        except Exception as error:  # whatever a target or a script does, the run goes on
            return _ending_of(error)
        return Ending.FINISHED, ""

    async def _mailbox_names(self, case: Case, account: Account) -> MailboxNames | None:
        """How mailboxes are named, asked once; only cases of IMAP need it, and only some targets have a prefix."""
        if case.protocol != "imap" or "NAMESPACE" not in self._capabilities.get("imap", {}):
            return None
        if self._names is None:
            self._names = asyncio.create_task(names_of_mailboxes(self.target, account))
        return await asyncio.shield(self._names)

    def _missing(self, case: Case) -> str:
        """The first capability that the case requires and the target does not have (`SASL:PLAIN`: a parameter)."""
        known = self._capabilities.get(case.endpoint or case.protocol, {})
        for wanted in case.requires:
            tag, _, parameter = wanted.partition(":")
            if tag not in known or (parameter and parameter not in known[tag]):
                return wanted
        return ""

    def _tuned_away(self, case: Case) -> str:
        """Why the profile's own settings keep the case's first requirement from being judged, or nothing."""
        for each in self.target.tuned:
            if case.requirements[:1] and case.requirements[0] in each.unjudged:
                return f"the profile sets {each.setting} to {each.value} in place of {each.stock}"
        return ""

    async def _return(self, account: Account, protocol: str) -> None:
        """Give the account back once a login of its own has found it clean; else set it aside.

        Only a case of IMAP can have made mailboxes.

        A server may notice a lost connection late and hold the mailbox until then, so that is tried more than once.
        """
        trouble = ""
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                async with asyncio.timeout(self._settings.timeout * 4):
                    if protocol == "imap":
                        await remove_mailboxes(self.target, account)
                    await self.target.empty(account)
            except Exception as error:  # whatever it was, the account must not spoil the next case
                trouble = str(error) or type(error).__name__
            else:
                self.pool.give_back(account)
                return
        self.pool.discard(account, trouble)

    async def recover(self) -> None:
        """Try the accounts that were set aside again: after a restart of the target, or when it has become quiet."""
        protocol = "imap" if "imap" in self.target.endpoints else ""
        await asyncio.gather(*(self._return(account, protocol) for account in self.pool.take_discarded()))


#: Seconds before each try to clean an account.
_PAUSES = (0.0, 0.2, 1.0)


#: How a performance ended, by what was raised; the first class that fits decides.
_ENDINGS: tuple[tuple[type[Exception], Ending], ...] = (
    (Enough, Ending.FINISHED),
    (NotApplicable, Ending.NOT_APPLICABLE),
    (Blocked, Ending.BLOCKED),
    (SetupError, Ending.BLOCKED),
    (TargetProtocolError, Ending.BLOCKED),
    (TargetLost, Ending.LOST),
    (OSError, Ending.LOST),  # TimeoutError, of the case's budget, is one
    (PostelError, Ending.ERROR),
)


def _ending_of(error: Exception) -> tuple[Ending, str]:
    text = str(error) or type(error).__name__
    for kind, ending in _ENDINGS:
        if isinstance(error, kind):
            return ending, "" if kind is Enough else text
    return Ending.ERROR, f"{type(error).__name__}: {error}"


def empty_performance(case: Case, ending: Ending, reason: str) -> Performance:
    """A performance in which nothing could be seen."""
    return Performance(case.id, ending, reason, Transcript(), (), 0.0)
