"""Commands about mailboxes by name: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501 §6.3), NAMESPACE
(RFC 2342) and special uses (RFC 6154 §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.commands import StatusItem
from reference_server.imap.flags import SPECIAL_USES
from reference_server.imap.names import DELIMITER, MailboxName
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import NamespaceData, NamespaceDescription, StatusData
from reference_server.store.folders import FolderStatus
from reference_server.store.rejections import (
    HasInferiors,
    InboxStays,
    MailboxExists,
    MailboxMissing,
    SpecialUseTaken,
)

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

USES = frozenset(SPECIAL_USES) - {r"\All", r"\Flagged"}
"""Special uses that CREATE can give: only a mailbox made of others could have the two that are left out, and there are
none here; any other use is unknown (RFC 6154 §2, §3)."""


def create(session: ImapSession, command: commands.Create) -> Handling:
    """CREATE: levels above need not be made, they are there with what is below (RFC 3501 §6.3.3)."""
    if not USES.issuperset(command.special_uses):  # [RFC6154-3-d]
        raise Refused("No mailbox here can have this use", Code.USEATTR)
    folders, name = session.store.folders, command.mailbox.text
    try:
        yield from blocking(lambda: folders.create(session.account, name, command.special_uses))
    except MailboxExists:
        raise Refused("There is such a mailbox already", Code.ALREADYEXISTS) from None
    except SpecialUseTaken:
        raise Refused("Another mailbox has this use", Code.USEATTR) from None
    return Completion("Created")


def delete(session: ImapSession, command: commands.Delete) -> Handling:
    """DELETE: what lies below stays, and INBOX stays too (RFC 3501 §6.3.4)."""
    name = command.mailbox.text
    try:
        deleted = yield from blocking(lambda: session.store.folders.delete(session.account, name))
    except InboxStays:
        raise Refused("INBOX cannot be deleted", Code.CANNOT) from None
    except HasInferiors:
        raise Refused("The name has others below it and is no mailbox", Code.HASCHILDREN) from None
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.NONEXISTENT) from None
    if session.view is not None and session.view.id == deleted:
        session.deselect()
    return Completion("Deleted")


def rename(session: ImapSession, command: commands.Rename) -> Handling:
    """RENAME: what lies below goes along; of INBOX only the messages go (RFC 3501 §6.3.5)."""
    old, new = command.source.text, command.destination.text
    try:
        yield from blocking(lambda: session.store.folders.rename(session.account, old, new))
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.NONEXISTENT) from None
    except MailboxExists:
        raise Refused("There is a mailbox of the new name already", Code.ALREADYEXISTS) from None
    return Completion("Renamed")


def subscribe(session: ImapSession, command: commands.Subscribe) -> Handling:
    """SUBSCRIBE: the mailbox may come into being later (RFC 3501 §6.3.6)."""
    yield from blocking(lambda: session.store.folders.subscribe(session.account, command.mailbox.text))
    return Completion("Subscribed")


def unsubscribe(session: ImapSession, command: commands.Unsubscribe) -> Handling:
    """UNSUBSCRIBE (RFC 3501 §6.3.7)."""
    yield from blocking(lambda: session.store.folders.unsubscribe(session.account, command.mailbox.text))
    return Completion("Unsubscribed")


STATUS_VALUES: Mapping[StatusItem, Callable[[FolderStatus], int]] = {
    StatusItem.MESSAGES: lambda status: status.state.message_count,
    StatusItem.RECENT: lambda status: status.recent,
    StatusItem.UIDNEXT: lambda status: status.state.uidnext,
    StatusItem.UIDVALIDITY: lambda status: status.state.uidvalidity,
    StatusItem.UNSEEN: lambda status: status.unseen,
    StatusItem.SIZE: lambda status: status.state.octet_count,
    StatusItem.HIGHESTMODSEQ: lambda status: status.state.mod_sequence,
    StatusItem.DELETED: lambda status: status.deleted,
    StatusItem.DELETED_STORAGE: lambda status: -(-status.deleted_octets // 1024),
}
"""Each item, from what the store counts."""


def status(session: ImapSession, command: commands.Status) -> Handling:
    """STATUS: changes nothing, neither the selected mailbox nor \\Recent (RFC 3501 §6.3.10)."""
    if StatusItem.HIGHESTMODSEQ in command.items:
        yield from session.use_mod_sequences()
    try:
        data = yield from blocking(lambda: status_of(session, command.mailbox, command.items))
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.NONEXISTENT) from None
    yield session.send(data)
    return Completion("Those are the numbers")


def status_of(session: ImapSession, mailbox: MailboxName, items: tuple[StatusItem, ...]) -> StatusData:
    """The numbers of one mailbox; may block. Raises MailboxMissing."""
    found = session.store.folders.status(session.account, mailbox.text)
    return StatusData(mailbox, tuple((item, STATUS_VALUES[item](found)) for item in items))


def namespace(session: ImapSession, _: commands.Namespace) -> Handling:
    """NAMESPACE: every mailbox is the client's own (RFC 2342 §5)."""
    yield session.send(NamespaceData((NamespaceDescription("", DELIMITER),)))
    return Completion("That is where mailboxes are")
