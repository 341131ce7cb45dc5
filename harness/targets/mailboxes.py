"""Removing the mailboxes and subscriptions that an IMAP case has left, so that the next one finds INBOX alone.

RFC 3501 §6.3.4, §6.3.7, §6.3.8. Mailboxes that a server or its administrator makes by itself are kept, known by the
names that are usual for them. A special use (RFC 6154) shows nothing: a case can give one.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.clients.imap import ImapReply, ImapSession
from harness.clients.imap_names import MailboxNames, personal_prefix
from harness.errors import SetupError, TargetLost, TargetProtocolError
from harness.targets.model import Account
from harness.targets.reach import Reaching, imap_session
from harness.wire.imap import string
from harness.wire.imap_values import Items, Scalar

#: Names, in upper case and without a prefix, of mailboxes that no case makes.
USUAL = frozenset({"INBOX", "DRAFTS", "SENT", "TRASH", "JUNK", "SPAM", "ARCHIVE", "ARCHIVES", "OUTBOX", "TEMPLATES"})
USUAL_WORDS = frozenset(
    {"SENT ITEMS", "SENT MESSAGES", "DELETED ITEMS", "DELETED MESSAGES", "JUNK MAIL", "JUNK E-MAIL"}
)


async def names_of_mailboxes(reach: Reaching, account: Account) -> MailboxNames | None:
    """How the user's own mailboxes are named, where their names need a prefix (RFC 2342 §5); None where they do not, or
    where the target cannot be asked."""
    try:
        async with await imap_session(reach) as session:
            reply = await session.login(account.name, account.password)
            prefix = personal_prefix(await session.command("NAMESPACE")) if reply.ok else ""
            await session.logout()
    except (OSError, TargetLost, TargetProtocolError, SetupError):
        return None
    return MailboxNames(prefix) if prefix else None


async def remove_mailboxes(reach: Reaching, account: Account) -> None:
    """Remove every mailbox but the usual ones, and every subscription. What a server refuses to remove stays.

    Raises SetupError where the account cannot be logged in or the connection is lost.
    """
    try:
        async with await imap_session(reach) as session:
            reply = await session.login(account.name, account.password)
            if not reply.ok:
                raise SetupError(f"no IMAP login as {account.name}: {reply.tagged.raw!r}")
            await _remove(session)
            await session.logout()
    except (TargetLost, TargetProtocolError) as lost:
        raise SetupError(f"the mailboxes of {account.name} could not be removed: {lost}") from lost


async def _remove(session: ImapSession) -> None:
    reply = await session.command('LSUB "" *')
    for name in _names(reply, "LSUB"):
        await session.command("UNSUBSCRIBE ", _argument(name))
    reply = await session.command('LIST "" *')
    # The longest names first: what lies below is removed before what it lies in.
    for name in sorted(_names(reply, "LIST"), key=len, reverse=True):
        if not _is_usual(name):
            await session.command("DELETE ", _argument(name))


def _names(reply: ImapReply, kind: str) -> Iterator[bytes]:
    """Each listed name; lines that cannot be read are left out."""
    for response in reply.named(kind):
        match response.arguments:
            case (Items(), _, Scalar(data=name)) if name:
                yield name
            case _:
                continue


def _is_usual(name: bytes) -> bool:
    text = name.decode("latin-1").upper()
    last = text.replace("/", ".").rpartition(".")[2]
    return last in USUAL or last in USUAL_WORDS


def _argument(name: bytes) -> str | bytes:
    return string(name.decode("ascii")) if name.isascii() else name
