"""AUTH: a SASL exchange (RFC 4954 §4 and §6)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from reference_server.actions import Action, Close, Heard
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, Steps, blocking, next_line, with_cause
from reference_server.lines import Framing
from reference_server.sasl import Challenge, Check, SaslStep, ServerMechanism, Success
from reference_server.smtp import grammar, replies
from reference_server.smtp.replies import CommandRefused

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession


def auth(session: SmtpSession, arguments: grammar.AuthArguments) -> Steps:
    """AUTH: after it, the session is the account's; every failed one is counted, and after too many there is no
    other (RFC 4954 §9)."""
    if session.failed_logins >= session.context.settings.limits.failed_logins:
        yield session.reply(replies.TOO_MANY_FAILURES)
        yield Close()
    factory = session.permitted_mechanisms().get(arguments.mechanism)
    if factory is None:
        raise CommandRefused(replies.UNKNOWN_MECHANISM)  # also where it would need TLS (RFC 4954 §4)
    mechanism = factory(session.context.credentials, session.context.random_bytes)
    try:
        step = yield from _exchange(session, mechanism, arguments.initial_response)
    except StoreFailure as failure:
        yield with_cause(session.reply(replies.CANNOT_AUTHENTICATE), failure)
        return
    if not isinstance(step, Success):
        session.failed_logins += 1
        raise CommandRefused(replies.WRONG_CREDENTIALS)
    session.account = step.account
    yield session.reply(replies.AUTHENTICATED, account=step.account)


def _exchange(
    session: SmtpSession, mechanism: ServerMechanism, initial_response: bytes | None
) -> Generator[Action | Await, object, SaslStep]:
    """Carry messages between the client and the mechanism until it has decided."""
    step = mechanism.start(initial_response)
    while True:
        match step:
            case Challenge(data):
                yield session.challenge(data)
                step = mechanism.respond((yield from _response(session)))
            case Check(call):
                step = mechanism.checked((yield from blocking(call)))
            case _:
                return step


# response line = [ base64 ] CRLF / "*" CRLF
def _response(session: SmtpSession) -> Generator[Action | Await, object, bytes]:
    """The client's answer to a challenge; it may be longer than a command."""
    line = yield from next_line(session.context.settings.limits.sasl_line)
    yield Heard(b"***")
    if isinstance(line, Framing):
        raise CommandRefused(replies.RESPONSE_TOO_LONG)
    if line == b"*":
        raise CommandRefused(replies.CANCELLED)
    return grammar.from_base64(line)
