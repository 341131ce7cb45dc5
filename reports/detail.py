"""One case as a page shows it: its clauses, what was judged, and both transcripts, aligned and cut to what can be read.

What is cut is counted. `run.ndjson` keeps it, but for what the recorder itself left out, which has a digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.results import CaseResult, Deviation, ExpectationResult, Header, RequirementRecord, RuleRecord
from harness.transcript import EventKind
from harness.verdicts import Outcome, Verdict
from reports.alignment import Part, Row, Step, align, first_difference
from reports.findings import charged
from reports.sections import Section, requirement_of, section_of
from reports.visible import tokens, visible_octets, visible_text
from reports.words import EVENT_WORDS, replay_command

#: Octets of a part that stay when its side's share is used up, and of a part that a judgement points at.
_CUT_PART = 256
_POINTED_PART = 32 * 1024
#: An answer that is the same on both sides is shown twice only when it is short.
_SHOWN_TWICE = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one case is shown: octets of each side's transcript, and rows."""

    octets: int = 64 * 1024
    rows: int = 400


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters; `kind` is empty, `control`, `difference` or `omitted`."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PartView:
    """Bytes in one direction with their label (`C`, `S`, `C2` …), or what happened, in words (no label)."""

    label: str
    pieces: list[Piece]


@dataclass(slots=True)
class RowView:
    """One step of both sides. `hidden` counts steps that this row stands for instead."""

    number: int
    session: int
    at: float | None
    took: float | None
    target: list[PartView] = field(default_factory=list)
    oracle: list[PartView] = field(default_factory=list)
    judged: list[ExpectationResult] = field(default_factory=list)
    same: bool = False
    first_difference: bool = False
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Cited:
    """A requirement and where it stands."""

    requirement: RequirementRecord
    section: Section


@dataclass(frozen=True, slots=True)
class DeviationView:
    """A deviation, its requirement, and the number of the row that shows it (0: none does)."""

    deviation: Deviation
    cited: Cited
    row: int


@dataclass(frozen=True, slots=True)
class JudgedView:
    """A judged expectation, the number of its row, and the rule that licensed its difference."""

    expectation: ExpectationResult
    row: int
    rule: RuleRecord | None


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """Everything that a page says about one case."""

    clauses: list[Cited]
    deviations: list[DeviationView]
    uncharged: list[DeviationView]
    judged: list[JudgedView]
    rows: list[RowView]
    replay: str


def case_detail(case: CaseResult, header: Header, limits: Limits | None = None) -> CaseDetail:
    """What a page says about a case."""
    limits = limits or Limits()
    rows = align(case.transcript, case.oracle_transcript)
    numbers = {event: number for number, row in enumerate(rows, 1) if row.target for event in row.target.events}
    cited = {name: cite(header, name) for name in (*case.requirements, *(one.requirement for one in case.deviations))}
    deviations = [DeviationView(one, cited[one.requirement], _number(numbers, one.event)) for one in case.deviations]
    judged = [
        JudgedView(one, _number(numbers, one.event), _rule(header, one.rule) if one.rule else None)
        for one in case.expectations
    ]
    counted = bool(charged(case))
    return CaseDetail(
        clauses=list(cited.values()),
        deviations=deviations if counted else [],
        uncharged=[] if counted else deviations,
        judged=judged,
        rows=list(_row_views(case, rows, judged, deviations, limits)),
        replay=visible_text(replay_command(case, header)),
    )


def cite(header: Header, requirement_id: str) -> Cited:
    """A requirement with its section."""
    requirement = requirement_of(header, requirement_id)
    return Cited(requirement, section_of(requirement))


def _number(numbers: dict[int, int], event: int | None) -> int:
    return 0 if event is None else numbers.get(event, 0)


def _rule(header: Header, name: str) -> RuleRecord:
    return header.rules.get(name) or RuleRecord(name, "", "Not described in this log.")


def _row_views(
    case: CaseResult, rows: list[Row], judged: list[JudgedView], deviations: list[DeviationView], limits: Limits
) -> Iterator[RowView]:
    pointed = {view.row for view in judged if view.expectation.verdict is not Verdict.CONFORMS}
    pointed |= {view.row for view in deviations}
    pointed.discard(0)
    first = min(pointed) if pointed else _first_unlike(case, rows)
    shown = _shown(len(rows), pointed | {first}, limits.rows)
    left = [limits.octets, limits.octets]
    hidden = 0
    for number, row in enumerate(rows, 1):
        if number not in shown:
            hidden += 1
            continue
        if hidden:
            yield RowView(0, 0, None, None, hidden=hidden)
            hidden = 0
        view = _row_view(number, row, left, mark=number in pointed or number == first)
        view.judged = [one.expectation for one in judged if one.row == number]
        view.first_difference = number == first
        yield view


