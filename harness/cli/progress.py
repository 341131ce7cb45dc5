"""What `postel run` shows while it works and when it is done: a pytest plugin in place of pytest's own reporter."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from harness.cli.console import STYLE, harmless, outcome_text, safe
from harness.results import CaseResult, Deviation, Footer, Header
from harness.verdicts import Outcome

#: Deviation blocks that are printed in full; the report has all.
BLOCKS = 12


class RunProgress:
    """Shows a run on a console; `results` and `footer` are there when it is over."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.results: list[CaseResult] = []
        self.header: Header | None = None
        self.footer: Footer | None = None
        self.log: Path | None = None
        self.collection_errors: list[str] = []
        self._console = console
        self._quiet = quiet
        self._counts: Counter[Outcome] = Counter()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[counts]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("bringing the target up", total=None, counts="")

    # -- pytest's hooks -------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the place of pytest's reporter."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)
        self._bar.start()

    def pytest_unconfigure(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected: it is an error of the suites."""
        if report.failed:
            self.collection_errors.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")

    # -- postel's hooks -------------------------------------------------------------------------

    def pytest_postel_began(self, header: Header) -> None:
        """The preflight is over."""
        self.header = header
        self._bar.update(self._task, description="playing", total=header.case_count)
        if self._quiet:
            return
        about = " ".join(part for part in (header.product, header.version) if part) or header.target
        self._console.print(Text.assemble((header.target, "bold"), f"  {safe(about)}, {header.case_count} cases"))
        for line in header.doctor:
            if not line.ok:
                self._console.print(Text(f"  {line.tried}: {safe(line.saw)}; {line.mend}", style="yellow"))

    def pytest_postel_settled(self, result: CaseResult) -> None:
        """A case has its result."""
        self.results.append(result)
        self._counts[result.outcome] += 1
        counts = " ".join(f"{count} {outcome.value}" for outcome, count in self._counts.items())
        self._bar.update(self._task, advance=1, counts=counts)

    def pytest_postel_said(self, text: str) -> None:
        """Something worth a line."""
        self._console.print(Text(safe(text), style="dim"))

    def pytest_postel_finished(self, log: Path, footer: Footer | None) -> None:
        """The run is over."""
        self.log, self.footer = log, footer


def summary_table(progress: RunProgress) -> Table:
    """Cases by outcome."""
    counts = Counter(result.outcome for result in progress.results)
    table = Table(box=None, show_header=False, pad_edge=False)
    for outcome in Outcome:
        if counts[outcome]:
            table.add_row(Text(str(counts[outcome]), justify="right"), outcome_text(outcome))
    return table


def deviation_blocks(progress: RunProgress, target: str) -> list[Text]:
    """The deviations, one block of at most five lines for each requirement, first case first."""
    groups: dict[str, list[tuple[CaseResult, Deviation]]] = {}
    for result in progress.results:
        if result.outcome in (Outcome.DEVIATES, Outcome.WARNS):
            for deviation in result.deviations:
                groups.setdefault(deviation.requirement, []).append((result, deviation))
    ordered = sorted(groups.values(), key=lambda group: (-group[0][1].verdict.severity, group[0][1].requirement))
    blocks = [_block(group, progress, target) for group in ordered[:BLOCKS]]
    if len(ordered) > BLOCKS:
        blocks.append(Text(f"… and {len(ordered) - BLOCKS} more requirements: see the report", style="dim"))
    return blocks


def _block(group: list[tuple[CaseResult, Deviation]], progress: RunProgress, target: str) -> Text:
    result, deviation = group[0]
    record = progress.header.requirements.get(deviation.requirement) if progress.header else None
    cases = len({each.id for each, _ in group})
    known = "  (known)" if all(each.known for _, each in group) else ""
    outcome = Outcome(deviation.verdict.value)
    summary = f"  {record.clause}: {record.summary}" if record else ""
    return Text.assemble(
        (f"{outcome.value} ", STYLE[outcome]),
        (deviation.requirement, "bold"),
        f" {deviation.level.value}{known}, {cases} case{'s' if cases > 1 else ''}\n{summary}\n",
        ("  expected ", "dim"),
        harmless(deviation.expected),
        ("\n  got      ", "dim"),
        safe(deviation.observed),
        ("\n  again    ", "dim"),
        shlex.join(["postel", "replay", result.id, "--target", target, *_profile(progress)]),
    )


def _profile(progress: RunProgress) -> list[str]:
    lent = progress.header.profile if progress.header else ""
    return ["--profile", lent] if lent else []
