"""Writes every report of a run into one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.results import RunResult
from reports.html import write_html
from reports.junit import write_junit
from reports.markdown import write_markdown
from reports.summary import write_summary

#: Each report's file name and what writes it.
WRITERS: dict[str, Callable[[RunResult, Path], Path]] = {
    "index.html": write_html,
    "junit.xml": write_junit,
    "summary.md": write_markdown,
    "summary.json": write_summary,
}


def write_reports(run: RunResult, out: Path) -> dict[str, Path]:
    """Write all reports into `out`, which is made where it does not exist; their paths by file name.

    Raises OSError where one cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    return {name: write(run, out / name) for name, write in WRITERS.items()}
