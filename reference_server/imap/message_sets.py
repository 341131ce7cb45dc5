"""What a set of messages in a command stands for, and what is said where it cannot be (RFC 3501 §6.4, RFC 5530)."""

from __future__ import annotations

from reference_server.imap.outcome import Improper, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.sets import SequenceSet
from reference_server.imap.view import MailboxView
from reference_server.store.records import Ranges


def chosen(view: MailboxView, messages: SequenceSet, *, uid: bool) -> Ranges:
    """UIDs of the messages that the client means. A UID that does not exist is none (RFC 3501 §6.4.8); a number that
    does not is BAD (RFC 3501 §9, seq-number)."""
    if not uid and messages.exceeds(len(view)):
        raise Improper("There is no message of that number")
    return view.uid_ranges(messages, uid=uid)


def require_all(view: MailboxView, ranges: Ranges, present: int) -> None:
    """NO where the client named a message by its number that somebody else has expunged meanwhile."""
    if present < view.count(ranges):
        raise Refused("Some of the messages are gone", Code.EXPUNGEISSUED)
