"""COPY and MOVE, with UID or without (RFC 3501 §6.4.7, RFC 6851, RFC 4315 §3)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from reference_server.actions import Action
from reference_server.conversation import Await, blocking
from reference_server.imap import commands
from reference_server.imap.message_sets import chosen
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code, CopyUid, HighestModSeq
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.state import Updates
from reference_server.imap.storing import require_writable
from reference_server.store.rejections import MailboxMissing, MessagesGone, OverQuota
from reference_server.store.transfer import Stored

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


def copy(session: ImapSession, command: commands.Copy) -> Handling:
    """COPY: all messages or none (RFC 3501 §6.4.7)."""
    stored = yield from _transfer(session, command, remove=False)
    return Completion("Copied", _code(stored))


def move(session: ImapSession, command: commands.Move) -> Handling:
    """MOVE: COPYUID comes before the EXPUNGE responses (RFC 6851 §4.3)."""
    view = session.required_view()
    require_writable(view)
    stored = yield from _transfer(session, command, remove=True)
    code = _code(stored)
    if code is not None:
        yield session.send(StatusResponse(Condition.OK, "Moved to there", code))
    yield from session.catch_up(Updates.EVERYTHING, uids=command.uid)
    if stored.uids and "QRESYNC" in session.enabled:
        return Completion("Moved", HighestModSeq(view.mod_sequence))
    return Completion("Moved")


def _code(stored: Stored) -> CopyUid | None:
    return CopyUid(stored.uidvalidity, stored.sources, stored.uids) if stored.uids else None


def _transfer(
    session: ImapSession, command: commands.Copy | commands.Move, *, remove: bool
) -> Generator[Action | Await, object, Stored]:
    view = session.required_view()
    ranges = chosen(view, command.messages, uid=command.uid)
    expected = 0 if command.uid else view.count(ranges)
    mail, account, name = session.store.mail, session.account, command.mailbox.text
    try:
        return (
            yield from blocking(lambda: mail.copy(view.id, ranges, account, name, remove=remove, at_least=expected))
        )
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.TRYCREATE) from None
    except OverQuota:
        raise Refused("That is more than the quota allows", Code.OVERQUOTA) from None
    except MessagesGone:
        raise Refused("Some of the messages are gone", Code.EXPUNGEISSUED) from None
