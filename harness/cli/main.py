"""The `postel` command. Each command's module is only imported when it is asked for."""

from __future__ import annotations

import signal
from importlib import import_module
from types import FrameType

import rich_click as click

#: Where each command is: module and name in it. In the order of `postel --help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("harness.cli.run", "run"),
    "targets": ("harness.cli.listing", "targets"),
    "doctor": ("harness.cli.doctor", "doctor"),
    "list": ("harness.cli.listing", "list_cases"),
    "replay": ("harness.cli.replay", "replay"),
    "explain": ("harness.cli.listing", "explain"),
    "requirements": ("harness.cli.listing", "requirements"),
    "selftest": ("harness.cli.selftest", "selftest"),
    "report": ("harness.cli.reporting", "report"),
    "serve": ("reference_server.__main__", "serve"),
    "queue": ("harness.cli.queue", "queue"),
    "bench": ("harness.cli.bench", "bench"),
    "throughput": ("harness.cli.throughput", "throughput"),
}


class LazyGroup(click.RichGroup):
    """A group whose commands are looked up in a table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="postel")
def main() -> None:
    """Check mail servers against the RFCs: which clauses does this server break, with proof.

    \b
    postel run                   the reference itself: what a conforming server looks like
    postel run dovecot           a bundled target, built and run in a container
    postel doctor ./mine.toml    can my server be tested?
    postel explain RFC1939-6-b   what does this clause ask?
    """
    # A shell's background jobs ignore SIGINT from the start; asyncio looks after it only where it is Python's own.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_: int, __: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does: what it started is stopped."""
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
