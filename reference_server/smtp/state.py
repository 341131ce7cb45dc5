"""The states of a receiving SMTP or LMTP server and, as tables, the commands that each of them permits.

RFC 5321 §4.1.4, RFC 2033 §4.1. A handler never asks whether it may: a command that is not in the table of the present
state is out of sequence (503), one that is in no table is unknown (500).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reference_server.conversation import Steps
from reference_server.smtp import commands, grammar

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession

A = TypeVar("A")


class State(Enum):
    """Where a session is."""

    CONNECTED = auto()
    """Before EHLO, HELO or LHLO."""
    READY = auto()
    """No transaction is open."""
    SENDER_GIVEN = auto()
    """MAIL has succeeded, RCPT not yet."""
    RECIPIENTS_GIVEN = auto()


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """One command: what does it, and the grammar of its arguments."""

    handler: Callable[[SmtpSession, A], Steps]
    arguments: Callable[[str | None], A]


CommandTable = Mapping[State, Mapping[str, Command[Any]]]

# At any time, also before the hello (RFC 5321 §4.1.4).
_ANY_TIME: Mapping[str, Command[Any]] = {
    "RSET": Command(commands.rset, grammar.no_arguments),
    "NOOP": Command(commands.noop, grammar.optional_string),
    "VRFY": Command(commands.vrfy, grammar.string),
    "HELP": Command(commands.help_, grammar.optional_string),
    "QUIT": Command(commands.quit_, grammar.no_arguments),
    **{
        verb: Command(commands.not_implemented, grammar.ignored)
        for verb in ("EXPN", "SEND", "SOML", "SAML", "TURN")  # RFC 5321 Appendix F.1, F.6
    },
}

_SMTP_HELLO: Mapping[str, Command[Any]] = {
    "HELO": Command(commands.helo, grammar.hello),
    "EHLO": Command(commands.ehlo, grammar.hello),
}

# LMTP has no HELO and no EHLO (RFC 2033 §4.1).
_LMTP_HELLO: Mapping[str, Command[Any]] = {"LHLO": Command(commands.lhlo, grammar.hello)}


def _table(hello: Mapping[str, Command[Any]]) -> CommandTable:
    at_any_time = {**_ANY_TIME, **hello}
    rcpt = Command(commands.rcpt, grammar.rcpt)
    return {
        State.CONNECTED: at_any_time,
        State.READY: {**at_any_time, "MAIL": Command(commands.mail, grammar.mail)},
        State.SENDER_GIVEN: {**at_any_time, "RCPT": rcpt},
        State.RECIPIENTS_GIVEN: {**at_any_time, "RCPT": rcpt, "DATA": Command(commands.data, grammar.no_arguments)},
    }


SMTP_COMMANDS = _table(_SMTP_HELLO)
LMTP_COMMANDS = _table(_LMTP_HELLO)
