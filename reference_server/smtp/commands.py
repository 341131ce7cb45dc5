"""Commands that belong to no mail transaction: hellos, VRFY, EXPN, HELP, NOOP, QUIT, STARTTLS.

RFC 5321 §4.1.1, RFC 2033 §4.1, RFC 3207 §4, RFC 6531 §3.7.4.2. Handlers are called only in the states, and under the
conditions, that state.py lists for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.actions import Close, StartTls
from reference_server.conversation import Steps, blocking
from reference_server.smtp import replies
from reference_server.smtp.grammar import NameArguments
from reference_server.smtp.paths import read_mailbox
from reference_server.smtp.replies import CommandRefused, Reply

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession


def helo(session: SmtpSession, client: str) -> Steps:
    """HELO: a session without extensions (RFC 5321 §4.1.1.1)."""
    session.begin(client, extended=False)
    yield session.reply(replies.HELLO, client=client)


def ehlo(session: SmtpSession, client: str) -> Steps:
    """EHLO or LHLO: a session with the extensions that the answer lists; it aborts a transaction (RFC 5321 §4.1.4,
    RFC 2033 §4.1)."""
    session.begin(client, extended=True)
    (greeting,) = replies.HELLO.lines
    yield session.reply(Reply(250, None, (greeting, *session.announcements())), client=client)


def starttls(session: SmtpSession, _: None) -> Steps:
    """STARTTLS: the session begins anew under TLS, without a greeting (RFC 3207 §4.2)."""
    yield session.reply(replies.BEGIN_TLS)
    yield StartTls()
    session.forget_client()


def noop(session: SmtpSession, _: str) -> Steps:
    """NOOP: nothing, whatever its argument (RFC 5321 §4.1.1.9)."""
    yield session.reply(replies.DONE)


def vrfy(session: SmtpSession, arguments: NameArguments) -> Steps:
    """VRFY: whether the name is a mailbox here, where the policy lets that be told (RFC 5321 §3.5, §7.3)."""
    yield from _look_up(session, arguments)


def expn(session: SmtpSession, arguments: NameArguments) -> Steps:
    """EXPN: there are no lists, and a user's name is a list of one (RFC 5321 §3.5.1)."""
    yield from _look_up(session, arguments)


def _look_up(session: SmtpSession, arguments: NameArguments) -> Steps:
    if not session.context.settings.verification:
        raise CommandRefused(replies.NOT_VERIFIED)
    written = arguments.name.removeprefix("<").removesuffix(">")
    address = read_mailbox(written if "@" in written else f"{written}@{session.context.settings.domains[0]}")
    if address is None:
        raise CommandRefused(replies.NO_SUCH_MAILBOX, path=written)
    if not session.local_domains.serves(address):
        raise CommandRefused(replies.NOT_VERIFIED)
    if not (yield from blocking(lambda: session.context.delivery.accepts(address))):
        raise CommandRefused(replies.NO_SUCH_MAILBOX, path=address)
    if not address.isascii() and not arguments.utf8:
        raise CommandRefused(replies.NOT_PRINTABLE)  # RFC 6531 §3.7.4.2
    yield session.reply_in_utf8(replies.MAILBOX, path=address)


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


def out_of_sequence(session: SmtpSession, _: object) -> Steps:
    """A command that belongs elsewhere, where something else must be said before that (state.py)."""
    yield session.reply(replies.BAD_SEQUENCE)
