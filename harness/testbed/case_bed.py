"""CaseBed and CaseHop: the testbed as one case sees it, with domains and next hops of its own.

Whatever a case opened ends with it. Its domains then lead to a hop that takes all mail, so that nothing which is still
in the target's queue comes back to a mailbox that another case uses by then.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from harness.testbed.attempt import Attempt, Query, Side, Transaction
from harness.testbed.bed import DOMAINS, Bed, HopPlace
from harness.testbed.hop import ACCEPTED, BEGUN, ENDED
from harness.testbed.names import Ailment, Record, Trouble
from harness.testbed.plan import AttemptPlan, HopPlan, Point, always

#: Octets of an attempt's lines that a transcript shows.
SHOWN = 8 * 1024

_domains = itertools.count(1)


@dataclass(frozen=True, slots=True)
class RelayFacts:
    """What a case must know of a target that relays.

    `retry_seconds` lie between two tries; `budget` is how many seconds an attempt that must come is waited for.
    `flush` makes the target try everything that waits in its queue now, as far as it can be told to.
    """

    retry_seconds: float
    flush: Callable[[], Awaitable[None]]

    @property
    def budget(self) -> float:
        """Seconds: some tries, and patience with a server that has much to do and tries one message after another."""
        return 15.0 + 10 * self.retry_seconds


class CaseHop:
    """A next hop of a case. `domain` is the mail domain that leads to it, `name` and `address` its own."""

    def __init__(self, bed: CaseBed, place: HopPlace, domain: str) -> None:
        self._bed = bed
        self.place = place
        self.name = place.name
        self.address = place.address
        self.domain = domain

    async def attempt(self, number: int = 1, *, within: float | None = None) -> Attempt | None:
        """The attempt of that number once it has ended; None where it did not come within the budget."""
        attempts = await self._wait(number, ENDED, within)
        return next((each for each in attempts if each.number == number and each.ended is not None), None)

    async def begun(self, number: int = 1, *, within: float | None = None) -> Attempt | None:
        """The attempt of that number as soon as it has begun."""
        return next((each for each in await self._wait(number, BEGUN, within) if each.number == number), None)

    async def reached(self, point: Point, count: int = 1, *, within: float | None = None) -> Attempt | None:
        """The attempt that is the count-th to come to a point, open or ended."""
        fitting = [each for each in await self._wait(count, point.value, within) if point.value in each.reached]
        return fitting[count - 1] if len(fitting) >= count else None

    async def message(self, number: int = 1, *, within: float | None = None) -> Transaction | None:
        """The transaction whose message is the number-th that the hop accepted."""
        attempts = await self._wait(number, ACCEPTED, within)
        accepted = [each for attempt in attempts for each in attempt.accepted]
        return accepted[number - 1] if len(accepted) >= number else None

    async def attempts(self) -> tuple[Attempt, ...]:
        """All attempts so far, without waiting."""
        return await self._wait(0, BEGUN, 0.0)

    async def follow(self, plan: HopPlan | AttemptPlan) -> None:
        """Another plan, from the next connection on."""
        await self._bed.bed.follow(self.place.number, _whole(plan))

    async def refuse(self) -> None:
        """Refuse connections: nobody listens there."""
        await self._bed.bed.take_connections(self.place.number, False)

    async def listen(self) -> None:
        """Take connections again."""
        await self._bed.bed.take_connections(self.place.number, True)

    async def _wait(self, count: int, what: str, within: float | None) -> tuple[Attempt, ...]:
        budget = self._bed.facts.budget if within is None else within
        attempts = await self._bed.bed.wait(self.place.number, count, what, budget)
        self._bed.show(attempts)
        return attempts


class CaseBed:
    """The testbed for one case. `note` takes down a line of the transcript."""

    def __init__(self, bed: Bed, facts: RelayFacts, sink: str, note: Callable[[str], None]) -> None:
        self.bed = bed
        self.facts = facts
        self._sink = sink
        self._note = note
        self._hops: list[CaseHop] = []
        self._names: list[str] = []
        self._mail_domains: list[str] = []
        self._shown: set[tuple[str, int]] = set()

    async def hop(self, plan: HopPlan | AttemptPlan | None = None, *, refusing: bool = False) -> CaseHop:
        """A next hop with a plan (without one: a good server), and a fresh mail domain whose MX it is.

        With `refusing` nobody listens there until `listen`.
        """
        place = await self.bed.open_hop(HopPlan() if plan is None else _whole(plan))
        hop = CaseHop(self, place, "")
        self._hops.append(hop)
        hop.domain = await self.domain(f"MX 10 {place.name}.")
        if refusing:
            await hop.refuse()
        return hop

    async def domain(self, *records: str, trouble: Trouble | None = None) -> str:
        """A fresh mail domain with these records: type and data, as in `MX 10 mx1.hops.test.` or `A 127.1.0.3`.

        Without any it exists and has no record of use; with `trouble` questions about it end so.
        """
        domain = f"d{next(_domains)}.{DOMAINS}"
        self._mail_domains.append(domain)
        await self.name(domain, *(records or ("TXT nothing",)), trouble=trouble)
        return domain

    async def name(self, name: str, *records: str, trouble: Trouble | None = None, type: str = "") -> None:  # noqa: A002
        """Give a name records, or trouble with questions of a type (all types where none is named)."""
        self._names.append(name)
        parted = [each.partition(" ") for each in records]
        await self.bed.name(
            [Record(name, kind, data) for kind, _, data in parted],
            [] if trouble is None else [Ailment(name, trouble, type)],
        )

    async def unknown_domain(self) -> str:
        """A fresh domain that does not exist: NXDOMAIN."""
        return f"d{next(_domains)}.{DOMAINS}"

    async def queries(self, name: str) -> tuple[Query, ...]:
        """What the target asked about a name and those below it, in order."""
        return await self.bed.queries(name)

    async def flush(self) -> None:
        """Let the target try everything that waits in its queue now."""
        self._note("the target's queue is flushed")
        await self.facts.flush()

    def show(self, attempts: Sequence[Attempt]) -> None:
        """Take each attempt that has ended down in the transcript, once."""
        for attempt in attempts:
            if attempt.ended is not None and (attempt.hop, attempt.number) not in self._shown:
                self._shown.add((attempt.hop, attempt.number))
                self._note(attempt_text(attempt))

    async def close(self) -> None:
        """End the case's hops, and lead its domains to the hop that takes everything."""
        for hop in self._hops:
            self.show(await self.bed.wait(hop.place.number, 0, BEGUN, 0.0))
            await self.bed.close_hop(hop.place.number)
        await self.bed.forget(self._names)
        await self.bed.name([Record(domain, "MX", f"10 {self._sink}.") for domain in self._mail_domains], [])
        self._hops.clear()


def _whole(plan: HopPlan | AttemptPlan) -> HopPlan:
    return always(plan) if isinstance(plan, AttemptPlan) else plan


def attempt_text(attempt: Attempt) -> str:
    """An attempt as a person reads it: a line that says how it ended, then what was said."""
    ended = "goes on" if attempt.ended is None else f"{attempt.ended - attempt.began:.2f} s"
    head = f"{attempt.hop}, attempt {attempt.number}: {attempt.fate.value}, {ended}, at {attempt.began:.2f} s"
    lines = []
    for each in attempt.said:
        arrow = "->" if each.side is Side.TARGET else "<-"
        lines += [f"  {arrow} {line}" for line in each.octets.decode("latin-1").splitlines()]
    for sent in attempt.transactions:
        lines.append(f"  message of {len(sent.message)} octets for {len(sent.to)} recipients, answered {sent.code}")
    text = "\n".join(lines)
    return head + "\n" + (text if len(text) <= SHOWN else text[:SHOWN] + " …")
