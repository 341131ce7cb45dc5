"""A message as it may be sent to a next hop: which octets, declared how, framed how.

RFC 5321 §2.3.8 lets a client send CR and LF only as CRLF, §4.5.2 is byte-stuffing; RFC 6152 §3 asks for 8BITMIME or a
conversion; RFC 3030 §3 carries anything; RFC 1870 §6.1 spares a message that is too large the way; RFC 6531 §3.2.

* A message goes out octet for octet wherever the next hop can take it so.
* One with a bare CR, a bare LF or NUL is binary: such an octet never becomes a line end, nor is it sent within DATA,
  where a sloppy receiver might take it for one and see a second message. It goes by BDAT as BINARYMIME, and where the
  next hop has not got that, its parts are encoded.
* One with 8-bit octets is declared 8BITMIME, whatever the client said of it, and encoded where that is not offered.
* What cannot be encoded (a header, a signed or encrypted part) makes the message undeliverable: 5.6.3, or 5.6.7 where
  it is the header of an internationalised message.
* A line that is longer than 998 octets is sent as it is: cutting it would change the message, and most servers take it.
* A last line without CRLF gets one, as DATA cannot do without; by BDAT it stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from reference_server.backend import BodyType
from reference_server.mime.header import fields_end
from reference_server.queue.conversion import CannotConvert, to_seven_bit
from reference_server.queue.parcel import Parcel

_BINARY = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00")
_LEADING_DOT = re.compile(rb"^\.|(?<=\r\n)\.")


class CannotSend(Exception):
    """The message cannot be sent to a next hop with these extensions, ever; `status` says why (RFC 3463)."""

    def __init__(self, status: str, text: str) -> None:
        self.status = status
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Content:
    """What goes over the wire, byte-stuffing apart. `chunked` asks for BDAT in place of DATA."""

    octets: bytes
    body: BodyType
    chunked: bool = False


def prepare(parcel: Parcel, offered: Mapping[str, str]) -> Content:
    """The message for a next hop with these extensions (RFC 5321 §2.2.1: only what is offered). Raises CannotSend."""
    if needs_utf8(parcel) and "SMTPUTF8" not in offered:
        raise CannotSend("5.6.7", "the next hop takes no internationalised mail (SMTPUTF8)")
    content = _framed(parcel.octets, offered)
    limit = offered.get("SIZE", "").strip()
    if limit.isdecimal() and 0 < int(limit) < len(content.octets):
        raise CannotSend("5.3.4", f"the message has {len(content.octets)} octets, and the next hop takes {limit}")
    return content


def needs_utf8(parcel: Parcel) -> bool:
    """Whether the message is internationalised: its sender said so, and an address or the header bears it out.

    A recipient's domain alone is no reason, as it has a spelling in ASCII (RFC 6531 §3.2).
    """
    if not parcel.utf8:
        return False
    local_parts = [address.rpartition("@")[0] for address in (parcel.reverse_path, *_addresses(parcel))]
    end, _ = fields_end(parcel.octets, 0, len(parcel.octets))
    return not (all(local.isascii() for local in local_parts) and parcel.octets[:end].isascii())


def stuffed(octets: bytes) -> bytes:
    """A dot in front of every line that begins with one (RFC 5321 §4.5.2)."""
    return _LEADING_DOT.sub(b"..", octets)


def is_binary(octets: bytes) -> bool:
    """Whether it holds what may stand neither in 7-bit nor in 8-bit data (RFC 2045 §2.7 to §2.9)."""
    return _BINARY.search(octets) is not None


def _addresses(parcel: Parcel) -> list[str]:
    return [each.address for each in parcel.recipients]


def _framed(octets: bytes, offered: Mapping[str, str]) -> Content:
    binary, ascii_only = is_binary(octets), octets.isascii()
    if binary and "BINARYMIME" in offered and "CHUNKING" in offered:
        return Content(octets, BodyType.BINARY, chunked=True)
    if binary or not (ascii_only or "8BITMIME" in offered):
        try:
            octets = to_seven_bit(octets)
        except CannotConvert as error:
            raise CannotSend("5.6.3", f"the next hop cannot take the message as it is, and {error}") from error
        ascii_only = True
    body = BodyType.SEVEN_BIT if ascii_only else BodyType.EIGHT_BIT
    if not octets.endswith(b"\r\n"):
        if "CHUNKING" in offered and octets:
            return Content(octets, body, chunked=True)
        octets += b"\r\n"
    return Content(octets, body)
