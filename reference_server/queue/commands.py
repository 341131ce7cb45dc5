"""The commands of a sending client, as text, and what EHLO's answer says may be used.

RFC 5321 §4.1.1; parameters of RFC 1870 §4, RFC 6152 §2, RFC 6531 §3.4, RFC 3030 §3 and RFC 3461 §4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reference_server.backend import BodyType, Notify, Recipient
from reference_server.domains import canonical_domain
from reference_server.queue.content import Content, needs_utf8
from reference_server.queue.parcel import Parcel
from reference_server.queue.replies import Reply

# xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "="
_NOT_XCHAR = re.compile(r"[^!-*,-<>-~]")
# QCHAR = %x21-2A / %x2C-3C / %x3E-5B / %x5D-7E; all else becomes \x{HEX} in a utf-8-addr-xtext (RFC 6533 §3)
_NOT_QCHAR = re.compile(r"[^!-*,-<>-\[\]-~]")
# ehlo-line = ehlo-keyword *( SP ehlo-param ); some servers of old write AUTH=, which is no keyword
_KEYWORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ ](.*))?")


def extensions(reply: Reply) -> dict[str, str]:
    """What EHLO's answer offers: keywords in upper case with their parameters. The first line is a greeting."""
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        match = _KEYWORD.fullmatch(line.strip())
        if match:
            found[match[1].upper()] = match[2] or ""
    return found


def encoded(line: str) -> bytes:
    """A command line. Addresses come from a grammar without CR and LF; one that held them would break the session."""
    if "\r" in line or "\n" in line:
        raise ValueError("a command line may hold no line end")
    return line.encode("utf-8") + b"\r\n"


def envelope(parcel: Parcel, content: Content, offered: Mapping[str, str]) -> tuple[str, list[str]]:
    """MAIL and the RCPT commands, with the parameters that the next hop understands (RFC 5321 §4.1.1.11)."""
    ascii_only = "SMTPUTF8" not in offered
    mail = f"MAIL FROM:<{_path(parcel.reverse_path, ascii_only=ascii_only)}>"
    if "SIZE" in offered:
        mail += f" SIZE={len(content.octets)}"
    if content.body is not BodyType.SEVEN_BIT and ("8BITMIME" in offered or content.body is BodyType.BINARY):
        mail += f" BODY={content.body.value}"
    if needs_utf8(parcel):
        mail += " SMTPUTF8"
    if "DSN" in offered:
        mail += f" RET={parcel.returns}" if parcel.returns else ""
        mail += f" ENVID={xtext(parcel.envelope_id)}" if parcel.envelope_id is not None else ""
    return mail, [_rcpt(each, "DSN" in offered, ascii_only=ascii_only) for each in parcel.recipients]


def _rcpt(recipient: Recipient, dsn: bool, *, ascii_only: bool) -> str:
    line = f"RCPT TO:<{_path(recipient.address, ascii_only=ascii_only)}>"
    if dsn and recipient.notify is not None:  # as it was received, or not at all (RFC 3461 §5.2.1)
        line += f" NOTIFY={','.join(each.name for each in Notify if each in recipient.notify) or 'NEVER'}"
    if dsn and recipient.original is not None:
        line += f" ORCPT={original_recipient(recipient.original)}"
    return line


def _path(address: str, *, ascii_only: bool) -> str:
    """The address; where UTF-8 is not understood, its domain in A-labels (RFC 6531 §3.2)."""
    if not ascii_only or address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    return f"{local}@{canonical_domain(domain)}"


# xtext = *( xchar / hexchar );  hexchar = "+" 2(HEXDIG), in upper case
def xtext(text: str) -> str:
    """ASCII text as a parameter's value (RFC 3461 §4)."""
    return _NOT_XCHAR.sub(lambda match: f"+{ord(match[0]):02X}", text)


# utf-8-addr-xtext = 1*(QCHAR / EmbeddedUnicodeChar);  EmbeddedUnicodeChar = "\x{" HEXPOINT "}"
def utf8_address(address: str) -> str:
    """An address of the type utf-8 in its spelling for seven bits (RFC 6533 §3)."""
    return _NOT_QCHAR.sub(lambda match: f"\\x{{{ord(match[0]):X}}}", address)


def original_recipient(original: str) -> str:
    """The value of ORCPT, from its decoded form (RFC 3461 §4.2, RFC 6533 §3)."""
    kind, _, address = original.partition(";")
    return f"{kind};{utf8_address(address) if kind.lower() == 'utf-8' else xtext(address)}"
