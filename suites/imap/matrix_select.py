"""SELECT and EXAMINE: each piece of data that must come, and the first unseen message (RFC 3501 §6.3.1, §6.3.2)."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, dialogue, done, expecting, sent

#: What SELECT must bring: slug, pattern in an empty mailbox, pattern with three unseen messages, requirement.
DATA = (
    ("flags", "* FLAGS (<any>)", "* FLAGS (<any>)", "RFC3501-6.3.1-a"),
    ("exists", "* 0 EXISTS", "* 3 EXISTS", "RFC3501-6.3.1-b"),
    ("recent", "* 0 RECENT", "* <number 0..3> RECENT", "RFC3501-6.3.1-c"),
    ("unseen", "", "* OK [UNSEEN 1]", "RFC3501-6.3.1-d"),
    ("permanentflags", "* OK [PERMANENTFLAGS (<any>)]", "* OK [PERMANENTFLAGS (<any>)]", "RFC3501-6.3.1-e"),
    ("uidnext", "* OK [UIDNEXT <number 1..>]", "* OK [UIDNEXT <number 4..>]", "RFC3501-6.3.1-f"),
    ("uidvalidity", "* OK [UIDVALIDITY <number 1..>]", "* OK [UIDVALIDITY <number 1..>]", "RFC3501-6.3.1-g"),
)

#: Which of four messages are seen, and which is then the first unseen one.
UNSEEN = (("2", 1), ("1", 2), ("1,2", 3), ("1:3", 4), ("2,4", 1), ("1,3", 2))


def _piece(row: tuple[str, str, str, str], command: str, full: bool) -> Generated:
    slug, empty, three, requirement = row
    cited = (requirement,) if command == "SELECT" else ("RFC3501-6.3.2-a",)
    steps = [sent(f"{command} INBOX"), expecting(three if full else empty, *cited), "S: OK"]
    where = "a mailbox with messages" if full else "an empty mailbox"
    text = dialogue(f"{command} of {where} brings {slug.upper()}", steps, messages="3 plain" if full else "")
    section = "6.3.1" if command == "SELECT" else "6.3.2"
    return f"imap/rfc3501-{section}/{slug}-of-{where.removeprefix('a ').removeprefix('an ').replace(' ', '-')}", text


def _first_unseen(command: str, seen: str, first: int) -> Generated:
    steps = [
        *done(f"STORE {seen} +FLAGS.SILENT (\\Seen)"),
        sent(f"{command} INBOX"),
        expecting(f"* OK [UNSEEN {first}]", "RFC3501-6.3.1-j"),
        "S: OK",
    ]
    title = f"UNSEEN at {command} is the first without \\Seen where {seen} have it"
    slug = f"{command.lower()}-unseen-where-{seen.replace(',', '-and-').replace(':', '-to-')}-are-seen"
    return f"imap/rfc3501-6.3.1/{slug}", dialogue(title, steps, start="selected", messages="4 plain")


def _once(command: str, slug: str, pattern: str) -> Generated:
    """The tagged response with its code."""
    requirement = "RFC3501-6.3.1-o" if command == "SELECT" else "RFC3501-6.3.2-e"
    steps = [sent(f"{command} INBOX"), expecting(pattern, requirement)]
    section = "6.3.1" if command == "SELECT" else "6.3.2"
    return f"imap/rfc3501-{section}/{slug}", dialogue(f"{command} ends with {pattern}", steps, messages="1 plain")


def cases() -> list[Generated]:
    """All of the tables above."""
    commands = ("SELECT", "EXAMINE")
    return [
        *[
            _piece(row, command, full)
            for row in DATA
            for command in commands
            for full in (False, True)
            if full or row[1]
        ],
        *[_first_unseen(command, *row) for command in commands for row in UNSEEN],
        _once("SELECT", "read-write", "OK [READ-WRITE]"),
        _once("EXAMINE", "read-only", "OK [READ-ONLY]"),
    ]
