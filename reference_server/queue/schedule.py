"""When to try again, when to say that mail is late, when to give up: a pure function of times (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reference_server.settings import Relay


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """How long to wait after each failed attempt."""

    intervals: Sequence[timedelta]
    """After the first attempt, the second, and so on; the last one repeats."""
    lifetime: timedelta
    """No attempt is made when the message is older than this."""
    delay_notice: timedelta | None
    """How old a message is when its sender is told; None never tells."""

    @staticmethod
    def of(relay: Relay) -> RetrySchedule:
        """As the settings say."""
        return RetrySchedule(
            tuple(timedelta(seconds=seconds) for seconds in relay.retry_intervals),
            timedelta(seconds=relay.give_up),
            None if relay.delay_notice is None else timedelta(seconds=relay.delay_notice),
        )

    def next_attempt(self, arrived: datetime, now: datetime, attempts: int) -> datetime | None:
        """When to try again after so many attempts (1 at least) have failed, or None to give up.

        An interval is never cut short, so the last attempt is at the end of the lifetime or before it.
        """
        due = now + self.intervals[min(attempts, len(self.intervals)) - 1]
        return due if due <= self.give_up_at(arrived) else None

    def give_up_at(self, arrived: datetime) -> datetime:
        """The end of the message's lifetime (Will-Retry-Until, RFC 3464 §2.3.9)."""
        return arrived + self.lifetime

    def is_late(self, arrived: datetime, now: datetime) -> bool:
        """Whether the sender may be told that the message has not got through yet."""
        return self.delay_notice is not None and now - arrived >= self.delay_notice
