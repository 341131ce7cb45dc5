"""`postel selftest`: is the suite fit to test anybody?"""

from __future__ import annotations

import json
import sys

import rich_click as click
from rich.text import Text

from harness.cli.console import ERR, OUT, failing
from harness.errors import ExitCode
from suites.selftest.machine import SelftestResult, run_selftest


@click.command(short_help="Prove the suites: play them on variants of the reference with one deliberate fault each.")
@click.argument("selectors", nargs=-1)
@click.option("--full", is_flag=True, help="Play every case on every fault, not only those that touch it.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def selftest(selectors: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Run the suites against faulty variants of the reference, and report which faults are caught, and by what.

    A fault is detected when a case deviates and names the fault's own requirement. SELECTORS choose faults by id. Exits
    with 0 when every fault is detected and every case can turn red, else with 4.
    """
    with failing():
        result = run_selftest(full=full, selectors=selectors, progress=lambda text: ERR.print(Text(text, style="dim")))
        if as_json:
            OUT.print_json(json.dumps(result.to_json()))
        else:
            _show_selftest(result)
        sys.exit(int(ExitCode.OK if result.ok else ExitCode.HARNESS))


def _show_selftest(result: SelftestResult) -> None:
    counts = result.to_json()
    OUT.print(
        Text(f"{counts['faults']} faults, {counts['detected']} detected, {counts['misattributed']} misattributed")
    )
    for fault_id in result.undetected:
        OUT.print(Text(f"not detected: {fault_id}", style="red"), soft_wrap=True)
    for case_id in result.never_red:
        OUT.print(Text(f"no fault turns it red: {case_id}", style="red"), soft_wrap=True)
