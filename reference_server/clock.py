"""Time for the whole server: what it is now, and calling something later.

Nothing else in the reference asks the system for the time or starts a timer, so that a test can let ten minutes
(RFC 1939 §3, autologout) pass in an instant. Knows no protocol.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Make it never happen; harmless where it already has."""


class Clock(Protocol):
    """Tells the time and calls back."""

    def now(self) -> datetime:
        """The date and time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Make `call` happen once, `seconds` from now. It must be quick and must not raise."""


class SystemClock:
    """The time of this computer. `call_later` needs a running event loop and calls back in it."""

    def now(self) -> datetime:
        """The date and time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        return time.monotonic()

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Make `call` happen once, `seconds` from now, in the running event loop."""
        return asyncio.get_running_loop().call_later(seconds, call)


@dataclass(order=True, slots=True)
class _VirtualTimer:
    due: float
    order: int
    call: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class VirtualClock:
    """A clock that moves only when `advance` is called, from whatever thread."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._timers: list[_VirtualTimer] = []
        self._orders = itertools.count()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The virtual date and time, aware, in UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._elapsed

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Make `call` happen when the clock has been advanced by `seconds`, never before that."""
        with self._lock:
            timer = _VirtualTimer(self._elapsed + max(0.0, seconds), next(self._orders), call)
            heapq.heappush(self._timers, timer)
        return timer

    def pending(self) -> tuple[float, ...]:
        """The seconds from now after which each waiting timer is due, soonest first."""
        with self._lock:
            return tuple(sorted(t.due - self._elapsed for t in self._timers if not t.cancelled))

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, firing the timers that fall due, in order, each at its own moment.

        A timer that a fired timer starts fires in the same call where it falls due within it. Raises ValueError for
        a negative number.
        """
        if seconds < 0:
            raise ValueError("a clock does not go back")
        end = self._elapsed + seconds
        while (timer := self._next_due(end)) is not None:
            if not timer.cancelled:
                timer.call()
        self._elapsed = end

    def _next_due(self, end: float) -> _VirtualTimer | None:
        with self._lock:
            if not self._timers or self._timers[0].due > end:
                return None
            timer = heapq.heappop(self._timers)
            self._elapsed = max(self._elapsed, timer.due)
            return timer
