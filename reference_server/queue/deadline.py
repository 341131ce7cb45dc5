"""Waiting no longer than so many seconds of the server's own Clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reference_server.clock import Clock


@asynccontextmanager
async def within(clock: Clock, seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError out of the block when the clock has moved on by `seconds`."""
    loop = asyncio.get_running_loop()
    inside = True
    async with asyncio.timeout(None) as wait:

        def expire() -> None:
            if inside and not wait.expired():
                wait.reschedule(loop.time())

        def due() -> None:  # maybe in another thread
            loop.call_soon_threadsafe(expire)

        timer = clock.call_later(seconds, due)
        try:
            yield
        finally:
            inside = False
            timer.cancel()
