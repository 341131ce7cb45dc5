"""Carries messages of one domain to its next hops: which host, which connection, how many recipients at once.

RFC 5321 §5.1 (each host in turn until one takes it), §4.5.4.1 (one copy for many recipients, hosts that cannot be
reached are remembered for the run), §4.5.3.1.10 (the rest of too many recipients goes in another transaction).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from reference_server.clock import Clock
from reference_server.queue.client import Broken, HandshakeFailed, SmtpClient, Unusable
from reference_server.queue.connection import UNANSWERED, Connection
from reference_server.queue.entries import Kind, Outcome
from reference_server.queue.hops import Hops, NextHop, NoRoute
from reference_server.queue.parcel import Parcel
from reference_server.settings import Relay, RelayTimeouts


class ClientFactory:
    """Makes the sans-IO client of a connection; a deliberate fault makes another."""

    def __init__(self, make: Callable[..., SmtpClient], hostname: str, timeouts: RelayTimeouts) -> None:
        self._make = make
        self._hostname = hostname
        self._timeouts = timeouts

    def client(self, remote: str, *, starttls: bool) -> SmtpClient:
        """A client that has yet to be greeted."""
        return self._make(self._hostname, remote, self._timeouts, starttls=starttls)


class Unreachable:
    """Hosts that nobody answered at, lately: they are not tried again for other mail before a retry would be due
    (RFC 5321 §4.5.4.1). What a host says is never remembered here. One for all lines of a server."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._hosts: dict[NextHop, tuple[float, Outcome]] = {}

    def remember(self, hop: NextHop, outcome: Outcome) -> None:
        """Nobody answers there."""
        self._hosts[hop] = (self._clock.monotonic() + self._seconds, outcome)

    def recall(self, hop: NextHop) -> Outcome | None:
        """Why not to try it yet; None for a host that may be tried."""
        until, outcome = self._hosts.get(hop, (0.0, None))
        if outcome is not None and self._clock.monotonic() >= until:
            del self._hosts[hop]
            return None
        return outcome

    def forget(self) -> None:
        """Somebody wants everything to be tried now."""
        self._hosts.clear()


@dataclass(slots=True)
class _Open:
    """A connection that is greeted, and its client."""

    hop: NextHop
    connection: Connection
    client: SmtpClient


