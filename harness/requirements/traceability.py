"""Traceability: who cites which requirement, and what nobody cites.

Cases, normalisation rules, faults and code cite requirement ids. `trace` compares these citations with the catalogue:
ids that do not exist, ids cited twice in one place, untestable ones that accuse, testable ones that no case covers or
no fault breaks. It also counts coverage per document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from harness.errors import Position, UsageError
from harness.requirements.catalogue import Catalogue
from harness.requirements.model import Requirement

#: Sections begin with a digit or a capital (an appendix), so that `RFC822-msg-id` in prose is no citation.
_CITED = re.compile(r"(?<![\w-])(?:RFC\d+-[0-9A-Z][\w.]*|POSTEL-[a-z]\w*)-[a-z]{1,2}(?![\w-])")


class Citer(StrEnum):
    """What cites a requirement: a case accuses by it, a rule licenses by it, a fault breaks it, code enforces it."""

    CASE = "case"
    RULE = "rule"
    FAULT = "fault"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Citation:
    """The ids that one place cites. `place` is a case id, a rule's or fault's name, or a source position."""

    citer: Citer
    place: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Misuse:
    """An id that one place cites wrongly. `hint` helps to mend it, or is empty."""

    place: str
    requirement: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of requirements; `covered` and `faulted` count testable ones only."""

    statements: int = 0
    testable: int = 0
    covered: int = 0
    faulted: int = 0

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.statements + other.statements,
            self.testable + other.testable,
            self.covered + other.covered,
            self.faulted + other.faulted,
        )

    def to_json(self) -> dict[str, int]:
        """The counts under their names."""
        return {
            "statements": self.statements,
            "testable": self.testable,
            "covered": self.covered,
            "faulted": self.faulted,
        }


@dataclass(frozen=True, slots=True)
class Traceability:
    """The result of `trace`. The first three are mistakes in the citing place, the next two are gaps in the suites."""

    dangling: tuple[Misuse, ...]
    duplicate: tuple[Misuse, ...]
    untestable_accused: tuple[Misuse, ...]
    uncovered: tuple[Requirement, ...]
    unfaulted: tuple[Requirement, ...]
    coverage: dict[str, Coverage]

    def problems(self) -> tuple[str, ...]:
        """One line for each mistake and each gap, for people; empty when all is well."""
        return (
            *(_line(one, "cites {id}, which is not in the catalogue") for one in self.dangling),
            *(_line(one, "cites {id} twice") for one in self.duplicate),
            *(_line(one, "accuses by {id}, which the catalogue calls untestable") for one in self.untestable_accused),
            *(f"{one.id}: no case covers it: {one.summary}" for one in self.uncovered),
            *(f"{one.id}: no fault breaks it: {one.summary}" for one in self.unfaulted),
        )

    def to_json(self) -> dict[str, object]:
        """`rfcs` by number, `postel` for the checks that no RFC states, and `total`, which sums the RFCs only."""
        rfcs = {name: counts for name, counts in self.coverage.items() if name != "POSTEL"}
        return {
            "rfcs": {name.removeprefix("RFC"): counts.to_json() for name, counts in rfcs.items()},
            "postel": self.coverage.get("POSTEL", Coverage()).to_json(),
            "total": sum(rfcs.values(), Coverage()).to_json(),
        }


def _line(misuse: Misuse, says: str) -> str:
    hint = f" ({misuse.hint})" if misuse.hint else ""
    return f"{misuse.place}: {says.format(id=misuse.requirement)}{hint}"


def trace(catalogue: Catalogue, citations: Iterable[Citation]) -> Traceability:
    """Compare citations with the catalogue. A place may have several citations; each is judged by itself."""
    citations = tuple(citations)
    by_case = _ids(citations, Citer.CASE)
    by_fault = _ids(citations, Citer.FAULT)
    testable = [requirement for requirement in catalogue if not requirement.untestable]
    return Traceability(
        dangling=tuple(_dangling(catalogue, citations)),
        duplicate=tuple(
            Misuse(citation.place, name)
            for citation in citations
            for name, times in Counter(citation.requirements).items()
            if times > 1
        ),
        untestable_accused=tuple(
            Misuse(citation.place, name, f"why: {catalogue.get(name).untestable}")
            for citation in citations
            if citation.citer in (Citer.CASE, Citer.FAULT)
            for name in dict.fromkeys(citation.requirements)
            if name in catalogue and catalogue.get(name).untestable
        ),
        uncovered=tuple(requirement for requirement in testable if requirement.id not in by_case),
        unfaulted=tuple(requirement for requirement in testable if requirement.id not in by_fault),
        coverage={
            document.name: _coverage(catalogue.of(document.name), by_case, by_fault)
            for document in catalogue.documents()
        },
    )


def _ids(citations: Iterable[Citation], citer: Citer) -> frozenset[str]:
    return frozenset(name for citation in citations if citation.citer is citer for name in citation.requirements)


def _dangling(catalogue: Catalogue, citations: Iterable[Citation]) -> Iterator[Misuse]:
    for citation in citations:
        for name in dict.fromkeys(citation.requirements):
            if name not in catalogue:
                near = get_close_matches(name, list(catalogue.requirements), n=2, cutoff=0.6)
                yield Misuse(citation.place, name, f"did you mean {' or '.join(near)}?" if near else "")


def _coverage(members: Iterable[Requirement], by_case: frozenset[str], by_fault: frozenset[str]) -> Coverage:
    members = tuple(members)
    testable = {requirement.id for requirement in members if not requirement.untestable}
    return Coverage(len(members), len(testable), len(testable & by_case), len(testable & by_fault))


def cited(text: str) -> tuple[str, ...]:
    """The requirement ids in a text, in their order, each as often as it stands there."""
    return tuple(_CITED.findall(text))


def scan(paths: Iterable[Path], citer: Citer = Citer.CODE) -> tuple[Citation, ...]:
    """A citation for each line of the files that cites an id; its place is `path:line`.

    An id that a line names twice is cited once: prose may repeat it. Raises UsageError when a file cannot be read.
    """
    return tuple(citation for path in paths for citation in _scan_file(path, citer))


def _scan_file(path: Path, citer: Citer) -> Iterator[Citation]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        mend = "scan readable UTF-8 files only"
        raise UsageError(f"cannot be read: {error}", position=Position(path), mend=mend) from error
    for number, line in enumerate(lines, 1):
        names = tuple(dict.fromkeys(cited(line)))
        if names:
            yield Citation(citer, str(Position(path, number)), names)
