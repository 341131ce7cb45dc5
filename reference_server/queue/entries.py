"""What the queue holds: messages, and what has become of each of their recipients.

Also decides which recipients' fate the sender is to hear of (RFC 3461 §5.2). Knows no SQL and no SMTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reference_server.backend import Envelope, Notify, Recipient

_REPLY = re.compile(r"[2-5][0-9]{2}(?: |\Z)")


class Fate(StrEnum):
    """What has become of a message for one recipient; the values but the first are actions of RFC 3464 §2.3.3."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    """It is in a mailbox here."""
    RELAYED = "relayed"
    """The next hop has answered for it."""
    FAILED = "failed"


class Kind(StrEnum):
    """How one attempt has ended for one recipient."""

    SENT = "sent"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt for one recipient.

    `status` is an enhanced status code (RFC 3463), `text` the next hop's reply or our own words, `remote` the host
    that was spoken to, empty where it did not come to that.
    """

    kind: Kind
    status: str
    text: str
    remote: str = ""
    informed: bool = False
    """The next hop took over the duty to notify (RFC 3461 §5.2.1)."""
    elsewhere: bool = False
    """Another host of the domain may still take it, now. Never where this one may have it already (RFC 1047)."""

    @property
    def is_reply(self) -> bool:
        """Whether `text` is what the next hop said, which begins with its code."""
        return _REPLY.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class QueuedRecipient:
    """One recipient of a queued message. `last` tells of the last attempt, None before the first."""

    position: int
    recipient: Recipient
    fate: Fate = Fate.WAITING
    reported: bool = False
    """Nothing is left to be told to the sender."""
    delay_told: bool = False
    attempts: int = 0
    next_attempt: datetime | None = None
    last_attempt: datetime | None = None
    last: Outcome | None = None

    @property
    def wants_delay_notice(self) -> bool:
        """Whether a notice of the delay is allowed (RFC 3461 §5.2.5) and has not been sent."""
        return not self.delay_told and _wants(self.recipient, Notify.DELAY)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.fate is not Fate.WAITING and self.reported


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queued message without its octets. `envelope` has the recipients as they were received, in their order."""

    id: int
    envelope: Envelope
    arrived: datetime
    length: int
    recipients: tuple[QueuedRecipient, ...]

    @property
    def name(self) -> str:
        """The identifier that people see."""
        return f"Q{self.id}"

    @property
    def unreported(self) -> tuple[QueuedRecipient, ...]:
        """Recipients whose fate is certain and has not been told to the sender."""
        return tuple(each for each in self.recipients if each.fate is not Fate.WAITING and not each.reported)


def needs_report(envelope: Envelope, recipient: Recipient, fate: Fate, *, informed: bool = False) -> bool:
    """Whether the sender is to hear of this fate.

    Never for mail without a sender, as a notification has none (RFC 5321 §4.5.5). RFC 3461 §5.2.2, §5.2.3 and §5.2.6:
    success only where it was asked for and no further host will tell, failure unless it was declined.
    """
    if not envelope.reverse_path or fate is Fate.WAITING:
        return False
    if fate is Fate.FAILED:
        return _wants(recipient, Notify.FAILURE)
    return recipient.notify is not None and Notify.SUCCESS in recipient.notify and not informed


def _wants(recipient: Recipient, event: Notify) -> bool:
    return recipient.notify is None or event in recipient.notify
