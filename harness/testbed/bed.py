"""The testbed of one run: DNS and next hops, in this process or in a sidecar container.

`Bed` is what cases need of it; `LocalBed` keeps the hops and the names itself and is told where they may listen.
`LoopbackBed` does that on 127.0.0.0/8, for a target on this machine.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.testbed.attempt import Attempt, Query
from harness.testbed.dns_server import DnsData, DnsServer
from harness.testbed.hop import Hop
from harness.testbed.names import Ailment, Record
from harness.testbed.pipes import join
from harness.testbed.plan import HopPlan
from harness.testbed.tunnel import Tunnel

#: Where the host names of hops and the domains that cases are given lie.
HOPS = "hops.test"
DOMAINS = "relay.test"


@dataclass(frozen=True, slots=True)
class HopPlace:
    """A hop as others refer to it; `name` is its host name, which has an address record."""

    number: int
    name: str
    address: str
    port: int


class Bed(Protocol):
    """What a case's view of the testbed needs. Every call may go to another container."""

    async def open_hop(self, plan: HopPlan) -> HopPlace:
        """A new hop on an address of its own, with an address record."""

    async def close_hop(self, number: int) -> None:
        """End a hop; its name goes with it."""

    async def follow(self, number: int, plan: HopPlan) -> None:
        """Give a hop another plan, from its next connection on."""

    async def take_connections(self, number: int, willing: bool) -> None:
        """Let a hop refuse connections, or take them again."""

    async def wait(self, number: int, count: int, what: str, within: float) -> tuple[Attempt, ...]:
        """A hop's attempts, as soon as so many have come so far (see `Hop.wait`), or the seconds are over."""

    async def name(self, records: Sequence[Record], ailments: Sequence[Ailment]) -> None:
        """Add records and trouble."""

    async def forget(self, names: Sequence[str]) -> None:
        """Remove names."""

    async def queries(self, suffix: str) -> tuple[Query, ...]:
        """The questions about a name and what lies below it, in order."""

    async def open_server(self, host: str, port: int) -> HopPlace:
        """A hop that is a server on this machine: every connection is led there. It has no attempts."""


