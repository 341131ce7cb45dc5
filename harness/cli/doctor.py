"""`postel doctor`: is the target fit to be tested?"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

import rich_click as click
from rich.text import Text

from harness.cli.console import ERR, OUT, failing, safe
from harness.doctor import Examination, examine
from harness.errors import ExitCode
from harness.targets.spec import parse_target


@click.command(short_help="Check that a target can be tested: ports, greeting, login, a message there and back.")
@click.argument("target", default="reference")
@click.option("--profile", help="A bundled profile's name or a profile file, for an image or a host.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, help="Seconds for one answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(target: str, profile: str | None, timeout: float, as_json: bool) -> None:
    """Bring TARGET up, try what every case needs, and say what was tried, what was seen and what to change.

    Exits with 0 when the target can be tested, else with 3. Every run begins and ends with the same check.
    """
    with failing():
        examination = asyncio.run(_examine(target, profile, timeout))
        if as_json:
            lines = [asdict(line) for line in examination.lines]
            OUT.print_json(json.dumps({"ok": examination.ok, "lines": lines, "capabilities": _plain(examination)}))
        else:
            _show_examination(examination)
        sys.exit(int(ExitCode.OK if examination.ok else ExitCode.TARGET))


async def _examine(spec: str, profile: str | None, timeout: float) -> Examination:
    target = parse_target(spec, profile)
    target.listen(lambda text: ERR.print(Text(safe(text), style="dim"), soft_wrap=True))
    try:
        await target.start()
        return await examine(target, timeout=timeout)
    finally:
        await target.stop()


def _plain(examination: Examination) -> dict[str, dict[str, list[str]]]:
    return {
        protocol: {tag: list(parameters) for tag, parameters in tags.items()}
        for protocol, tags in examination.capabilities.items()
    }


def _show_examination(examination: Examination) -> None:
    for line in examination.lines:
        mark = Text("ok    ", style="green") if line.ok else Text("failed", style="bold red")
        OUT.print(Text.assemble(mark, f" {line.tried}: {safe(line.saw)}"), soft_wrap=True)
        if not line.ok and line.mend:
            OUT.print(Text(f"       {line.mend}", style="yellow"), soft_wrap=True)
    for protocol, tags in _plain(examination).items():
        listed = ", ".join(" ".join((tag, *parameters)) for tag, parameters in tags.items())
        OUT.print(Text(f"       {protocol}: {safe(listed)}", style="dim"), soft_wrap=True)
