"""Rule: a difference from the oracle that a clause permits, and the set of them that a run uses.

A rule never touches what an expectation says; it only decides whether a difference that no expectation judges is
licensed (`VARIES`) or has to be read by a person (`REVIEW`). A rule without a citation does not load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError
from harness.verdicts import Facet

_CITATION = re.compile(r"^RFC \d+ §\S+")


@dataclass(frozen=True, slots=True)
class Difference:
    """One facet in which the answers of target and oracle to one command differ, in canonical form.

    Where a facet's form has parts (a mapping), `part` names the one that differs; None is one that is not there.
    """

    protocol: str
    verb: str
    facet: Facet
    target: Any
    oracle: Any
    part: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named licence: `clause` (`RFC 1939 §3`) permits every difference for which `licenses` is true."""

    id: str
    clause: str
    summary: str
    licenses: Callable[[Difference], bool]


class RuleSet:
    """The rules of a run, asked in order."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        seen: set[str] = set()
        for rule in self._rules:
            if not _CITATION.match(rule.clause):
                raise HarnessError(f"normalisation rule {rule.id} cites no clause", mend="name one as `RFC 1939 §3`")
            if rule.id in seen:
                raise HarnessError(f"there are two normalisation rules named {rule.id}")
            seen.add(rule.id)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def licence(self, difference: Difference) -> Rule | None:
        """The first rule that permits the difference, or None."""
        return next((rule for rule in self._rules if rule.licenses(difference)), None)
