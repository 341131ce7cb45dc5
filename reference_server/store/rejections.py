"""Why the store does not do what it was asked to."""

from __future__ import annotations

from reference_server.backend import Rejected


class MailboxMissing(Rejected):
    """There is no mailbox of that name, or no longer one of that id."""


class MailboxExists(Rejected):
    """There is a mailbox of that name already."""


class InboxStays(Rejected):
    """INBOX cannot be deleted (RFC 3501 §6.3.4)."""


class HasInferiors(Rejected):
    """The name is no mailbox, only the way to others (RFC 3501 §6.3.4)."""


class SpecialUseTaken(Rejected):
    """Another mailbox of the account has that special use (RFC 6154 §3)."""


class OverQuota(Rejected):
    """The account would hold more than its quota allows (RFC 9208 §4.3)."""


class MessagesGone(Rejected):
    """Somebody else has expunged some of the messages."""
