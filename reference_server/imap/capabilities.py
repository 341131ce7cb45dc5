"""What the server announces (RFC 3501 §6.1.1), as a table: each entry turns its extension on, grammar included.

An entry is advertised only because the whole of its extension is there. Taking one out turns the extension off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


def _always(session: ImapSession) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Capability:
    """One word of the CAPABILITY response, and when it is announced."""

    name: str
    announced: Callable[[ImapSession], bool] = _always


CAPABILITIES: tuple[Capability, ...] = (
    Capability("IMAP4rev1"),
    Capability("LITERAL+"),
    Capability("SASL-IR"),
    Capability("ID"),
    Capability("ENABLE"),
    # Only where they can be used at this moment (RFC 3501 §6.2.1).
    Capability("STARTTLS", announced=lambda session: session.tls_possible),
    Capability("LOGINDISABLED", announced=lambda session: not session.plaintext_permitted),
    Capability("IDLE"),
    Capability("NAMESPACE"),
    Capability("CHILDREN"),
    Capability("UIDPLUS"),
    Capability("UNSELECT"),
    Capability("MOVE"),
    Capability("ESEARCH"),
    Capability("SEARCHRES"),
    Capability("WITHIN"),
    Capability("MULTIAPPEND"),
    Capability("LIST-EXTENDED"),
    Capability("LIST-STATUS"),
    Capability("STATUS=SIZE"),
    Capability("SPECIAL-USE"),
    Capability("CREATE-SPECIAL-USE"),
    Capability("CONDSTORE"),
    Capability("QRESYNC"),
    Capability("SORT"),
    Capability("I18NLEVEL=1"),
    Capability("THREAD=ORDEREDSUBJECT"),
    Capability("THREAD=REFERENCES"),
    Capability("BINARY"),
    Capability("QUOTA"),
    Capability("QUOTA=RES-STORAGE"),
    Capability("QUOTA=RES-MESSAGE"),
    Capability("QUOTASET"),
    Capability("UTF8=ACCEPT"),
    Capability("IMAP4rev2"),
)
"""What the server announces, in this order; `AUTH=` follows from the mechanisms."""

ENABLEABLE = ("CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4rev2")
"""What a client can switch on with ENABLE (RFC 5161 §3.1), where it is announced."""

IMPLIED = {"QRESYNC": ("CONDSTORE",)}
"""What else is on once an extension is (RFC 7162 §3.2.3)."""
