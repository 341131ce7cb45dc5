"""Requirement coverage: what each RFC section states, what of it was tried, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.results import RequirementRecord, RunResult
from harness.verdicts import Verdict
from reports.sections import Section, natural, requirement_of, section_of


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of requirements. `cited` ones have a case in this run; `verdicts` counts each judged one by its worst."""

    statements: int
    testable: int
    cited: int
    verdicts: dict[Verdict, int]

    @property
    def judged(self) -> int:
        """Requirements that some expectation was judged under."""
        return sum(self.verdicts.values())

    @property
    def broken(self) -> tuple[int, int]:
        """How many are broken as a MUST, and how many as a SHOULD."""
        return self.verdicts[Verdict.DEVIATES], self.verdicts[Verdict.WARNS]


@dataclass(frozen=True, slots=True)
class SectionCoverage:
    """One section of a document."""

    section: Section
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class DocumentCoverage:
    """One document: its sections, broken ones first, and their sum."""

    document: str
    sections: tuple[SectionCoverage, ...]
    total: Coverage


def requirement_verdicts(run: RunResult) -> dict[str, Verdict]:
    """The worst verdict under each requirement, over the cases that were judged."""
    verdicts: dict[str, Verdict] = {}
    for case in run.cases:
        if not case.outcome.judged:
            continue
        judged = [(one.requirement, one.verdict) for one in case.deviations]
        judged += [(name, one.verdict) for one in case.expectations for name in one.requirements]
        for name, verdict in judged:
            held = verdicts.get(name, Verdict.CONFORMS)
            verdicts[name] = max(held, verdict, key=lambda one: one.severity)
    return verdicts


def coverage(run: RunResult) -> list[DocumentCoverage]:
    """Coverage of every document that the log describes; documents and sections with broken requirements first."""
    verdicts = requirement_verdicts(run)
    cited = {name for case in run.cases for name in case.requirements} | verdicts.keys()
    sections: dict[Section, list[RequirementRecord]] = {}
    for name in sorted(run.header.requirements.keys() | cited, key=natural):
        requirement = requirement_of(run.header, name)
        sections.setdefault(section_of(requirement), []).append(requirement)
    documents: dict[str, list[Section]] = {}
    for section in sections:
        documents.setdefault(section.document, []).append(section)
    found = []
    for document, members in documents.items():
        rows = [SectionCoverage(member, _count(sections[member], cited, verdicts)) for member in members]
        rows.sort(key=lambda row: _broken_first(row.coverage))
        everything = [requirement for member in members for requirement in sections[member]]
        found.append(DocumentCoverage(document, tuple(rows), _count(everything, cited, verdicts)))
    return sorted(found, key=lambda document: _broken_first(document.total))


def _count(requirements: Iterable[RequirementRecord], cited: set[str], verdicts: dict[str, Verdict]) -> Coverage:
    records = list(requirements)
    judged = [verdicts[one.id] for one in records if one.id in verdicts]
    return Coverage(
        statements=len(records),
        testable=sum(not one.untestable for one in records),
        cited=sum(one.id in cited for one in records),
        verdicts={verdict: judged.count(verdict) for verdict in Verdict},
    )


def _broken_first(counted: Coverage) -> tuple[int, int]:
    must, should = counted.broken
    return -must, -should