def _first_unlike(case: CaseResult, rows: list[Row]) -> int:
    if case.outcome is Outcome.CONFORMS or not case.oracle_transcript:
        return 0
    return next((number for number, row in enumerate(rows, 1) if not row.same), 0)


def _shown(count: int, pointed: set[int], most: int) -> set[int]:
    """The numbers of the rows to show: all, or the beginning, the end and what surrounds the pointed ones."""
    if count <= most:
        return set(range(1, count + 1))
    tail = most // 4
    kept = set(range(1, most - tail + 1)) | set(range(count - tail + 1, count + 1))
    around = {near for number in sorted(pointed - {0})[:most] for near in range(number - 2, number + 3)}
    return {number for number in kept | around if 1 <= number <= count}


def _row_view(number: int, row: Row, left: list[int], *, mark: bool) -> RowView:
    step = row.target or row.oracle
    if step is None:
        raise ValueError("a row has a step on one side at least")
    timed = row.target
    view = RowView(number, step.session, timed.at if timed else None, timed.until - timed.at if timed else None)
    view.same = row.same
    ours = theirs = None
    if mark and row.target and row.oracle:
        ours = row.difference
        theirs = first_difference(row.oracle.received, row.target.received)
    if row.target:
        view.target = _part_views(row.target, ours, left, 0, keep=mark)
    if row.same and row.oracle and len(row.oracle.received) > _SHOWN_TWICE:
        view.oracle = [PartView("", [Piece(f"the same {len(row.oracle.received)} octets")])]
    elif row.oracle:
        view.oracle = _part_views(row.oracle, theirs, left, 1, keep=mark)
    return view


def _part_views(step: Step, difference: int | None, left: list[int], side: int, *, keep: bool) -> list[PartView]:
    views = []
    before = 0  # octets received in this step so far
    session = str(step.session) if step.session > 1 else ""
    for part in step.parts:
        if part.kind not in (EventKind.SENT, EventKind.RECEIVED) or part.text:
            views.append(PartView("", [Piece(_happened(part))]))
            continue
        mark = None
        if part.kind == EventKind.RECEIVED:
            if difference is not None and before <= difference <= before + len(part.data):
                mark, difference = difference - before, None
            before += len(part.data)
        share = max(left[side], _POINTED_PART if keep else _CUT_PART)
        allowed = len(part.data) if len(part.data) <= share else _POINTED_PART if keep else _CUT_PART
        left[side] = max(0, left[side] - allowed)
        views.append(PartView(("C" if part.kind == EventKind.SENT else "S") + session, _pieces(part, allowed, mark)))
    return views


def _happened(part: Part) -> str:
    words = EVENT_WORDS.get(part.kind, part.kind)
    return visible_text(f"{words}: {part.text}" if part.text else words)


def _pieces(part: Part, allowed: int, mark: int | None) -> list[Piece]:
    """The octets of a part, with what the recorder left out and what this page leaves out counted in their places."""
    head, tail = part.data[: part.head], part.data[part.head :]
    shown_head, shown_tail = head[:allowed], tail[: max(0, allowed - len(head))]
    pieces = _octets(shown_head, mark)
    if part.omitted:
        pieces.append(Piece(f"\n[{part.omitted} octets omitted; SHA-256 of the whole: {part.sha256}]\n", "omitted"))
    pieces += _octets(shown_tail, None if mark is None else mark - len(head))
    cut = len(part.data) - len(shown_head) - len(shown_tail)
    if cut:
        beyond = f"; the first difference is at octet {mark}" if mark is not None and mark >= allowed else ""
        pieces.append(Piece(f"\n[{cut} more octets in run.ndjson{beyond}]", "omitted"))
    elif mark is not None and mark >= len(part.data):
        pieces.append(Piece("[ends here]", "difference"))
    return pieces


def _octets(data: str, mark: int | None) -> list[Piece]:
    if mark is None or not 0 <= mark < len(data):
        return _lines(data)
    marked = [Piece(visible_octets(data[mark]), "difference")]
    if data[mark] == "\n":
        marked.append(Piece("\n"))
    return [*_lines(data[:mark]), *marked, *_lines(data[mark + 1 :])]


def _lines(data: str) -> list[Piece]:
    """Visible octets; after a LF the line breaks, as a reader expects."""
    pieces = []
    for line in _split_lf(data):
        pieces += [Piece(token.text, "control" if token.control else "") for token in tokens(line)]
        if line.endswith("\n"):
            pieces[-1] = Piece(pieces[-1].text + "\n", "control")
    return pieces


def _split_lf(data: str) -> list[str]:
    lines = data.split("\n")
    return [*(line + "\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]
