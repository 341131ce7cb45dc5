"""What one transaction is to carry: a message, and recipients of one domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reference_server.backend import Recipient


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way to one next hop. For the fields see `backend.Envelope`."""

    reverse_path: str
    recipients: tuple[Recipient, ...]
    octets: bytes
    utf8: bool = False
    returns: Literal["FULL", "HDRS"] | None = None
    envelope_id: str | None = None
