"""A message that is marked as deleted, seen by each command, with and without other messages (RFC 1939 §5, §7)."""

from __future__ import annotations

from dataclasses import dataclass

from suites.pop3.dialogue_text import dialogue, expecting

NAMED = "RFC1939-5.DELE-e"


@dataclass(frozen=True, slots=True)
class Naming:
    """A command that names a message: its line for number `{n}`, and what forbids it for a marked message."""

    line: str
    section: str
    requirement: str
    requires: str = ""


COMMANDS = (
    Naming("LIST {n}", "rfc1939-5", "RFC1939-5.LIST-a"),
    Naming("RETR {n}", "rfc1939-5", "RFC1939-5.RETR-b"),
    Naming("DELE {n}", "rfc1939-5", "RFC1939-5.DELE-b"),
    Naming("TOP {n} 0", "rfc1939-7", "RFC1939-7.TOP-b", "TOP"),
    Naming("UIDL {n}", "rfc1939-7", "RFC1939-7.UIDL-a", "UIDL"),
)

#: Which of how many messages is marked: the first, one in the middle, the last, the only one.
PLACES = (("first", 1, 3), ("middle", 2, 3), ("last", 3, 3), ("only", 1, 1))


def _refused(command: Naming, place: str, number: int, count: int) -> tuple[str, str]:
    keyword = command.line.split(" ")[0]
    steps = [
        f"C: DELE {number}",
        expecting("+OK"),
        f"C: {command.line.format(n=number)}",
        expecting("-ERR", command.requirement, NAMED),
        "C: STAT",
        expecting(f"+OK {count - 1} <number> <any>", "RFC1939-5.STAT-g"),
    ]
    title = f"{keyword} of the {place} message, marked as deleted, is refused"
    text = dialogue(title, steps, messages=f"{count} plain", requires=command.requires)
    return f"pop3/{command.section}/{keyword.lower()}-of-{place}-message-deleted", text


def cases() -> list[tuple[str, str]]:
    """Each command for each place of the marked message."""
    return [_refused(command, *place) for command in COMMANDS for place in PLACES]
