"""The testbed's control port: what a sidecar container runs, so that its hops and names can be used from outside.

Lines of JSON: first `{"token": ...}`, then calls `{"id": 1, "call": "open_hop", "with": [...]}`, each answered when it
is done by `{"id": 1, "result": ...}` or `{"id": 1, "error": "..."}`, in any order. `CALLS` says what each takes and
gives. A connection whose first line also names a `tunnel` becomes the octets of the next connection to that tunnel.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import itertools
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from harness.testbed.attempt import Attempt, Query
from harness.testbed.bed import HopPlace, LocalBed
from harness.testbed.codec import from_json, to_json
from harness.testbed.names import Ailment, Record
from harness.testbed.pipes import join
from harness.testbed.plan import HopPlan

#: The longest line, which may hold a whole message: octets.
LINE_LIMIT = 256 * 1024 * 1024
CONTROL_PORT = 7025
#: Ports of a sidecar by which strangers come in, each to one endpoint of the target.
FORWARDED_PORTS = tuple(range(7030, 7038))


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of a call's arguments, and of its result."""

    takes: tuple[Any, ...]
    gives: Any = None


CALLS: dict[str, Signature] = {
    "open_hop": Signature((HopPlan,), HopPlace),
    "close_hop": Signature((int,)),
    "follow": Signature((int, HopPlan)),
    "take_connections": Signature((int, bool)),
    "wait": Signature((int, int, str, float), tuple[Attempt, ...]),
    "name": Signature((tuple[Record, ...], tuple[Ailment, ...])),
    "forget": Signature((tuple[str, ...],)),
    "queries": Signature((str,), tuple[Query, ...]),
    "forward": Signature((int, str, int)),
    "open_tunnel": Signature((), HopPlace),
}


class ControlServer:
    """`bed` by its control port."""

    def __init__(self, bed: LocalBed, token: str) -> None:
        self._bed = bed
        self._token = token
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LINE_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.CancelledError):
                hello = json.loads(await reader.readline() or b"{}")
                if not hmac.compare_digest(str(hello.get("token", "")), self._token):
                    return
                if "tunnel" in hello:
                    await self._bed.enter_tunnel(int(hello["tunnel"]), reader, writer)
                else:
                    await self._calls(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _calls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every call at once: one that waits holds up no other."""
        running: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._call(json.loads(line), writer))
                running.add(task)
                task.add_done_callback(running.discard)
        finally:
            for task in running:
                task.cancel()

    async def _call(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        answer: dict[str, Any] = {"id": asked.get("id")}
        try:
            signature = CALLS[asked["call"]]
            arguments = [from_json(kind, value) for kind, value in zip(signature.takes, asked["with"], strict=True)]
            answer["result"] = to_json(await getattr(self._bed, asked["call"])(*arguments))
        except (OSError, ValueError, TypeError, KeyError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()


class SidecarBed(LocalBed):
    """The testbed inside a sidecar: hops on addresses of their own and port 25, and ways in for strangers."""

    def __init__(self, addresses: Iterator[str], tls: ssl.SSLContext) -> None:
        super().__init__(addresses, 25, tls)

    async def forward(self, port: int, host: str, to_port: int) -> None:
        """Take connections on a port and lead them on to a host; there they come from here. Raises OSError."""

        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                onward = await asyncio.open_connection(host, to_port)
            except OSError:
                writer.close()
                return
            await join((reader, writer), onward)

        server = await asyncio.start_server(lead, "0.0.0.0", port)
        self.listeners.append(server)


def _take_addresses(first: str, count: int) -> list[str]:
    """Give this container so many more addresses on its first network. Raises CalledProcessError."""
    start = int(ip_address(first))
    addresses = [str(ip_address(start + number)) for number in range(count)]
    batch = "".join(f"addr add {address}/32 dev eth0\n" for address in addresses)
    subprocess.run(["ip", "-batch", "-"], input=batch.encode(), check=True)
    return addresses


async def _run(addresses: list[str], token: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path("/etc/postel/hop.pem"))
    bed = SidecarBed(itertools.cycle(addresses), tls)
    await bed.dns.start("0.0.0.0", 53)
    control = ControlServer(bed, token)
    await control.start("0.0.0.0", CONTROL_PORT)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(_take_addresses(sys.argv[1], int(sys.argv[2])), os.environ["POSTEL_TOKEN"]))
