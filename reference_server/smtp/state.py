"""The states of a receiving SMTP or LMTP server and, as tables, the commands that each of them permits.

RFC 5321 §4.1.4, RFC 2033 §4.1, RFC 6409 §4.3, RFC 3030 §2, RFC 3207 §4, RFC 4954 §4. A handler never asks whether it
may: a command that is not in the table of the present state is out of sequence (503), one that is in no table is
unknown (500), one whose extension is turned off is not implemented (502), and one whose condition does not hold gets
the condition's reply. A deliberate fault in what is permitted when is one changed entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from reference_server.backend import BodyType
from reference_server.conversation import Steps
from reference_server.smtp import authentication, commands, grammar, replies, transaction
from reference_server.smtp.replies import Reply

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
    CHUNKS_GIVEN = auto()
    """BDAT has succeeded, and was not the last."""
    CHUNK_REFUSED = auto()
    """BDAT has failed, and was not the last: the transaction is over, and RSET must say so (RFC 3030 §2)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold, beside the state, for a command to be permitted, and the reply if it does not."""

    holds: Callable[[SmtpSession], bool]
    otherwise: Reply


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """One command: what does it, the grammar of its arguments, on what conditions.

    `extension` is the one that brings it. `skip` takes what a client sends behind the command line, where the command
    is refused. `shown` is how many arguments the log may show before the secret begins; None shows all.
    """

    handler: Callable[[SmtpSession, A], Steps]
    arguments: Callable[[str | None], A]
    conditions: tuple[Condition, ...] = ()
    extension: str | None = None
    skip: Callable[[SmtpSession, A], Steps] | None = None
    shown: int | None = None


CommandTable = Mapping[State, Mapping[str, Command[Any]]]

EXTENDED = Condition(lambda session: session.extended, replies.BAD_SEQUENCE)
"""What belongs to an extension is used after EHLO or LHLO (RFC 5321 §4.1.1.1)."""
AUTHENTICATED = Condition(lambda session: session.account is not None, replies.AUTHENTICATION_REQUIRED)
NOT_AUTHENTICATED = Condition(lambda session: session.account is None, replies.BAD_SEQUENCE)
NOT_ENCRYPTED = Condition(lambda session: not session.encrypted, replies.BAD_SEQUENCE)
TLS_AVAILABLE = Condition(lambda session: session.context.can_start_tls, replies.NOT_IMPLEMENTED)
NOT_BINARY = Condition(lambda session: session.envelope.body is not BodyType.BINARY, replies.BAD_SEQUENCE)
"""BINARYMIME cannot be used with DATA (RFC 3030 §3)."""

_BDAT = Command(transaction.bdat, grammar.bdat, (EXTENDED,), extension="CHUNKING", skip=transaction.skip_chunk)

# At any time, also before the hello (RFC 5321 §4.1.4).
_ANY_TIME: Mapping[str, Command[Any]] = {
    "RSET": Command(transaction.rset, grammar.no_arguments),
    "NOOP": Command(commands.noop, grammar.optional_string),
    "VRFY": Command(commands.vrfy, grammar.name),
    "EXPN": Command(commands.expn, grammar.name, extension="EXPN"),
    "HELP": Command(commands.help_, grammar.optional_string, extension="HELP"),
    "QUIT": Command(commands.quit_, grammar.no_arguments),
    # In every state, for the octets behind it must never be taken for commands.
    "BDAT": replace(_BDAT, handler=transaction.bdat_out_of_sequence),
    **{
        verb: Command(commands.not_implemented, grammar.ignored)
        for verb in ("SEND", "SOML", "SAML", "TURN")  # RFC 5321 Appendix F.1, F.6
    },
}

_SMTP_HELLO: Mapping[str, Command[Any]] = {
    "HELO": Command(commands.helo, grammar.hello),
    "EHLO": Command(commands.ehlo, grammar.hello),
}

# LMTP has no HELO and no EHLO (RFC 2033 §4.1).
_LMTP_HELLO: Mapping[str, Command[Any]] = {"LHLO": Command(commands.ehlo, grammar.hello)}


def _table(hello: Mapping[str, Command[Any]]) -> CommandTable:
    at_any_time = {**_ANY_TIME, **hello}
    rcpt = Command(transaction.rcpt, grammar.rcpt)
    return {
        State.CONNECTED: at_any_time,
        State.READY: {
            **at_any_time,
            "MAIL": Command(transaction.mail, grammar.mail),
            "STARTTLS": Command(
                commands.starttls, grammar.no_arguments, (EXTENDED, NOT_ENCRYPTED, TLS_AVAILABLE), "STARTTLS"
            ),
            "AUTH": Command(authentication.auth, grammar.auth, (EXTENDED, NOT_AUTHENTICATED), "AUTH", shown=1),
        },
        State.SENDER_GIVEN: {**at_any_time, "RCPT": rcpt},
        State.RECIPIENTS_GIVEN: {
            **at_any_time,
            "RCPT": rcpt,
            "DATA": Command(transaction.data, grammar.no_arguments, (NOT_BINARY,)),
            "BDAT": _BDAT,
        },
        State.CHUNKS_GIVEN: {**at_any_time, "BDAT": _BDAT},
        State.CHUNK_REFUSED: at_any_time,
    }


SMTP_COMMANDS = _table(_SMTP_HELLO)
LMTP_COMMANDS = _table(_LMTP_HELLO)

WITHOUT_AUTHENTICATION = frozenset({"AUTH", "EHLO", "HELO", "NOOP", "RSET", "QUIT", "STARTTLS"})
"""What a submission client may say before it has authenticated (RFC 4954 §6, 530)."""


def _authenticated_only(table: CommandTable) -> CommandTable:
    """The table of a server that asks everybody to authenticate: all else gets 530 first, also out of sequence."""
    verbs = {verb: command for each in table.values() for verb, command in each.items()}
    misplaced = {
        verb: replace(command, handler=commands.out_of_sequence, arguments=grammar.ignored, conditions=())
        for verb, command in verbs.items()
        if verb in {"MAIL", "RCPT", "DATA"}
    }
    return {
        state: {
            verb: command
            if verb in WITHOUT_AUTHENTICATION
            else replace(command, conditions=(AUTHENTICATED, *command.conditions))
            for verb, command in {**misplaced, **each}.items()
        }
        for state, each in table.items()
    }


SUBMISSION_COMMANDS = _authenticated_only(SMTP_COMMANDS)
