"""Parameters of MAIL and RCPT, as tables: which extension each belongs to, and what it does to the envelope.

SIZE (RFC 1870 §6), BODY (RFC 6152 §3, RFC 3030 §3), SMTPUTF8 (RFC 6531 §3.4), RET, ENVID, NOTIFY and ORCPT (RFC 3461
§4), AUTH (RFC 4954 §5). A parameter of no extension that the session offers does not exist (555). A deliberate fault
replaces an entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from reference_server.backend import BodyType, Envelope, Notify, Recipient
from reference_server.smtp import grammar
from reference_server.smtp.paths import read_mailbox
from reference_server.smtp.replies import SYNTAX, TOO_MUCH_DATA, UNKNOWN_PARAMETER, CommandRefused
from reference_server.smtp.xtext import decode_utf8_address, decode_xtext

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession

T = TypeVar("T", Envelope, Recipient)

ENVID_LIMIT = 100
ORCPT_LIMIT = 500
"""Characters of a value, before it is decoded (RFC 3461 §4.2, §4.4)."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One keyword: the extension that brings it, and what makes the envelope, or the recipient, of its value.

    `apply` gets None where there was no `=`, and raises CommandRefused.
    """

    extension: str
    apply: Callable[[SmtpSession, T, str | None], T]


def applied(
    session: SmtpSession, table: Mapping[str, Parameter[T]], given: Sequence[grammar.Parameter], subject: T
) -> T:
    """The subject as the parameters make it, in their order; 555 for an unknown one (RFC 5321 §4.1.1.11), 501 for one
    that comes twice (RFC 3461 §4.5)."""
    seen: set[str] = set()
    for parameter in given:
        known = table.get(parameter.keyword)
        if known is None or not session.offers(known.extension):
            raise CommandRefused(UNKNOWN_PARAMETER, keyword=parameter.keyword)
        if parameter.keyword in seen:
            raise CommandRefused(SYNTAX)
        seen.add(parameter.keyword)
        subject = known.apply(session, subject, parameter.value)
    return subject


# size-value = 1*20DIGIT
def _size(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    if not re.fullmatch("[0-9]{1,20}", value or ""):
        raise CommandRefused(SYNTAX)
    if int(value or "") > session.context.settings.limits.message:
        raise CommandRefused(TOO_MUCH_DATA)  # RFC 1870 §6.1
    return envelope


# body-value = "7BIT" / "8BITMIME" / "BINARYMIME"       The last one only where its extension is offered.
def _body(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    try:
        body = BodyType(grammar.upper(value or ""))
    except ValueError:
        raise CommandRefused(SYNTAX) from None
    if body is BodyType.BINARY and not session.offers("BINARYMIME"):
        raise CommandRefused(SYNTAX)
    return replace(envelope, body=body)


def _smtputf8(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    if value is not None:
        raise CommandRefused(SYNTAX)
    return replace(envelope, utf8=True)


def _ret(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    match grammar.upper(value or ""):
        case "FULL":
            return replace(envelope, returns="FULL")
        case "HDRS":
            return replace(envelope, returns="HDRS")
        case _:
            raise CommandRefused(SYNTAX)


def _envid(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    decoded = decode_xtext(value or "")
    if not decoded or len(value or "") > ENVID_LIMIT:
        raise CommandRefused(SYNTAX)
    return replace(envelope, envelope_id=decoded)


def _auth(session: SmtpSession, envelope: Envelope, value: str | None) -> Envelope:
    """Read and believed of nobody, which is permitted (RFC 4954 §5, last paragraph)."""
    decoded = decode_xtext(value or "")
    if value != "<>" and (decoded is None or read_mailbox(decoded) is None):
        raise CommandRefused(SYNTAX)
    return envelope


# notify-esmtp-value = "NEVER" / 1#notify-list-element, where "#" permits empty elements (RFC 822 §2.7)
def _notify(session: SmtpSession, recipient: Recipient, value: str | None) -> Recipient:
    words = [word for word in grammar.upper(value or "").split(",") if word]
    if words == ["NEVER"]:
        return replace(recipient, notify=frozenset())
    if not words or not set(words) <= Notify.__members__.keys():
        raise CommandRefused(SYNTAX)
    return replace(recipient, notify=frozenset(Notify[word] for word in words))


# original-recipient-address = addr-type ";" xtext;  addr-type = atom
_ORCPT = re.compile(r"(?P<type>[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+);(?P<address>.+)")


def _orcpt(session: SmtpSession, recipient: Recipient, value: str | None) -> Recipient:
    match = _ORCPT.fullmatch(value or "")
    if match is None or len(value or "") > ORCPT_LIMIT:
        raise CommandRefused(SYNTAX)
    decode = decode_utf8_address if match["type"].lower() == "utf-8" else decode_xtext
    address = decode(match["address"])
    if not address or (not match["address"].isascii() and not session.envelope.utf8):
        raise CommandRefused(SYNTAX)
    return replace(recipient, original=f"{match['type']};{address}")


MAIL_PARAMETERS: Mapping[str, Parameter[Envelope]] = {
    "SIZE": Parameter("SIZE", _size),
    "BODY": Parameter("8BITMIME", _body),
    "SMTPUTF8": Parameter("SMTPUTF8", _smtputf8),
    "RET": Parameter("DSN", _ret),
    "ENVID": Parameter("DSN", _envid),
    "AUTH": Parameter("AUTH", _auth),
}

RCPT_PARAMETERS: Mapping[str, Parameter[Recipient]] = {
    "NOTIFY": Parameter("DSN", _notify),
    "ORCPT": Parameter("DSN", _orcpt),
}
