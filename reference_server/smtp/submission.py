"""Message submission (RFC 6409), server side, without I/O: SMTP for the users of this server.

Authentication comes first (§4.3), domains are fully qualified (§4.2), and what a user agent has left out of the header
is added (§8.1 to §8.3), unless the settings forbid it; then nothing is altered but for the trace field.
"""

from __future__ import annotations

import re
from email.utils import format_datetime

from reference_server.backend import Envelope
from reference_server.conversation import Steps
from reference_server.mime.addresses import Address, addresses
from reference_server.mime.header import Header, fields, fields_end
from reference_server.mime.message_ids import message_ids
from reference_server.smtp.paths import DOT_STRING
from reference_server.smtp.replies import BAD_HEADER, NOT_YOUR_ADDRESS, UNQUALIFIED, CommandRefused
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import SUBMISSION_COMMANDS

_ADDRESS_FIELDS = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")


class SubmissionSession(SmtpSession):
    """One client's session."""

    default_commands = SUBMISSION_COMMANDS

    def check_sender(self, address: str) -> None:
        """The null reverse-path is permitted (RFC 6409 §3.2); others by the settings (§6.1)."""
        self._check_qualified(address)
        if address and self.context.settings.own_address_only and not self._is_own(address):
            raise CommandRefused(NOT_YOUR_ADDRESS, path=address, account=self.account)

    def check_recipient(self, address: str) -> Steps:
        """As elsewhere, and with a fully qualified domain (RFC 6409 §4.2)."""
        self._check_qualified(address)
        yield from super().check_recipient(address)

    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        """The message with its trace field, and completed where the settings say so."""
        if self.context.settings.completion:
            message = self._completed(envelope, message)
        return super().prepared(envelope, message)

    def _check_qualified(self, address: str) -> None:
        domain = address.rpartition("@")[2]
        if "@" in address and not self._is_qualified(domain):
            raise CommandRefused(UNQUALIFIED, path=address)

    def _is_qualified(self, domain: str) -> bool:
        return "." in domain or domain.startswith("[") or domain in self.local_domains

    def _is_own(self, address: str) -> bool:
        """Whether the address is the account's mailbox, in whichever of our domains."""
        local = address.rpartition("@")[0]
        return self.local_domains.serves(address) and local == _local_part(self.account or "")

    def _completed(self, envelope: Envelope, message: bytes) -> bytes:
        """The message with what RFC 5322 §3.6 wants and the user agent left out; nothing else of it changes.

        Whoever alters a header must also look after the addresses in it (RFC 6409 §4.2, §5.1).
        """
        end, _ = fields_end(message, 0, len(message))
        header = fields(message[:end])
        self._check_addresses(header)
        added = []
        if header.first(b"date") is None:
            added.append(f"Date: {format_datetime(self.context.clock.now())}")
        if len(message_ids(header.first(b"message-id") or b"")) != 1:
            added.append(f"Message-ID: <{self.context.random_bytes(16).hex()}@{self.context.settings.hostname}>")
            header = Header(tuple(field for field in header.fields if field.name != b"message-id"))
        own = f"{_local_part(self.account or '')}@{self.context.settings.domains[0]}"
        if header.first(b"sender") is None and not self._is_author(header) and (own.isascii() or envelope.utf8):
            added.append(f"Sender: {own}")
        kept = b"".join(field.raw for field in header.fields)
        return b"".join(line.encode() + b"\r\n" for line in added) + kept + message[end:]

    def _check_addresses(self, header: Header) -> None:
        for name in _ADDRESS_FIELDS:
            for value in header.every(name):
                if not all(map(self._is_usable, addresses(value))):
                    raise CommandRefused(BAD_HEADER)

    def _is_usable(self, address: Address) -> bool:
        """Whether a mailbox has both its parts and a qualified domain; a group's markers name no mailbox."""
        if address.host is None:
            return True
        return bool(address.mailbox) and self._is_qualified(address.host.decode(errors="replace"))

    def _is_author(self, header: Header) -> bool:
        """Whether the account's own address is in From; where there is no From, no other author is claimed."""
        authors = [each for value in header.every(b"from") for each in addresses(value) if each.host is not None]
        written = [f"{_text(each.mailbox)}@{_text(each.host)}" for each in authors]
        return not written or any(map(self._is_own, written))


def _text(octets: bytes | None) -> str:
    return (octets or b"").decode(errors="replace")


def _local_part(account: str) -> str:
    """The account's name as a local part: quoted where it is no dot-string."""
    if re.fullmatch(DOT_STRING, account):
        return account
    return '"' + re.sub(r'(["\\])', r"\\\1", account) + '"'
