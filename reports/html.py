"""`index.html`: the whole run in one file that needs no network, no server, and no script to be read.

Everything is rendered here, by templates that escape; the script filters and opens, it never builds content from data.
In a big run the details of each case are wrapped in `<noscript>`: a browser with scripts parses them only when the case
is opened, one without shows them as they are.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.results import CaseResult, RunResult
from harness.verdicts import OUTCOME_MEANING, Outcome, Verdict
from reports.coverage import coverage
from reports.detail import CaseDetail, Limits, case_detail
from reports.findings import JUDGED, UNJUDGED, broken_requirements, charged, unjudged_reasons
from reports.sections import natural, requirement_of, section_key, section_of
from reports.visible import shortened, visible_quote, visible_text
from reports.words import OUTCOME_NAME, counted, headline, replay_command

#: Transcript octets from which on details are parsed only when they are opened.
LAZY_FROM = 4 * 1024 * 1024
#: Transcript octets that a page may hold; with more, each case shows less.
PAGE_OCTETS = 24 * 1024 * 1024
#: Shares of a case, for one that has something to say and for one that conforms; the first that fits the page is used.
_SHARES = (
    (Limits(64 * 1024, 400), Limits(16 * 1024, 400)),
    (Limits(32 * 1024, 200), Limits(4 * 1024, 100)),
    (Limits(8 * 1024, 100), Limits(1024, 40)),
    (Limits(2 * 1024, 40), Limits(256, 20)),
)
_ROW_OCTETS = 200  # what a row of a transcript costs beside its octets
_SHOWN_TEXT = 4000


@dataclass(frozen=True, slots=True)
class PageCase:
    """A case in the list; its detail is worked out when the template comes to it."""

    case: CaseResult
    run: RunResult
    limits: Limits

    @property
    def sections(self) -> list[str]:
        """The keys of the sections that it cites."""
        return list(dict.fromkeys(section_key(name) for name in self.case.requirements))

    @property
    def says(self) -> str:
        """What a reader scanning the list should see of it: the worst deviation, or why it was not judged."""
        worst_first = sorted(charged(self.case), key=lambda one: (bool(one.known), -one.verdict.severity))
        if worst_first:
            clause = requirement_of(self.run.header, worst_first[0].requirement).clause
            return shortened(f"{clause}: observed {visible_quote(worst_first[0].observed)}", 200)
        return shortened(self.case.reason, 200)

    @property
    def known(self) -> bool:
        """True when a baseline knows everything that is charged."""
        return bool(charged(self.case)) and all(one.known for one in charged(self.case))

    @property
    def detail(self) -> CaseDetail:
        """Its clauses, judgements and transcripts."""
        return case_detail(self.case, self.run.header, self.limits)


def write_html(run: RunResult, path: Path) -> Path:
    """Write the page for a run, replacing what was there. Raises OSError where it cannot be written."""
    with path.open("w", encoding="utf-8") as stream:
        for piece in render_html(run):
            stream.write(piece)
    return path


def render_html(run: RunResult) -> Iterator[str]:
    """The page in pieces, so that a big run is never held twice."""
    judged, unjudged = page_cases(run)
    template = _environment().get_template("page.html.j2")
    stream = template.stream(
        run=run,
        header=run.header,
        footer=run.footer,
        headline=headline(run),
        counts=run.counts,
        judged_outcomes=JUDGED,
        unjudged_outcomes=UNJUDGED,
        broken=broken_requirements(run),
        reasons=unjudged_reasons(run.cases),
        coverage=coverage(run),
        sections=_cited_sections(run),
        protocols=sorted({case.protocol for case in run.cases}),
        judged=judged,
        unjudged=unjudged,
        lazy=_octets(run, _SHARES[0]) > LAZY_FROM,
    )
    stream.enable_buffering(64)
    return iter(stream)


def page_cases(run: RunResult) -> tuple[list[PageCase], list[PageCase]]:
    """The judged cases, worst first, and the others, most urgent first; each with its share of the page."""
    speaking, quiet = next((share for share in _SHARES if _octets(run, share) <= PAGE_OCTETS), _SHARES[-1])
    order = [*JUDGED, *UNJUDGED]
    cases = [
        PageCase(case, run, quiet if case.outcome is Outcome.CONFORMS else speaking)
        for case in sorted(run.cases, key=lambda case: (order.index(case.outcome), natural(case.id)))
    ]
    return [one for one in cases if one.case.outcome.judged], [one for one in cases if not one.case.outcome.judged]


def _octets(run: RunResult, share: tuple[Limits, Limits]) -> int:
    """About how many octets of transcript a page would hold."""
    total = 0
    for case in run.cases:
        limits = share[1] if case.outcome is Outcome.CONFORMS else share[0]
        for side in (case.transcript, case.oracle_transcript):
            total += min(sum(len(event.data) for event in side), limits.octets)
            total += min(len(side), limits.rows * 3) * _ROW_OCTETS
    return total


def _cited_sections(run: RunResult) -> list[tuple[str, str]]:
    """The key and the name of every section that some case cites, in the order of the documents."""
    found = {}
    for name in {name for case in run.cases for name in case.requirements}:
        section = section_of(requirement_of(run.header, name))
        found[section.key] = f"{section.document} §{section.label}" if section.url else section.label
    return sorted(found.items(), key=lambda item: natural(item[0]))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates = Path(__file__).with_name("templates")
    script = (templates / "page.js").read_text("utf-8")
    font = base64.b64encode((templates / "controls.woff").read_bytes()).decode()
    style = (templates / "style.css").read_text("utf-8").replace("CONTROLS_FONT", font)
    environment.globals |= {
        "style": Markup(style),
        "script": Markup(script),
        "script_digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "outcome_name": OUTCOME_NAME,
        "outcome_meaning": OUTCOME_MEANING,
        "verdicts": sorted(Verdict, key=lambda verdict: -verdict.severity),
        "replay_command": replay_command,
        "counted": counted,
    }
    environment.filters["cut"] = lambda text: shortened(str(text), _SHOWN_TEXT)
    environment.filters["quote"] = lambda text, limit=_SHOWN_TEXT: visible_quote(shortened(text, limit))
    environment.filters["seconds"] = _seconds
    return environment


def _visible(value: object) -> object:
    """The last step before escaping: whatever a template prints, nothing unprintable gets out."""
    return value if isinstance(value, Markup) else visible_text(str(value), lines=True)


def _seconds(value: float) -> str:
    """A duration as a person reads it."""
    if value < 0.0995:
        return f"{value * 1000:.1f} ms" if value < 0.00995 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 60 else f"{int(value // 60)} min {value % 60:.0f} s"
