"""POP3's states and, as a table, the commands that each of them permits.

RFC 1939 §3 to §7; RFC 2449 §5, RFC 2595 §4, RFC 5034 §4 and RFC 6856 §2 and §3 for the added commands. A handler never
asks whether it may: what is not in the table of the present state, or whose condition does not hold, is refused before.
A deliberate fault in what is permitted when is one changed entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reference_server.conversation import Steps
from reference_server.pop3 import authorization, extensions, grammar, transaction
from reference_server.pop3.texts import Text

if TYPE_CHECKING:
    from reference_server.pop3.session import Pop3Session

A = TypeVar("A")


class State(Enum):
    """Where a session is (RFC 1939 §3)."""

    AUTHORIZATION = auto()
    PASSWORD_EXPECTED = auto()
    """Within AUTHORIZATION: USER has just succeeded, and for one command PASS is permitted [RFC1939-7.PASS-b]."""
    TRANSACTION = auto()
    UPDATE = auto()
    """After QUIT in TRANSACTION: no command is left."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold, beside the state, for a command to be permitted, and what the client is told if it does not."""

    holds: Callable[[Pop3Session], bool]
    otherwise: Text


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """One command: what does it, the grammar of its arguments, on what condition.

    `shown` is how many arguments the log may show before the secret begins; None shows all.
    """

    handler: Callable[[Pop3Session, A], Steps]
    arguments: Callable[[bytes | None], A]
    condition: Condition | None = None
    shown: int | None = None


CommandTable = Mapping[State, Mapping[str, Command[Any]]]

_PLAINTEXT = Condition(lambda session: session.plaintext_permitted, Text.NEEDS_TLS)
_TLS = Condition(lambda session: session.tls_possible, Text.NO_TLS)
_APOP = Condition(lambda session: session.context.settings.apop, Text.NO_APOP)

_ANY_STATE: Mapping[str, Command[Any]] = {
    "CAPA": Command(extensions.capa, grammar.no_arguments),
    "LANG": Command(extensions.lang, grammar.language_range),
}

_AUTHORIZATION: Mapping[str, Command[Any]] = {
    **_ANY_STATE,
    "QUIT": Command(authorization.leave, grammar.no_arguments),
    "AUTH": Command(authorization.auth, grammar.auth, shown=1),
    "STLS": Command(authorization.stls, grammar.no_arguments, _TLS),
    "UTF8": Command(extensions.utf8, grammar.no_arguments),
}

COMMANDS: CommandTable = {
    State.AUTHORIZATION: {
        **_AUTHORIZATION,
        "USER": Command(authorization.user, grammar.name, _PLAINTEXT),
        "APOP": Command(authorization.apop, grammar.apop, _APOP, shown=1),
    },
    # USER and APOP may come after the greeting or after a USER or PASS that failed, so not here (RFC 1939 §7).
    State.PASSWORD_EXPECTED: {
        **_AUTHORIZATION,
        "PASS": Command(authorization.password, grammar.password, _PLAINTEXT, shown=0),
    },
    State.TRANSACTION: {
        **_ANY_STATE,
        "STAT": Command(transaction.stat, grammar.no_arguments),
        "LIST": Command(transaction.list_, grammar.optional_message_number),
        "RETR": Command(transaction.retr, grammar.message_number),
        "DELE": Command(transaction.dele, grammar.message_number),
        "NOOP": Command(transaction.noop, grammar.no_arguments),
        "RSET": Command(transaction.rset, grammar.no_arguments),
        "TOP": Command(transaction.top, grammar.top),
        "UIDL": Command(transaction.uidl, grammar.optional_message_number),
        "QUIT": Command(transaction.update_and_leave, grammar.no_arguments),
    },
    State.UPDATE: {},
}
"""State by state, the commands that are valid in it."""


def known(table: CommandTable, keyword: str) -> Command[Any] | None:
    """The command of that keyword in whatever state has it, or None for a keyword of no state."""
    return next((commands[keyword] for commands in table.values() if keyword in commands), None)
