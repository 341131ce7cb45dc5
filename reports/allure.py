"""What Allure is told of a case: labels, links, steps and attachments, from the same result as every other report.

Allure's files are written by allure-pytest while the tests run. `record` must be called inside a running test, with
allure-pytest loaded; the other functions only work out what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import allure
from allure_commons import plugin_manager
from allure_commons.types import AttachmentType, LabelType, LinkType, Severity

from harness.results import CaseResult, Header
from harness.transcript import EventKind
from harness.verdicts import Level, Verdict
from reports.alignment import Step, align
from reports.findings import charged
from reports.sections import requirement_of, section_of
from reports.transcript_text import transcript_text
from reports.visible import shortened, visible_octets, visible_quote, visible_text
from reports.words import EVENT_WORDS, OUTCOME_NAME, replay_command

_MOST_STEPS = 200
_TITLE = 120
_ATTACHED = 1024 * 1024
#: Levels from the one that binds least, with the severity of breaking them.
_SEVERITY: dict[Level, Severity] = {
    Level.MAY: Severity.MINOR,
    Level.SHOULD: Severity.NORMAL,
    Level.SHOULD_NOT: Severity.NORMAL,
    Level.STATEMENT: Severity.CRITICAL,
    Level.MUST: Severity.CRITICAL,
    Level.MUST_NOT: Severity.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Labels:
    """Where Allure files a case: epic is the protocol, feature the RFC section, tags the requirements."""

    epic: str
    feature: str
    severity: Severity
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A clause and where its text is."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of the dialogue: what was sent and what came first. `broken` is true where a deviation was seen."""

    title: str
    broken: bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that belongs to a case."""

    name: str
    text: str


def labels(case: CaseResult, header: Header) -> Labels:
    """Labels of a case; its severity is that of the strongest requirement that it cites."""
    requirements = [requirement_of(header, name) for name in case.requirements]
    sections = [section_of(requirement) for requirement in requirements]
    feature = f"{sections[0].document} §{sections[0].label}" if sections and sections[0].url else case.protocol
    levels = [requirement.level for requirement in requirements] or [Level.MAY]
    strongest = max(levels, key=list(_SEVERITY).index)
    return Labels(visible_text(case.protocol), visible_text(feature), _SEVERITY[strongest], case.requirements)


def links(case: CaseResult, header: Header) -> list[Link]:
    """The sections of the RFCs that a case cites, each once."""
    found = [section_of(requirement_of(header, name)) for name in case.requirements]
    return [Link(one.url, f"{one.document} §{one.label}") for one in dict.fromkeys(found) if one.url]


def steps(case: CaseResult) -> list[StepLine]:
    """The steps of the target's transcript, at most some hundred."""
    pointed = {one.event for one in charged(case)} - {None}
    rows = [row.target for row in align(case.transcript, ()) if row.target]
    lines = [StepLine(_title(step), bool(pointed.intersection(step.events))) for step in rows[:_MOST_STEPS]]
    if len(rows) > _MOST_STEPS:
        lines.append(StepLine(f"{len(rows) - _MOST_STEPS} more steps: see the transcript", False))
    return lines


def attachments(case: CaseResult, header: Header) -> list[Attachment]:
    """The verdict in words, both transcripts, the source and the line that plays the case again; no empty ones."""
    texts = {
        "verdict": _verdict_text(case, header),
        "target transcript": transcript_text(case.transcript, _ATTACHED),
        "reference transcript": transcript_text(case.oracle_transcript, _ATTACHED),
        "source": visible_text(case.source, lines=True),
        "replay": visible_text(replay_command(case, header)),
    }
    return [Attachment(name, text) for name, text in texts.items() if text]


def record(case: CaseResult, header: Header) -> None:
    """Tell Allure of a case from inside the test that played it."""
    filed = labels(case, header)
    hook = plugin_manager.hook
    hook.add_title(test_title=visible_text(case.title))
    hook.add_label(label_type=LabelType.EPIC, labels=(filed.epic,))
    hook.add_label(label_type=LabelType.FEATURE, labels=(filed.feature,))
    hook.add_label(label_type=LabelType.SEVERITY, labels=(filed.severity,))
    hook.add_label(label_type=LabelType.TAG, labels=(*filed.tags, case.outcome.value))
    for link in links(case, header):
        hook.add_link(url=link.url, link_type=LinkType.LINK, name=link.name)
    for line in steps(case):
        _record_step(line)
    for attachment in attachments(case, header):
        allure.attach(attachment.text, name=attachment.name, attachment_type=AttachmentType.TEXT)


def _record_step(line: StepLine) -> None:
    """A finished step; one that shows a deviation is marked as failed without failing the test."""
    identifier = str(uuid4())
    failure = AssertionError("a deviation is charged for this step") if line.broken else None
    plugin_manager.hook.start_step(uuid=identifier, title=line.title, params={})
    plugin_manager.hook.stop_step(
        uuid=identifier, title=line.title, exc_type=type(failure) if failure else None, exc_val=failure, exc_tb=None
    )


def _title(step: Step) -> str:
    sent = visible_octets(step.sent[:_TITLE]).removesuffix("␍␊")
    first = visible_octets(step.received.split("\n", 1)[0][:_TITLE]).removesuffix("␍")
    happened = [
        EVENT_WORDS[part.kind] for part in step.parts if part.kind in EVENT_WORDS and part.kind != EventKind.NOTE
    ]
    said = [f"C{step.session}: {sent}" if sent else "", f"S{step.session}: {first}" if first else "", *happened]
    return shortened(" | ".join(one for one in said if one) or "note", 3 * _TITLE)


def _verdict_text(case: CaseResult, header: Header) -> str:
    lines = [f"{OUTCOME_NAME[case.outcome]}: {case.title}", *([case.reason] if case.reason else [])]
    for one in charged(case):
        requirement = requirement_of(header, one.requirement)
        kind = "breaks" if one.verdict is Verdict.DEVIATES else "does not follow"
        lines += [
            "",
            f"{kind} {requirement.clause} {requirement.level} {requirement.id}: {requirement.summary}",
            f"expected: {visible_quote(one.expected)}",
            f"observed: {visible_quote(one.observed)}",
            *([f"known: {one.known}"] if one.known else []),
        ]
    return visible_text("\n".join([*lines, *(f"note: {note}" for note in case.notes)]), lines=True)
