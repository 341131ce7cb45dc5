"""The queue as the server has it: put together, started, asked and stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from reference_server.clock import Clock
from reference_server.queue.client import SmtpClient
from reference_server.queue.courier import ClientFactory, Line, Unreachable
from reference_server.queue.dns_resolver import DnsResolver
from reference_server.queue.entries import QueueEntry
from reference_server.queue.hops import Hops
from reference_server.queue.notification import Report, notification
from reference_server.queue.reporter import Reporter
from reference_server.queue.resolver import Resolver
from reference_server.queue.routing import RoutingDelivery
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Spool
from reference_server.queue.worker import Worker
from reference_server.settings import Relay, Settings
from reference_server.store.database import Database
from reference_server.store.delivery import LocalDelivery

_THREADS = 4


def _dns(relay: Relay, clock: Clock) -> Resolver | None:
    return None if relay.resolver is None else DnsResolver(relay.resolver, clock, relay.timeouts.dns)


@dataclass(frozen=True, slots=True)
class QueueParts:
    """What the queue is built of. A deliberate fault replaces one of these, and nothing else."""

    schedule: Callable[[Relay], RetrySchedule] = RetrySchedule.of
    resolver: Callable[[Relay, Clock], Resolver | None] = _dns
    hops: type[Hops] = Hops
    line: type[Line] = Line
    client: type[SmtpClient] = SmtpClient
    notification: Callable[[Report], bytes] = notification
    delivery: type[RoutingDelivery] = RoutingDelivery
    reporter: type[Reporter] = Reporter
    spool: type[Spool] = Spool
    randomness: Callable[[], random.Random] = field(default=random.Random)
    """Spreads equal mail exchangers."""


class MailQueue:
    """The queue of one server, in the running event loop."""

    delivery: RoutingDelivery
    """Takes messages, for mailboxes here and for elsewhere."""

    def __init__(
        self, settings: Settings, database: Database, local: LocalDelivery, clock: Clock, parts: QueueParts
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._parts = parts
        self._worker: Worker | None = None
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="queue")
        self._schedule = parts.schedule(settings.relay)
        self._unreachable = Unreachable(clock, min(settings.relay.retry_intervals))
        self.spool = parts.spool(database)
        self.delivery = parts.delivery(local, self.spool, database, clock, settings, self._wake)

    def start(self, own_endpoints: Collection[tuple[str, int]]) -> None:
        """Begin to send what is there; `own_endpoints` are the addresses and ports where this server takes mail."""
        settings, parts = self._settings, self._parts
        hops = parts.hops(
            settings.relay,
            parts.resolver(settings.relay, self._clock),
            own_names=(settings.hostname,),
            own_endpoints=own_endpoints,
            randomness=parts.randomness(),
        )
        clients = ClientFactory(parts.client, settings.hostname, settings.relay.timeouts)
        line = partial(
            parts.line,
            hops=hops,
            clients=clients,
            unreachable=self._unreachable,
            clock=self._clock,
            relay=settings.relay,
        )
        reporter = parts.reporter(self.spool, self.delivery, self._schedule, self._clock, settings, parts.notification)
        self._worker = Worker(self.spool, reporter, line, self._schedule, self._clock, settings.relay, self._executor)
        self._worker.start()

    async def stop(self) -> None:
        """End what is under way; what is queued stays queued."""
        if self._worker is not None:
            await self._worker.stop()
            self._worker = None
        self._executor.shutdown()

    async def idle(self) -> None:
        """Wait until everything that is due by now has been tried once."""
        if self._worker is not None:
            await self._worker.idle()

    async def flush(self, numbers: Collection[int] | None = None) -> int:
        """Try everything now, or these entries; how many recipients that are. Raises StoreFailure."""
        loop = asyncio.get_running_loop()
        self._unreachable.forget()
        count = await loop.run_in_executor(self._executor, lambda: self.spool.hasten(self._clock.now(), numbers))
        self._wake()
        return count

    async def entries(self) -> Sequence[QueueEntry]:
        """What is in the queue, oldest first. Raises StoreFailure."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.spool.entries)

    async def octets(self, number: int) -> bytes:
        """The message of an entry that is there. Raises StoreFailure."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: self.spool.octets(number))

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()
