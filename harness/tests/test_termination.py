"""SIGTERM ends a command as Ctrl-C does: the servers that it started are stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

DEADLINE = 60.0

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children are looked up in /proc")


def children(process: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def runs(process: int) -> bool:
    """Whether it is there and no zombie, which only waits for whoever adopted it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until_it_has_children(process: int) -> list[int]:
    async with asyncio.timeout(DEADLINE):
        while not (found := children(process)):  # noqa: ASYNC110 - another process's children raise no event
            await asyncio.sleep(0.02)
    return found


@pytest.mark.asyncio
async def test_a_terminated_command_leaves_no_server_behind() -> None:
    command = (sys.executable, "-m", "harness.cli.main", "bench", "reference")
    postel = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    servers = await until_it_has_children(postel.pid)
    postel.send_signal(signal.SIGTERM)
    await asyncio.wait_for(postel.communicate(), DEADLINE)
    assert postel.returncode != 0
    assert [server for server in servers if runs(server)] == []
