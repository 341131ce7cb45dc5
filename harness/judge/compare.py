"""Comparing what the target showed with what the oracle showed, facet by facet.

Observations of the two performances are aligned by position: both played the same script, so the n-th expectation
of one answers the n-th of the other. Only canonical forms are compared; an observation without one has nothing to
compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.cases import Observation
from harness.normalise.rules import Difference, Rule, RuleSet
from harness.verdicts import Facet

_FACETS = tuple(facet for facet in Facet)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences of one observation from the oracle's, each with the rule that licenses it, or None."""

    differences: tuple[tuple[Difference, Rule | None], ...]

    @property
    def same(self) -> bool:
        """No difference at all."""
        return not self.differences

    @property
    def unlicensed(self) -> Difference | None:
        """The first difference that no rule permits."""
        return next((difference for difference, rule in self.differences if rule is None), None)

    @property
    def rule(self) -> Rule | None:
        """The first rule that was used."""
        return next((rule for _, rule in self.differences if rule is not None), None)


def compare(protocol: str, target: Observation, oracle: Observation | None, rules: RuleSet) -> Comparison:
    """Compare one observation with the oracle's."""
    if oracle is None or not isinstance(target.canonical, Mapping) or not isinstance(oracle.canonical, Mapping):
        return Comparison(())
    found: list[tuple[Difference, Rule | None]] = []
    verb = str(target.canonical.get("verb", ""))
    for facet in _FACETS:
        ours, theirs = target.canonical.get(facet.value), oracle.canonical.get(facet.value)
        for difference in _differences(protocol, verb, facet, ours, theirs):
            found.append((difference, rules.licence(difference)))
    if any(difference.facet is Facet.STATUS for difference, _ in found):
        # Whatever else differs follows from another status: it would be said twice.
        found = [pair for pair in found if pair[0].facet is Facet.STATUS]
    return Comparison(tuple(found))


def _differences(protocol: str, verb: str, facet: Facet, ours: object, theirs: object) -> Iterator[Difference]:
    """The difference in one facet, or one for each part of it, so that a rule licenses no more than it says."""
    if ours == theirs:
        return
    if not isinstance(ours, Mapping) or not isinstance(theirs, Mapping):
        yield Difference(protocol, verb, facet, ours, theirs)
        return
    for part in sorted(ours.keys() | theirs.keys()):
        if ours.get(part) != theirs.get(part):
            yield Difference(protocol, verb, facet, ours.get(part), theirs.get(part), part)
