"""The `postel` command."""

from __future__ import annotations

import rich_click as click

from harness.cli.bench import bench
from harness.cli.checking import doctor, selftest
from harness.cli.listing import explain, list_cases, requirements, targets
from harness.cli.replay import replay
from harness.cli.reporting import report
from harness.cli.run import run
from reference_server.__main__ import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="postel")
def main() -> None:
    """Check mail servers against the RFCs: which clauses does this server break, with proof.

    \b
    postel run                   the reference itself: what a conforming server looks like
    postel run dovecot           a bundled target, built and run in a container
    postel doctor ./mine.toml    can my server be tested?
    postel explain RFC1939-6-b   what does this clause ask?
    """


for command in (run, targets, doctor, list_cases, replay, explain, requirements, selftest, report, serve, bench):
    main.add_command(command)
