"""Tells senders what has become of their mail. A report and the note that it was made are one commit, so that a crash
neither loses nor doubles it. No failure of a report is ever reported (RFC 5321 §4.5.5, §6.1)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from reference_server.backend import BodyType, Envelope, Recipient
from reference_server.clock import Clock
from reference_server.queue.entries import Fate
from reference_server.queue.notification import Report
from reference_server.queue.routing import RoutingDelivery
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Spool
from reference_server.settings import Settings

_TOKEN_OCTETS = 12


class Reporter:
    """Makes the reports that an entry is due. `build` makes the message; a deliberate fault makes another."""

    def __init__(
        self,
        spool: Spool,
        delivery: RoutingDelivery,
        schedule: RetrySchedule,
        clock: Clock,
        settings: Settings,
        build: Callable[[Report], bytes],
    ) -> None:
        self._spool = spool
        self._delivery = delivery
        self._schedule = schedule
        self._clock = clock
        self._settings = settings
        self._build = build

    def report(self, number: int) -> None:
        """Send what is to be told about this entry, durably. Raises StoreFailure."""
        entry = self._spool.entry(number)
        if entry is None:
            return
        now = self._clock.now()
        late = [
            each
            for each in entry.recipients
            if each.fate is Fate.WAITING
            and each.attempts
            and each.wants_delay_notice
            and self._schedule.is_late(entry.arrived, now)
        ]
        if not entry.envelope.reverse_path or not (entry.unreported or late):
            return
        octets = self._build(
            Report(
                entry=entry,
                octets=self._spool.octets(number),
                settled=entry.unreported,
                late=late,
                hostname=self._settings.hostname,
                postmaster=f"postmaster@{self._settings.domains[0]}",
                now=now,
                retry_until=self._schedule.give_up_at(entry.arrived),
                token=secrets.token_hex(_TOKEN_OCTETS),
                returned_content=self._settings.relay.returned_content,
            )
        )
        noting = self._spool.reporting(
            number, [each.position for each in entry.unreported], [each.position for each in late]
        )
        envelope = _envelope(entry.envelope.reverse_path, octets)
        failure = self._delivery.deliver(envelope, octets, also=noting)[0]
        if failure is not None and failure.permanent:  # the sender is unknown here: nobody is left to be told
            self._spool.note(noting)
        elif failure is not None:
            raise failure


def _envelope(sender: str, octets: bytes) -> Envelope:
    """To the sender of the original, from nobody (RFC 5321 §4.5.5)."""
    body = BodyType.SEVEN_BIT if octets.isascii() else BodyType.EIGHT_BIT
    return Envelope("", (Recipient(sender),), body, utf8=not sender.isascii())