class LocalBed:
    """Hops and names in the running event loop."""

    def __init__(
        self,
        addresses: Iterator[str],
        port: int,
        tls: ssl.SSLContext | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = clock
        self._began = clock()
        self.dns = DnsServer(DnsData(self._clock))
        self.hop_port = port
        self._addresses = addresses
        self._tls = tls
        self._hops: dict[int, Hop | Tunnel] = {}
        self._numbers = itertools.count(1)
        self.listeners: list[asyncio.Server] = []

    def _clock(self) -> float:
        return round(self._seconds() - self._began, 4)

    async def stop(self) -> None:
        """End hops and DNS; may be called again."""
        await self.dns.stop()
        for server in self.listeners:
            server.close()
        await asyncio.gather(*(hop.close() for hop in self._hops.values()))

    async def open_hop(self, plan: HopPlan) -> HopPlace:
        """Listen on the next address that is free. Raises OSError."""
        number = next(self._numbers)
        hop = Hop(f"mx{number}.{HOPS}", plan, self._clock, self._tls)
        address = await self._listening(hop.listen)
        self._hops[number] = hop
        return self._named(number, hop.name, address)

    async def open_tunnel(self) -> HopPlace:
        """A hop whose connections wait for `enter_tunnel`. Raises OSError."""
        number = next(self._numbers)
        tunnel = Tunnel(f"mx{number}.{HOPS}")
        address = await self._listening(tunnel.listen)
        self._hops[number] = tunnel
        return self._named(number, tunnel.name, address)

    async def enter_tunnel(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Become the other end of the next connection to a tunnel; a line end is said when it is there."""
        streams = await self._tunnel(number).arrival()
        writer.write(b"\n")
        await join((reader, writer), streams)

    def _tunnel(self, number: int) -> Tunnel:
        tunnel = self._hops[number]
        if not isinstance(tunnel, Tunnel):
            raise ValueError(f"{tunnel.name} is no tunnel")
        return tunnel

    def _hop(self, number: int) -> Hop:
        hop = self._hops[number]
        if not isinstance(hop, Hop):
            raise ValueError(f"{hop.name} is a server, and has no plan and no attempts")
        return hop

    async def _listening(self, listen: Callable[[str, int], Awaitable[int]]) -> str:
        """The next address on which it could listen. Raises OSError."""
        while True:
            address = next(self._addresses)
            try:
                self.hop_port = await listen(address, self.hop_port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return address

    def _named(self, number: int, name: str, address: str) -> HopPlace:
        self.dns.data.add([Record(name, "A", address), Record(reverse_name(address), "PTR", name + ".")])
        return HopPlace(number, name, address, self.hop_port)

    async def close_hop(self, number: int) -> None:
        """End it."""
        hop = self._hops.pop(number)
        await self.forget([hop.name, reverse_name(hop.address)])
        await hop.close()

    async def follow(self, number: int, plan: HopPlan) -> None:
        """From the next connection on."""
        self._hop(number).follow(plan)

    async def take_connections(self, number: int, willing: bool) -> None:
        """Raises OSError where the port was taken meanwhile."""
        if willing:
            await self._hops[number].listen_again()
        else:
            self._hops[number].refuse()

    async def wait(self, number: int, count: int, what: str, within: float) -> tuple[Attempt, ...]:
        """As the hop sees it."""
        return await self._hop(number).wait(count, what, within)

    async def name(self, records: Sequence[Record], ailments: Sequence[Ailment]) -> None:
        """Raises ValueError for a record that is none."""
        self.dns.data.add(records)
        self.dns.data.ail(ailments)

    async def forget(self, names: Iterable[str]) -> None:
        """Unknown ones are no error."""
        for name in names:
            self.dns.data.remove(name)

    async def queries(self, suffix: str) -> tuple[Query, ...]:
        """In the order in which they came."""
        suffix = suffix.lower()
        return tuple(each for each in self.dns.data.queries if f".{each.name}".endswith(f".{suffix}"))


class LoopbackBed(LocalBed):
    """A testbed for a target on this machine: each hop has its own address of 127.0.0.0/8, and all the same port.

    The target asks `resolver` in place of its own DNS server, and connects to `hop_port` in place of 25. Needs a system
    where the whole of 127.0.0.0/8 is this machine, as on Linux.
    """

    def __init__(self, tls: ssl.SSLContext | None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(_loopback_addresses(), 0, tls, clock)
        self._leading: dict[int, asyncio.Task[None]] = {}

    @property
    def resolver(self) -> tuple[str, int]:
        """Address and port of the DNS server."""
        return "127.0.0.1", self.dns.port

    async def start(self) -> None:
        """Listen. Raises OSError."""
        while True:  # the port that is free for TCP may be taken for UDP
            try:
                await self.dns.start("127.0.0.1")
                break
            except OSError as error:
                await self.dns.stop()
                if error.errno != errno.EADDRINUSE:
                    raise
        await self.open_hop(HopPlan())  # it finds the port that all others share

    async def open_server(self, host: str, port: int) -> HopPlace:
        """Raises OSError."""
        place = await self.open_tunnel()
        self._leading[place.number] = asyncio.create_task(self._tunnel(place.number).lead(host, port))
        return place

    async def close_hop(self, number: int) -> None:
        """End it."""
        task = self._leading.pop(number, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await super().close_hop(number)

    async def stop(self) -> None:
        """End everything; may be called again."""
        for task in self._leading.values():
            task.cancel()
        await asyncio.gather(*self._leading.values(), return_exceptions=True)
        await super().stop()


def reverse_name(address: str) -> str:
    """Where the name of an IPv4 address is looked up (RFC 1035 §3.5)."""
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def _loopback_addresses() -> Iterator[str]:
    for third, fourth in itertools.cycle(itertools.product(range(1, 255), range(1, 255))):
        yield f"127.1.{third}.{fourth}"
