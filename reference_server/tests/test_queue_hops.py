"""Which hosts get a domain's mail (RFC 5321 §5.1, RFC 7505)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from reference_server.queue.entries import Kind
from reference_server.queue.hops import Hops, NextHop, NoRoute
from reference_server.queue.resolver import LookupFailed, MailExchanger, NoSuchName
from reference_server.settings import Relay, Route

pytestmark = pytest.mark.asyncio


class Names:
    """A resolver that is a table."""

    def __init__(
        self, exchangers: Sequence[tuple[int, str]] | Exception, **addresses: Sequence[str] | Exception
    ) -> None:
        self._exchangers = exchangers
        self._addresses = {name.replace("_", "."): found for name, found in addresses.items()}

    async def mail_exchangers(self, domain: str) -> Sequence[MailExchanger]:
        assert domain == "b.test"
        if isinstance(self._exchangers, Exception):
            raise self._exchangers
        return [MailExchanger(preference, host) for preference, host in self._exchangers]

    async def addresses(self, host: str) -> Sequence[str]:
        found = self._addresses[host]
        if isinstance(found, Exception):
            raise found
        return found


async def found(
    names: Names | None, relay: Relay | None = None, domain: str = "b.test", seed: int = 0
) -> list[NextHop]:
    hops = Hops(
        relay or Relay(),
        names,
        own_names=("Mail.a.test",),
        own_endpoints=(("192.0.2.99", 25),),
        randomness=random.Random(seed),
    )
    return list(await hops.find(domain))


async def refusal(names: Names | None, relay: Relay | None = None, domain: str = "b.test") -> tuple[Kind, str]:
    with pytest.raises(NoRoute) as caught:
        await found(names, relay, domain)
    return caught.value.outcome.kind, caught.value.outcome.status


async def test_exchangers_by_preference_and_all_addresses_of_each() -> None:
    names = Names([(20, "mx2"), (10, "mx1")], mx1=["192.0.2.1", "2001:db8::1"], mx2=["192.0.2.2"])
    assert await found(names) == [
        NextHop("mx1", "192.0.2.1", 25),
        NextHop("mx1", "2001:db8::1", 25),
        NextHop("mx2", "192.0.2.2", 25),
    ]


async def test_equal_ones_are_spread() -> None:
    names = Names(
        [(10, "a"), (10, "b"), (20, "z"), (10, "c")], a=["1.1.1.1"], b=["1.1.1.2"], c=["1.1.1.3"], z=["1.1.1.4"]
    )
    orders = ["".join(hop.host for hop in await found(names, seed=seed)) for seed in range(60)]
    assert set(orders) == {"abcz", "acbz", "bacz", "bcaz", "cabz", "cbaz"}


async def test_without_an_exchanger_the_domain_itself() -> None:
    assert await found(Names([], b_test=["192.0.2.7"])) == [NextHop("b.test", "192.0.2.7", 25)]


@pytest.mark.parametrize(
    ("names", "kind", "status"),
    [
        (Names([(0, "")]), Kind.PERMANENT, "5.1.10"),
        (Names(NoSuchName("no")), Kind.PERMANENT, "5.1.2"),
        (Names(LookupFailed("SERVFAIL")), Kind.TEMPORARY, "4.4.3"),
        (Names([], b_test=[]), Kind.PERMANENT, "5.4.4"),
        (Names([], b_test=LookupFailed("silence")), Kind.TEMPORARY, "4.4.3"),
        (Names([(1, "x"), (2, "y")], x=NoSuchName("x"), y=[]), Kind.PERMANENT, "5.4.4"),
        (Names([(1, "x"), (2, "y")], x=LookupFailed("x"), y=[]), Kind.TEMPORARY, "4.4.3"),
        (Names([(1, "mail.A.test"), (2, "y")], y=["192.0.2.1"]), Kind.PERMANENT, "5.4.6"),
        (Names([(1, "x"), (2, "y")], x=["192.0.2.99"], y=["192.0.2.1"]), Kind.PERMANENT, "5.4.6"),
        (None, Kind.PERMANENT, "5.4.4"),
    ],
)
async def test_where_there_is_no_way(names: Names | None, kind: Kind, status: str) -> None:
    assert await refusal(names) == (kind, status)


async def test_only_hosts_that_are_nearer_than_we_are() -> None:
    names = Names([(5, "x"), (10, "mail.a.test"), (10, "peer"), (20, "far")], x=["192.0.2.1"])
    assert await found(names) == [NextHop("x", "192.0.2.1", 25)]
    names = Names([(5, "x"), (10, "us"), (20, "far")], x=["192.0.2.1"], us=["192.0.2.99"], far=["192.0.2.3"])
    assert await found(names) == [NextHop("x", "192.0.2.1", 25)]


async def test_a_host_that_cannot_be_found_out_is_left_out() -> None:
    names = Names([(1, "x"), (2, "y")], x=LookupFailed("x"), y=["192.0.2.2"])
    assert await found(names) == [NextHop("y", "192.0.2.2", 25)]
    names = Names([(1, ""), (2, "y")], y=["192.0.2.2"])  # RFC 7505 §3: a null MX beside another is none
    assert await found(names) == [NextHop("y", "192.0.2.2", 25)]


async def test_routes_and_literals_need_no_dns() -> None:
    relay = Relay(routes=(Route("B.test", "hop", 2525), Route("*", "smart", 26)))
    assert await found(None, relay) == [NextHop("hop", "hop", 2525)]
    assert await found(None, relay, "c.test") == [NextHop("smart", "smart", 26)]
    assert await found(None, domain="[192.0.2.5]") == [NextHop("[192.0.2.5]", "192.0.2.5", 25)]
    assert await found(None, domain="[IPv6:2001:db8::5]") == [NextHop("[IPv6:2001:db8::5]", "2001:db8::5", 25)]
    assert await refusal(None, domain="[192.0.2.99]") == (Kind.PERMANENT, "5.4.6")


async def test_ports() -> None:
    relay = Relay(port=2500, ports=(("MX1", 2501), ("192.0.2.2", 2502)))
    names = Names([(1, "mx1"), (2, "mx2"), (3, "mx3")], mx1=["192.0.2.1"], mx2=["192.0.2.2"], mx3=["192.0.2.3"])
    assert [hop.port for hop in await found(names, relay)] == [2501, 2502, 2500]
