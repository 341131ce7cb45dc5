"""`summary.md`: the run on one screen, for `$GITHUB_STEP_SUMMARY` and for pasting into an issue.

GitHub shows a step's summary up to 1 MiB and an issue up to 64 KiB: the file stays below that and says what it left
out. All text is escaped by default, so nothing that a server answered becomes markup, a link or a mention.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.results import RunResult
from harness.verdicts import OUTCOME_MEANING
from reports.findings import JUDGED, UNJUDGED, BrokenRequirement, Reason, broken_requirements, unjudged_reasons
from reports.visible import shortened, visible_quote, visible_text
from reports.words import OUTCOME_NAME, counted, headline, replay_command

LIMIT = 60 * 1024
#: What means something to Markdown, to HTML, or to GitHub (mentions, issue numbers, formulas, emoji, bare links).
_MARKUP = re.compile(r"[&<>\"'`\\|*_{}\[\]()#~@$^]|:(?=[a-zA-Z/+-])|\bwww\.", re.IGNORECASE)
_SHOWN_QUOTE = 160


def write_markdown(run: RunResult, path: Path) -> Path:
    """Write the summary, replacing what was there. Raises OSError where it cannot be written."""
    path.write_text(render_markdown(run), encoding="utf-8")
    return path


def render_markdown(run: RunResult, limit: int = LIMIT) -> str:
    """The summary in at most `limit` octets: as many deviations as fit, the worst first."""
    broken, reasons = broken_requirements(run), unjudged_reasons(run.cases)
    fits, too_many = 0, max(len(broken), len(reasons)) + 1
    text = _render(run, broken, reasons, fits)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        longer = _render(run, broken, reasons, middle)
        if len(longer.encode()) <= limit:
            fits, text = middle, longer
        else:
            too_many = middle
    return text


def _render(run: RunResult, broken: list[BrokenRequirement], reasons: list[Reason], rows: int) -> str:
    return (
        _environment()
        .get_template("summary.md.j2")
        .render(
            run=run,
            header=run.header,
            footer=run.footer,
            headline=headline(run),
            broken=broken,
            reasons=reasons,
            rows=rows,
        )
    )


def escaped(text: str) -> str:
    """Text as a Markdown reader shows it letter by letter, on one line."""
    return _MARKUP.sub(_entities, visible_text(text))


def _entities(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found[:-1]}&#46;" if found.endswith(".") else f"&#{ord(found)};"


def _escaped_unless_ours(value: object) -> object:
    return value if isinstance(value, Markup) else escaped(str(value))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=False,  # finalize escapes, for Markdown
        undefined=StrictUndefined,
        finalize=_escaped_unless_ours,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "judged_outcomes": JUDGED,
        "unjudged_outcomes": UNJUDGED,
        "outcome_name": OUTCOME_NAME,
        "outcome_meaning": OUTCOME_MEANING,
        "replay_command": replay_command,
        "counted": counted,
    }
    environment.filters["address"] = Markup  # of a section, which is made of an RFC's and a section's number
    environment.filters["quote"] = lambda text: visible_quote(shortened(text, _SHOWN_QUOTE))
    return environment
