"""Commands of the AUTHORIZATION state: USER, PASS, APOP, AUTH, STLS, and QUIT as it is there.

RFC 1939 §4 and §7, RFC 5034 (AUTH), RFC 2595 §4 (STLS), RFC 3206 (response codes). Handlers are called only in the
states, and under the conditions, that state.py lists for them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from reference_server.actions import Action, Close, Heard, StartTls
from reference_server.backend import MaildropLocked
from reference_server.conversation import Await, Steps, blocking, next_line
from reference_server.lines import Framing
from reference_server.pop3 import grammar
from reference_server.pop3.responses import CommandRefused, ResponseCode
from reference_server.pop3.texts import Text
from reference_server.sasl import Challenge, Check, Failure, FailureReason, SaslStep, ServerMechanism, Success

if TYPE_CHECKING:
    from reference_server.pop3.session import Pop3Session


def user(session: Pop3Session, name: str) -> Steps:
    """USER: always a friendly answer, so that nobody learns which names exist [RFC1939-7.USER-e]
    [RFC3206-5-e]."""
    session.expect_password(name)
    yield session.positive(Text.NAME_ACCEPTED)


def password(session: Pop3Session, octets: bytes) -> Steps:
    """PASS: decides on the name of the USER right before it and this password [RFC1939-7.PASS-c]."""
    account, secret = session.user_name, grammar.prepared_password(octets)
    right = secret is not None and (
        yield from blocking(lambda: session.context.credentials.verify_password(account, secret))
    )
    yield from _log_in(session, account, right=right)


def apop(session: Pop3Session, arguments: grammar.ApopArguments) -> Steps:
    """APOP: the digest must be that of this session's timestamp [RFC1939-7.APOP-f]."""
    right = yield from blocking(
        lambda: session.context.credentials.verify_apop(arguments.name, session.timestamp, arguments.digest)
    )
    yield from _log_in(session, arguments.name, right=right)


def auth(session: Pop3Session, arguments: grammar.AuthArguments) -> Steps:
    """AUTH: a SASL exchange, then the same as after PASS [RFC5034-4.AUTH-p]."""
    factory = session.permitted_mechanisms().get(arguments.mechanism)
    if factory is None:
        raise CommandRefused(Text.UNKNOWN_MECHANISM)  # [RFC5034-4.AUTH-e]
    mechanism = factory(session.context.credentials, session.context.random_bytes)
    match (yield from _exchange(session, mechanism, arguments.initial_response)):
        case Success(account):
            yield from _log_in(session, account, right=True)
        case Failure(FailureReason.MALFORMED):
            raise CommandRefused(Text.BAD_EXCHANGE)
        case _:
            yield from _log_in(session, "", right=False)


def _exchange(
    session: Pop3Session, mechanism: ServerMechanism, initial_response: bytes | None
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
def _response(session: Pop3Session) -> Generator[Action | Await, object, bytes]:
    """The client's answer to a challenge; it may be longer than a command [RFC5034-4.AUTH-n]."""
    line = yield from next_line(session.context.settings.limits.sasl_line)
    yield Heard(b"***")
    if isinstance(line, Framing):
        raise CommandRefused(Text.LINE_TOO_LONG)
    if line == b"*":
        raise CommandRefused(Text.CANCELLED)  # [RFC5034-4.AUTH-g]
    response = grammar.from_base64(line)
    if response is None:
        raise CommandRefused(Text.BAD_BASE64)  # [RFC5034-4.AUTH-k]
    return response


def _log_in(session: Pop3Session, account: str, *, right: bool) -> Steps:
    """Open the maildrop of a client that has shown who it is, or turn it away."""
    if not right:
        yield from _turn_away(session)
        return
    try:
        maildrop = yield from session.open_maildrop(account)
    except MaildropLocked as error:
        raise CommandRefused(Text.MAILDROP_IN_USE, ResponseCode.IN_USE) from error  # [RFC2449-8.1.2-b]
    session.enter_transaction(maildrop)  # [RFC1939-4-e]
    count, octets = maildrop.totals()
    yield session.positive(Text.MAILDROP_READY, count=count, octets=octets)


def _turn_away(session: Pop3Session) -> Steps:
    """Answer to wrong credentials; after too many of them the connection ends too [RFC1939-4-i]."""
    session.failed_logins += 1
    if session.failed_logins < session.context.settings.limits.failed_logins:
        raise CommandRefused(Text.NOT_AUTHENTICATED, ResponseCode.AUTH)  # [RFC3206-6-a]
    yield session.negative(Text.TOO_MANY_FAILURES, ResponseCode.AUTH)
    yield Close()


def stls(session: Pop3Session, _: None) -> Steps:
    """STLS: the session begins anew under TLS, in the AUTHORIZATION state, without a greeting [RFC2595-4.STLS-a]
    [RFC2595-4.STLS-d] [RFC2595-4.STLS-e]."""
    yield session.positive(Text.BEGIN_TLS)
    yield StartTls()
    session.forget_client()


def leave(session: Pop3Session, _: None) -> Steps:
    """QUIT before any login: there is no UPDATE state [RFC1939-6-a] [RFC1939-4.QUIT-a]."""
    yield session.positive(Text.SIGNING_OFF)
    yield Close()
