"""An authoritative DNS server for the names of a run, over UDP and TCP (RFC 1035 §4.2, RFC 7766).

Every question is recorded. A name that has records, or one below it, exists: other types get NODATA (RFC 2308 §2.2),
and every other name NXDOMAIN, at once, for a resolver that waits makes servers greet late. CNAME is followed as far
as the server knows the names. DNS messages are dnspython's work.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Iterable
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from harness.testbed.attempt import Query
from harness.testbed.names import Ailment, Record, Trouble

#: Seconds for which answers may be kept: not at all, since cases change their minds.
TTL = 0
#: CNAMEs that are followed in one answer.
MAX_ALIASES = 8
_LENGTH = struct.Struct(">H")


class DnsData:
    """The names, and what was asked. `clock` gives seconds since the testbed began."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, list[Record]] = {}
        self._ailments: dict[str, list[Ailment]] = {}
        self._existing: dict[str, int] = {}  # names with records at or below them, and how many
        self.queries: list[Query] = []

    def add(self, records: Iterable[Record]) -> None:
        """Add records. Raises ValueError for one that dnspython cannot read."""
        for record in records:
            _rdata(record)
            name = plain(record.name)
            self._records.setdefault(name, []).append(record)
            for ancestor in _upwards(name):
                self._existing[ancestor] = self._existing.get(ancestor, 0) + 1

    def ail(self, ailments: Iterable[Ailment]) -> None:
        """From now on these names have trouble."""
        for ailment in ailments:
            self._ailments.setdefault(plain(ailment.name), []).append(ailment)

    def remove(self, name: str) -> None:
        """Forget a name, its records and its trouble."""
        name = plain(name)
        for _ in self._records.pop(name, ()):
            for ancestor in _upwards(name):
                self._existing[ancestor] -= 1
        self._ailments.pop(name, None)

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """The answer to a query in wire form; None for silence."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if not query.question:
            return None
        question = query.question[0]
        name = plain(question.name.to_text())
        kind = dns.rdatatype.to_text(question.rdtype)
        self.queries.append(Query(name, kind, transport, self._clock()))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        match self._trouble(name, kind):
            case Trouble.SILENCE:
                return None
            case Trouble.SERVFAIL:
                response.set_rcode(dns.rcode.SERVFAIL)
            case Trouble.REFUSED:
                response.set_rcode(dns.rcode.REFUSED)
            case Trouble.TRUNCATED if transport == "udp":
                response.flags |= dns.flags.TC
            case _:
                self._fill(response, question.name, name, kind)
        return bytes(response.to_wire())

    def _trouble(self, name: str, kind: str) -> Trouble | None:
        fitting = (each.trouble for each in self._ailments.get(name, ()) if each.type in ("", kind))
        return next(fitting, None)

    def _fill(self, response: dns.message.Message, asked: dns.name.Name, name: str, kind: str) -> None:
        """The records of that type, behind the aliases that lead to them."""
        for _ in range(MAX_ALIASES):
            records = self._records.get(name, [])
            fitting = [each for each in records if each.type == kind]
            aliases = [each for each in records if each.type == "CNAME"]
            for record in fitting or aliases:
                response.answer.append(_rrset(asked, record))
            if fitting or not aliases:
                if not fitting and not self._existing.get(name):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                return
            asked = dns.name.from_text(aliases[0].data)
            name = plain(aliases[0].data)


def plain(name: str) -> str:
    """A name as it is compared: lower case, without the final dot."""
    return name.lower().removesuffix(".")


def _upwards(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def _rdata(record: Record) -> dns.rdata.Rdata:
    try:
        return dns.rdata.from_text(
            dns.rdataclass.IN, dns.rdatatype.from_text(record.type), record.data, origin=dns.name.root, relativize=False
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"{record.name} {record.type} {record.data!r} is no DNS record: {error}") from error


def _rrset(asked: dns.name.Name, record: Record) -> dns.rrset.RRset:
    return dns.rrset.from_rdata(asked, TTL, _rdata(record))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, data: DnsData) -> None:
        self._data = data
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._data.answer(data, "udp")
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


class DnsServer:
    """`data` served on one address, the same port for UDP and TCP."""

    def __init__(self, data: DnsData) -> None:
        self.data = data
        self.port = 0
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; port 0 takes one that is free. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._streams = await asyncio.start_server(self._serve, host, port)
        self.port = self._streams.sockets[0].getsockname()[1]
        self._datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self.data), local_addr=(host, self.port)
        )

    async def stop(self) -> None:
        """Close everything; may be called again."""
        if self._datagrams is not None:
            self._datagrams.close()
        if self._streams is not None:
            self._streams.close()
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection's queries, each behind its length in two octets, until the client leaves."""
        self._open.add(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                    answer = self.data.answer(await reader.readexactly(length), "tcp")
                    if answer is not None:
                        writer.write(_LENGTH.pack(len(answer)) + answer)
                        await writer.drain()
        finally:
            self._open.discard(writer)
            writer.close()
