"""A DNS server that is a table, for tests of the resolver and of what stands on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from reference_server.clock import Clock, SystemClock
from reference_server.queue.dns_resolver import DnsResolver

Respond = Callable[[dns.message.Message, bool], bytes | None]
"""From a question, and whether it came by UDP, to an answer; None is silence."""


class Server(asyncio.DatagramProtocol):
    """Answers by UDP and TCP on one port."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self.asked: list[str] = []
        self.question = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data, udp=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = self._answer(await reader.readexactly(length), udp=False)
        if answer is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
        writer.close()

    def _answer(self, data: bytes, *, udp: bool) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.asked.append(f"{question.name} {dns.rdatatype.to_text(question.rdtype)}{'' if udp else ' TCP'}")
        self.question.set()
        return self._respond(query, udp)


@asynccontextmanager
async def serving(respond: Respond, clock: Clock | None = None) -> AsyncIterator[tuple[DnsResolver, Server]]:
    loop = asyncio.get_running_loop()
    server = Server(respond)
    stream = await asyncio.start_server(server.stream, "127.0.0.1", 0)
    place = stream.sockets[0].getsockname()[:2]
    datagrams, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=place)
    try:
        yield DnsResolver(place, clock or SystemClock(), 5.0), server
    finally:
        datagrams.close()
        stream.close()


def zone(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Respond:
    """Answers with the records of the name that is asked for, and of aliases that lead on from it."""
    sets = [
        dns.rrset.from_text(name, 60, "IN", *data.split(" ", 1))
        for name, data in (record.split(" ", 1) for record in records)
    ]

    def respond(query: dns.message.Message, _: bool) -> bytes:
        response = dns.message.make_response(query)
        question = query.question[0]
        response.answer = [
            each
            for each in sets
            if each.name == question.name and each.rdtype in (question.rdtype, dns.rdatatype.CNAME)
        ]
        known = any(each.name == question.name for each in sets)
        response.set_rcode(rcode if rcode or known else dns.rcode.NXDOMAIN)
        return response.to_wire()

    return respond
