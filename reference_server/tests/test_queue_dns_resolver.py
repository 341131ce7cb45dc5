"""The stub resolver against a DNS server that is a table."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from reference_server.clock import VirtualClock
from reference_server.queue.resolver import LookupFailed, MailExchanger, NoSuchName
from reference_server.tests.queue_dns import serving, zone

pytestmark = pytest.mark.asyncio


async def test_mail_exchangers() -> None:
    records = ("b.test. MX 10 mx1.b.test.", "n.test. MX 0 .", "c.test. A 192.0.2.1")
    async with serving(zone(*records)) as (resolver, server):
        assert await resolver.mail_exchangers("b.test") == [MailExchanger(10, "mx1.b.test")]
        assert await resolver.mail_exchangers("n.test") == [MailExchanger(0, "")]
        assert await resolver.mail_exchangers("c.test") == []
        with pytest.raises(NoSuchName):
            await resolver.mail_exchangers("x.test")
    assert server.asked == ["b.test. MX", "n.test. MX", "c.test. MX", "x.test. MX"]


async def test_addresses_of_both_kinds() -> None:
    records = ("b.test. AAAA 2001:db8::1", "b.test. A 192.0.2.1", "m.test. MX 1 b.test.")
    async with serving(zone(*records)) as (resolver, _):
        assert await resolver.addresses("b.test") == ["192.0.2.1", "2001:db8::1"]
        assert await resolver.addresses("m.test") == []
        with pytest.raises(NoSuchName):
            await resolver.addresses("x.test")


async def test_aliases_are_followed() -> None:
    records = ("a.test. CNAME b.test.", "b.test. CNAME c.test.", "c.test. MX 5 d.test.")
    async with serving(zone(*records)) as (resolver, _):
        assert await resolver.mail_exchangers("a.test") == [MailExchanger(5, "d.test")]


async def test_aliases_that_lead_nowhere() -> None:
    async with serving(zone("a.test. CNAME b.test.")) as (resolver, _):
        with pytest.raises(NoSuchName):
            await resolver.mail_exchangers("a.test")
    async with serving(zone("a.test. CNAME b.test.", "b.test. CNAME a.test.")) as (resolver, _):
        with pytest.raises(LookupFailed):
            await resolver.mail_exchangers("a.test")


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_sick_server(rcode: dns.rcode.Rcode) -> None:
    async with serving(zone(rcode=rcode)) as (resolver, _):
        for lookup in (resolver.mail_exchangers, resolver.addresses):
            with pytest.raises(LookupFailed, match=dns.rcode.to_text(rcode)):
                await lookup("b.test")


async def test_one_kind_of_address_is_enough() -> None:
    answers = zone("b.test. A 192.0.2.1")

    def respond(query: dns.message.Message, udp: bool) -> bytes | None:
        if query.question[0].rdtype == dns.rdatatype.A:
            return answers(query, udp)
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()

    async with serving(respond) as (resolver, _):
        assert await resolver.addresses("b.test") == ["192.0.2.1"]


async def test_an_answer_that_does_not_fit_is_fetched_by_tcp() -> None:
    answers = zone("b.test. MX 10 mx1.b.test.")

    def respond(query: dns.message.Message, udp: bool) -> bytes | None:
        if not udp:
            return answers(query, udp)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response.to_wire()

    async with serving(respond) as (resolver, server):
        assert await resolver.mail_exchangers("b.test") == [MailExchanger(10, "mx1.b.test")]
    assert server.asked == ["b.test. MX", "b.test. MX TCP"]


async def test_silence_is_asked_three_times() -> None:
    clock = VirtualClock()
    async with serving(lambda *_: None, clock) as (resolver, server):
        lookup = asyncio.create_task(resolver.mail_exchangers("b.test"))
        for _ in range(3):
            assert not lookup.done()
            await server.question.wait()
            server.question.clear()
            clock.advance(5)
        with pytest.raises(LookupFailed, match="does not answer"):
            await lookup
    assert len(server.asked) == 3


async def test_nonsense_and_answers_to_other_questions() -> None:
    def other(_: dns.message.Message, __: bool) -> bytes:
        return dns.message.make_response(dns.message.make_query("evil.test", "MX")).to_wire()

    for respond in (lambda *_: b"nonsense", other):
        async with serving(respond) as (resolver, _):
            with pytest.raises(LookupFailed):
                await resolver.mail_exchangers("b.test")


async def test_what_can_be_no_name() -> None:
    async with serving(zone()) as (resolver, server):
        for name in ("a..b", "x" * 64 + ".test", ".".join(["x" * 60] * 5)):
            with pytest.raises(NoSuchName):
                await resolver.mail_exchangers(name)
        assert server.asked == []


async def test_nobody_listens() -> None:
    async with serving(zone()) as (resolver, _):
        pass
    with pytest.raises(LookupFailed, match="cannot be asked"):
        await resolver.mail_exchangers("b.test")
