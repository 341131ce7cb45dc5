"""Commands of the NOT AUTHENTICATED state: STARTTLS, AUTHENTICATE, LOGIN (RFC 3501 §6.2; RFC 4959, RFC 5530)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from reference_server.actions import Action, Heard, StartTls
from reference_server.conversation import Await, blocking, next_line
from reference_server.imap import commands
from reference_server.imap.outcome import AlreadyAnswered, Completion, Handling, Improper, Refused
from reference_server.imap.parser_session import from_base64
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import Challenge, Condition
from reference_server.lines import Framing
from reference_server.sasl import Challenge as SaslChallenge
from reference_server.sasl import Check, SaslStep, ServerMechanism, Success

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


def starttls(session: ImapSession, command: commands.StartTls) -> Handling:
    """STARTTLS: nothing that was said in the clear is remembered (RFC 3501 §6.2.1)."""
    if not session.tls_possible:
        raise Improper("TLS cannot be started here")
    yield session.tagged(Condition.OK, command.tag, "Begin TLS now")
    yield StartTls()
    session.forget_client()
    raise AlreadyAnswered


def login(session: ImapSession, command: commands.Login) -> Handling:
    """LOGIN (RFC 3501 §6.2.3); never with a password in the clear where that is not permitted (RFC 3501 §6.2.3)."""
    if not session.plaintext_permitted:
        raise Refused("A password must not be sent without TLS", Code.PRIVACYREQUIRED)
    try:
        account, password = command.user.decode(), command.password.decode()
    except UnicodeDecodeError:
        account, password = "", ""
    right = yield from blocking(lambda: session.context.credentials.verify_password(account, password))
    return (yield from _log_in(session, command, account, right=right))


def authenticate(session: ImapSession, command: commands.Authenticate) -> Handling:
    """AUTHENTICATE: a SASL exchange, then the same as after LOGIN (RFC 3501 §6.2.2)."""
    factory = session.permitted_mechanisms().get(command.mechanism)
    if factory is None:
        raise Refused("There is no such mechanism here", Code.CANNOT)
    mechanism = factory(session.context.credentials, session.context.random_bytes)
    step = yield from _exchange(session, mechanism, command.initial_response)
    account = step.account if isinstance(step, Success) else ""
    return (yield from _log_in(session, command, account, right=isinstance(step, Success)))


def _exchange(
    session: ImapSession, mechanism: ServerMechanism, initial_response: bytes | None
) -> Generator[Action | Await, object, SaslStep]:
    """Carry messages between the client and the mechanism until it has decided."""
    step = mechanism.start(initial_response)
    while True:
        match step:
            case SaslChallenge(data):
                yield session.send(Challenge(data))
                step = mechanism.respond((yield from _response(session)))
            case Check(call):
                step = mechanism.checked((yield from blocking(call)))
            case _:
                return step


# response line = base64 CRLF / "*" CRLF
def _response(session: ImapSession) -> Generator[Action | Await, object, bytes]:
    """The client's answer to a challenge (RFC 3501 §6.2.2)."""
    line = yield from next_line(session.context.settings.limits.sasl_line)
    yield Heard(b"***")
    if isinstance(line, Framing):
        raise Improper("The response is too long")
    if line == b"*":
        raise Improper("The exchange was cancelled")
    decoded = from_base64(line)
    if decoded is None:
        raise Improper("The response is not base64")
    return decoded


def _log_in(session: ImapSession, command: commands.Command, account: str, *, right: bool) -> Handling:
    """Let in a client that has shown who it is; after too many that have not, the connection ends."""
    if right:
        session.enter_authenticated(account)
        return Completion("Logged in", session.capability_code())
    session.failed_logins += 1
    text = "The credentials are wrong"
    if session.failed_logins < session.context.settings.limits.failed_logins:
        raise Refused(text, Code.AUTHENTICATIONFAILED)
    yield session.tagged(Condition.NO, command.tag, text, Code.AUTHENTICATIONFAILED)
    yield from session.hang_up("Too many failed logins")
    raise AlreadyAnswered