class Line:
    """Sends messages of one domain, one after the other, over as few connections as possible. A deliberate fault
    overrides a method."""

    def __init__(
        self,
        domain: str,
        hops: Hops,
        clients: ClientFactory,
        unreachable: Unreachable,
        clock: Clock,
        relay: Relay,
    ) -> None:
        self._domain = domain
        self._hops = hops
        self._clients = clients
        self._clock = clock
        self._relay = relay
        self._found: Sequence[NextHop] | None = None
        self._unreachable = unreachable
        self._unusable: dict[NextHop, Outcome] = {}
        """Hosts that take no mail in this run."""
        self._open: _Open | None = None

    async def send(self, parcel: Parcel) -> tuple[Outcome, ...]:
        """One outcome for each recipient, in order. Raises nothing."""
        outcomes: list[Outcome] = []
        for start in range(0, len(parcel.recipients), self._relay.recipients_per_transaction):
            some = parcel.recipients[start : start + self._relay.recipients_per_transaction]
            outcomes += await self._send_some(replace(parcel, recipients=some))
        return tuple(outcomes)

    async def close(self) -> None:
        """Take leave of the next hop (QUIT)."""
        if self._open is None:
            return
        try:
            with suppress(Broken):
                if self._open.client.usable:
                    await self._open.connection.run(self._open.client.close())
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Leave without a word."""
        if self._open is not None:
            current, self._open = self._open, None
            await current.connection.close()

    async def _send_some(self, parcel: Parcel) -> list[Outcome]:
        try:
            hops = await self._next_hops()
        except NoRoute as error:
            return [error.outcome] * len(parcel.recipients)
        outcomes: dict[int, Outcome] = {}
        for hop in hops:
            waiting = [at for at in range(len(parcel.recipients)) if self.may_go_on(outcomes.get(at))]
            if not waiting:
                break
            recipients = tuple(parcel.recipients[at] for at in waiting)
            for at, outcome in zip(waiting, await self._try(hop, replace(parcel, recipients=recipients)), strict=True):
                outcomes[at] = self.better(outcomes.get(at), outcome)
        return [outcomes[at] for at in range(len(parcel.recipients))]

    async def _next_hops(self) -> Sequence[NextHop]:
        if self._found is None:
            self._found = await self._hops.find(self._domain)
        return self._found

    async def _try(self, hop: NextHop, parcel: Parcel) -> list[Outcome]:
        """Hand the message to one host; as many transactions as it takes for one that limits recipients."""
        outcomes: dict[int, Outcome] = {}
        rest = list(range(len(parcel.recipients)))
        while rest:
            recipients = tuple(parcel.recipients[at] for at in rest)
            results = await self._transaction(hop, replace(parcel, recipients=recipients))
            outcomes.update(zip(rest, results, strict=True))
            progress = any(outcome.kind is Kind.SENT for outcome in results)
            rest = [at for at in rest if progress and self.was_one_too_many(outcomes[at])]
        return [outcomes[at] for at in range(len(parcel.recipients))]

    async def _transaction(self, hop: NextHop, parcel: Parcel) -> Sequence[Outcome]:
        """One transaction; a second one where an older connection turns out to be of no more use."""
        reused = self._is_open_to(hop)
        outcomes, usable = await self._transmitted(hop, parcel)
        if reused and not usable and all(_is_connection_trouble(each) for each in outcomes):
            outcomes, _ = await self._transmitted(hop, parcel)
        return outcomes

    async def _transmitted(self, hop: NextHop, parcel: Parcel) -> tuple[Sequence[Outcome], bool]:
        """The outcomes, and whether the connection may be used again."""
        current = await self._connected(hop)
        if isinstance(current, Outcome):
            return [current] * len(parcel.recipients), False
        return await current.connection.run(current.client.transmit(parcel)), current.client.usable

    def _is_open_to(self, hop: NextHop) -> bool:
        return (
            self._open is not None
            and self._open.hop == hop
            and self._open.client.usable
            and self._open.client.transactions < self._relay.messages_per_connection
        )

    async def _connected(self, hop: NextHop) -> _Open | Outcome:
        """A connection to this host that is ready for MAIL, or why there is none."""
        if self._is_open_to(hop) and self._open is not None:
            return self._open
        await self.close()
        known = self._unusable.get(hop) or self._unreachable.recall(hop)
        if known is not None:
            return known
        try:
            try:
                self._open = await self._greeted(hop, starttls=self._relay.starttls)
            except HandshakeFailed:
                self._open = await self._greeted(hop, starttls=False)
        except Unusable as unusable:
            self._unusable[hop] = unusable.outcome
            return unusable.outcome
        except Broken as broken:
            outcome = Outcome(Kind.TEMPORARY, broken.status, str(broken), hop.host, elsewhere=True)
            self._unusable[hop] = outcome
            if broken.status == UNANSWERED:
                self._unreachable.remember(hop, outcome)
            return outcome
        return self._open

    async def _greeted(self, hop: NextHop, *, starttls: bool) -> _Open:
        client = self._clients.client(hop.host, starttls=starttls)
        connection = await Connection.open(hop, self._clock, self._relay.timeouts)
        try:
            await connection.run(client.open())
        except BaseException:
            await connection.close()
            raise
        return _Open(hop, connection, client)

    def may_go_on(self, outcome: Outcome | None) -> bool:
        """Whether another host is to be tried for a recipient."""
        return outcome is None or outcome.elsewhere

    def better(self, former: Outcome | None, latter: Outcome) -> Outcome:
        """What several hosts' answers come to: one that may take it later outweighs one that takes no mail at all."""
        if former is not None and former.kind is Kind.TEMPORARY and latter.kind is Kind.PERMANENT and latter.elsewhere:
            return former
        return latter

    def was_one_too_many(self, outcome: Outcome) -> bool:
        """Whether a recipient was only refused because there were enough of them (RFC 5321 §4.5.3.1.10)."""
        return outcome.kind is Kind.TEMPORARY and (outcome.text.startswith("452") or outcome.status == "4.5.3")


def _is_connection_trouble(outcome: Outcome) -> bool:
    """Whether a fresh connection may do better; never where the message may have been taken."""
    trouble = outcome.text.startswith("421") or not outcome.is_reply
    return outcome.kind is Kind.TEMPORARY and outcome.elsewhere and trouble
