"""APPEND, of one message or several (RFC 3501 §6.3.11, RFC 3502, RFC 4315 §3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.binary_append import without_nul
from reference_server.imap.flags import SYSTEM_FLAGS, is_keyword
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import AppendUid, Code
from reference_server.mime.header import fields_end
from reference_server.store.open_mailbox import knows_all
from reference_server.store.records import Flags, NewMessage
from reference_server.store.rejections import MailboxMissing, OverQuota

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


def stored_flags(flags: Iterable[str]) -> Flags:
    """The flags that can be kept; others, which only a server may make up, are passed over (RFC 3501 §7.1,
    PERMANENTFLAGS)."""
    given = tuple(flags)
    system = sum(1 << bit for bit, name in enumerate(SYSTEM_FLAGS) if name in given)
    return Flags(system, tuple(flag for flag in given if is_keyword(flag)))


def _has_8_bit_header(message: bytes) -> bool:
    return not message.isascii() and not message[: fields_end(message, 0, len(message))[0]].isascii()


def _new_message(message: commands.AppendMessage, now: datetime) -> NewMessage:
    octets = without_nul(message.data)
    if octets is None:
        raise Refused("An octet NUL is where no encoding can hide it", Code.UNKNOWN_CTE)  # RFC 3516 §4.4
    return NewMessage(octets, message.internal_date or now, stored_flags(message.flags))


def append(session: ImapSession, command: commands.Append) -> Handling:
    """APPEND: all messages or none."""
    now = session.context.clock.now()
    if not all(message.data for message in command.messages):
        raise Refused("An empty message cannot be kept", Code.CANNOT)
    if not session.dialect.utf8 and any(_has_8_bit_header(message.data) for message in command.messages):
        raise Refused("A header may hold UTF-8 only once the client enabled it", Code.CANNOT)  # RFC 6855 §4
    messages = [_new_message(message, now) for message in command.messages]
    job = partial(session.store.mail.append, session.account, command.mailbox.text, messages)
    view = session.view
    if view is not None:
        job = partial(job, by=view.subscription, since=view.mod_sequence, claim_recent=not view.read_only)
    try:
        stored = yield from blocking(job)
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.TRYCREATE) from None
    except OverQuota:
        raise Refused("That is more than the quota allows", Code.OVERQUOTA) from None
    if view is not None and knows_all(view.subscription, view.mod_sequence, stored):
        view.appended(stored, [message.flags.packed for message in messages], recent=not view.read_only)
    return Completion("Stored", AppendUid(stored.uidvalidity, stored.uids))
