"""FETCH and UID FETCH (RFC 3501 §6.4.5; RFC 7162 §3.1.4, §3.2.6)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from reference_server.actions import Action, Send
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, blocking
from reference_server.imap import commands
from reference_server.imap.fetch_data import FetchPlan, UnknownTransferEncoding
from reference_server.imap.fetchitems import Attribute, sets_seen
from reference_server.imap.message_sets import chosen, require_all
from reference_server.imap.outcome import Completion, Handling, Improper, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import FetchResponse, Vanished
from reference_server.imap.resync import within
from reference_server.imap.view import MailboxView
from reference_server.store.open_mailbox import FlagChange
from reference_server.store.records import Flags, MessageRow, Ranges, SystemFlag

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

_OCTETS_AT_ONCE = 256 * 1024
_MESSAGES_AT_ONCE = 1000


def fetch(session: ImapSession, command: commands.Fetch) -> Handling:
    """FETCH. Messages that are gone already are left out; by number that is NO at the end (RFC 5530 EXPUNGEISSUED)."""
    view = session.required_view()
    if command.vanished and "QRESYNC" not in session.enabled:
        raise Improper("Enable QRESYNC first")  # RFC 7162 §3.2.6
    ranges = chosen(view, command.messages, uid=command.uid)
    if command.changed_since is not None or Attribute.MODSEQ in command.items:
        yield from session.use_mod_sequences()
    since = command.changed_since or 0
    if command.vanished:
        gone = yield from blocking(lambda: session.store.mail.expunged_since(view.id, since))
        wanted = command.messages.resolve(view.highest_uid)
        vanished = tuple(uid for uid in gone if within(uid, wanted) and view.number(uid) is None)
        if vanished:
            yield session.send(Vanished(vanished, earlier=True))
    rows = yield from blocking(lambda: session.store.mail.rows(view.id, ranges, changed_since=since))
    present = len(rows)
    seen: frozenset[int] = frozenset()
    if not view.read_only and any(map(sets_seen, command.items)):
        rows, seen = yield from _mark_seen(session, view, rows)
    plan = FetchPlan(
        command.items,
        view,
        session.reader,
        uid=command.uid or session.telling(expunges=False, uids=False).uids,
        mod_sequence=command.changed_since is not None,
        recent=not session.dialect.rev2,
        flags_of=seen,
    )
    missing = yield from _send_all(session, plan, rows)
    if not command.uid and command.changed_since is None:
        require_all(view, ranges, present - missing)
    return Completion("Fetched")


def _mark_seen(
    session: ImapSession, view: MailboxView, rows: list[MessageRow]
) -> Generator[Action | Await, object, tuple[list[MessageRow], frozenset[int]]]:
    """Set \\Seen where it is not set; the rows afterwards, and the UIDs of those that have changed."""
    unseen: Ranges = [(row.uid, row.uid) for row in rows if not row.system & SystemFlag.SEEN]
    if not unseen:
        return rows, frozenset()
    stored = yield from blocking(
        lambda: session.store.mail.store_flags(
            view.id,
            unseen,
            FlagChange.ADD,
            Flags(SystemFlag.SEEN),
            since=view.mod_sequence,
            by=view.subscription,
        )
    )
    now = {row.uid: row for row in stored.rows}
    view.took(stored, now)
    return [
        row._replace(system=now[row.uid].system, keywords=now[row.uid].keywords, mod_sequence=now[row.uid].mod_sequence)
        if row.uid in now
        else row
        for row in rows
    ], frozenset(now)


def _send_all(session: ImapSession, plan: FetchPlan, rows: list[MessageRow]) -> Generator[Action | Await, object, int]:
    """Send the responses, some at a time; how many messages turned out to be gone."""
    missing = 0
    position = 0
    while position < len(rows):
        job = partial(_render, session, plan, rows, position)
        try:
            octets, position, gone = yield from blocking(job)
        except UnknownTransferEncoding:
            raise Refused("A part has a transfer encoding that is not known", Code.UNKNOWN_CTE) from None
        missing += gone
        if octets:
            yield Send(octets)
    return missing


def _render(session: ImapSession, plan: FetchPlan, rows: list[MessageRow], start: int) -> tuple[bytes, int, int]:
    """The responses from `start` on, up to a size; the position after them; how many messages were gone."""
    pieces: list[bytes] = []
    octets = missing = 0
    position = start
    for row in rows[start : start + _MESSAGES_AT_ONCE]:
        position += 1
        number = plan.view.number(row.uid)
        if number is None:
            continue
        try:
            data = plan.data(row)
        except StoreFailure as failure:
            if not failure.permanent:
                raise
            missing += 1
            continue
        rendered = session.renderer.pieces((FetchResponse(number, data),))
        pieces += rendered
        octets += sum(map(len, rendered))
        if octets > _OCTETS_AT_ONCE:
            break
    return b"".join(pieces), position, missing
