"""The testbed's DNS, asked over UDP and TCP by dnspython's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from harness.testbed.bed import LoopbackBed, reverse_name
from harness.testbed.names import NULL_MX, Ailment, Record, Trouble
from harness.testbed.plan import HopPlan


@asynccontextmanager
async def bed_with(*records: Record, ailments: tuple[Ailment, ...] = ()) -> AsyncIterator[LoopbackBed]:
    bed = LoopbackBed(None)
    await bed.start()
    try:
        await bed.name(records, ailments)
        yield bed
    finally:
        await bed.stop()


async def ask(bed: LoopbackBed, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    host, port = bed.resolver
    if tcp:
        return await dns.asyncquery.tcp(query, host, 5, port)
    return await dns.asyncquery.udp(query, host, 5, port)


def data(response: dns.message.Message) -> list[str]:
    return sorted(each.to_text().lower() for rrset in response.answer for each in rrset)


@pytest.mark.asyncio
@pytest.mark.parametrize("tcp", [False, True])
async def test_records_of_each_type_are_answered(tcp: bool) -> None:
    records = [
        Record("a.test", "MX", "10 mx1.a.test."),
        Record("a.test", "MX", "20 mx2.a.test."),
        Record("mx1.a.test", "A", "192.0.2.1"),
        Record("mx1.a.test", "AAAA", "2001:db8::1"),
        Record("a.test", "TXT", '"v=spf1 -all"'),
        Record("null.test", "MX", NULL_MX),
        Record(reverse_name("192.0.2.1"), "PTR", "mx1.a.test."),
    ]
    async with bed_with(*records) as bed:
        assert data(await ask(bed, "A.test.", "MX", tcp=tcp)) == ["10 mx1.a.test.", "20 mx2.a.test."]
        assert data(await ask(bed, "mx1.a.test", "A", tcp=tcp)) == ["192.0.2.1"]
        assert data(await ask(bed, "mx1.a.test", "AAAA", tcp=tcp)) == ["2001:db8::1"]
        assert data(await ask(bed, "a.test", "TXT", tcp=tcp)) == ['"v=spf1 -all"']
        assert data(await ask(bed, "null.test", "MX", tcp=tcp)) == ["0 ."]
        assert data(await ask(bed, "1.2.0.192.in-addr.arpa", "PTR", tcp=tcp)) == ["mx1.a.test."]
        assert [each.type for each in await bed.queries("a.test")] == ["MX", "A", "AAAA", "TXT"]
        assert {each.transport for each in await bed.queries("test")} == {"tcp" if tcp else "udp"}


@pytest.mark.asyncio
async def test_a_name_that_exists_has_no_data_and_others_do_not_exist() -> None:
    async with bed_with(Record("mx.b.test", "A", "192.0.2.1")) as bed:
        for name, rcode in (
            ("mx.b.test", dns.rcode.NOERROR),
            ("b.test", dns.rcode.NOERROR),
            ("c.test", dns.rcode.NXDOMAIN),
        ):
            response = await ask(bed, name, "MX")
            assert response.rcode() == rcode
            assert not response.answer
            assert response.flags & dns.flags.AA
        await bed.forget(["mx.b.test"])
        assert (await ask(bed, "mx.b.test", "A")).rcode() == dns.rcode.NXDOMAIN
        assert (await ask(bed, "b.test", "A")).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.asyncio
async def test_aliases_are_followed() -> None:
    records = [
        Record("d.test", "CNAME", "e.test."),
        Record("e.test", "MX", "10 mx.e.test."),
        Record("loop.test", "CNAME", "loop.test."),
        Record("gone.test", "CNAME", "nothing.test."),
    ]
    async with bed_with(*records) as bed:
        assert data(await ask(bed, "d.test", "MX")) == ["10 mx.e.test.", "e.test."]
        assert data(await ask(bed, "d.test", "CNAME")) == ["e.test."]
        assert "loop.test." in data(await ask(bed, "loop.test", "MX"))
        gone = await ask(bed, "gone.test", "MX")
        assert gone.rcode() == dns.rcode.NXDOMAIN
        assert data(gone) == ["nothing.test."]


@pytest.mark.asyncio
async def test_trouble() -> None:
    records = [Record(name, "MX", "10 mx.test.") for name in ("f.test", "g.test", "h.test", "i.test")]
    ailments = (
        Ailment("f.test", Trouble.SERVFAIL),
        Ailment("g.test", Trouble.SILENCE, "MX"),
        Ailment("h.test", Trouble.TRUNCATED),
        Ailment("i.test", Trouble.REFUSED),
    )
    async with bed_with(*records, ailments=ailments) as bed:
        assert (await ask(bed, "f.test", "MX")).rcode() == dns.rcode.SERVFAIL
        assert (await ask(bed, "i.test", "MX")).rcode() == dns.rcode.REFUSED
        assert (await ask(bed, "g.test", "A")).rcode() == dns.rcode.NOERROR
        truncated = await ask(bed, "h.test", "MX")
        assert truncated.flags & dns.flags.TC
        assert not truncated.answer
        assert data(await ask(bed, "h.test", "MX", tcp=True)) == ["10 mx.test."]
        host, port = bed.resolver
        with pytest.raises(dns.exception.Timeout):
            await dns.asyncquery.udp(dns.message.make_query("g.test", "MX"), host, 0.2, port)
        await bed.forget(["g.test"])
        assert (await ask(bed, "g.test", "MX")).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.asyncio
async def test_a_record_that_is_none_is_an_error() -> None:
    async with bed_with() as bed:
        with pytest.raises(ValueError, match="no DNS record"):
            await bed.name([Record("a.test", "MX", "mx.a.test.")], [])


@pytest.mark.asyncio
async def test_hops_have_names() -> None:
    async with bed_with() as bed:
        place = await bed.open_hop(HopPlan())
        assert data(await ask(bed, place.name, "A")) == [place.address]
        assert data(await ask(bed, reverse_name(place.address), "PTR")) == [f"{place.name}."]
        await bed.close_hop(place.number)
        assert (await ask(bed, place.name, "A")).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.asyncio
async def test_octets_that_are_no_query_get_no_answer() -> None:
    async with bed_with() as bed:
        assert bed.dns.data.answer(b"\0\1garbage", "udp") is None
        assert (await ask(bed, "a.test", "A")).rcode() == dns.rcode.NXDOMAIN
