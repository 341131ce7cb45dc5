"""`postel queue`: what a running `postel serve` has to send on, and sending it now."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import rich_click as click

from reference_server.queue.control_client import NoServer, Refused, ask

_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The data directory of the running server, as it was given to `postel serve` or printed by it.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(name="queue")
def queue() -> None:
    """Look at the queue of a running `postel serve`, and send what waits in it."""


@queue.command(name="list")
@_DATA
@_JSON
def list_queue(*, data: Path, as_json: bool) -> None:
    """What is in the queue, oldest first."""
    entries = _asked(data, {"command": "list"})["entries"]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
    elif entries:
        click.echo("\n".join(line for entry in entries for line in _described(entry)))
    else:
        click.echo("the queue is empty")


@queue.command()
@_DATA
@click.argument("entries", nargs=-1, metavar="[Q1 Q2 ...]")
def flush(*, data: Path, entries: Sequence[str]) -> None:
    """Try everything that waits now, or only the entries that are named."""
    count = _asked(data, {"command": "flush", "entries": list(entries)})["recipients"]
    click.echo(f"{count} recipient{'' if count == 1 else 's'} to be tried now")


@queue.command()
@_DATA
@_JSON
@click.argument("entry", metavar="Q1")
def show(*, data: Path, entry: str, as_json: bool) -> None:
    """One entry with its message."""
    answer = _asked(data, {"command": "show", "entry": entry})
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo("\n".join(_described(answer["entry"])))
    click.echo()
    click.echo("\n".join(_printable(line) for line in answer["message"].split("\r\n")))


def _asked(data: Path, request: dict[str, object]) -> dict[str, Any]:
    try:
        return ask(data, request)
    except (NoServer, Refused) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


def _described(entry: Mapping[str, Any]) -> list[str]:
    sender = _printable(entry["sender"])
    lines = [f"{entry['name']}  {_time(entry['arrived'])}  {entry['size']} octets  from <{sender}>"]
    for each in entry["recipients"]:
        attempts = each["attempts"]
        state = f"{each['fate']}, {attempts} attempt{'' if attempts == 1 else 's'}"
        if each["next_attempt"] is not None:
            state += f", next {_time(each['next_attempt'])}"
        lines.append(f"  <{_printable(each['address'])}>  {state}")
        if each["diagnostic"]:
            lines.append(f"    {each['status']}  {_printable(each['diagnostic'])}")
    return lines


def _time(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")


def _printable(text: str) -> str:
    """Text of strangers must not steer the terminal."""
    return "".join(each if each.isprintable() or each == "\t" else f"\\x{ord(each):02x}" for each in text)
