"""Oracle: what the reference shows when it plays the same case, in process. A witness, not the law.

`ReferenceInProcess` is the reference server as a target in the harness's own event loop: the oracle plays on it, and
so does every faulty variant of it in `suites/selftest`. Performances are kept by the case's digest, also between
runs (`kept.py`).
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.cases import Case, Ending, Performance
from harness.corpus import CorpusMessage, Trait
from harness.errors import HarnessError, SetupError
from harness.kept import KeptPerformances
from harness.player import Player, empty_performance
from harness.results import TunedSetting
from harness.targets.loopback import loopback_bed
from harness.targets.model import Account, Endpoint, Loader, MailReader, TargetState, TlsMode
from harness.targets.profile import Profile, RelayTable
from harness.targets.shared import Shared
from harness.testbed.bed import LoopbackBed
from harness.testbed.case_bed import RelayFacts
from harness.testbed.target_bed import TargetBed, target_bed
from reference_server.accounts import derive
from reference_server.backend import StoreFailure
from reference_server.clock import VirtualClock
from reference_server.server import MailServer
from reference_server.settings import TEST_COST, Limits, Relay, Settings

Build = Callable[[Settings], MailServer]

#: Seconds to autologout in process: short enough to be waited for, long enough not to hit a session that works.
AUTOLOGOUT = 2.0
#: The same for IMAP, where cases hold several sessions, one of which may have nothing to say for a while.
IMAP_AUTOLOGOUT = 10.0
#: Seconds between two tries of a message, in process.
RETRY = 0.5
PASSWORD = "correct horse"
DOMAIN = "postel.test"
ACCOUNTS = 32


class Oracle:
    """Plays cases on the reference and remembers what it saw, also from earlier runs where they are `kept`.

    `player` may be a coroutine function that brings the reference up: it is asked when the first case is not kept.
    """

    def __init__(self, player: Player | Callable[[], Awaitable[Player]], kept: KeptPerformances | None = None) -> None:
        self._player = player
        self._kept = kept
        self._tasks: dict[str, asyncio.Task[Performance]] = {}
        self._bringing_up: asyncio.Task[Player] | None = None

    async def perform(self, case: Case) -> Performance:
        """The reference's performance of a case: played once, whoever asks, however often, unless it went wrong."""
        known = self._kept.get(case) if self._kept is not None else None
        if known is not None:
            return known
        key = f"{case.id} {case.digest}"
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._play(case))
        performance = await asyncio.shield(task)
        if not worth_keeping(performance) and self._tasks.get(key) is task:
            del self._tasks[key]  # a moment's weakness of this machine must not count for the rest of the run
        return performance

    async def _play(self, case: Case) -> Performance:
        try:
            player = await self._ready()
        except Exception as error:  # whatever keeps the reference from running is postel's fault, not the target's
            return empty_performance(case, Ending.ERROR, f"the reference cannot be brought up: {error}")
        performance = await player.play(case)
        if self._kept is not None and worth_keeping(performance):
            self._kept.put(case, performance)
        return performance

    async def _ready(self) -> Player:
        if isinstance(self._player, Player):
            return self._player
        if self._bringing_up is None:
            self._bringing_up = asyncio.ensure_future(self._player())
        return await asyncio.shield(self._bringing_up)


def worth_keeping(performance: Performance) -> bool:
    """Whether the reference showed what it should: anything else is to be seen again in the next run."""
    settled = performance.ending in (Ending.FINISHED, Ending.NOT_APPLICABLE)
    return settled and all(observation.holds for observation in performance.observations)


