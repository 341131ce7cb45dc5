"""Servers of others that the reference is measured beside: each in a process of its own, on a port of 127.0.0.1.

They come with the extra `bench`. One that is not installed is left out of the measurement, which then says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.errors import SetupError

#: Seconds for a server to answer a connection.
START_BUDGET = 30.0
PASSWORD = "measured"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A server that is measured: where it listens, the login, and what it does with a message before it says OK."""

    name: str
    keeps: str
    ports: Mapping[str, int]
    protocol: str
    user: str = "user1"
    password: str = PASSWORD

    @property
    def port(self) -> int:
        """Where the protocol that is measured listens."""
        return self.ports[self.protocol]


@asynccontextmanager
async def reference(protocol: str, *, durable: bool, relaying_to: str = "") -> AsyncIterator[Measured]:
    """The reference, on a directory of its own, flushed to disk or not; it may send everything on by one route."""
    keeps = "on disk, flushed" if durable else "on disk, not flushed"
    with tempfile.TemporaryDirectory(prefix="postel-bench-") as directory:
        data = ["--data", directory] if durable else []
        command = [sys.executable, "-m", "reference_server", "--json", "--quiet", "--test-run", *data]
        command += ["--accounts", "1", "--password", PASSWORD]
        if relaying_to:
            command += ["--domain", "alice.test", "--route", relaying_to, "--relay-from", "127.0.0.0/8"]
        process = await _started(command, announces=True)
        try:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), START_BUDGET)
            ports = {name: int(each["port"]) for name, each in json.loads(line)["endpoints"].items()}
            yield Measured("postel reference", keeps, ports, protocol)
        finally:
            await _ended(process)


@asynccontextmanager
async def pymap() -> AsyncIterator[Measured | None]:
    """pymap with its mailboxes in memory; None where it is not installed."""
    if find_spec("pymap") is None:
        yield None
        return
    port = _free_port()
    command = [str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1", "--port", str(port), "--no-tls"]
    process = await _started([*command, "dict", "--demo-data", "--demo-user", "user1", "--demo-password", PASSWORD])
    try:
        await _listening(port)
        yield Measured("pymap", "in memory", {"imap": port}, "imap")
    finally:
        await _ended(process)


@asynccontextmanager
async def aiosmtpd() -> AsyncIterator[Measured | None]:
    """aiosmtpd with a handler that throws every message away; None where it is not installed."""
    if find_spec("aiosmtpd") is None:
        yield None
        return
    port = _free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
    process = await _started(command)
    try:
        await _listening(port)
        yield Measured("aiosmtpd", "nothing kept", {"smtp": port}, "smtp")
    finally:
        await _ended(process)


async def _started(command: Sequence[str], *, announces: bool = False) -> asyncio.subprocess.Process:
    output = asyncio.subprocess.PIPE if announces else asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(*command, stdout=output, stderr=asyncio.subprocess.DEVNULL)


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), START_BUDGET)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _listening(port: int) -> None:
    """Wait until the port takes connections. Raises SetupError."""
    deadline = asyncio.get_running_loop().time() + START_BUDGET
    while asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise SetupError(f"nothing listens on port {port} after {START_BUDGET:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
