"""Which hosts to hand a domain's mail to, and in which order.

RFC 5321 §5.1: mail exchangers by preference, equal ones spread at random, the domain's own addresses where it has none,
never a host that is no nearer than we are. RFC 7505 §4: a null MX takes no mail. A route of the settings comes before
DNS; an address literal needs none (RFC 5321 §4.1.3).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reference_server.queue.domains import literal_address
from reference_server.queue.entries import Kind, Outcome
from reference_server.queue.resolver import LookupFailed, MailExchanger, NoSuchName, Resolver
from reference_server.settings import Relay, Route


@dataclass(frozen=True, slots=True)
class NextHop:
    """One address of one host; `host` is what it is called in notifications."""

    host: str
    address: str
    port: int


class NoRoute(Exception):
    """There is no next hop, now or at all; `outcome` says which and why."""

    def __init__(self, kind: Kind, status: str, text: str) -> None:
        self.outcome = Outcome(kind, status, text)
        super().__init__(text)


class Hops:
    """Finds next hops. A deliberate fault overrides a method."""

    def __init__(
        self,
        relay: Relay,
        resolver: Resolver | None,
        *,
        own_names: Collection[str],
        own_endpoints: Collection[tuple[str, int]] = (),
        randomness: random.Random,
    ) -> None:
        """`own_names` and `own_endpoints` are where we ourselves listen: mail never goes there (RFC 5321 §5.1)."""
        self._relay = relay
        self._resolver = resolver
        self._own_names = frozenset(name.lower() for name in own_names)
        self._own_endpoints = frozenset(own_endpoints)
        self._ports = {name.lower(): port for name, port in relay.ports}
        self._random = randomness

    async def find(self, domain: str) -> Sequence[NextHop]:
        """The next hops for a domain (as `domain_key` spells it), best first, one at least. Raises NoRoute."""
        route = self.route(domain)
        if route is not None:
            return [NextHop(route.host, route.host, route.port)]
        address = literal_address(domain)
        if address is not None:
            return self.allowed([self.hop(domain, address)], domain)
        if self._resolver is None:
            raise NoRoute(Kind.PERMANENT, "5.4.4", f"there is neither a route to {domain} nor a DNS server to ask")
        try:
            exchangers = await self._resolver.mail_exchangers(domain)
        except NoSuchName as error:
            raise NoRoute(Kind.PERMANENT, "5.1.2", str(error)) from error
        except LookupFailed as error:
            raise NoRoute(Kind.TEMPORARY, "4.4.3", str(error)) from error
        hosts = self.hosts(domain, exchangers)
        return self.allowed(await self.addresses(self._resolver, hosts, domain), domain)

    def route(self, domain: str) -> Route | None:
        """What the settings say about the domain."""
        routes = {route.domain.lower(): route for route in self._relay.routes}
        return routes.get(domain) or routes.get("*")

    def hosts(self, domain: str, exchangers: Sequence[MailExchanger]) -> list[str]:
        """Host names in order. Without any MX the domain is its own exchanger, of preference 0 (RFC 5321 §5.1)."""
        if not exchangers:
            return [domain]
        named = [each for each in exchangers if each.host]
        if not named:
            raise NoRoute(Kind.PERMANENT, "5.1.10", f"{domain} accepts no mail (null MX)")
        own = [each.preference for each in named if each.host.lower() in self._own_names]
        nearer = [each for each in named if not own or each.preference < min(own)]
        if not nearer:
            raise NoRoute(Kind.PERMANENT, "5.4.6", f"the best mail exchanger of {domain} is this server")
        self._random.shuffle(nearer)
        return [each.host for each in sorted(nearer, key=lambda each: each.preference)]

    async def addresses(self, resolver: Resolver, hosts: Sequence[str], domain: str) -> list[NextHop]:
        """All addresses of all hosts that can be found out (RFC 5321 §5.1)."""
        found: list[NextHop] = []
        failure: LookupFailed | None = None
        for host in hosts:
            try:
                found += [self.hop(host, address) for address in await resolver.addresses(host)]
            except NoSuchName:
                continue
            except LookupFailed as error:
                failure = error
        if found:
            return found
        if failure is not None:
            raise NoRoute(Kind.TEMPORARY, "4.4.3", str(failure))
        raise NoRoute(Kind.PERMANENT, "5.4.4", f"no host for {domain} has an address")

    def hop(self, host: str, address: str) -> NextHop:
        """The host at this address, and the port where it listens."""
        port = self._ports.get(host.lower()) or self._ports.get(address.lower()) or self._relay.port
        return NextHop(host, address, port)

    def allowed(self, found: Sequence[NextHop], domain: str) -> Sequence[NextHop]:
        """Without ourselves and whoever comes after us: mail must not go round in circles (RFC 5321 §5.1)."""
        kept: list[NextHop] = []
        for hop in found:
            if (hop.address, hop.port) in self._own_endpoints:
                break
            kept.append(hop)
        if not kept:
            raise NoRoute(Kind.PERMANENT, "5.4.6", f"mail for {domain} would come back to this server")
        return kept
