"""Commands of the TRANSACTION state: STAT, LIST, RETR, DELE, NOOP, RSET, TOP, UIDL, and QUIT, which enters UPDATE.

RFC 1939 §5 to §7. Handlers are called only in the states that state.py lists for them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from reference_server.actions import Action, Close
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, Steps, blocking, with_cause
from reference_server.pop3 import message as message_parts
from reference_server.pop3.grammar import TopArguments
from reference_server.pop3.responses import CommandRefused, ResponseCode
from reference_server.pop3.texts import Text

if TYPE_CHECKING:
    from reference_server.pop3.session import Pop3Session


def stat(session: Pop3Session, _: None) -> Steps:
    """STAT: the drop listing and nothing after it [RFC1939-5.STAT-b] [RFC1939-5.STAT-e]."""
    count, octets = session.maildrop.totals()
    yield session.figures(f"{count} {octets}")


def list_(session: Pop3Session, number: int | None) -> Steps:
    """LIST: one scan listing, or those of all messages that are not marked [RFC1939-5.LIST-f]."""
    if number is not None:
        yield session.figures(f"{number} {session.maildrop.message(number).size}")
        return
    count, octets = session.maildrop.totals()
    listings = [f"{each} {message.size}" for each, message in session.maildrop.remaining().items()]
    yield session.listing(Text.MESSAGES, listings, count=count, octets=octets)


def uidl(session: Pop3Session, number: int | None) -> Steps:
    """UIDL: one unique-id listing, or those of all messages that are not marked [RFC1939-7.UIDL-e]."""
    if number is not None:
        yield session.figures(f"{number} {session.maildrop.message(number).unique_id}")
        return
    listings = [f"{each} {message.unique_id}" for each, message in session.maildrop.remaining().items()]
    yield session.listing(Text.UNIQUE_IDS_FOLLOW, listings)


def retr(session: Pop3Session, number: int) -> Steps:
    """RETR: the whole message [RFC1939-5.RETR-e]."""
    content = yield from _read(session, number)
    yield session.message(Text.OCTETS, content, octets=session.maildrop.message(number).size)


def top(session: Pop3Session, arguments: TopArguments) -> Steps:
    """TOP: the header, the blank line and so many lines of the body [RFC1939-7.TOP-d]."""
    content = yield from _read(session, arguments.number)
    yield session.message(Text.TOP_FOLLOWS, message_parts.top(content, arguments.lines))


def _read(session: Pop3Session, number: int) -> Generator[Action | Await, object, bytes]:
    """A message's octets, if the client can take them (RFC 6856 §2.1)."""
    maildrop = session.maildrop
    message = maildrop.message(number)
    content = yield from blocking(lambda: maildrop.read(message))
    if not session.utf8_mode and message_parts.needs_utf8_mode(content):
        raise CommandRefused(Text.NEEDS_UTF8, ResponseCode.UTF8)
    return content


def dele(session: Pop3Session, number: int) -> Steps:
    """DELE: marks; nothing is removed before the UPDATE state [RFC1939-5.DELE-f]."""
    session.maildrop.mark(number)
    yield session.positive(Text.MARKED, number=number)


def noop(session: Pop3Session, _: None) -> Steps:
    """NOOP [RFC1939-5.NOOP-b]."""
    yield session.positive(Text.NOTHING_DONE)


def rset(session: Pop3Session, _: None) -> Steps:
    """RSET: takes all marks away [RFC1939-5.RSET-b]."""
    session.maildrop.unmark_all()
    count, octets = session.maildrop.totals()
    yield session.positive(Text.MESSAGES, count=count, octets=octets)


def update_and_leave(session: Pop3Session, _: None) -> Steps:
    """QUIT: the UPDATE state; the lock is given up and the connection closed whatever comes of it (RFC 1939 §6)."""
    maildrop = session.enter_update()
    try:
        yield from blocking(maildrop.update)
    except StoreFailure as failure:
        code = ResponseCode.SYS_PERM if failure.permanent else ResponseCode.SYS_TEMP
        yield with_cause(session.negative(Text.NOT_REMOVED, code), failure)  # [RFC1939-6.QUIT-c]
    else:
        yield session.positive(Text.SIGNING_OFF)
    yield Close()
