"""ServerProcess and ProcessTarget: a server as a process of this machine, started, watched and always stopped."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import SetupError
from harness.targets.base import ProfiledTarget
from harness.targets.local import run_locally
from harness.targets.loopback import loopback_bed
from harness.targets.model import TargetState
from harness.targets.profile import Profile
from harness.targets.reach import CommandResult
from harness.testbed.bed import LoopbackBed
from harness.testbed.target_bed import target_bed

#: Octets of a server's output that are kept.
KEEP_LOG = 4 * 1024 * 1024
#: Seconds from SIGTERM to SIGKILL.
STOP_GRACE = 5.0
TAIL = 4000


class ServerProcess:
    """A process in a group of its own, its standard error (and output, unless `announces`) kept as its log."""

    def __init__(self, command: Sequence[str], directory: Path | None = None, *, announces: bool = False) -> None:
        self._command = list(command)
        self._directory = directory
        self._announces = announces
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._log = bytearray()

    @property
    def exit_status(self) -> int | None:
        """None while it runs, or before it was started."""
        return self._process.returncode if self._process else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> bytes:
        """What it has written."""
        return bytes(self._log)

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start it. Raises SetupError when that cannot be done."""
        pipe = asyncio.subprocess.PIPE
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=pipe,
                stderr=pipe if self._announces else asyncio.subprocess.STDOUT,
                cwd=self._directory,
                env={**os.environ, **environment},
                start_new_session=True,
                limit=1024 * 1024,
            )
        except OSError as error:
            raise SetupError(f"`{self._command[0]}` could not be started: {error.strerror or error}") from error
        atexit.register(self._kill)
        stream = self._process.stderr if self._announces else self._process.stdout
        assert stream is not None
        self._reading = asyncio.create_task(self._keep(stream))

    async def announcement(self, timeout: float) -> bytes:
        """The first line of its standard output; what it has by then when it ends or the time is over."""
        assert self._process is not None
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError, ValueError):
            async with asyncio.timeout(timeout):
                return await self._process.stdout.readline()
        return b""

    async def stop(self, *, kill: bool = False) -> None:
        """End it and its children: SIGTERM, then SIGKILL. Never raises."""
        process = self._process
        if process is None:
            return
        if not kill:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_GRACE):
                    await process.wait()
        self._kill()
        await process.wait()
        if self._reading is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_GRACE):
                    await self._reading
        atexit.unregister(self._kill)

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def _keep(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(65536):
            self._log += data
            del self._log[:-KEEP_LOG]


class ProcessTarget(ProfiledTarget):
    """A server that postel starts from a command. In it, `{pop3}` and so on stand for ports; 0 asks for a free one.

    With a testbed, `{resolver}` and `{hop_port}` stand for where it finds DNS and next hops.
    """

    def __init__(self, profile: Profile, ports: Mapping[str, int]) -> None:
        super().__init__(profile, ports)
        self._server: ServerProcess | None = None
        self._chosen: dict[str, int] = {}
        self._bed: LoopbackBed | None = None

    async def _bring_up(self) -> None:
        self._chosen = {name: port or _free_port() for name, port in self._ports.items()}
        self._endpoints = {name: self._endpoint(name, "127.0.0.1", port) for name, port in self._chosen.items()}
        if self.profile.relay is not None:
            self._bed = await loopback_bed()
            strangers = {name: (each.host, each.port) for name, each in self._endpoints.items()}
            self.testbed = await target_bed(self._bed, self._relay_facts(self.profile.relay), strangers)
        await self._start_process()

    def _filled(self, text: str) -> str:
        values: dict[str, object] = dict(self._chosen)
        if self._bed is not None:
            host, port = self._bed.resolver
            values |= {"resolver": f"{host}:{port}", "hop_port": self._bed.hop_port}
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    async def _start_process(self) -> None:
        command = [self._filled(part) for part in self.profile.process]
        if "/" in command[0]:
            command[0] = str((self.profile.directory / command[0]).absolute())  # not resolved: links have meaning
        self._server = ServerProcess(command, self.profile.directory)
        await self._server.start({name: self._filled(value) for name, value in self.profile.environment.items()})

    async def stop(self) -> None:
        """End the process."""
        await self.shared.stop()
        if self._server is not None:
            await self._server.stop()
        if self._bed is not None:
            await self._bed.stop()
            self._bed = self.testbed = None

    async def restart(self) -> None:
        """Stop (or kill, as the profile says) and start it again on the same ports."""
        if self._server is not None:
            await self._server.stop(kill=self.profile.restart == "kill")
        await self._start_process()
        await self._greeted()

    async def alive(self) -> TargetState:
        """Whether the process runs."""
        return process_state(self._server)

    def log(self) -> bytes:
        """What it has written."""
        return self._server.log if self._server else b""

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command on this machine, in the profile's directory."""
        return await run_locally(command, stdin, directory=self.profile.directory)


def process_state(server: ServerProcess | None) -> TargetState:
    """What is known of a process."""
    if server is None:
        return TargetState(running=False)
    return TargetState(server.running, server.exit_status, server.log[-TAIL:].decode("utf-8", "replace"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
