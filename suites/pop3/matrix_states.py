"""Each command in each state in which it is not valid: a negative response (RFC 1939 §3, and each command's clause).

Valid uses are all over the suite; here is only what must be refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.pop3.dialogue_text import dialogue, expecting


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A command line, the folder of its clause, and the requirement that forbids it in the wrong state."""

    line: str
    section: str
    requirement: str
    requires: str = ""

    @property
    def slug(self) -> str:
        """The command line as part of a case id, without what is secret or long in it."""
        return "-".join(word.lower() for word in self.line.split() if word.isalnum())


#: May only be given in the TRANSACTION state.
TRANSACTION_ONLY = (
    Misplaced("STAT", "rfc1939-5", "RFC1939-5.STAT-a"),
    Misplaced("LIST", "rfc1939-5", "RFC1939-5.LIST-b"),
    Misplaced("LIST 1", "rfc1939-5", "RFC1939-5.LIST-b"),
    Misplaced("RETR 1", "rfc1939-5", "RFC1939-5.RETR-c"),
    Misplaced("DELE 1", "rfc1939-5", "RFC1939-5.DELE-c"),
    Misplaced("NOOP", "rfc1939-5", "RFC1939-5.NOOP-a"),
    Misplaced("RSET", "rfc1939-5", "RFC1939-5.RSET-a"),
    Misplaced("TOP 1 0", "rfc1939-7", "RFC1939-7.TOP-c", "TOP"),
    Misplaced("UIDL", "rfc1939-7", "RFC1939-7.UIDL-b", "UIDL"),
    Misplaced("UIDL 1", "rfc1939-7", "RFC1939-7.UIDL-b", "UIDL"),
)

#: May only be given in the AUTHORIZATION state.
AUTHORIZATION_ONLY = (
    Misplaced("USER $user", "rfc1939-7", "RFC1939-7.USER-b"),
    Misplaced("PASS $password", "rfc1939-7", "RFC1939-7.PASS-f"),
    Misplaced("APOP $user 0123456789abcdef0123456789abcdef", "rfc1939-7", "RFC1939-7.APOP-b", "APOP"),
)


def _greeted(command: Misplaced) -> tuple[str, str]:
    """Right after the greeting."""
    text = dialogue(
        f"{command.line} before a login is refused",
        [f"C: {command.line}", expecting("-ERR", command.requirement, "RFC1939-3-s")],
        start="greeted",
        messages="1 plain",
        requires=command.requires,
    )
    return f"pop3/{command.section}/{command.slug}-before-login", text


def _named(command: Misplaced) -> tuple[str, str]:
    """Between USER and PASS, which is still the AUTHORIZATION state."""
    steps = [
        "C: USER $user",
        expecting("+OK"),
        f"C: {command.line}",
        expecting("-ERR", command.requirement, "RFC1939-3-s"),
    ]
    title = f"{command.line} between USER and PASS is refused"
    text = dialogue(title, steps, start="greeted", messages="1 plain", requires=command.requires)
    return f"pop3/{command.section}/{command.slug}-between-user-and-pass", text


def _logged_in(command: Misplaced) -> tuple[str, str]:
    """In the TRANSACTION state, which the refusal must not leave."""
    word = command.line.split()[0]
    steps = [
        f"C: {command.line}",
        expecting("-ERR", command.requirement, "RFC1939-3-s"),
        "C: STAT",
        expecting("+OK 1 <number> <any>", "RFC1939-3-s"),
    ]
    text = dialogue(f"{word} after a login is refused", steps, messages="1 plain", requires=command.requires)
    return f"pop3/{command.section}/{word.lower()}-after-login", text


def cases() -> list[tuple[str, str]]:
    """A case for each command in each wrong state."""
    return [
        *map(_greeted, TRANSACTION_ONLY),
        *map(_named, TRANSACTION_ONLY),
        *map(_logged_in, AUTHORIZATION_ONLY),
    ]
