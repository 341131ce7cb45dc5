"""SELECT, EXAMINE and what ends them: CHECK, CLOSE, UNSELECT (RFC 3501 §6.3.1, §6.4.1; RFC 3691, RFC 7162 §3.2)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING

from reference_server.actions import Action
from reference_server.conversation import Await, blocking
from reference_server.imap import commands
from reference_server.imap.listing import line_of
from reference_server.imap.outcome import Completion, Handling, Improper, Refused
from reference_server.imap.response_codes import Code, HighestModSeq, ResponseCode, UidNext, UidValidity, Unseen
from reference_server.imap.responses import (
    Condition,
    Exists,
    FetchResponse,
    FlagsData,
    Recent,
    Response,
    StatusResponse,
    Vanished,
)
from reference_server.imap.resync import expunged_of, fetched_since
from reference_server.imap.view import MailboxView
from reference_server.store.open_mailbox import Opened
from reference_server.store.rejections import MailboxMissing

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


def select(session: ImapSession, command: commands.Select) -> Handling:
    """SELECT and EXAMINE. Whatever comes of it, the mailbox that was selected is not any more (RFC 3501 §6.3.1)."""
    if command.quick_resync is not None and "QRESYNC" not in session.enabled:
        raise Improper("Enable QRESYNC first")  # RFC 7162 §3.2.5
    if session.view is not None:
        session.deselect()
        yield session.send(_ok("The mailbox before is closed", Code.CLOSED))
    if command.condstore:
        yield from session.use_mod_sequences()
    name, read_only = command.mailbox.text, command.read_only
    try:
        view, opened = yield from _open(session, name, read_only=read_only)
    except MailboxMissing:
        raise Refused("There is no such mailbox", Code.NONEXISTENT) from None
    session.select(view)
    yield session.send(*_description(session, view, opened))
    if session.dialect.rev2:
        line = yield from blocking(lambda: line_of(session, command.mailbox))
        yield session.send(line)
    if command.quick_resync is not None and command.quick_resync.validity == opened.state.uidvalidity:
        yield from resynchronize(session, view, command.quick_resync)
    return Completion("Selected", Code.READ_ONLY if read_only else Code.READ_WRITE)


def _open(
    session: ImapSession, name: str, *, read_only: bool
) -> Generator[Action | Await, object, tuple[MailboxView, Opened]]:
    """Listen to a mailbox's changes and only then look at it, so that none is missed. Raises MailboxMissing."""
    store, account = session.store, session.account
    state = yield from blocking(lambda: store.folders.find(account, name))
    subscription = store.hub.subscribe(state.id, session.wake_later)
    try:
        opened = yield from blocking(lambda: store.mail.open(account, name, claim_recent=not read_only))
        if opened.state.id != state.id:
            raise MailboxMissing(name)  # another one has taken its name in this very moment
    except BaseException:  # also where the client is gone
        store.hub.cancel(subscription)
        raise
    return MailboxView(opened, read_only=read_only, subscription=subscription), opened


def _ok(text: str, code: ResponseCode) -> StatusResponse:
    return StatusResponse(Condition.OK, text, code)


def _description(session: ImapSession, view: MailboxView, opened: Opened) -> list[Response]:
    """What RFC 3501 §6.3.1 requires, and RFC 7162 §3.1.2; IMAP4rev2 leaves RECENT and UNSEEN out."""
    state = opened.state
    responses: list[Response] = [FlagsData(view.flags()), Exists(len(view))]
    if not session.dialect.rev2:
        responses.append(Recent(view.recent))
        if opened.first_unseen is not None:
            number = view.number(opened.first_unseen)
            assert number is not None
            responses.append(_ok("This is the first that was not seen", Unseen(number)))
    responses += [
        _ok("UIDs are valid under this", UidValidity(state.uidvalidity)),
        _ok("This UID comes next", UidNext(state.uidnext)),
        _ok("Flags that can be kept", view.permanent_flags()),
    ]
    if session.supports("CONDSTORE"):
        responses.append(_ok("The highest mod-sequence", HighestModSeq(state.mod_sequence)))
    return responses


def resynchronize(session: ImapSession, view: MailboxView, known: commands.QuickResync) -> Handling:
    """What the client has missed since it was here last (RFC 7162 §3.2.5)."""
    expunged = yield from blocking(lambda: expunged_of(session, view, known))
    if expunged:
        yield session.send(Vanished(tuple(expunged), earlier=True))
    rows = yield from blocking(lambda: fetched_since(session, view, known))
    telling = session.telling(expunges=True, uids=True)
    responses = [
        FetchResponse(number, view.flag_data(row, telling))
        for row in rows
        if (number := view.number(row.uid)) is not None
    ]
    if responses:
        yield session.send(*responses)
    return Completion("")


def check(session: ImapSession, _: commands.Check) -> Handling:
    """CHECK: everything is on the disk already (RFC 3501 §6.4.1)."""
    yield from ()
    return Completion("Everything is kept")


def close(session: ImapSession, _: commands.Close) -> Handling:
    """CLOSE: expunges without a word, unless the mailbox is read-only (RFC 3501 §6.4.2)."""
    view = session.required_view()
    if not view.read_only:
        with suppress(MailboxMissing):
            yield from blocking(lambda: session.store.mail.expunge(view.id, [(1, 0xFFFF_FFFF)]))
    session.deselect()
    return Completion("Closed")


def unselect(session: ImapSession, _: commands.Unselect) -> Handling:
    """UNSELECT: as CLOSE, and expunges nothing (RFC 3691 §2)."""
    yield from ()
    session.deselect()
    return Completion("Not selected any more")
