"""A mailbox that a dialogue fills itself: messages whose octets stand in the case, for cases that look inside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Octets of a literal that stand for themselves in a dialogue.
_PLAIN = frozenset(range(0x20, 0x7F)) - set(b'"\\$')
_NAMED = {0x0D: "\\r", 0x0A: "\\n", 0x22: '\\"', 0x5C: "\\\\", 0x24: "$$"}


@dataclass(frozen=True, slots=True)
class Stored:
    """A message to be appended, with its flags and internal date (`12-Jun-2024 09:30:00 +0200`)."""

    octets: bytes
    flags: str = ""
    date: str = ""


def octets(data: bytes) -> str:
    """Octets as they are written in quotes: in literals, `C!` and patterns."""
    return "".join(chr(octet) if octet in _PLAIN else _NAMED.get(octet, f"\\x{octet:02x}") for octet in data)


def text(data: bytes) -> str:
    """The pattern of a string of exactly these octets."""
    return f'"{octets(data).replace("$$", "$")}"'


def note(subject: str, *lines: str, fields: Sequence[str] = ()) -> bytes:
    """A small message with a Subject, further fields, and these lines as its body."""
    head = ("From: Lena Fischer <lena@sender.test>", f"Subject: {subject}", *fields)
    return "".join(f"{line}\r\n" for line in (*head, "", *(lines or ("Nothing more.",)))).encode()


def appended(message: Stored | bytes, mailbox: str = "INBOX") -> list[str]:
    """The steps that append a message, as a prerequisite."""
    stored = message if isinstance(message, Stored) else Stored(message)
    flags = f"({stored.flags}) " if stored.flags else ""
    date = f'"{stored.date}" ' if stored.date else ""
    return [f'C: APPEND {mailbox} {flags}{date}{{literal "{octets(stored.octets)}"}}', "S: OK"]


def filled(messages: Iterable[Stored | bytes], *, command: str = "SELECT") -> list[str]:
    """The steps that put these messages into INBOX and select it; the dialogue starts at `authenticated`."""
    steps = [step for message in messages for step in appended(message)]
    return [*steps, f"C: {command} INBOX", "S: OK"]
