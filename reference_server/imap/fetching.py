"""FETCH and UID FETCH (RFC 3501 §6.4.5; RFC 7162 §3.1.4, §3.2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.actions import Send
from reference_server.backend import StoreFailure
from reference_server.conversation import blocking
from reference_server.imap import commands
from reference_server.imap.fetch_data import FetchPlan, UnknownTransferEncoding
from reference_server.imap.fetchitems import Attribute, sets_seen
from reference_server.imap.message_sets import chosen, require_all
from reference_server.imap.outcome import Completion, Handling, Improper, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.responses import FetchResponse, Vanished
from reference_server.imap.resync import within
from reference_server.imap.view import MailboxView
from reference_server.store.flag_changes import FlagChange, FlagsRow
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
    if command.vanished:
        vanished = yield from blocking(lambda: _vanished(session, command, view))
        if vanished:
            yield session.send(Vanished(vanished, earlier=True))
    job = _FetchJob(session, command, view, ranges)
    try:
        while not job.done:
            octets = yield from blocking(job.some_responses)
            if octets:
                yield Send(octets)
    except UnknownTransferEncoding:
        raise Refused("A part has a transfer encoding that is not known", Code.UNKNOWN_CTE) from None
    if not command.uid and command.changed_since is None:
        require_all(view, ranges, job.present)
    return Completion("Fetched")


def _vanished(session: ImapSession, command: commands.Fetch, view: MailboxView) -> tuple[int, ...]:
    """UIDs in the set that are expunged since, and of which the client has no number any more. May block."""
    gone = session.store.mail.expunged_since(view.id, command.changed_since or 0)
    wanted = command.messages.resolve(view.highest_uid)
    return tuple(uid for uid in gone if within(uid, wanted) and view.number(uid) is None)


class _FetchJob:
    """Makes the responses of one FETCH, some at a time. While it does, the session does nothing else."""

    def __init__(self, session: ImapSession, command: commands.Fetch, view: MailboxView, ranges: Ranges) -> None:
        self._session = session
        self._command = command
        self._view = view
        self._ranges = ranges
        self._rows: list[MessageRow] = []
        self._plan: FetchPlan | None = None
        self._position = 0
        self._shows_flags = Attribute.FLAGS in command.items and "CONDSTORE" in session.enabled
        self.present = 0
        """How many of the messages were there."""

    def some_responses(self) -> bytes:
        """The next responses, possibly none. May block. Raises StoreFailure or UnknownTransferEncoding."""
        if self._plan is None:
            self._plan = self._prepare()
        return self._render(self._plan)

    @property
    def done(self) -> bool:
        """Whether there are no more responses."""
        return self._plan is not None and self._position >= len(self._rows)

    def _prepare(self) -> FetchPlan:
        command, view, session = self._command, self._view, self._session
        rows = session.store.mail.rows(view.id, self._ranges, changed_since=command.changed_since or 0)
        self.present = len(rows)
        seen: frozenset[int] = frozenset()
        if not view.read_only and any(map(sets_seen, command.items)):
            rows, seen = self._mark_seen(rows)
        self._rows = rows
        telling = session.telling(expunges=False, uids=command.uid)
        return FetchPlan(
            command.items,
            view,
            session.reader,
            uid=telling.uids,
            mod_sequence=command.changed_since is not None or (bool(seen) and telling.mod_sequences),
            recent=telling.recent,
            flags_of=seen,
        )

    def _mark_seen(self, rows: list[MessageRow]) -> tuple[list[MessageRow], frozenset[int]]:
        """Set \\Seen where it is not set; the rows afterwards, and the UIDs of those that have changed."""
        unseen: Ranges = [(row.uid, row.uid) for row in rows if not row.system & SystemFlag.SEEN]
        if not unseen:
            return rows, frozenset()
        view = self._view
        stored = self._session.store.mail.store_flags(
            view.id,
            unseen,
            FlagChange.ADD,
            Flags(SystemFlag.SEEN),
            since=view.mod_sequence,
            by=view.subscription,
        )
        now = {row.uid: row for row in stored.rows}
        view.took(stored, now)
        return [_updated(row, now.get(row.uid)) for row in rows], frozenset(now)

    def _render(self, plan: FetchPlan) -> bytes:
        pieces: list[bytes] = []
        octets = 0
        for row in self._rows[self._position : self._position + _MESSAGES_AT_ONCE]:
            self._position += 1
            number = self._view.number(row.uid)
            if number is None:
                continue
            try:
                data = plan.data(row)
            except StoreFailure as failure:
                if not failure.permanent:
                    raise
                self.present -= 1
                continue
            if self._shows_flags:
                self._view.show(FlagsRow(row.uid, row.system, row.keywords, row.mod_sequence))
            rendered = self._session.renderer.pieces((FetchResponse(number, data),))
            pieces += rendered
            octets += sum(map(len, rendered))
            if octets > _OCTETS_AT_ONCE:
                break
        return b"".join(pieces)


def _updated(row: MessageRow, now: FlagsRow | None) -> MessageRow:
    if now is None:
        return row
    return row._replace(system=now.system, keywords=now.keywords, mod_sequence=now.mod_sequence)
