"""Faults of APPEND, and of what it shares with COPY (RFC 3501 §6.3.11, §6.4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap.appending import append
from reference_server.imap.errors import BadCommand
from reference_server.imap.fragmenter import CommandText, LiteralAnnounced
from reference_server.imap.names import INBOX
from reference_server.imap.outcome import Handling, Refused
from reference_server.imap.response_codes import Code
from reference_server.imap.session import ImapSession
from reference_server.imap.state import Updates
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags, NewMessage
from reference_server.store.rejections import MailboxMissing
from reference_server.store.transfer import Stored
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Handler,
    Outcome,
    claiming,
    doing,
    ending,
    fault,
    handled,
    handler_of,
    imap_variant,
    meaning,
    refusing_lines,
    storing,
    succeeding,
    table,
)


def _message(**changes: Any) -> Build:
    """A variant in which APPEND keeps another message than it was given: each change takes the one that was."""

    def changed(message: c.AppendMessage) -> c.AppendMessage:
        return replace(message, **{name: change(message) for name, change in changes.items()})

    return meaning(c.Append, lambda command: replace(command, messages=tuple(map(changed, command.messages))))


def _appends_twice(self: Mail, owner: str, name: str, messages: Sequence[NewMessage], **options: Any) -> Stored:
    """APPEND keeps each message twice."""
    Mail.append(self, owner, name, messages)
    return Mail.append(self, owner, name, messages, **options)


def _appends_to_inbox(self: Mail, owner: str, name: str, messages: Sequence[NewMessage], **options: Any) -> Stored:
    """APPEND to a mailbox that does not exist goes into INBOX."""
    try:
        return Mail.append(self, owner, name, messages, **options)
    except MailboxMissing:
        return Mail.append(self, owner, "INBOX", messages, **options)


def _appends_before_failing(
    self: Mail, owner: str, name: str, messages: Sequence[NewMessage], **options: Any
) -> Stored:
    """APPEND is refused and has kept the message."""
    Mail.append(self, owner, name, messages)
    raise MailboxMissing(name)


def _ascii_only(session: ImapSession, command: c.Append) -> Handling:
    """APPEND refuses what is not ASCII."""
    if not all(message.data.isascii() for message in command.messages):
        raise Refused("ASCII only, please")
    return (yield from append(session, command))


def _keep_something(session: ImapSession) -> None:
    """A message that nobody has sent."""
    message = NewMessage(b"Subject: torn\r\n\r\n", session.context.clock.now(), Flags(0))
    session.store.mail.append(session.account, INBOX, [message])


class _LeavesSomething(ImapSession):
    """An APPEND that is wrong leaves a message all the same."""

    def admit(self, event: LiteralAnnounced) -> Steps:
        try:
            yield from super().admit(event)
        except BadCommand:
            if b"APPEND" in event.text.lines:
                _keep_something(self)
            raise


class _KeepsTorn(ImapSession):
    """An APPEND whose literal never ends leaves a message."""

    _awaited = False

    def admit(self, event: LiteralAnnounced) -> Steps:
        yield from super().admit(event)
        self._awaited = b"APPEND" in event.text.lines

    def understood(self, text: CommandText) -> c.Command:
        self._awaited = False
        return super().understood(text)

    def connection_lost(self) -> None:
        if self._awaited:
            _keep_something(self)
        super().connection_lost()


def _creating(name: str, requirement: str, by_uid: str) -> Fault:
    """A mailbox that does not exist is created, and the command refused all the same."""

    def created(session: ImapSession, command: c.Append | c.Copy, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Refused) and outcome.code is Code.TRYCREATE:
            session.store.folders.create(session.account, command.mailbox.text)
        return outcome

    return fault(
        f"appending/{name.lower()}-creates",
        f"{name} creates a mailbox that does not exist",
        requirement,
        ending(created, name, by_uid),
        name,
        seen_in="servers whose delivery creates mailboxes",
    )


def _beyond_quota(name: str) -> Handler:
    """The quota is looked at once the messages are there."""
    inner = handler_of(name)

    def handler(session: ImapSession, command: Any) -> Handling:
        try:
            return (yield from inner(session, command))
        except Refused as refused:
            if refused.code is Code.OVERQUOTA:
                limits = session.store.quotas.usage(session.account).limits
                session.store.quotas.limit(session.account, {})
                yield from inner(session, command)
                session.store.quotas.limit(session.account, limits)
            raise

    return handler


def _uncoded(code: Code, name: str, requirement: str) -> Fault:
    return fault(
        f"appending/{name.lower()}-without-{code.value.lower()}",
        f"{name} to a mailbox that does not exist is refused without {code.value}",
        requirement,
        ending(
            lambda _, __, outcome: Refused(outcome.text) if isinstance(outcome, Refused) else outcome,
            name,
            f"UID {name}",
        ),
        name,
    )


FAULTS: tuple[Fault, ...] = (
    fault("appending/append-does-nothing", "APPEND keeps nothing", "6.3.11-a", doing("APPEND", claiming), "APPEND"),
    fault(
        "appending/append-twice", "APPEND keeps the message twice", "6.3.11-a", storing(append=_appends_twice), "APPEND"
    ),
    fault(
        "appending/lf-line-ends",
        "APPEND keeps LF for CRLF",
        "6.3.11-b",
        _message(data=lambda message: message.data.replace(b"\r\n", b"\n")),
        "APPEND",
        seen_in="servers that keep mail in the line ends of the system",
    ),
    fault(
        "appending/from-is-quoted",
        "APPEND puts > in front of From",
        "6.3.11-b",
        _message(data=lambda message: message.data.replace(b"\nFrom ", b"\n>From ")),
        "APPEND",
        seen_in="servers with mbox files",
    ),
    fault(
        "appending/seven-bits",
        "APPEND clears the eighth bit",
        "6.3.11-d",
        _message(data=lambda message: bytes(octet & 0x7F for octet in message.data)),
        "APPEND",
    ),
    fault(
        "appending/flags-are-lost",
        "APPEND does not keep the flags",
        "6.3.11-f POSTEL-imap_session-g",
        _message(flags=lambda message: ()),
        "APPEND",
    ),
    fault(
        "appending/one-flag-is-kept",
        "APPEND keeps the first flag only",
        "6.3.11-f POSTEL-imap_session-g",
        _message(flags=lambda message: message.flags[:1]),
        "APPEND",
    ),
    fault(
        "appending/appended-is-seen",
        "APPEND sets \\Seen where no flags are given",
        "6.3.11-g",
        _message(flags=lambda message: message.flags or ("\\Seen",)),
        "APPEND",
        seen_in="servers that take what a client appends for read",
    ),
    fault(
        "appending/date-is-lost",
        "APPEND does not keep the date",
        "6.3.11-i",
        _message(internal_date=lambda message: None),
        "APPEND",
    ),
    fault(
        "appending/zone-is-lost",
        "APPEND takes each date for UTC",
        "6.3.11-i",
        _message(
            internal_date=lambda message: (
                message.internal_date
                and message.internal_date + timedelta(seconds=message.internal_date.utcoffset().total_seconds())
            )
        ),
        "APPEND",
        seen_in="servers that leave the zone out",
    ),
    fault(
        "appending/missing-is-ok",
        "APPEND to a mailbox that does not exist is OK",
        "6.3.11-l 6.3.11-n",
        succeeding("APPEND"),
        "APPEND",
    ),
    fault(
        "appending/missing-is-inbox",
        "APPEND to a mailbox that does not exist goes into INBOX",
        "6.3.11-l",
        storing(append=_appends_to_inbox),
        "APPEND",
    ),
    fault(
        "appending/kept-and-refused",
        "APPEND is refused and the message is kept",
        "6.3.11-a",
        storing(append=_appends_before_failing),
        "APPEND",
    ),
    _uncoded(Code.TRYCREATE, "APPEND", "6.3.11-n"),
    _uncoded(Code.TRYCREATE, "COPY", "6.4.7-g"),
    fault(
        "appending/refused-by-quota-is-kept",
        "APPEND and COPY beyond the quota are refused, and the messages kept",
        "6.3.11-k 6.4.7-h",
        imap_variant(commands=handled(APPEND=_beyond_quota("APPEND"), COPY=_beyond_quota("COPY"))),
        "APPEND",
        "COPY",
        "SETQUOTA",
        seen_in="servers that count what is there already",
    ),
    fault(
        "appending/flag-list-refused",
        "APPEND takes no flag list",
        "9-l 6.3.11-f",
        refusing_lines(lambda line: b"APPEND" in line and b"(" in line),
        "APPEND",
    ),
    fault(
        "appending/date-refused",
        "APPEND takes no date-time",
        "9-l 9-ah 6.3.11-i",
        refusing_lines(lambda line: b"APPEND" in line and b":" in line),
        "APPEND",
    ),
    fault(
        "appending/day-of-one-digit",
        "APPEND takes no day with a space in front",
        "9-ah",
        refusing_lines(lambda line: b'" ' in line and b"APPEND" in line and b'" {' not in line.split(b'" ')[0]),
        "APPEND",
    ),
    fault(
        "appending/eight-bits-refused",
        "APPEND takes no 8-bit characters",
        "6.3.11-c",
        doing("APPEND", _ascii_only),
        "APPEND",
    ),
    fault(
        "appending/date-is-1970",
        "Without a date the internal date is the beginning of time",
        "6.3.11-j",
        _message(internal_date=lambda message: message.internal_date or datetime(1970, 1, 1, tzinfo=UTC)),
        "APPEND",
    ),
    fault(
        "appending/refused-leaves-something",
        "An APPEND that is answered with BAD leaves a message",
        "6.3.11-k RFC9051-6.3.12-a",
        imap_variant(session=_LeavesSomething),
        "APPEND",
        seen_in="servers that make the file before they read the command",
    ),
    fault(
        "appending/torn-is-kept",
        "Of an APPEND that the connection does not outlive a part is kept",
        "6.3.11-k",
        imap_variant(session=_KeepsTorn),
        "APPEND",
    ),
    _creating("APPEND", "6.3.11-m", "UID APPEND"),
    _creating("COPY", "6.4.7-f", "UID COPY"),
    fault(
        "appending/exists-is-not-told",
        "APPEND to the selected mailbox is told later",
        "6.3.11-o",
        imap_variant(
            commands=table(
                lambda _, name, entry: replace(entry, updates=Updates.NOTHING) if name == "APPEND" else entry
            )
        ),
        "APPEND",
    ),
)
