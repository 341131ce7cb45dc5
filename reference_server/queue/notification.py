"""Delivery status notifications: what a sender is told of a message, as a message.

RFC 3461 §6 (what is sent when a message came by SMTP), RFC 3464 §2 (message/delivery-status), RFC 6522 §3
(multipart/report), RFC 6533 §3 (addresses that are not ASCII), RFC 3834 §5 (Auto-Submitted). The envelope is not made
here: its reverse-path is empty (RFC 5321 §4.5.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from reference_server.mime.header import fields_end
from reference_server.queue.commands import utf8_address
from reference_server.queue.content import is_binary
from reference_server.queue.conversion import quoted_printable
from reference_server.queue.entries import Fate, QueuedRecipient, QueueEntry

_DELAYED = "delayed"
_CRLF = b"\r\n"

_SUBJECTS = {
    Fate.FAILED.value: "Your message was not delivered",
    _DELAYED: "Your message has not been delivered yet",
    Fate.DELIVERED.value: "Your message was delivered",
    Fate.RELAYED.value: "Your message was passed on",
}
_EXPLANATIONS = {
    Fate.FAILED.value: "It could not be delivered to these addresses, and no further attempt will be made:",
    _DELAYED: "It could not be delivered to these addresses so far. You need not send it again; attempts go on:",
    Fate.DELIVERED.value: "It is in the mailbox of:",
    Fate.RELAYED.value: "It was passed on for these addresses to a server that will not confirm its delivery:",
}
"""By action, in the order of importance."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a notification is made of."""

    entry: QueueEntry
    octets: bytes
    """The original message."""
    settled: Sequence[QueuedRecipient]
    """Recipients whose fate is certain."""
    late: Sequence[QueuedRecipient]
    """Recipients who are told to be waiting."""
    hostname: str
    """Of the server that reports."""
    postmaster: str
    """The address of a person there who reads replies (RFC 3464 §2)."""
    now: datetime
    retry_until: datetime
    token: str
    """Something that no other notification has, printable: for Message-ID and boundary."""
    returned_content: int
    """The largest original, in octets, that is returned whole."""

    def actions(self) -> list[tuple[str, QueuedRecipient]]:
        """Each recipient with its action (RFC 3464 §2.3.3)."""
        return [(each.fate.value, each) for each in self.settled] + [(_DELAYED, each) for each in self.late]


def notification(report: Report) -> bytes:
    """The notification, as a whole message."""
    boundary = f"report-{report.token}".encode()
    parts = [_explanation(report), _delivery_status(report), _original(report)]
    body = b"".join(b"--" + boundary + _CRLF + part + _CRLF for part in parts if part)
    header = [
        f"From: Mail delivery system <{report.postmaster}>",
        f"To: <{report.entry.envelope.reverse_path}>",
        f"Subject: {_subject(report)}",
        f"Date: {format_datetime(report.now)}",
        f"Message-ID: <{report.token}@{report.hostname}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        f'\tboundary="{boundary.decode()}"',
        *([] if body.isascii() else ["Content-Transfer-Encoding: 8bit"]),
    ]
    return _lines(header) + _CRLF + body + b"--" + boundary + b"--\r\n"


def _subject(report: Report) -> str:
    actions = {action for action, _ in report.actions()}
    return next(text for action, text in _SUBJECTS.items() if action in actions)


# ---- the part for people ---------------------------------------------------------------------------------------------


def _explanation(report: Report) -> bytes:
    lines = [f"This is the mail server {report.hostname}, writing about the message that you sent."]
    for action, explanation in _EXPLANATIONS.items():
        concerned = [each for acted, each in report.actions() if acted == action]
        if concerned:
            lines += ["", explanation, ""]
            lines += [line for each in concerned for line in _told(each, action)]
    if report.late:
        lines += ["", f"Attempts end on {format_datetime(report.retry_until)}."]
    text = "\r\n".join(lines).encode() + _CRLF
    if text.isascii() and all(len(line) <= 998 for line in lines):
        return b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + text
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head + quoted_printable(text)


def _told(recipient: QueuedRecipient, action: str) -> list[str]:
    line = f"  <{recipient.recipient.address}>"
    last = recipient.last
    if last is None or action in (Fate.DELIVERED.value, Fate.RELAYED.value):
        return [line]
    said = f"{last.remote} said: {last.text}" if last.is_reply and last.remote else last.text
    return [line, f"    {said}"]