class ReferenceInProcess:
    """The reference as a target, in the running event loop. `build` may make a faulty variant of it.

    With `own_time` it lives by `clock`, and has the intervals that the RFCs want; else it tries mail again soon.
    """

    name = "reference in process"
    product = "postel reference"
    image_digest = ""
    can_restart = True

    def __init__(
        self,
        build: Build = MailServer,
        *,
        accounts: int = ACCOUNTS,
        autologout: float = AUTOLOGOUT,
        domains: tuple[str, ...] = (DOMAIN,),
        own_time: bool = False,
    ) -> None:
        self.build = build
        self.clock = VirtualClock() if own_time else None
        self._domains = domains
        self._autologout = autologout
        self._server: MailServer | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self.accounts: Sequence[Account] = tuple(
            Account(f"user{number}", PASSWORD, f"user{number}@{domains[0]}", apop=True)
            for number in range(1, accounts + 1)
        )
        self.version = ""
        relay = RelayTable(retry_seconds=RETRY, flush=("postel", "queue", "flush"))
        self.profile = Profile(name=self.name, roles=("alice", "bob"), relay=relay)
        self.testbed: TargetBed | None = None
        self.shared = Shared()
        self._bed: LoopbackBed | None = None
        self.tuned: Sequence[TunedSetting] = ()
        self.loader: Loader = _DirectLoader(self)
        self.reader: MailReader | None = None

    @property
    def autologout_seconds(self) -> float | None:
        """Seconds."""
        return self._autologout

    @property
    def imap_autologout_seconds(self) -> float | None:
        """Seconds."""
        return IMAP_AUTOLOGOUT

    @property
    def server(self) -> MailServer:
        """The running server. Raises HarnessError before start."""
        if self._server is None:
            raise HarnessError("the reference is not running")
        return self._server

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where it listens."""
        return {
            name: Endpoint(name, each.protocol, each.host, each.port, TlsMode(each.tls.value))
            for name, each in self.server.endpoints.items()
        }

    def listen(self, hears: Callable[[str], None]) -> None:
        """It is up in no time: there is nothing to tell."""

    async def start(self) -> None:
        """Start on a directory of its own, with its accounts."""
        self._directory = tempfile.TemporaryDirectory(prefix="postel-oracle-")
        self._bed = await loopback_bed(self.clock.monotonic if self.clock else time.monotonic)
        await self._serve()
        self.testbed = await target_bed(self._bed, RelayFacts(RETRY, self._flush), self.strangers)
        credentials = derive(PASSWORD, TEST_COST, apop=True)
        await asyncio.to_thread(self.server.accounts.put, {account.name: credentials for account in self.accounts})

    async def _serve(self) -> None:
        assert self._directory is not None
        assert self._bed is not None
        limits = replace(Limits(), pop3_idle=self._autologout)
        if self.clock is None:
            limits = replace(limits, imap_idle=IMAP_AUTOLOGOUT)
        relay = Relay(resolver=self._bed.resolver, port=self._bed.hop_port)
        if self.clock is None:
            relay = replace(relay, retry_intervals=(RETRY,))
        data = Path(self._directory.name)
        settings = Settings(data=data, cost=TEST_COST, limits=limits, relay=relay)
        self._server = self.build(replace(settings, hostname=f"mail.{self._domains[0]}", domains=self._domains))
        if self.clock is not None:
            self._server.use_clock(self.clock)
        await self._server.start()

    async def _flush(self) -> None:
        with _setting_up():
            await self.server.queue.flush()

    @property
    def strangers(self) -> Mapping[str, tuple[str, int]]:
        """It trusts nobody for his address, so whoever comes is a stranger."""
        return {name: (each.host, each.port) for name, each in self.endpoints.items() if each.protocol == "smtp"}

    async def stop(self) -> None:
        """Stop and remove everything."""
        await self.shared.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None
        if self._bed is not None:
            await self._bed.stop()
            self._bed = self.testbed = None
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    async def restart(self) -> None:
        """Stop and start on the same directory."""
        await self.server.stop()
        await self._serve()
        if self.testbed is not None:
            self.testbed.strangers = dict(self.strangers)

    async def empty(self, account: Account) -> None:
        """Remove every message. Raises SetupError."""
        with _setting_up():
            await asyncio.to_thread(self.server.store.empty, account.name)

    async def alive(self) -> TargetState:
        """It lives as long as this process."""
        return TargetState(running=self._server is not None)

    def log(self) -> bytes:
        """Nothing: its transcripts say it all."""
        return b""

    def tls_context(self) -> ssl.SSLContext:
        """A context that trusts the certificate it made."""
        return ssl.create_default_context(cafile=str(self.server.authority))


class _DirectLoader:
    """Puts messages straight into the store: exactly these bytes, whatever they are."""

    carries = frozenset(Trait)

    def __init__(self, reference: ReferenceInProcess) -> None:
        self._reference = reference

    async def load(self, account: Account, messages: Sequence[CorpusMessage]) -> None:
        """Append the messages, in order. Raises SetupError."""
        store = self._reference.server.store
        with _setting_up():
            for message in messages:
                await asyncio.to_thread(store.append, message.data, [account.name])


@contextmanager
def _setting_up() -> Iterator[None]:
    try:
        yield
    except StoreFailure as error:
        raise SetupError(f"the reference's store: {error}") from error
