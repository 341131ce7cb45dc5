"""Shared: what all cases on one target share, started for the first that asks and stopped with the target."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar


class Stoppable(Protocol):
    """Something that runs as long as the target."""

    async def stop(self) -> None:
        """End it."""


S = TypeVar("S", bound=Stoppable)


class Shared:
    """Things by key."""

    def __init__(self) -> None:
        self._things: dict[object, Any] = {}
        self._starting = asyncio.Lock()

    async def get(self, key: object, start: Callable[[], Awaitable[S]]) -> S:
        """The thing under a key, started unless somebody has."""
        async with self._starting:
            if key not in self._things:
                self._things[key] = await start()
        found: S = self._things[key]
        return found

    async def stop(self) -> None:
        """Stop everything."""
        while self._things:
            await self._things.popitem()[1].stop()
