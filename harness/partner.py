"""Partner: the reference as the other server of a chain, which sends to a target or receives from it.

One partner server stands beside each target, from the first case that asks for it. It has a domain for each of
its accounts, so that every case has one of its own, with an entrance of its own that can be shut: to the target, Bob's
server can be down for a while, and up again. What the partner sends finds the target by the partner's own DNS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from harness.accounts import AccountPool
from harness.arrival import arrived
from harness.clients.smtp import SmtpSession
from harness.mail_session import logged_in
from harness.oracle import ReferenceInProcess
from harness.stage import NotApplicable
from harness.targets.model import Account, Endpoint, Target
from harness.testbed.bed import HopPlace
from harness.testbed.names import Record
from harness.testbed.target_bed import TargetBed
from harness.transcript import Recorder
from harness.wire.smtp import SmtpReply

DOMAIN = "partner.test"
ACCOUNTS = 32


class PartnerServer:
    """The server that all cases on one target share."""

    def __init__(self, reference: ReferenceInProcess) -> None:
        self.reference = reference
        accounts = [replace(each, address=f"{each.name}@{each.name}.{DOMAIN}") for each in reference.accounts]
        self.pool = AccountPool(accounts)
        self._known: Endpoint | None = None
        self._way: HopPlace | None = None
        self._finding = asyncio.Lock()

    async def find(self, target: Target) -> None:
        """Let its DNS lead mail for the target's accounts to where the target listens now. Raises NotApplicable."""
        endpoint = target.endpoints.get("smtp")
        if endpoint is None:
            raise NotApplicable("the target has no smtp endpoint")
        async with self._finding:
            whole = self.reference.testbed
            if endpoint == self._known or whole is None:
                return
            domains = sorted({each.address.rpartition("@")[2] for each in target.accounts})
            await whole.bed.forget(domains)
            if self._way is not None:
                await whole.bed.close_hop(self._way.number)
            self._way = await whole.bed.open_server(endpoint.host, endpoint.port)
            await whole.bed.name([Record(domain, "MX", f"10 {self._way.name}.") for domain in domains], [])
            self._known = endpoint

    async def stop(self) -> None:
        """End it."""
        await self.reference.stop()


class Partner:
    """One case's account on the partner. `address` is where mail for it goes, `domain` the domain of that.

    The target's DNS leads the domain to the partner. `timeout` is seconds for one answer.
    """

    def __init__(
        self, server: PartnerServer, account: Account, target: Target, entrance: HopPlace | None, timeout: float
    ) -> None:
        self.account = account
        self.address = account.address
        self.domain = account.address.rpartition("@")[2]
        self._server = server
        self._target = target
        self._entrance = entrance
        self._timeout = timeout

    async def send(self, recipients: Sequence[str], message: bytes, *parameters: str) -> SmtpReply:
        """Submit a message at the partner, as its account; the reply to the message, or the one that refused it.

        `parameters` are MAIL's. The partner sends it on by itself. Nothing of this is in the transcript, which is the
        target's. Raises NotApplicable where the target takes no mail by SMTP.
        """
        await self._server.find(self._target)
        reference = self._server.reference
        at = reference.endpoints["submission"]
        async with await SmtpSession.open(at.host, at.port, recorder=Recorder(), timeout=self._timeout) as session:
            reply = await logged_in(session, self.account, reference.tls_context())
            if reply.ok:
                reply = await session.mail(self.address, *parameters)
            for recipient in recipients if reply.ok else ():
                reply = await session.rcpt(recipient)
                if not reply.ok:
                    return reply
            return (await session.data(message))[-1] if reply.ok else reply

    async def delivered(self, count: int = 1, *, within: float) -> tuple[bytes, ...]:
        """The account's mail, once there are so many messages or the seconds are over."""
        return await arrived(self._server.reference, self.account, count, patience=within, timeout=self._timeout)

    async def refuse(self) -> None:
        """To the target, the partner is down: connections are refused."""
        bed, entrance = self._way()
        await bed.bed.take_connections(entrance.number, False)

    async def listen(self) -> None:
        """It is up again."""
        bed, entrance = self._way()
        await bed.bed.take_connections(entrance.number, True)

    async def flush(self) -> None:
        """The partner tries everything that waits in its own queue now."""
        await self._server.reference.server.queue.flush()

    async def close(self) -> None:
        """Close the entrance and give the account back, empty. Raises SetupError.

        Mail that is still on its way from the target goes to the testbed's hop that takes everything.
        """
        if self._entrance is not None:
            bed, entrance = self._way()
            await bed.bed.forget([self.domain])
            await bed.bed.close_hop(entrance.number)
            await bed.bed.name([Record(self.domain, "MX", f"10 {bed.sink}.")], [])
        await self._server.reference.empty(self.account)
        self._server.pool.give_back(self.account)

    def _way(self) -> tuple[TargetBed, HopPlace]:
        if self._target.testbed is None or self._entrance is None:
            raise NotApplicable("the target has no testbed, and does not find the other server")
        return self._target.testbed, self._entrance


async def partner_of(target: Target, timeout: float) -> Partner:
    """An account on the target's partner, which is started when it is first asked for.

    Where the target has a testbed it finds the partner; where it has none, the partner can send to it all the same.
    """
    server = await target.shared.get(PartnerServer, _start)
    (account,) = await server.pool.lease()
    whole = target.testbed
    if whole is None:
        return Partner(server, account, target, None, timeout)
    at = server.reference.endpoints["smtp"]
    entrance = await whole.bed.open_server(at.host, at.port)
    partner = Partner(server, account, target, entrance, timeout)
    await whole.bed.forget([partner.domain])
    await whole.bed.name([Record(partner.domain, "MX", f"10 {entrance.name}.")], [])
    return partner


async def _start() -> PartnerServer:
    domains = (DOMAIN, *(f"user{number}.{DOMAIN}" for number in range(1, ACCOUNTS + 1)))
    reference = ReferenceInProcess(accounts=ACCOUNTS, domains=domains)
    await reference.start()
    return PartnerServer(reference)
