"""Faults of SUBSCRIBE and UNSUBSCRIBE, and of what else changes subscriptions (RFC 3501 §6.3.6, §6.3.7, §6.3.9)."""

from __future__ import annotations

from reference_server.imap import commands as c
from reference_server.imap.folders import unsubscribe
from reference_server.imap.outcome import Handling, Refused
from reference_server.imap.session import ImapSession
from reference_server.store.folders import Folders
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import around, claiming, doing, fault, keeping


def _subscribes_new(session: ImapSession, command: c.Create) -> None:
    """CREATE also subscribes."""
    session.store.folders.subscribe(session.account, command.mailbox.text)


def _unsubscribes_existing(session: ImapSession, command: c.Unsubscribe) -> Handling:
    """UNSUBSCRIBE needs the mailbox."""
    name = command.mailbox.text
    if all(state.name != name for state in session.store.folders.all(session.account)):
        yield from ()
        raise Refused("There is no such mailbox")
    return (yield from unsubscribe(session, command))


def _delete_unsubscribes(self: Folders, owner: str, name: str) -> int:
    """DELETE also takes the subscription away."""
    deleted = Folders.delete(self, owner, name)
    self.unsubscribe(owner, name)
    return deleted


def _subscribes_existing(self: Folders, owner: str) -> frozenset[str]:
    """Only names of mailboxes that exist are shown as subscribed."""
    return Folders.subscriptions(self, owner) & {state.name for state in self.all(owner)}


FAULTS: tuple[Fault, ...] = (
    fault(
        "subscriptions/subscribe-does-nothing",
        "SUBSCRIBE subscribes to nothing",
        "6.3.6-a 6.3.6-b",
        doing("SUBSCRIBE", claiming),
        "SUBSCRIBE",
    ),
    fault(
        "subscriptions/unsubscribe-does-nothing",
        "UNSUBSCRIBE does nothing",
        "6.3.7-a",
        doing("UNSUBSCRIBE", claiming),
        "UNSUBSCRIBE",
    ),
    fault(
        "subscriptions/delete-unsubscribes",
        "DELETE takes the subscription away",
        "6.3.6-d",
        keeping(delete=_delete_unsubscribes),
        "DELETE",
        seen_in="servers that clean up subscriptions",
    ),
    fault(
        "subscriptions/lsub-of-existing",
        "LSUB shows only mailboxes that exist",
        "6.3.9-f 6.3.6-d",
        keeping(subscriptions=_subscribes_existing),
        "LSUB",
    ),
    fault(
        "subscriptions/create-subscribes",
        "CREATE subscribes to the mailbox",
        "6.3.9-a",
        around("CREATE", after=_subscribes_new),
        "CREATE",
        seen_in="servers that think it is what everybody wants",
    ),
    fault(
        "subscriptions/unsubscribe-of-what-exists",
        "UNSUBSCRIBE of a mailbox that was deleted is refused",
        "6.3.7-b",
        doing("UNSUBSCRIBE", _unsubscribes_existing),
        "UNSUBSCRIBE",
        seen_in="servers that look for the mailbox first",
    ),
    fault(
        "subscriptions/lsub-shows-mailboxes",
        "LSUB shows every mailbox, subscribed or not",
        "6.3.9-a",
        keeping(subscriptions=lambda self, owner: frozenset(state.name for state in self.all(owner))),
        "LSUB",
        seen_in="servers without subscriptions",
    ),
)
