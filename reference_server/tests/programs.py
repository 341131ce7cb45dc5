"""Real mail programs, run as a user would run them, against a server of the test's own.

A program that is not installed leaves its tests out, with a reason that pytest prints; `POSTEL_REQUIRE_ALL=1` makes
that a failure, so that no automatic run can pass by leaving them out.
"""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

DEADLINE = 60.0
PASSWORD = "secret"


def needs(program: str) -> pytest.MarkDecorator:
    """Leaves a test out where the program is missing, unless nothing may be left out."""
    missing = shutil.which(program) is None and os.environ.get("POSTEL_REQUIRE_ALL") != "1"
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended, and what it printed, both streams together."""

    status: int
    output: bytes

    def must_succeed(self) -> bytes:
        """The output; fails the test where the program did."""
        assert self.status == 0, (self.status, self.output.decode(errors="replace"))
        return self.output


async def run(*command: str, home: Path, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> Finished:
    """Run a program to its end. `home` is its home directory, so that it reads nobody's settings."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=_surroundings(home, environment),
        cwd=home,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(stdin), DEADLINE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return Finished(process.returncode, output)


async def run_on_terminal(*command: str, home: Path) -> Finished:
    """The same for a program that wants a terminal; what it draws is read and kept."""
    ours, theirs = pty.openpty()
    drawn = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, _drain, ours, drawn, loop)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=theirs, env=_surroundings(home, None), cwd=home
    )
    os.close(theirs)
    try:
        status = await asyncio.wait_for(process.wait(), DEADLINE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{command[0]} did not end; it drew {bytes(drawn[-2000:])!r}") from None
    finally:
        loop.remove_reader(ours)
        os.close(ours)
    return Finished(status, bytes(drawn))


def _drain(terminal: int, drawn: bytearray, loop: asyncio.AbstractEventLoop) -> None:
    try:
        drawn += os.read(terminal, 65536)
    except OSError:  # the program has closed its side
        loop.remove_reader(terminal)


def _surroundings(home: Path, environment: Mapping[str, str] | None) -> dict[str, str]:
    base = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    return {**base, **(environment or {})}
