"""What each SMTP and LMTP command does (RFC 5321 §4.1.1, RFC 2033 §4).

Handlers are called only in the states that state.py lists for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from reference_server.actions import Close, Heard
from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.conversation import Await, Steps, blocking
from reference_server.smtp import replies
from reference_server.smtp.grammar import Parameter, PathArguments
from reference_server.smtp.mail_data import DataEnd, MailData
from reference_server.smtp.replies import CommandRefused, Outcome, Reply

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession


def helo(session: SmtpSession, client: str) -> Steps:
    """HELO: a session without extensions (RFC 5321 §4.1.1.1)."""
    session.begin(client, "SMTP")
    yield session.reply(replies.HELLO, client=client)


def ehlo(session: SmtpSession, client: str) -> Steps:
    """EHLO: a session with the extensions that the answer lists; it aborts a transaction (RFC 5321 §4.1.4)."""
    session.begin(client, "ESMTP")
    yield from _extensions(session, client)


def lhlo(session: SmtpSession, client: str) -> Steps:
    """LHLO: LMTP's EHLO (RFC 2033 §4.1)."""
    session.begin(client, "LMTP")
    yield from _extensions(session, client)


def _extensions(session: SmtpSession, client: str) -> Steps:
    (greeting,) = replies.HELLO.lines
    yield session.reply(Reply(250, None, (greeting, *session.extensions)), client=client)


def mail(session: SmtpSession, arguments: PathArguments) -> Steps:
    """MAIL: begins a transaction (RFC 5321 §4.1.1.2)."""
    _check_parameters(session, arguments.parameters)
    session.begin_transaction(arguments.address)
    yield session.reply(replies.SENDER_ACCEPTED, path=arguments.address)


def rcpt(session: SmtpSession, arguments: PathArguments) -> Steps:
    """RCPT: one more recipient, if it is local: nothing is relayed (RFC 5321 §3.6.2, §4.1.1.3)."""
    for parameter in arguments.parameters:
        raise CommandRefused(replies.UNKNOWN_PARAMETER, keyword=parameter.keyword)
    if len(session.recipients) >= session.context.settings.limits.recipients:
        raise CommandRefused(replies.TOO_MANY_RECIPIENTS)  # RFC 5321 §4.5.3.1.10
    address = arguments.address
    if not (yield from blocking(lambda: session.context.delivery.accepts(address))):
        domain = address.rpartition("@")[2].lower()
        local = "@" not in address or domain in map(str.lower, session.context.settings.domains)
        refusal = replies.NO_SUCH_MAILBOX if local else replies.NO_RELAYING
        raise CommandRefused(refusal, path=address)
    session.add_recipient(Recipient(address))
    yield session.reply(replies.RECIPIENT_ACCEPTED, path=address)


def _check_parameters(session: SmtpSession, parameters: tuple[Parameter, ...]) -> None:
    """555 for a parameter of no announced extension (RFC 5321 §4.1.1.11), 501 for a value that it does not take."""
    for parameter in parameters:
        values = session.mail_parameters.get(parameter.keyword)
        if values is None:
            raise CommandRefused(replies.UNKNOWN_PARAMETER, keyword=parameter.keyword)
        if (parameter.value or "").upper() not in values:
            raise CommandRefused(replies.SYNTAX)


def data(session: SmtpSession, _: None) -> Steps:
    """DATA: takes the message and delivers it; the transaction is over then, however it went (RFC 5321 §4.1.1.4)."""
    yield session.reply(replies.START_MAIL)
    reader = MailData(session.context.settings.limits.message)
    message = cast(bytes | DataEnd, (yield Await(reader.take)))
    yield Heard(b"(mail data)" if isinstance(message, DataEnd) else f"({len(message)} octets of mail data)".encode())
    envelope = Envelope(session.reverse_path, tuple(session.recipients))
    session.end_transaction()
    if isinstance(message, DataEnd):
        yield from session.report(envelope, [Outcome(replies.TOO_MUCH_DATA)] * len(envelope.recipients))
        return
    stamped = session.stamp(envelope, message)
    try:
        results = yield from blocking(lambda: session.context.delivery.deliver(envelope, stamped))
    except StoreFailure as failure:
        results = [failure] * len(envelope.recipients)
    yield from session.report(envelope, [_outcome(result) for result in results])


def _outcome(result: StoreFailure | None) -> Outcome:
    if result is None:
        return Outcome(replies.DELIVERED)
    return Outcome(replies.FAILED if result.permanent else replies.LOCAL_ERROR, result)


def rset(session: SmtpSession, _: None) -> Steps:
    """RSET: aborts the transaction, if there is one (RFC 5321 §4.1.1.5)."""
    session.end_transaction()
    yield session.reply(replies.DONE)


def noop(session: SmtpSession, _: str) -> Steps:
    """NOOP: nothing, whatever its argument (RFC 5321 §4.1.1.9)."""
    yield session.reply(replies.DONE)


def vrfy(session: SmtpSession, _: str) -> Steps:
    """VRFY: does not tell who is here; that takes the code 252 (RFC 5321 §7.3)."""
    yield session.reply(replies.NOT_VERIFIED)


def help_(session: SmtpSession, _: str) -> Steps:
    """HELP (RFC 5321 §4.1.1.8)."""
    yield session.reply(replies.HELP, commands=" ".join(sorted(session.implemented_verbs())))


def quit_(session: SmtpSession, _: None) -> Steps:
    """QUIT: says goodbye and closes; an unfinished transaction is forgotten (RFC 5321 §4.1.1.10)."""
    yield session.reply(replies.CLOSING)
    yield Close()


def not_implemented(session: SmtpSession, _: None) -> Steps:
    """A command that is known and not implemented (RFC 5321 §4.2.4)."""
    yield session.reply(replies.NOT_IMPLEMENTED)
