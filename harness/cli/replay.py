"""`postel replay`: one case again, with both transcripts on the terminal."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence

import rich_click as click
from rich.table import Table
from rich.text import Text

from harness.background import Plan, settings_of
from harness.cases import Case
from harness.cli.console import ERR, OUT, failing, outcome_text, safe
from harness.errors import ExitCode, UsageError
from harness.oracle import ReferenceInProcess
from harness.results import CaseResult, EventRecord, Footer, Header, dump_line
from harness.runner import Runner
from harness.selectors import select
from harness.validation import ValidatorCase
from harness.verdicts import Outcome, Verdict
from suites.registry import all_checks, suite, suite_cases, suites_for


@click.command(short_help="Play one case again and show target and oracle side by side.")
@click.argument("case_id")
@click.option("--target", "-t", default="reference", show_default=True, help="The server under test.")
@click.option("--profile", help="A bundled profile's name or a profile file.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Seconds for one answer."
)
@click.option("--times", type=click.IntRange(1, 1000), default=1, show_default=True, help="How often to play it.")
@click.option("--json", "as_json", is_flag=True, help="Print the case's result as it stands in run.ndjson.")
def replay(case_id: str, target: str, profile: str | None, timeout: float, times: int, as_json: bool) -> None:
    """Play CASE_ID again, alone, and print what the target and the reference said, and what was expected.

    A validator's id (`pop3/validator/…`) plays every case of its protocol again and judges their replies.
    Exits like `postel run`: 1 when the case deviates, 3 when it could not be judged.
    """
    with failing():
        check = _find(case_id)
        worst = ExitCode.OK
        for _ in range(times):
            result, footer = _play(check, target, profile, timeout)
            if as_json:
                OUT.print(dump_line(result), markup=False, soft_wrap=True)
            else:
                _show(result)
            worst = max(worst, ExitCode(footer.exit_code))
        sys.exit(int(worst))


def _find(case_id: str) -> Case | ValidatorCase:
    checks = {check.id: check for name in suites_for([case_id]) for check in all_checks(name)}
    if case_id not in checks:
        near = select([case_id], checks)  # raises with the nearest ids where nothing matches
        raise UsageError(f"{case_id!r} is not one case but {len(near)}", mend=f"the first is {near[0]}")
    return checks[case_id]


class _Collector:
    """Listener: keeps the results."""

    def __init__(self) -> None:
        self.results: list[CaseResult] = []

    def began(self, header: Header) -> None:
        """Nothing to show yet."""

    def settled(self, result: CaseResult) -> None:
        """Keep it."""
        self.results.append(result)

    def said(self, text: str) -> None:
        """Show it."""
        ERR.print(Text(safe(text), style="dim"))


def _play(check: Case | ValidatorCase, target: str, profile: str | None, timeout: float) -> tuple[CaseResult, Footer]:
    collector = _Collector()
    cases: Sequence[Case] = [check] if isinstance(check, Case) else suite_cases(check.protocol)
    validators = [check] if isinstance(check, ValidatorCase) else []
    with tempfile.TemporaryDirectory(prefix="postel-replay-") as directory:
        options = Namespace(
            target=target, profile=profile, jobs=8, timeout=timeout, fail_on="should", out=directory, select=[],
            baseline=None, seed=0, cold=True,
        )  # fmt: skip
        plan = Plan.from_options(options, suite())
        runner = Runner(plan.target, ReferenceInProcess(), settings_of(plan, [*cases, *validators]), collector)
        footer = asyncio.run(runner.run(cases, validators))
    for result in collector.results:
        if result.id == check.id:
            return result, footer
    raise UsageError(f"{check.id} was not played: {footer.exit_reason}", mend="see `postel doctor`")


def _show(result: CaseResult) -> None:
    OUT.print(Text.assemble((result.id, "bold"), "  ", outcome_text(result.outcome)))
    OUT.print(Text(result.title))
    if result.reason:
        OUT.print(Text(safe(result.reason), style="yellow"))
    table = Table("target", "oracle", box=None, pad_edge=False, expand=True)
    for ours, theirs in _beside(result.transcript, result.oracle_transcript):
        table.add_row(ours, theirs)
    OUT.print(table)
    for expectation in result.expectations:
        if expectation.verdict is not Verdict.CONFORMS:
            OUT.print(
                Text.assemble(
                    outcome_text(Outcome(expectation.verdict.value)),
                    f"  {', '.join(expectation.requirements)}\n  expected {safe(expectation.expected)}"
                    f"\n  got      {safe(expectation.observed)}\n  oracle   {safe(expectation.oracle)}",
                )
            )
    for note in result.notes:
        OUT.print(Text(safe(note), style="dim"))


def _beside(ours: Sequence[EventRecord], theirs: Sequence[EventRecord]) -> Iterator[tuple[Text, Text]]:
    for index in range(max(len(ours), len(theirs))):
        yield _line(ours, index), _line(theirs, index)


_ARROW = {"sent": "C: ", "received": "S: "}


def _line(events: Sequence[EventRecord], index: int) -> Text:
    if index >= len(events):
        return Text("")
    event = events[index]
    label = f"{event.session} {_ARROW.get(event.kind, '-- ' + event.kind + ' ')}"
    data = "\n     ".join(safe(line) for line in event.data.split("\n")[:12])
    cut = f" … {event.omitted} octets more" if event.omitted else ""
    return Text(f"{label}{data or safe(event.text)}{cut}", style="cyan" if event.kind == "sent" else "")
