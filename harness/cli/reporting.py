"""`postel report` and `postel serve`: reports of an old log, and the reference server on its own."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.text import Text

from harness.cli.console import OUT, failing
from harness.errors import Position, UsageError
from harness.results import read_run
from reports.write import write_reports


@click.command(short_help="Make the reports of a run again from its log.")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Where they go (default: beside the log).")
def report(log: Path, out: Path | None) -> None:
    """Make `index.html`, `junit.xml`, `summary.md` and `summary.json` from LOG, a run.ndjson, of a broken run too."""
    with failing():
        if log.is_dir():
            log = log / "run.ndjson"
        try:
            run = read_run(log)
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", position=Position(log), mend="give a run's directory or run.ndjson"
            ) from error
        directory = out or log.parent
        directory.mkdir(parents=True, exist_ok=True)
        for path in write_reports(run, directory).values():
            OUT.print(Text(str(path)), soft_wrap=True)
