"""Trace information that a delivering server adds (RFC 5321 §4.4): Return-Path and Received.

Both go in front of the message. Of the message itself nothing changes, but that a Return-Path which it brought along
is removed, so that exactly one is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from ipaddress import IPv6Address, ip_address

CRLF = b"\r\n"

# field = 1*ftext ":" ...            (RFC 5322 §2.2; obsolete syntax lets white space stand before the colon, §4.5)
_FIELD = re.compile(rb"(?P<name>[\x21-\x39\x3b-\x7e]+)[ \t]*:")


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
    reverse_path: str
    recipients: Sequence[str]
    received: datetime


def with_trace(message: bytes, trace: Trace) -> bytes:
    """The message as it is to be stored."""
    return return_path(trace.reverse_path) + received(trace) + without_return_path(message)


# Return-path-line = "Return-Path:" FWS Reverse-path CRLF
def return_path(address: str) -> bytes:
    """The Return-Path field; `<>` for an empty address."""
    return f"Return-Path: <{address}>\r\n".encode("ascii")


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


def without_return_path(message: bytes) -> bytes:
    """The message without the Return-Path fields of its header; all other octets stay (RFC 5321 §4.4)."""
    kept: list[bytes] = []
    position, removing = 0, False
    while (end := message.find(CRLF, position)) >= 0:
        line = message[position : end + 2]
        if not line.startswith((b" ", b"\t")):
            field = _FIELD.match(line)
            if field is None:  # the blank line, or something that is no header
                break
            removing = field["name"].lower() == b"return-path"
        if not removing:
            kept.append(line)
        position = end + 2
    return b"".join(kept) + message[position:]
