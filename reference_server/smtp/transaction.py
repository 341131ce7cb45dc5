"""Commands of a mail transaction: MAIL, RCPT, DATA, BDAT, RSET (RFC 5321 §4.1.1, RFC 3030 §2).

Handlers are called only in the states, and under the conditions, that state.py lists for them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, cast

from reference_server.actions import Action, Heard
from reference_server.backend import Envelope, Recipient, StoreFailure
from reference_server.conversation import Await, Steps, blocking
from reference_server.smtp import parameters, replies
from reference_server.smtp.grammar import Chunk, PathArguments
from reference_server.smtp.mail_data import ChunkData, DataEnd
from reference_server.smtp.replies import CommandRefused, Outcome

if TYPE_CHECKING:
    from reference_server.smtp.session import SmtpSession


def mail(session: SmtpSession, arguments: PathArguments) -> Steps:
    """MAIL: begins a transaction (RFC 5321 §4.1.1.2)."""
    envelope = Envelope(arguments.address, ())
    envelope = parameters.applied(session, session.mail_parameters, arguments.parameters, envelope)
    if not arguments.address.isascii() and not envelope.utf8:
        raise CommandRefused(replies.ASCII_SENDER_NEEDED)  # RFC 6531 §3.5
    session.check_sender(arguments.address)
    session.begin_transaction(envelope)
    yield session.reply(replies.SENDER_ACCEPTED, path=arguments.address)


def rcpt(session: SmtpSession, arguments: PathArguments) -> Steps:
    """RCPT: one more recipient, if it is a mailbox here or the client may send elsewhere (RFC 5321 §3.6.2,
    §4.1.1.3)."""
    recipient = Recipient(arguments.address)
    recipient = parameters.applied(session, session.rcpt_parameters, arguments.parameters, recipient)
    if not arguments.address.isascii() and not session.envelope.utf8:
        raise CommandRefused(replies.ASCII_RECIPIENT_NEEDED)  # RFC 6531 §3.5
    if len(session.envelope.recipients) >= session.context.settings.limits.recipients:
        raise CommandRefused(replies.TOO_MANY_RECIPIENTS)  # RFC 5321 §4.5.3.1.10
    yield from session.check_recipient(arguments.address)
    session.add_recipient(recipient)
    yield session.reply(replies.RECIPIENT_ACCEPTED, path=arguments.address)


def rset(session: SmtpSession, _: None) -> Steps:
    """RSET: aborts the transaction, if there is one (RFC 5321 §4.1.1.5)."""
    session.end_transaction()
    yield session.reply(replies.DONE)


def data(session: SmtpSession, _: None) -> Steps:
    """DATA: takes the message and delivers it; the transaction is over then, however it went (RFC 5321 §4.1.1.4)."""
    yield session.reply(replies.START_MAIL)
    reader = session.mail_data(session.context.settings.limits.message)
    message = cast(bytes | DataEnd, (yield Await(reader.take)))
    yield Heard(b"(mail data)" if isinstance(message, DataEnd) else f"({len(message)} octets of mail data)".encode())
    yield from _finish(session, message)


def bdat(session: SmtpSession, chunk: Chunk) -> Steps:
    """BDAT: takes one chunk of the message, and delivers it after the last (RFC 3030 §2)."""
    room = session.context.settings.limits.message - len(session.chunks)
    octets = yield from take_chunk(chunk, room)
    if isinstance(octets, DataEnd) and not chunk.last:
        session.refuse_chunks()
        raise CommandRefused(replies.TOO_MUCH_DATA)
    if isinstance(octets, DataEnd):
        yield from _finish(session, octets)
        return
    session.add_chunk(octets)
    if chunk.last:
        yield from _finish(session, bytes(session.chunks))
    else:
        yield session.reply(replies.CHUNK_TAKEN, size=chunk.size)


def skip_chunk(session: SmtpSession, chunk: Chunk) -> Steps:
    """The octets that a refused BDAT brings are no commands: they are taken and thrown away (RFC 3030 §2)."""
    yield from take_chunk(chunk, 0)


def bdat_out_of_sequence(session: SmtpSession, chunk: Chunk) -> Steps:
    """BDAT without recipients, or after the last chunk."""
    yield from skip_chunk(session, chunk)
    raise CommandRefused(replies.BAD_SEQUENCE)


def take_chunk(chunk: Chunk, room: int) -> Generator[Action | Await, object, bytes | DataEnd]:
    """The octets of a chunk; where they are more than there is room for, they are gone."""
    reader = ChunkData(chunk.size, keep=chunk.size <= room)
    octets = cast(bytes | DataEnd, (yield Await(reader.take)))
    yield Heard(f"(a chunk of {chunk.size} octets)".encode())
    return octets


def _finish(session: SmtpSession, message: bytes | DataEnd) -> Steps:
    """Deliver what has come whole, or explain why not. The transaction is over either way."""
    envelope = session.envelope
    session.end_transaction()
    if isinstance(message, DataEnd):
        outcome = Outcome(replies.TOO_MUCH_DATA)
    else:
        try:
            stamped = session.prepared(envelope, message)
            results = yield from blocking(lambda: session.context.delivery.deliver(envelope, stamped))
        except CommandRefused as refused:
            outcome = Outcome(refused.reply)
        except StoreFailure as failure:
            outcome = _outcome(failure)
        else:
            yield from session.report(envelope, [_outcome(result) for result in results])
            return
    yield from session.report(envelope, [outcome] * len(envelope.recipients))


def _outcome(result: StoreFailure | None) -> Outcome:
    if result is None:
        return Outcome(replies.DELIVERED)
    return Outcome(replies.FAILED if result.permanent else replies.LOCAL_ERROR, result)
