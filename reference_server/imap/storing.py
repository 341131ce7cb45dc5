"""STORE and EXPUNGE, with UID or without (RFC 3501 §6.4.3, §6.4.6; RFC 4315 §2.1, RFC 7162 §3.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.appending import stored_flags
from reference_server.imap.commands import StoreMode
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.message_sets import chosen, require_all
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.response_codes import HighestModSeq, Modified
from reference_server.imap.responses import FetchData, FetchResponse, NumberItem, Response
from reference_server.imap.state import Updates
from reference_server.imap.view import MailboxView
from reference_server.store.flag_changes import FlagChange, FlagsRow, FlagsStored
from reference_server.store.records import Ranges

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

CHANGES: Mapping[StoreMode, FlagChange] = {
    StoreMode.REPLACE: FlagChange.REPLACE,
    StoreMode.ADD: FlagChange.ADD,
    StoreMode.REMOVE: FlagChange.REMOVE,
}
EVERY_UID: Ranges = ((1, 0xFFFF_FFFF),)


def require_writable(view: MailboxView) -> None:
    """NO in a mailbox that was selected with EXAMINE (RFC 3501 §6.3.2)."""
    if view.read_only:
        raise Refused("The mailbox is selected read-only")


def store(session: ImapSession, command: commands.Store) -> Handling:
    """STORE. With `.SILENT` the client knows what comes of it, but for what others have changed (RFC 3501 §6.4.6)."""
    view = session.required_view()
    require_writable(view)
    ranges = chosen(view, command.messages, uid=command.uid)
    test = command.unchanged_since
    if test is not None:
        yield from session.use_mod_sequences()
    by_flag = test is not None and command.mode is not StoreMode.REPLACE
    stored = yield from blocking(
        lambda: session.store.mail.store_flags(
            view.id,
            ranges,
            CHANGES[command.mode],
            stored_flags(command.flags),
            since=view.mod_sequence,
            unchanged_since=test,
            known=(lambda uid: view.shown_at(uid, test or 0)) if by_flag else None,
            by=view.subscription,
        )
    )
    view.learn_keywords({row.keywords for row in stored.rows})
    told = {row.uid for row in stored.rows}
    if command.silent:
        told -= stored.foreign
    view.took(stored, told)
    responses = [*view.keyword_news(), *_fetch_responses(session, command, view, stored)]
    if responses:
        yield session.send(*responses)
    if not command.uid:
        require_all(view, ranges, len(stored.rows) + len(stored.refused))
    if stored.refused:
        refused = [row.uid for row in stored.refused]
        numbers = refused if command.uid else view.numbers(refused)
        return Completion("Some have changed meanwhile and stay as they are", Modified(tuple(numbers)))
    return Completion("Stored")


def _fetch_responses(
    session: ImapSession, command: commands.Store, view: MailboxView, stored: FlagsStored
) -> list[Response]:
    telling = session.telling(expunges=False, uids=command.uid)
    if command.silent and not telling.mod_sequences:
        return []

    def data(row: FlagsRow) -> tuple[FetchData, ...]:
        if not command.silent:
            return view.flag_data(row, telling)
        # RFC 7162 §3.1.3: the new mod-sequence is told in any case.
        uid = [NumberItem(Attribute.UID, row.uid)] if telling.uids else []
        return (*uid, NumberItem(Attribute.MODSEQ, row.mod_sequence))

    # Those that failed the test are told with their flags, so that the client need not ask (RFC 7162 §3.1.3).
    told = {row.uid: data(row) for row in stored.rows if not command.silent or row.uid in stored.changed}
    told.update((row.uid, view.flag_data(row, telling)) for row in stored.refused)
    return [FetchResponse(number, told[uid]) for uid in sorted(told) if (number := view.number(uid)) is not None]


def expunge(session: ImapSession, command: commands.Expunge) -> Handling:
    """EXPUNGE, of all messages or of those with UIDs in a set."""
    view = session.required_view()
    require_writable(view)
    ranges = EVERY_UID if command.uids is None else chosen(view, command.uids, uid=True)
    expunged = yield from blocking(lambda: session.store.mail.expunge(view.id, ranges))
    yield from session.catch_up(Updates.EVERYTHING, uids=command.uids is not None)
    if expunged and "QRESYNC" in session.enabled:
        return Completion("Expunged", HighestModSeq(view.mod_sequence))  # RFC 7162 §3.2.7
    return Completion("Expunged")
