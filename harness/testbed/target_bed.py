"""TargetBed: a target's testbed for a whole run, from which each case takes its share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from harness.testbed.bed import Bed
from harness.testbed.case_bed import CaseBed, RelayFacts
from harness.testbed.plan import HopPlan


class Stoppable(Protocol):
    """Something that runs as long as the testbed."""

    async def stop(self) -> None:
        """End it."""


S = TypeVar("S", bound=Stoppable)


class TargetBed:
    """The testbed of one started target.

    `sink` is the host name of the hop that takes all mail. `strangers` is where a client whom the target has no reason
    to trust reaches its endpoints, by name: host and port.
    """

    def __init__(self, bed: Bed, facts: RelayFacts, sink: str, strangers: Mapping[str, tuple[str, int]]) -> None:
        self.bed = bed
        self.facts = facts
        self.sink = sink
        self.strangers = dict(strangers)
        self._shared: dict[object, Any] = {}
        self._sharing = asyncio.Lock()

    def for_case(self, note: Callable[[str], None]) -> CaseBed:
        """One case's share; `note` takes down a line of its transcript."""
        return CaseBed(self.bed, self.facts, self.sink, note)

    async def shared(self, key: object, start: Callable[[], Awaitable[S]]) -> S:
        """What all cases share under a key: started for the first that asks, stopped with the testbed."""
        async with self._sharing:
            if key not in self._shared:
                self._shared[key] = await start()
        found: S = self._shared[key]
        return found

    async def close(self) -> None:
        """Stop what is shared; the testbed itself is its target's to stop."""
        while self._shared:
            await self._shared.popitem()[1].stop()


async def target_bed(bed: Bed, facts: RelayFacts, strangers: Mapping[str, tuple[str, int]]) -> TargetBed:
    """Make a running testbed a target's."""
    sink = await bed.open_hop(HopPlan())
    return TargetBed(bed, facts, sink.name, strangers)
