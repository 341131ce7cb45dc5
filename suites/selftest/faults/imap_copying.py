"""Faults of COPY (RFC 3501 §6.4.7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from reference_server.imap import commands as c
from reference_server.imap.copying import copy
from reference_server.imap.outcome import Handling
from reference_server.imap.session import ImapSession
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags, MessageRow, NewMessage
from reference_server.store.transfer import Stored
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import claiming, doing, fault, meaning, storing, succeeding


def _copies_one(self: Mail, mailbox: int, ranges: Any, owner: str, name: str, **options: Any) -> Stored:
    """COPY copies the first message of the set only."""
    first = ranges[0][0] if ranges else 0
    return Mail.copy(self, mailbox, ((first, first),) if first else ranges, owner, name, **(options | {"at_least": 0}))


def _moves(self: Mail, mailbox: int, ranges: Any, owner: str, name: str, **options: Any) -> Stored:
    """COPY takes the originals away."""
    return Mail.copy(self, mailbox, ranges, owner, name, **(options | {"remove": True}))


def _copies_anew(**lost: bool) -> Any:
    """COPY as FETCH and APPEND would do it: without the flags, or without the internal date."""

    def copying(self: Mail, mailbox: int, ranges: Any, owner: str, name: str, **options: Any) -> Stored:
        rows: list[MessageRow] = self.rows(mailbox, ranges)
        messages = [
            NewMessage(
                self.octets(row.content),
                row.internal_date - timedelta(days=400 if lost.get("date") else 0),
                Flags(0) if lost.get("flags") else Flags(row.system, tuple(row.keywords.split())),
            )
            for row in rows
        ]
        stored = Mail.append(self, owner, name, messages)
        return replace(stored, sources=tuple(row.uid for row in rows))

    return copying


def _copies_what_there_is(session: ImapSession, command: c.Copy) -> Handling:
    """COPY of numbers that do not all exist copies those that do."""
    view = session.required_view()
    if command.messages.exceeds(len(view)):
        ranges = view.uid_ranges(command.messages, uid=False)
        session.store.mail.copy(view.id, ranges, session.account, command.mailbox.text)
    return (yield from copy(session, command))


FAULTS: tuple[Fault, ...] = (
    fault(
        "copying/copy-of-some",
        "COPY that fails has copied the messages that are there",
        "6.4.7-h RFC9051-6.4.7-a",
        doing("COPY", _copies_what_there_is),
        "COPY",
        seen_in="servers that copy one by one",
    ),
    fault("copying/copy-does-nothing", "COPY copies nothing", "6.4.7-a", doing("COPY", claiming), "COPY"),
    fault("copying/copy-of-one", "COPY copies the first message only", "6.4.7-a", storing(copy=_copies_one), "COPY"),
    fault("copying/copy-moves", "COPY takes the originals away", "6.4.7-a", storing(copy=_moves), "COPY"),
    fault(
        "copying/copies-without-flags",
        "COPY does not copy the flags",
        "6.4.7-b",
        storing(copy=_copies_anew(flags=True)),
        "COPY",
    ),
    fault(
        "copying/copies-without-date",
        "COPY gives the copies another internal date",
        "6.4.7-c",
        storing(copy=_copies_anew(date=True)),
        "COPY",
        seen_in="servers that copy with the date of today",
    ),
    fault(
        "copying/copy-to-missing-is-ok",
        "COPY to a mailbox that does not exist is OK",
        "6.4.7-e 6.4.7-g",
        succeeding("COPY", "UID COPY"),
        "COPY",
    ),
    fault(
        "copying/uid-copy-by-number",
        "UID COPY takes message numbers",
        "6.4.8-a",
        meaning(c.Copy, lambda command: replace(command, uid=False)),
        "UID",
    ),
)
