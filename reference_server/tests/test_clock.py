"""The clocks: virtual timers fire in order, at their own moments, and only when the clock is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.clock import SystemClock, VirtualClock


def test_virtual_time_stands_still() -> None:
    clock = VirtualClock(datetime(2026, 3, 4, tzinfo=UTC))
    assert (clock.now(), clock.monotonic()) == (clock.now(), clock.monotonic())
    clock.advance(90.5)
    assert clock.now() == datetime(2026, 3, 4, 0, 1, 30, 500_000, tzinfo=UTC)
    assert clock.monotonic() == 90.5


def test_a_timer_fires_at_its_moment_and_once() -> None:
    clock = VirtualClock()
    seen: list[float] = []
    clock.call_later(10, lambda: seen.append(clock.monotonic()))
    clock.advance(9.999)
    assert seen == []
    clock.advance(100)
    clock.advance(100)
    assert seen == [10]


def test_timers_started_by_timers_fire_in_the_same_advance() -> None:
    clock = VirtualClock()
    seen: list[float] = []

    def again() -> None:
        seen.append(clock.monotonic())
        clock.call_later(30, again)

    clock.call_later(30, again)
    clock.advance(100)
    assert seen == [30, 60, 90]
    assert clock.pending() == (20,)


def test_a_cancelled_timer_never_fires() -> None:
    clock = VirtualClock()
    seen: list[str] = []
    later = clock.call_later(2, lambda: seen.append("later"))
    clock.call_later(1, later.cancel)
    clock.advance(5)
    later.cancel()
    assert seen == []
    assert clock.pending() == ()


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="go back"):
        VirtualClock().advance(-1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 50), max_size=12), st.lists(st.floats(0, 20), max_size=6))
def test_timers_fire_in_order_however_time_is_cut(delays: list[float], steps: list[float]) -> None:
    clock = VirtualClock()
    fired: list[tuple[float, int]] = []
    for number, delay in enumerate(delays):
        clock.call_later(delay, lambda number=number: fired.append((clock.monotonic(), number)))  # type: ignore[misc]
    for step in [*steps, 0.0]:
        clock.advance(step)
    due = sorted((delay, number) for number, delay in enumerate(delays) if delay <= clock.monotonic())
    assert fired == due


@pytest.mark.asyncio
async def test_the_system_clock_calls_back_in_the_loop() -> None:
    clock = SystemClock()
    fired = asyncio.Event()
    before = clock.monotonic()
    clock.call_later(0, fired.set)
    await asyncio.wait_for(fired.wait(), 5)
    assert clock.monotonic() >= before
    assert clock.now().utcoffset() == timedelta(0)
