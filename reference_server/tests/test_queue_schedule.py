"""When to try again (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.queue.schedule import RetrySchedule
from reference_server.settings import Relay

ARRIVED = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_the_default_is_what_the_rfc_asks_for() -> None:
    schedule = RetrySchedule.of(Relay())
    now, attempts = ARRIVED, 1
    while (due := schedule.next_attempt(ARRIVED, now, attempts)) is not None:
        assert due - now >= 30 * MINUTE
        now, attempts = due, attempts + 1
    assert 4 * DAY <= now - ARRIVED <= 5 * DAY
    assert not schedule.is_late(ARRIVED, ARRIVED + 239 * MINUTE)
    assert schedule.is_late(ARRIVED, ARRIVED + 240 * MINUTE)


def test_intervals_follow_one_another_and_the_last_repeats() -> None:
    schedule = RetrySchedule((MINUTE, 2 * MINUTE, 5 * MINUTE), DAY, None)
    waits = [schedule.next_attempt(ARRIVED, ARRIVED, attempts) for attempts in range(1, 6)]
    assert [wait - ARRIVED for wait in waits if wait] == [MINUTE, 2 * MINUTE, 5 * MINUTE, 5 * MINUTE, 5 * MINUTE]
    assert not schedule.is_late(ARRIVED, ARRIVED + 100 * DAY)


def test_after_a_long_pause_there_was_one_attempt_and_no_more() -> None:
    schedule = RetrySchedule.of(Relay())
    assert schedule.next_attempt(ARRIVED, ARRIVED + 6 * DAY, 1) is None


@settings(max_examples=100)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=5),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 9),
)
def test_an_interval_is_never_cut_short_nor_the_lifetime_exceeded(
    intervals: list[int], lifetime: int, age: int, attempts: int
) -> None:
    schedule = RetrySchedule([timedelta(seconds=each) for each in intervals], timedelta(seconds=lifetime), None)
    now = ARRIVED + timedelta(seconds=age)
    due = schedule.next_attempt(ARRIVED, now, attempts)
    if due is not None:
        assert due - now in schedule.intervals
        assert due <= schedule.give_up_at(ARRIVED)
