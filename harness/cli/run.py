"""`postel run`: the suites against a target, through pytest, with every report at the end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
import rich_click as click
from rich.text import Text

import suites
from harness.baseline import load_baseline
from harness.cli.console import ERR, OUT, failing, safe
from harness.cli.progress import RunProgress, deviation_blocks, summary_table
from harness.errors import ExitCode, HarnessError, UsageError
from harness.exits import FailOn
from harness.results import RunResult, read_run
from harness.selectors import select
from harness.targets.spec import parse_target
from suites.registry import EVERY, all_checks, suites_for


@click.command(short_help="Run the suites against a target and write the reports.")
@click.argument("target", default="reference")
@click.argument("selectors", nargs=-1)
@click.option(
    "--suite",
    "suite_names",
    multiple=True,
    help="A suite to run (default: smoke and pop3; imap is a preview). Repeatable.",
)
@click.option("--profile", help="A bundled profile's name or a profile file, for an image or a host.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=8, show_default=True, help="Cases at once.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Seconds for one answer."
)
@click.option(
    "--fail-on",
    type=click.Choice([each.value for each in FailOn]),
    default="must",
    show_default=True,
    help="From which level on a new deviation fails the run.",
)
@click.option("--baseline", type=click.Path(), help="A file of known deviations, each with its reason.")
@click.option("--out", type=click.Path(), help="Where the files of the run go (default: out/TARGET).")
@click.option("--cold", is_flag=True, help="Let the reference play every case anew: keep nothing of earlier runs.")
@click.option("--seed", type=int, default=0, help="Seed of what is drawn at random.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output, nothing else.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def run(
    target: str,
    selectors: tuple[str, ...],
    suite_names: tuple[str, ...],
    profile: str | None,
    jobs: int,
    timeout: float,
    fail_on: str,
    baseline: str | None,
    out: str | None,
    cold: bool,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Play the suites against TARGET, judge every answer, and write the reports.

    TARGET is one string: `reference` (postel's own server), a bundled profile (`dovecot`, see `postel targets`),
    `image:vendor/server:build-42`, `build:./dir`, `container:ID`, `host:127.0.0.1?pop3=1110`, or `./my-server.toml`.
    SELECTORS choose cases by id, or by its beginning: `pop3/rfc1939-6`.

    The run's directory gets
    `index.html`, `run.ndjson`, `junit.xml`, `summary.md`, `summary.json` and `allure-results/`.

    Exit codes: 0 nothing new at or above the threshold, 1 new deviations, 2 usage, 3 target unusable or lost,
    4 harness error, 5 stale or invalid baseline, 130 interrupted.
    """
    with failing():
        names = _chosen_suites(suite_names, selectors)
        select(selectors, [check.id for name in names for check in all_checks(name)])
        label = parse_target(target, profile).name
        if baseline:
            load_baseline(Path(baseline))
        directory = Path(out) if out else Path("out") / label
        _prepare(directory)
        arguments = [
            *(str(Path(suites.__path__[0]) / name) for name in names),
            *_plugins(directory),
            *(f"--select={selector}" for selector in selectors),
            f"--target={target}",
            f"--jobs={jobs}",
            f"--timeout={timeout}",
            f"--fail-on={fail_on}",
            f"--out={directory}",
            f"--seed={seed}",
            *(["--cold"] if cold else []),
            *([f"--profile={profile}"] if profile else []),
            *([f"--baseline={baseline}"] if baseline else []),
        ]
        sys.exit(int(_run(arguments, directory, target, as_json=as_json, quiet=quiet)))


def _chosen_suites(names: tuple[str, ...], selectors: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in EVERY:
            raise UsageError(f"there is no suite {name!r}", mend="the suites are " + ", ".join(EVERY))
    return list(names or suites_for(selectors))


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / "run.ndjson"
        probe.touch()
    except OSError as error:
        raise UsageError(f"cannot write into {directory}: {error.strerror}", mend="give another --out") from error


def _plugins(directory: Path) -> list[str]:
    """Pytest with postel's plugins and none of the surroundings' settings."""
    return [
        "-c",
        "/dev/null",
        f"--rootdir={suites.__path__[0]}",
        f"--confcutdir={suites.__path__[0]}",
        *(part for name in ("harness.plugin", "reports.plugin", "no:cacheprovider") for part in ("-p", name)),
        f"--alluredir={directory / 'allure-results'}",
        "--clean-alluredir",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    ]


def _run(arguments: list[str], directory: Path, target: str, *, as_json: bool, quiet: bool) -> ExitCode:
    progress = RunProgress(ERR if as_json else OUT, quiet=quiet or as_json)
    with _interruptible():
        status = pytest.main(arguments, plugins=[progress])
    if progress.collection_errors:
        raise HarnessError(f"a suite cannot be loaded: {progress.collection_errors[0]}")
    log = directory / "run.ndjson"
    if status == pytest.ExitCode.USAGE_ERROR or not log.stat().st_size:
        raise UsageError("nothing was run", mend="see the message above")
    result = read_run(log)
    if as_json:
        OUT.print_json((directory / "summary.json").read_text(encoding="utf-8"))
    else:
        _conclude(progress, result, directory / "index.html", target)
    return ExitCode(result.footer.exit_code) if result.footer else ExitCode.HARNESS


def _conclude(progress: RunProgress, result: RunResult, page: Path, target: str) -> None:
    for block in deviation_blocks(progress, target):
        OUT.print(block, soft_wrap=True)
        OUT.print()
    OUT.print(summary_table(progress))
    footer = result.footer
    if footer is None:
        OUT.print(Text("the run broke: it has no footer", style="bold red"))
    else:
        OUT.print(Text(f"exit {footer.exit_code}: {safe(footer.exit_reason)}  ({footer.seconds:.1f} s)"))
    OUT.print(Text.assemble("report: ", (str(page.resolve()), "bold")))


@contextmanager
def _interruptible() -> Iterator[None]:
    """Both signals end a run in order, also where a shell started it in the background with SIGINT ignored."""
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(each, _interrupt) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, previous, strict=True):
            signal.signal(each, handler)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
