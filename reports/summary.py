"""`summary.json`: the run in one object for programs.

Dates and durations stand apart, in `run` and `timing`: the rest is the same for two runs that saw the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.results import DoctorLine, RunResult
from harness.verdicts import Outcome
from reports.coverage import Coverage, DocumentCoverage, coverage
from reports.findings import BrokenRequirement, broken_requirements
from reports.words import exit_code, exit_reason, headline

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """What `summary.json` holds; the fields are its keys."""

    schema: int
    complete: bool
    headline: str
    exit_code: int
    exit_reason: str
    target: dict[str, str]
    versions: dict[str, str]
    settings: dict[str, object]
    cases: dict[str, int]
    counts: dict[str, int]
    deviations: list[dict[str, object]]
    requirements_broken: list[dict[str, object]]
    unjudged: list[dict[str, str]]
    coverage: dict[str, dict[str, object]]
    stale: list[str]
    doctor: dict[str, list[dict[str, object]]]
    run: dict[str, str]
    timing: dict[str, float]


def write_summary(run: RunResult, path: Path) -> Path:
    """Write the summary, replacing what was there. Raises OSError where it cannot be written."""
    text = json.dumps(asdict(summarise(run)), indent=2, ensure_ascii=True)
    path.write_text(text + "\n", encoding="ascii")
    return path


def summarise(run: RunResult) -> Summary:
    """The run as one object."""
    header, footer = run.header, run.footer
    broken = broken_requirements(run)
    return Summary(
        schema=SCHEMA,
        complete=run.complete,
        headline=headline(run).text,
        exit_code=exit_code(run),
        exit_reason=exit_reason(run),
        target={"name": header.target, "product": header.product, "version": header.version},
        versions={
            "postel": header.postel,
            "image_digest": header.image_digest,
            "suite_signature": header.suite_signature,
            "profile": header.profile,
        },
        settings={
            "suites": list(header.suites),
            "selectors": list(header.selectors),
            "fail_on": header.fail_on,
            "seed": header.seed,
            "jobs": header.jobs,
            "timeout": header.timeout,
            "tuned": [asdict(one) for one in header.tuned],
        },
        cases={
            "planned": header.case_count,
            "settled": len(run.cases),
            "judged": sum(case.outcome.judged for case in run.cases),
        },
        counts={outcome.value: run.counts[outcome] for outcome in Outcome},
        deviations=_deviations(broken),
        requirements_broken=[_broken(group) for group in broken],
        unjudged=_unjudged(run),
        coverage={document.document: _document(document) for document in coverage(run)},
        stale=list(footer.stale) if footer else [],
        doctor={"before": _doctor(header.doctor), "after": _doctor(footer.doctor if footer else ())},
        run={"started": header.started, "finished": footer.finished if footer else "", "command": header.command},
        timing={"seconds": footer.seconds, **footer.timing} if footer else {},
    )


def _deviations(broken: list[BrokenRequirement]) -> list[dict[str, object]]:
    return [
        {
            "signature": finding.deviation.signature,
            "case": finding.case.id,
            "requirement": finding.deviation.requirement,
            "clause": group.requirement.clause,
            "level": finding.deviation.level.value,
            "verdict": finding.deviation.verdict.value,
            "facet": finding.deviation.facet.value,
            "kind": finding.deviation.kind,
            "expected": finding.deviation.expected,
            "observed": finding.deviation.observed,
            "known": finding.deviation.known,
        }
        for group in broken
        for finding in group.findings
    ]


def _broken(group: BrokenRequirement) -> dict[str, object]:
    return {
        "requirement": group.requirement.id,
        "clause": group.requirement.clause,
        "level": group.requirement.level.value,
        "verdict": group.verdict.value,
        "new": group.new,
        "cases": [case.id for case in group.cases],
    }


def _unjudged(run: RunResult) -> list[dict[str, str]]:
    return [
        {"case": case.id, "outcome": case.outcome.value, "reason": case.reason, "excused": case.excused}
        for case in run.cases
        if not case.outcome.judged
    ]


def _document(document: DocumentCoverage) -> dict[str, object]:
    sections = {row.section.key: _counts(row.coverage) for row in document.sections}
    return {**_counts(document.total), "sections": sections}


def _counts(counted: Coverage) -> dict[str, object]:
    return {
        "statements": counted.statements,
        "testable": counted.testable,
        "cited": counted.cited,
        "judged": counted.judged,
        "verdicts": {verdict.value: number for verdict, number in counted.verdicts.items()},
    }


def _doctor(lines: Iterable[DoctorLine]) -> list[dict[str, object]]:
    return [asdict(line) for line in lines]
