"""Local delivery: which addresses are mailboxes here, and putting a message into them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence

from reference_server.backend import Envelope, StoreFailure
from reference_server.domains import LocalDomains
from reference_server.settings import Settings
from reference_server.store.messages import MessageStore, Operation
from reference_server.store.return_path import with_return_path

_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


class LocalDelivery:
    """Delivers to the INBOX of accounts. `accounts` says which names exist."""

    def __init__(self, store: MessageStore, accounts: Container[str], settings: Settings) -> None:
        self._store = store
        self._accounts = accounts
        self._postmaster = settings.postmaster
        self._domains = LocalDomains(settings)

    def accepts(self, recipient: str) -> bool:
        """True where the address is a mailbox here."""
        return self._owner(recipient) is not None

    def deliver(
        self, envelope: Envelope, message: bytes, *, also: Operation | None = None
    ) -> Sequence[StoreFailure | None]:
        """Store the message once in each recipient's INBOX; durable together, or temporarily failed together.

        Recipients that share a mailbox share one copy. An address that is no mailbox here fails alone, for good. `also`
        is run in the same transaction; where it fails, nothing is stored.
        """
        owners = [self._owner(recipient.address) for recipient in envelope.recipients]
        failure: StoreFailure | None = None
        try:
            self._store.append(
                self.final_form(envelope, message),
                list(dict.fromkeys(owner for owner in owners if owner is not None)),
                also=also,
            )
        except StoreFailure as error:
            failure = error
        return [StoreFailure("no such mailbox", permanent=True) if owner is None else failure for owner in owners]

    def final_form(self, envelope: Envelope, message: bytes) -> bytes:
        """The message as it is stored."""
        return with_return_path(message, envelope.reverse_path)

    def _owner(self, recipient: str) -> str | None:
        """The account whose mailbox the address names. The domain's case does not matter (RFC 5321 §2.4), nor whether
        it has U-labels or A-labels; the local part's case does, except that `postmaster` is one in any case and needs
        no domain (RFC 5321 §4.5.1)."""
        local, at, domain = recipient.rpartition("@")
        if not at:
            return self._postmaster if recipient.lower() == "postmaster" else None
        if domain not in self._domains:
            return None
        name = unicodedata.normalize("NFC", _unquote(local))
        if name.lower() == "postmaster":
            return self._postmaster
        return name if name in self._accounts else None


def _unquote(local: str) -> str:
    """A quoted local part names the same mailbox as the text that it quotes (RFC 5321 §4.1.2)."""
    if len(local) >= 2 and local[0] == local[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", local[1:-1])
    return local
