"""Running a command on this machine, for targets that are not in a container."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import SetupError
from harness.targets.reach import CommandResult

#: Seconds that a command of a profile may take.
COMMAND_BUDGET = 60.0


async def run_locally(
    command: Sequence[str], stdin: bytes, *, directory: Path, environment: Mapping[str, str] | None = None
) -> CommandResult:
    """Run a command to its end. Raises SetupError when it cannot be started or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=directory,
            env=environment,
        )
    except OSError as error:
        raise SetupError(f"`{command[0]}` could not be run: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(COMMAND_BUDGET):
            output, _ = await process.communicate(stdin)
    except TimeoutError as error:
        raise SetupError(f"`{command[0]}` was not done within {COMMAND_BUDGET:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return CommandResult(process.returncode or 0, output)
