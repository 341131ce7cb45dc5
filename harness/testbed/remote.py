"""RemoteBed: the testbed of a sidecar, used through its control port (`control.py` has the protocol)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

from harness.errors import HarnessError, SetupError
from harness.testbed.attempt import Attempt, Query
from harness.testbed.bed import HopPlace
from harness.testbed.codec import from_json, to_json
from harness.testbed.control import CALLS, LINE_LIMIT
from harness.testbed.names import Ailment, Record
from harness.testbed.pipes import join
from harness.testbed.plan import HopPlan


class RemoteBed:
    """A client of one control port."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._at = (host, port)
        self._token = token
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._tunnels: dict[int, asyncio.Task[None]] = {}

    async def connect(self) -> None:
        """Connect. Raises OSError."""
        reader, self._writer = await self._open({"token": self._token})
        self._reading = asyncio.create_task(self._read(reader))

    async def close(self) -> None:
        """Let go of it; may be called again."""
        tasks = [*self._tunnels.values(), *([self._reading] if self._reading else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        self._end("the testbed was taken down")

    async def _open(self, hello: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self._at, limit=LINE_LIMIT)
        writer.write(json.dumps(hello).encode() + b"\n")
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                answer = json.loads(line)
                future = self._waiting.pop(answer["id"], None)
                if future is not None and not future.done():
                    future.set_result(answer)
        self._end("the testbed's sidecar has ended")

    def _end(self, why: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(SetupError(why, mend="see `docker logs` of the sidecar"))

    async def _call(self, name: str, *arguments: Any) -> Any:
        """Raises SetupError when the sidecar is gone, HarnessError for what it could not do."""
        if self._writer is None or self._reading is None or self._reading.done():
            raise SetupError("the testbed's sidecar is not there")
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        asked = {"id": number, "call": name, "with": [to_json(each) for each in arguments]}
        self._writer.write(json.dumps(asked).encode() + b"\n")
        answer = await future
        if "error" in answer:
            raise HarnessError(f"the testbed could not do {name}: {answer['error']}")
        gives = CALLS[name].gives
        return None if gives is None else from_json(gives, answer["result"])

    async def open_hop(self, plan: HopPlan) -> HopPlace:
        """In the sidecar."""
        place: HopPlace = await self._call("open_hop", plan)
        return place

    async def close_hop(self, number: int) -> None:
        """End it."""
        task = self._tunnels.pop(number, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._call("close_hop", number)

    async def follow(self, number: int, plan: HopPlan) -> None:
        """Give it another plan."""
        await self._call("follow", number, plan)

    async def take_connections(self, number: int, willing: bool) -> None:
        """Let it refuse connections, or take them again."""
        await self._call("take_connections", number, willing)

    async def wait(self, number: int, count: int, what: str, within: float) -> tuple[Attempt, ...]:
        """A call that is answered when it holds, or the time is over."""
        attempts: tuple[Attempt, ...] = await self._call("wait", number, count, what, within)
        return attempts

    async def name(self, records: Sequence[Record], ailments: Sequence[Ailment]) -> None:
        """Add records and trouble."""
        await self._call("name", tuple(records), tuple(ailments))

    async def forget(self, names: Sequence[str]) -> None:
        """Remove names."""
        await self._call("forget", tuple(names))

    async def queries(self, suffix: str) -> tuple[Query, ...]:
        """What its DNS was asked."""
        queries: tuple[Query, ...] = await self._call("queries", suffix)
        return queries

    async def forward(self, port: int, host: str, to_port: int) -> None:
        """Lead connections to one of its ports on to a host, from its own address there."""
        await self._call("forward", port, host, to_port)

    async def open_server(self, host: str, port: int) -> HopPlace:
        """A hop that is a server on this machine: connections come here through the control port."""
        place: HopPlace = await self._call("open_tunnel")
        self._tunnels[place.number] = asyncio.create_task(self._keep_tunnel(place.number, host, port))
        return place

    async def _keep_tunnel(self, number: int, host: str, port: int) -> None:
        """One connection always waits at the tunnel's end; each that is used is led to the server."""
        async with asyncio.TaskGroup() as group:
            while True:
                reader, writer = await self._open({"token": self._token, "tunnel": number})
                if await reader.read(1) != b"\n":
                    writer.close()
                    return
                try:
                    server = await asyncio.open_connection(host, port)
                except OSError:
                    writer.close()
                    continue
                group.create_task(join((reader, writer), server))
