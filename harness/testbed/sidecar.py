"""Sidecar: the testbed's container, on a network of the target's own, with a second network for strangers.

The target asks the sidecar's DNS in place of the engine's, and finds each next hop on an address of its own, port 25.
The harness speaks to the control port, which is published on 127.0.0.1 and asks for a token. The second network has
addresses that no server takes for its own neighbourhood (RFC 5737): connections that the sidecar leads in there come
from a client whom a target has no reason to trust. Everything that blocks runs in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import random
import secrets
import tarfile
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any, TypeVar

import docker
import docker.errors
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool

from harness.errors import SetupError
from harness.targets.engine import EngineErrors, brief, build_image, own_lock
from harness.testbed.control import CONTROL_PORT, FORWARDED_PORTS
from harness.testbed.remote import RemoteBed

#: What the container runs: modules that need nothing but dnspython.
_MODULES = (
    "attempt",
    "attempt_log",
    "bed",
    "codec",
    "control",
    "dns_server",
    "hop",
    "hop_session",
    "names",
    "pipes",
    "plan",
    "tunnel",
)
#: Addresses that hops can have, at most; each is used again only when all were.
MAX_ADDRESSES = 1000
#: Networks that are set aside for documentation (RFC 5737), cut into small ones for strangers.
_FOREIGN = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
READY_BUDGET = 30.0
READY_PAUSE = 0.05

T = TypeVar("T")


class Sidecar:
    """The networks and the container of one run's testbed. `bed` is there once it has started."""

    def __init__(self, client: docker.DockerClient, name: str, progress: Callable[[str], None]) -> None:
        self._client = client
        self._name = name
        self._progress = progress
        self._networks: list[Network] = []
        self._container: Container | None = None
        self._token = secrets.token_hex(16)
        self._mark = secrets.token_hex(4)
        self._published: Mapping[int, int] = {}
        self._forwarded = iter(FORWARDED_PORTS)
        self.address = ""
        self._bed: RemoteBed | None = None

    @property
    def bed(self) -> RemoteBed:
        """The testbed. Raises SetupError before `start`."""
        if self._bed is None:
            raise SetupError("the testbed is not running")
        return self._bed

    @property
    def network(self) -> Network:
        """The network that the target is to be started on."""
        return self._networks[0]

    @property
    def foreign_network(self) -> Network:
        """The network that strangers come from; the target is to be connected to it."""
        return self._networks[1]

    async def start(self) -> None:
        """Make the networks, start the container, connect. Raises SetupError; `remove` is needed all the same."""
        self._progress("starting the testbed's sidecar")
        await self._engine(self._create)
        port = self._published[CONTROL_PORT]
        deadline = asyncio.get_running_loop().time() + READY_BUDGET
        while True:
            bed = RemoteBed("127.0.0.1", port, self._token)
            try:
                await bed.connect()
                await bed.queries("ready.test")
            except (OSError, SetupError) as error:
                await bed.close()
                if asyncio.get_running_loop().time() > deadline:
                    raise SetupError(f"the testbed's sidecar does not answer: {error}") from error
                await asyncio.sleep(READY_PAUSE)
            else:
                self._bed = bed
                return

    async def way_in(self, host: str, port: int) -> tuple[str, int]:
        """An address on this machine by which a stranger comes to a port of the target, `host` on the second network.

        Raises SetupError when there are no more.
        """
        forwarded = next(self._forwarded, None)
        if forwarded is None:
            raise SetupError("the target has more endpoints than strangers have ways in")
        await self.bed.forward(forwarded, host, port)
        return "127.0.0.1", self._published[forwarded]

    async def leave(self) -> None:
        """Let go of the control port; `remove` is still to be called."""
        if self._bed is not None:
            await self._bed.close()

    def remove(self) -> None:
        """Remove the container and, once nobody else is on them, the networks. Blocks; never raises."""
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(*EngineErrors):
                container.remove(force=True, v=True)
        while self._networks:
            with contextlib.suppress(*EngineErrors):
                self._networks.pop().remove()

    def log(self) -> str:
        """What the sidecar has written."""
        if self._container is None:
            return ""
        return self._container.logs().decode("utf-8", "replace")

    async def _engine(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(call)
        except EngineErrors as error:
            raise SetupError(f"the Docker engine refused the testbed: {brief(error)}") from error

    def _create(self) -> None:
        image = build_image(self._client, Path(__file__).parent / "image", "testbed", self._progress)
        self._networks.append(self._make_network("inner"))
        self._networks.append(self._make_foreign_network())
        self.network.reload()
        subnet = ip_network(self.network.attrs["IPAM"]["Config"][0]["Subnet"])
        assert isinstance(subnet, IPv4Network)
        first, count = hop_addresses(subnet)
        ports: dict[str, Any] = {f"{port}/tcp": ("127.0.0.1", None) for port in (CONTROL_PORT, *FORWARDED_PORTS)}
        self._container = self._client.containers.create(
            str(image.id),
            command=["python3", "-m", "harness.testbed.control", first, str(count)],
            name=f"postel-testbed-{self._mark}",
            hostname="testbed.test",
            init=True,
            labels=own_lock().labels(),
            network=self.network.name,
            cap_add=["NET_ADMIN"],
            environment={"POSTEL_TOKEN": self._token},
            ports=ports,
            mem_limit="1024m",
        )
        self.foreign_network.connect(self._container)
        self._container.put_archive("/opt/postel", code())
        self._container.start()
        self._container.reload()
        settings = self._container.attrs["NetworkSettings"]
        self.address = settings["Networks"][self.network.name]["IPAddress"]
        bound = {int(name.split("/")[0]): each for name, each in settings["Ports"].items() if each}
        if CONTROL_PORT not in bound:
            raise SetupError(f"the testbed's sidecar ended at once: {self.log()[-400:]}")
        self._published = {port: int(each[0]["HostPort"]) for port, each in bound.items()}

    def _make_network(self, side: str, subnet: str = "") -> Network:
        """Ports are published by way of the network whose name is first in the alphabet."""
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)]) if subnet else None
        name = f"postel-{self._name}-{self._mark}-{side}"
        return self._client.networks.create(name, driver="bridge", labels=own_lock().labels(), ipam=ipam)

    def _make_foreign_network(self) -> Network:
        """One of the small networks that nobody uses yet. Raises what the engine says of the last one."""
        subnets = [str(each) for wide in _FOREIGN for each in IPv4Network(wide).subnets(new_prefix=28)]
        random.shuffle(subnets)
        for subnet in subnets[:-1]:
            with contextlib.suppress(docker.errors.APIError):
                return self._make_network("outer", subnet)
        return self._make_network("outer", subnets[-1])


def hop_addresses(subnet: IPv4Network) -> tuple[str, int]:
    """The first address that hops may have on a network, and how many: its upper end, as the engine gives the lower."""
    count = min(MAX_ADDRESSES, subnet.num_addresses // 2)
    return str(subnet.broadcast_address - count), count


def code() -> bytes:
    """The package as the sidecar needs it, as a tar archive."""
    here = Path(__file__).parent
    files = {
        "harness/__init__.py": here.parent / "__init__.py",
        "harness/testbed/__init__.py": here / "__init__.py",
        **{f"harness/testbed/{name}.py": here / f"{name}.py" for name in _MODULES},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in files.items():
            archive.add(path, name)
    return packed.getvalue()
