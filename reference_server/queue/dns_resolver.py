"""A stub resolver: asks one DNS server, over UDP, then TCP for an answer that did not fit.

RFC 1035 §4.2, §7.3; RFC 5321 §5.1 (aliases are followed). dnspython makes and reads the messages; time is the
server's own Clock. Caches nothing: each delivery attempt asks anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.MX

from reference_server.clock import Clock
from reference_server.queue.deadline import within
from reference_server.queue.resolver import LookupFailed, MailExchanger, NoSuchName

_TRIES = 3
_LONGEST_CHAIN = 8  # aliases that lead from one to the next


class DnsResolver:
    """Asks the DNS server at an address and port. `timeout` is in seconds, for each of three tries."""

    def __init__(self, server: tuple[str, int], clock: Clock, timeout: float) -> None:
        self.server = server
        self._clock = clock
        self._timeout = timeout

    async def mail_exchangers(self, domain: str) -> Sequence[MailExchanger]:
        """The MX records. Raises NoSuchName or LookupFailed."""
        return [
            MailExchanger(record.preference, record.exchange.to_text(omit_final_dot=True).lstrip("."))
            for record in await self._records(domain, dns.rdatatype.MX)
            if isinstance(record, dns.rdtypes.ANY.MX.MX)
        ]

    async def addresses(self, host: str) -> Sequence[str]:
        """Those of A records, then those of AAAA records (RFC 5321 §5.2). One kind may fail, if there is the other."""
        found: list[str] = []
        failure: LookupFailed | None = None
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                found += [record.to_text() for record in await self._records(host, kind)]
            except LookupFailed as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return found

    async def _records(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[dns.rdata.Rdata]:
        """The records of one kind; an alias is followed, in the same answer and with further questions."""
        try:
            wanted = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError) as error:
            raise NoSuchName(f"{name} is no name that DNS could have") from error
        for _ in range(_LONGEST_CHAIN):
            response = await self._ask(wanted, kind)
            target = _end_of_chain(response, wanted)
            records = response.get_rrset(dns.message.ANSWER, target, dns.rdataclass.IN, kind)
            if records is not None:
                return tuple(records)
            if response.rcode() == dns.rcode.NXDOMAIN:
                raise NoSuchName(f"{name} does not exist")
            if target == wanted:
                return ()
            wanted = target
        raise LookupFailed(f"{name} leads from alias to alias")

    async def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.Message:
        """An answer, or the certainty that there is no such name. Raises LookupFailed."""
        query = dns.message.make_query(name, kind)
        reason = f"the DNS server does not answer about {name}"
        for _ in range(_TRIES):
            try:
                response = await self._exchange(query, _over_udp)
                if response.flags & dns.flags.TC:
                    response = await self._exchange(query, _over_tcp)
            except TimeoutError:
                continue
            except (OSError, EOFError, dns.exception.DNSException) as error:
                reason = f"the DNS server cannot be asked about {name}: {error}"
                continue
            if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return response
            raise LookupFailed(f"the DNS server answers {dns.rcode.to_text(response.rcode())} about {name}")
        raise LookupFailed(reason)

    async def _exchange(
        self, query: dns.message.Message, transport: Callable[[tuple[str, int], bytes], Awaitable[bytes]]
    ) -> dns.message.Message:
        async with within(self._clock, self._timeout):
            response = dns.message.from_wire(await transport(self.server, query.to_wire()))
        if not query.is_response(response):
            raise LookupFailed("the DNS server answers another question")
        return response


def _end_of_chain(response: dns.message.Message, name: dns.name.Name) -> dns.name.Name:
    """Where the aliases in this answer lead to (RFC 1034 §3.6.2); the name itself where it is none."""
    for _ in range(_LONGEST_CHAIN):
        alias = response.get_rrset(dns.message.ANSWER, name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        if alias is None:
            break
        name = alias[0].target
    return name


class _Datagrams(asyncio.DatagramProtocol):
    """Hands over the first datagram that comes from the server."""

    def __init__(self, received: asyncio.Future[bytes]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self._received.done():
            self._received.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._received.done():
            self._received.set_exception(exc)


async def _over_udp(server: tuple[str, int], query: bytes) -> bytes:
    """A connected socket on a port that the system chose, so that only the server's datagrams come in."""
    loop = asyncio.get_running_loop()
    received: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(partial(_Datagrams, received), remote_addr=server)
    try:
        transport.sendto(query)
        return await received
    finally:
        transport.close()


async def _over_tcp(server: tuple[str, int], query: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return await reader.readexactly(length)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