# ---- the part for programs -------------------------------------------------------------------------------------------


def _delivery_status(report: Report) -> bytes:
    """message/delivery-status: fields of the message, then of each recipient (RFC 3464 §2.1)."""
    envelope = report.entry.envelope
    message = [f"Reporting-MTA: dns; {report.hostname}"]
    if envelope.envelope_id is not None:
        message.insert(0, f"Original-Envelope-Id: {_one_line(envelope.envelope_id)}")
    message.append(f"Arrival-Date: {format_datetime(report.entry.arrived)}")
    groups = [message] + [_recipient_fields(report, action, each) for action, each in report.actions()]
    return b"Content-Type: message/delivery-status\r\n\r\n" + _CRLF.join(_lines(group) for group in groups)


def _recipient_fields(report: Report, action: str, recipient: QueuedRecipient) -> list[str]:
    """RFC 3464 §2.3, RFC 3461 §6.3."""
    fields = []
    original, last = recipient.recipient.original, recipient.last
    if original is not None:
        kind, _, address = original.partition(";")
        shown = utf8_address(address) if kind.lower() == "utf-8" else _one_line(address)
        fields.append(f"Original-Recipient: {kind}; {shown}")
    fields.append(f"Final-Recipient: {_typed(recipient.recipient.address)}")
    fields += [f"Action: {action}", f"Status: {_status(action, recipient)}"]
    if last is not None and last.remote:
        fields.append(f"Remote-MTA: dns; {last.remote}")
    if last is not None and last.text:
        fields.append(f"Diagnostic-Code: {'smtp' if last.is_reply else 'x-postel'}; {_one_line(last.text)}")
    if recipient.last_attempt is not None:
        fields.append(f"Last-Attempt-Date: {format_datetime(recipient.last_attempt)}")
    if action == _DELAYED:
        fields.append(f"Will-Retry-Until: {format_datetime(report.retry_until)}")
    return fields


def _status(action: str, recipient: QueuedRecipient) -> str:
    """The code of the actual problem, also where time ran out (RFC 3463 §3.5, X.4.7)."""
    if recipient.last is not None:
        return recipient.last.status
    return "2.0.0" if action in (Fate.DELIVERED.value, Fate.RELAYED.value) else "4.4.7"


def _typed(address: str) -> str:
    """An address with its type (RFC 3464 §2.3.2, RFC 6533 §3)."""
    return f"rfc822; {address}" if address.isascii() else f"utf-8; {utf8_address(address)}"


def _one_line(text: str) -> str:
    """Text as a field may hold it: printable ASCII, and folded lest a line grow longer than 998 octets."""
    shown = "".join(each if " " <= each <= "~" else f"\\x{{{ord(each):X}}}" for each in text)
    return "\r\n\t".join(shown[at : at + 900] for at in range(0, len(shown), 900)) if len(shown) > 900 else shown


# ---- the original ----------------------------------------------------------------------------------------------------


def _original(report: Report) -> bytes:
    """The message, where it is wanted after a failure, small enough and fit to be put into another; else its header
    (RFC 3461 §4.3, §6.2)."""
    octets = report.octets
    end, _ = fields_end(octets, 0, len(octets))
    header = octets[:end]
    failed = any(each.fate is Fate.FAILED for each in report.settled)
    whole = failed and report.entry.envelope.returns != "HDRS" and len(octets) <= report.returned_content
    global_ = report.entry.envelope.utf8 and not header.isascii()  # RFC 6532 §3.7, RFC 6533 §4.2
    if whole and not is_binary(octets) and (header.isascii() or global_):
        kind = b"message/global" if global_ else b"message/rfc822"
        return _part(kind, octets)
    if is_binary(header):
        encoded = b"text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        return b"Content-Type: " + encoded + quoted_printable(header)
    return _part(b"message/global-headers" if global_ else b"text/rfc822-headers", header)


def _part(kind: bytes, octets: bytes) -> bytes:
    mechanism = b"" if octets.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return b"Content-Type: " + kind + _CRLF + mechanism + _CRLF + octets


def _lines(lines: Sequence[str]) -> bytes:
    return b"".join(line.encode() + _CRLF for line in lines)
