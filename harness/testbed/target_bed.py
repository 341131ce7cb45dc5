"""TargetBed: a target's testbed for a whole run, from which each case takes its share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.testbed.bed import Bed
from harness.testbed.case_bed import CaseBed, RelayFacts
from harness.testbed.plan import HopPlan


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

    def for_case(self, note: Callable[[str], None]) -> CaseBed:
        """One case's share; `note` takes down a line of its transcript."""
        return CaseBed(self.bed, self.facts, self.sink, note)


async def target_bed(bed: Bed, facts: RelayFacts, strangers: Mapping[str, tuple[str, int]]) -> TargetBed:
    """Make a running testbed a target's."""
    sink = await bed.open_hop(HopPlan())
    return TargetBed(bed, facts, sink.name, strangers)
