"""Trace information that every receiving server adds in front of a message (RFC 5321 §4.4): Received.

Return-Path is added by final delivery, in store/return_path.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from ipaddress import IPv6Address, ip_address


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of how a message came here."""

    client: str
    """The name that the client gave itself (EHLO's argument)."""
    peer: str
    """The client's IP address, or something else where it has none."""
    server: str
    protocol: str
    """A `with` protocol type: SMTP, ESMTP or LMTP (RFC 5321 §4.4, RFC 3848)."""
    id: str
    recipients: Sequence[str]
    received: datetime


# Stamp = From-domain By-domain [ Via ] [ With ] [ ID ] [ For ] [ CFWS ] ";" FWS date-time
def received(trace: Trace) -> bytes:
    """The Received field. `for` stands only where there is one recipient, so that it gives no other away (§7.6)."""
    recipient = trace.recipients[0] if len(trace.recipients) == 1 else ""
    return (
        f"Received: from {trace.client}{_tcp_info(trace.peer)}\r\n"
        f"\tby {trace.server} with {trace.protocol} id {trace.id}"
        + (f"\r\n\tfor <{recipient}>" if "@" in recipient else "")
        + f";\r\n\t{format_datetime(trace.received)}\r\n"
    ).encode("ascii")


# Extended-Domain = Domain [ FWS "(" TCP-info ")" ] / address-literal FWS "(" TCP-info ")"
def _tcp_info(peer: str) -> str:
    """What the connection itself tells; nothing where it is no connection over IP."""
    try:
        return f" ({address_literal(peer)})"
    except ValueError:
        return ""


def address_literal(address: str) -> str:
    """An IP address as RFC 5321 §4.1.3 writes it, without a zone. Raises ValueError where it is none."""
    parsed = ip_address(address.partition("%")[0])
    return f"[IPv6:{parsed}]" if isinstance(parsed, IPv6Address) else f"[{parsed}]"
