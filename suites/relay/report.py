"""A notification as a sender's program reads it: parts, fields of the message, a group of fields for each recipient.

RFC 6522 §3 (multipart/report), RFC 3464 §2 (message/delivery-status). Lenient: cases say what has to be there.
"""

from __future__ import annotations

import email.policy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, Parser

from harness.stage import Stage
from harness.testbed.attempt import Transaction
from suites.relay.exchange import Alice, come


@dataclass(frozen=True, slots=True)
class Report:
    """What came to the sender. `whole` is the message; `fields` those of its status part; `groups` by recipient."""

    sent: Transaction
    whole: Message
    parts: Sequence[Message]
    fields: Message
    groups: Sequence[Message]

    @property
    def by_recipient(self) -> Mapping[str, Message]:
        """Groups by the address in Final-Recipient."""
        return {value_of(each["Final-Recipient"]): each for each in self.groups}

    def with_action(self, action: str) -> list[str]:
        """The final recipients with that action."""
        return sorted(
            value_of(each["Final-Recipient"]) for each in self.groups if (each["Action"] or "").lower() == action
        )

    @property
    def failed(self) -> list[str]:
        """The final recipients that failed."""
        return self.with_action("failed")

    @property
    def returned(self) -> tuple[str, bytes]:
        """Type and octets of the part that returns the original; empty where there is none."""
        if len(self.parts) < 3:
            return "", b""
        part = self.parts[2]
        return part.get_content_type(), _octets_of(part, self.sent.message)


def value_of(typed: str | None) -> str:
    """The value of `type; value`."""
    return (typed or "").partition(";")[2].strip()


def type_of(typed: str | None) -> str:
    """The type of `type; value`, in lower case."""
    return (typed or "").partition(";")[0].strip().lower()


def _octets_of(part: Message, message: bytes) -> bytes:
    """The body of the last part as it stands in the message, between its header and its closing delimiter."""
    kind = part.get_content_type().encode()
    begin = message.rfind(b"Content-Type: " + kind)
    if begin < 0:
        begin = message.lower().rfind(b"content-type: " + kind)
    body = message[begin:].partition(b"\r\n\r\n")[2]
    end = body.rfind(b"\r\n--", 0, max(body.rstrip().rfind(b"\r\n--"), 0) + 4)
    return body[: max(end, 0)]


def read_report(sent: Transaction) -> Report:
    """Take a notification apart."""
    whole = BytesParser(policy=email.policy.compat32).parsebytes(sent.message)
    parts = [each for each in whole.get_payload() if isinstance(each, Message)] if whole.is_multipart() else []
    blocks: list[Message] = []
    if len(parts) > 1:
        status = parts[1]
        inner = status.get_payload()
        if isinstance(inner, list):
            blocks = [each for each in inner if isinstance(each, Message) and each.keys()]
        elif isinstance(inner, str):
            texts = inner.replace("\r\n", "\n").split("\n\n")
            blocks = [Parser().parsestr(each + "\n") for each in texts if each.strip()]
    return Report(sent, whole, parts, blocks[0] if blocks else Message(), blocks[1:])


async def report_of(stage: Stage, sender: Alice, *requirements: str, number: int = 1) -> Report:
    """The number-th message that came to the sender; where none comes, the requirements are not met."""
    return read_report(await come(stage, sender.hop, number, *requirements))
