"""ContainerTarget: a server in a container that postel starts, watches and always removes; or one that runs already.

Ports are published on 127.0.0.1 only, on free ports. Blocking calls of the Docker client go to threads.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import docker
import docker.errors
from docker.models.containers import Container
from docker.models.images import Image

from harness.errors import SetupError
from harness.targets.base import ProfiledTarget
from harness.targets.container_exec import Shells
from harness.targets.engine import (
    EngineErrors,
    brief,
    build_image,
    connect,
    find_image,
    own_lock,
    remove_leftovers,
)
from harness.targets.model import PROTOCOLS, TargetState
from harness.targets.profile import Profile
from harness.targets.reach import CommandResult
from harness.testbed.bed import reverse_name
from harness.testbed.names import Record
from harness.testbed.sidecar import Sidecar
from harness.testbed.target_bed import target_bed

#: Seconds that a server may take to stop before it is killed, and that a restart may take altogether.
STOP_GRACE = 5
RESTART_BUDGET = 90.0
#: Lines of the log that say how a container ended.
TAIL_LINES = 40

T = TypeVar("T")

#: What to do about a container that ends in order as soon as it was started.
FOREGROUND = "a container lives as long as its command: keep the server in the foreground, see `command` in the profile"


class ContainerTarget(ProfiledTarget):
    """A container of its own, from an image or a directory with a Dockerfile."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile, profile.ports)
        self._client: docker.DockerClient | None = None
        self._container: Container | None = None
        self._shells: Shells | None = None
        self._last_log = b""
        self._sidecar: Sidecar | None = None
        self._wanted = True  # false once a start was given up: a build then ends early

    # -- life -----------------------------------------------------------------------------------

    async def _bring_up(self) -> None:
        self._wanted = True
        self._client = await asyncio.to_thread(connect)
        removed = await asyncio.to_thread(remove_leftovers, self._client)
        if removed:
            self.progress("removed what a crashed run left behind: " + ", ".join(removed))
        try:
            image = await self._engine(self._image)
        except asyncio.CancelledError:
            self._wanted = False
            raise
        self.image_digest = str(image.id)
        if self.profile.relay is not None:
            atexit.register(self._remove)
            self._sidecar = Sidecar(self._client, _safe(self.name), self.progress)
            await self._sidecar.start()
        creating = asyncio.ensure_future(self._engine(lambda client: self._create(client, image)))
        try:
            await asyncio.shield(creating)
        except asyncio.CancelledError:
            await creating  # so that it is known, and removed
            raise
        await self._start_container()
        if self._sidecar is not None and self.profile.relay is not None:
            strangers = await self._settle_in(self._sidecar)
            self.testbed = await target_bed(self._sidecar.bed, self._relay_facts(self.profile.relay), strangers)

    async def _settle_in(self, sidecar: Sidecar) -> dict[str, tuple[str, int]]:
        """Give the target its names in the testbed's DNS; where strangers reach it, by endpoint name."""
        networks = self._running().attrs["NetworkSettings"]["Networks"]
        address = networks[sidecar.network.name]["IPAddress"]
        host = self.profile.hostname
        records = [Record(host, "A", address), Record(reverse_name(address), "PTR", f"{host}.")]
        for domain in {account.address.rpartition("@")[2] for account in self.accounts if "@" in account.address}:
            records.append(Record(domain, "MX", f"10 {host}."))
        await sidecar.bed.name(records, [])
        foreign = networks[sidecar.foreign_network.name]["IPAddress"]
        return {
            name: await sidecar.way_in(foreign, port) for name, port in self._ports.items() if PROTOCOLS[name] == "smtp"
        }

    def _image(self, client: docker.DockerClient) -> Image:
        if self.profile.build:
            directory = (self.profile.directory / self.profile.build).resolve()
            return build_image(client, directory, self.profile.name, self.progress, lambda: self._wanted)
        return find_image(client, self.profile.image, self.progress)

    def _create(self, client: docker.DockerClient, image: Image) -> None:
        lock = own_lock()
        ports: dict[str, Any] = {f"{port}/tcp": ("127.0.0.1", None) for port in self._ports.values()}
        atexit.register(self._remove)  # for an end that does not come by `stop`
        network: dict[str, Any] = {}
        if self._sidecar is not None:
            network = {"network": self._sidecar.network.name, "dns": [self._sidecar.address]}
        self._container = client.containers.create(
            str(image.id),
            command=list(self.profile.command) or None,
            name=f"postel-{_safe(self.name)}-{secrets.token_hex(4)}",
            hostname=self.profile.hostname,
            init=True,
            labels=lock.labels(),
            mem_limit=f"{self.profile.memory_mb}m",
            pids_limit=self.profile.pids,
            environment=dict(self.profile.environment),
            ports=ports,
            **network,
        )
        if self._sidecar is not None:
            self._sidecar.foreign_network.connect(self._container)

    async def _start_container(self) -> None:
        """Start it, and learn the ports that it was given: they change with every start."""
        container = self._running()
        await self._engine(lambda _client: container.start())
        await self._engine(lambda _client: container.reload())
        published = container.attrs["NetworkSettings"]["Ports"]
        for name, port in self._ports.items():
            bound = published.get(f"{port}/tcp")
            if not bound:
                state = await self.alive()
                if state.running:
                    raise SetupError(f"the engine did not publish port {port}")
                tail = state.log_tail.strip()[-600:] or "its log is empty"
                raise SetupError(
                    f"{self.name} ended at once (exit status {state.exit_status}): {tail}",
                    mend=FOREGROUND if state.exit_status == 0 else "",
                )
            self._endpoints[name] = self._endpoint(name, "127.0.0.1", int(bound[0]["HostPort"]))

    async def stop(self) -> None:
        """Remove the container, with its log kept in memory."""
        self._last_log = await asyncio.to_thread(self.log)
        await self.shared.stop()
        if self._sidecar is not None:
            await self._sidecar.leave()
        await asyncio.to_thread(self._remove)
        atexit.unregister(self._remove)

    def _end_shells(self) -> None:
        shells, self._shells = self._shells, None
        if shells is not None:
            shells.close()

    def _remove(self) -> None:
        """Remove the container at once: its mail is worth nothing."""
        self._end_shells()
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(*EngineErrors):
                container.remove(force=True, v=True)
        sidecar, self._sidecar = self._sidecar, None
        self.testbed = None
        if sidecar is not None:
            sidecar.remove()
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*EngineErrors):
                client.close()

    async def restart(self) -> None:
        """Stop (or kill, as the profile says) and start the same container, so that its mail stays."""
        container = self._running()
        try:
            async with asyncio.timeout(RESTART_BUDGET):
                await self._engine(lambda _client: self._halt(container))
                await self._start_container()
                await self._greeted()
        except TimeoutError as error:
            raise SetupError(f"{self.name} was not back {RESTART_BUDGET:g} s after a restart") from error

    def _halt(self, container: Container) -> None:
        self._end_shells()
        container.reload()
        if container.status != "running":
            return
        if self.profile.restart == "kill":
            container.kill()
            container.wait(timeout=STOP_GRACE * 4)
        else:
            container.stop(timeout=STOP_GRACE)

    async def alive(self) -> TargetState:
        """What the engine says of the container."""
        container = self._container
        if container is None:
            return TargetState(running=False)
        try:
            return await asyncio.to_thread(_state, container)
        except EngineErrors as error:
            return TargetState(running=False, log_tail=f"the engine does not know it: {brief(error)}")

    def log(self) -> bytes:
        """Standard output and error of the container, with times."""
        container = self._container
        if container is None:
            return self._last_log
        try:
            return bytes(container.logs(timestamps=True))
        except EngineErrors:
            return self._last_log

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command inside the container, as its default user."""
        container = self._running()
        if self._shells is None and self._client is not None:
            self._shells = Shells(self._client, container)
        shells = self._shells
        assert shells is not None
        return await self._engine(lambda _client: shells.run(command, stdin))

    # -- the engine -----------------------------------------------------------------------------

    def _running(self) -> Container:
        if self._container is None:
            raise SetupError(f"{self.name} is not running")
        return self._container

    async def _engine(self, call: Callable[[docker.DockerClient], T]) -> T:
        """Make a blocking call to the engine in a thread; what it refuses is a SetupError."""
        client = self._client
        if client is None:
            raise SetupError(f"{self.name} is not running")
        try:
            return await asyncio.to_thread(call, client)
        except EngineErrors as error:
            raise SetupError(f"the Docker engine refused: {brief(error)}") from error


class RunningContainerTarget(ContainerTarget):
    """A container that somebody else started: it is used as it is, never stopped, restarted or removed."""

    def __init__(self, profile: Profile, container_id: str) -> None:
        super().__init__(profile)
        self._id = container_id

    @property
    def can_restart(self) -> bool:
        """Never: it is not ours."""
        return False

    async def _bring_up(self) -> None:
        self._client = await asyncio.to_thread(connect)
        try:
            container = await asyncio.to_thread(self._client.containers.get, self._id)
        except docker.errors.NotFound as error:
            raise SetupError(f"there is no container {self._id}", mend="see `docker ps`") from error
        except EngineErrors as error:
            raise SetupError(f"the Docker engine refused: {brief(error)}") from error
        state = await asyncio.to_thread(_state, container)
        if not state.running:
            raise SetupError(f"the container {self._id} does not run", mend=f"docker start {self._id}")
        self._container = container
        self.image_digest = str(container.attrs.get("Image", ""))
        self._endpoints = {name: self._endpoint(name, *_address(container, port)) for name, port in self._ports.items()}

    def _remove(self) -> None:
        """Let go of it; it stays as it is."""
        self._end_shells()
        self._container = None
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def restart(self) -> None:
        """Refused."""
        raise SetupError(f"the container {self._id} was not started by postel and is not restarted")


def _state(container: Container) -> TargetState:
    container.reload()
    state = container.attrs["State"]
    tail = container.logs(tail=TAIL_LINES).decode("utf-8", "replace")
    if state["Running"]:
        return TargetState(running=True, log_tail=tail)
    return TargetState(running=False, exit_status=int(state["ExitCode"]), log_tail=tail)


def _address(container: Container, port: int) -> tuple[str, int]:
    """Where a container's port can be reached: as published, else at the container's own address."""
    settings: Mapping[str, Any] = container.attrs["NetworkSettings"]
    for bound in settings["Ports"].get(f"{port}/tcp") or ():
        host = bound["HostIp"]
        return ("127.0.0.1" if host in ("", "0.0.0.0", "::") else host), int(bound["HostPort"])
    for network in settings["Networks"].values():
        if network["IPAddress"]:
            return network["IPAddress"], port
    raise SetupError(f"port {port} of the container {container.name} cannot be reached", mend="publish it")


def _safe(name: str) -> str:
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in Path(name).name)
