"""Trace information that every receiving server adds in front of a message (RFC 5321 §4.4): Received.

Return-Path is added by final delivery, in store/return_path.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from reference_server.domains import address_literal
from reference_server.mime.header import fields_end


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of how a message came here."""

    client: str
    """The name that the client gave itself (EHLO's argument)."""
    peer: str
    """The client's IP address, or something else where it has none."""
    server: str
    protocol: str
    """A `with` protocol type (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3)."""
    id: str
    recipients: Sequence[str]
    received: datetime


# Stamp = From-domain By-domain [ Via ] [ With ] [ ID ] [ For ] [ CFWS ] ";" FWS date-time
def received(trace: Trace) -> bytes:
    """The Received field. `for` stands only where there is one recipient, so that it gives no other away (§7.6). An
    address with UTF-8 has come with SMTPUTF8 only, and stays as it is (RFC 6531 §3.7.3)."""
    recipient = trace.recipients[0] if len(trace.recipients) == 1 else ""
    return (
        f"Received: from {trace.client}{_tcp_info(trace.peer)}\r\n"
        f"\tby {trace.server} with {trace.protocol} id {trace.id}"
        + (f"\r\n\tfor <{recipient}>" if "@" in recipient else "")
        + f";\r\n\t{format_datetime(trace.received)}\r\n"
    ).encode()


# Extended-Domain = Domain [ FWS "(" TCP-info ")" ] / address-literal FWS "(" TCP-info ")"
def _tcp_info(peer: str) -> str:
    """What the connection itself tells; nothing where it is no connection over IP."""
    try:
        return f" ({address_literal(peer)})"
    except ValueError:
        return ""


# A field's name begins its line; white space may come before the colon (RFC 5322 §4.5).
_RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)


def hops(message: bytes) -> int:
    """How many Received fields the header of a message holds already (RFC 5321 §6.3)."""
    end, _ = fields_end(message, 0, len(message))
    return len(_RECEIVED.findall(message, 0, end))
