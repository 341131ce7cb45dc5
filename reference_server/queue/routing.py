"""Delivery with a queue behind it: mailboxes here get their copies, everybody else's go into the queue, in one commit.

RFC 5321 §4.2.5 and §6.1 (the 250 takes responsibility for all), RFC 3461 §5.2.3 (success is told where it was asked
for).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sqlite3 import Connection

from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.clock import Clock
from reference_server.domains import LocalDomains
from reference_server.queue.entries import Fate, Kind, Outcome
from reference_server.queue.spool import NewRecipient, Spool
from reference_server.settings import Settings
from reference_server.store.database import Database
from reference_server.store.delivery import LocalDelivery
from reference_server.store.messages import Operation

_UNKNOWN = Outcome(Kind.PERMANENT, "5.1.1", "there is no such mailbox")
_IN_MAILBOX = Outcome(Kind.SENT, "2.1.5", "")


class RoutingDelivery:
    """Takes every address. `wake` is called, in any thread, once something new is in the queue."""

    def __init__(
        self,
        local: LocalDelivery,
        spool: Spool,
        database: Database,
        clock: Clock,
        settings: Settings,
        wake: Callable[[], None],
    ) -> None:
        self._local = local
        self._spool = spool
        self._database = database
        self._clock = clock
        self._domains = LocalDomains(settings)
        self._wake = wake

    def accepts(self, recipient: str) -> bool:
        """True where the address is a mailbox here."""
        return self._local.accepts(recipient)

    def deliver(
        self, envelope: Envelope, message: bytes, *, also: Operation | None = None
    ) -> Sequence[StoreFailure | None]:
        """See `Delivery`. `also` is run in the same transaction.

        An address in a domain of ours that is no mailbox fails; beside others that are taken, its failure is told by a
        notification, for one reply cannot say both.
        """
        here = tuple(each for each in envelope.recipients if self._local.accepts(each.address))
        unknown = [each for each in envelope.recipients if each not in here and self._domains.serves(each.address)]
        elsewhere = [each for each in envelope.recipients if each not in here and each not in unknown]
        if not here and not elsewhere:
            return [StoreFailure("no such mailbox", permanent=True)] * len(envelope.recipients)
        failure = self._commit(
            envelope, message, here, [*self._waiting(elsewhere), *self._told(envelope, here, unknown)], also
        )
        return [failure] * len(envelope.recipients)

    def _commit(
        self,
        envelope: Envelope,
        message: bytes,
        here: tuple[Recipient, ...],
        queued: Sequence[NewRecipient],
        also: Operation | None,
    ) -> StoreFailure | None:
        """Everything in one transaction; why it failed, if it did."""
        adding = self._spool.adding(envelope, message, queued, self._clock.now())

        def operation(connection: Connection) -> None:
            if queued:
                adding(connection)
            if also is not None:
                also(connection)

        if here:
            local = Envelope(envelope.reverse_path, here, envelope.body, envelope.utf8)
            failure = self._local.deliver(local, message, also=operation)[0]
        else:
            try:
                self._database.write(operation)
                failure = None
            except StoreFailure as error:
                failure = error
        if queued and failure is None:
            self._wake()
        return failure

    def _waiting(self, recipients: Sequence[Recipient]) -> list[NewRecipient]:
        return [NewRecipient(each) for each in recipients]

    def _told(self, envelope: Envelope, here: Sequence[Recipient], unknown: Sequence[Recipient]) -> list[NewRecipient]:
        """Recipients whose fate is certain at once, and of which the sender is to hear."""
        fates = [(each, Fate.DELIVERED, _IN_MAILBOX) for each in here] + [
            (each, Fate.FAILED, _UNKNOWN) for each in unknown
        ]
        return [
            NewRecipient(each, fate, outcome)
            for each, fate, outcome in fates
            if self._spool.needs_report(envelope, each, fate)
        ]
