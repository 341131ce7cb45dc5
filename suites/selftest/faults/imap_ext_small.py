"""Faults of small extensions: parameters (RFC 4466), MULTIAPPEND (RFC 3502), UNSELECT, UIDPLUS, ENABLE, MOVE, sizes in
STATUS (RFC 8438) and quotas (RFC 9208)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from reference_server.conversation import Steps, blocking
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.commands import StatusItem
from reference_server.imap.errors import BadCommand
from reference_server.imap.message_sets import chosen
from reference_server.imap.outcome import Handling, Refused
from reference_server.imap.response_codes import AppendUid, Code, UidValidity
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State, Updates
from reference_server.store.flag_changes import FlagChange
from reference_server.store.open_mailbox import Mail
from reference_server.store.records import Flags, NewMessage, Ranges, SystemFlag
from reference_server.store.transfer import Stored
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    accepted_in,
    around,
    claiming,
    coded,
    doing,
    failing,
    fault,
    handler_of,
    hearing,
    imap_variant,
    meaning,
    said,
    storing,
    succeeding,
    table,
    tolerating,
)

# ---- MULTIAPPEND ----------------------------------------------------------------------------------------------------


def _appending(change: Callable[[c.AppendMessage, c.Append], c.AppendMessage | None]) -> Build:
    """A variant that takes other messages; those that become None are passed over."""

    def other(command: c.Append) -> c.Append:
        made = [change(message, command) for message in command.messages]
        return replace(command, messages=tuple(message for message in made if message is not None))

    return meaning(c.Append, other)


class _Eager(ImapSession):
    """APPEND stores each message as soon as the next is announced."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        named = re.match(rb"\S+ APPEND (\S+) ", event.text.lines)
        if named is not None and event.text.literals:
            octets = event.text.literals[max(event.text.literals)].data
            message = NewMessage(octets, self.context.clock.now(), Flags())
            name = named[1].decode()
            yield from blocking(lambda: self.store.mail.append(self.account, name, [message]))
        yield from super().admit(event)


class _AsksOnce(ImapSession):
    """A second literal of APPEND is not asked for."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        named = re.match(rb"(\S+) APPEND ", event.text.lines)
        if named is not None and event.text.literals:
            self._fragmenter.refuse()
            raise BadCommand(named[1].decode(), "One message at a time")
        yield from super().admit(event)


def _made_on_the_way(session: ImapSession, command: c.Append) -> Handling:
    """APPEND makes the mailbox where there is none."""
    try:
        return (yield from handler_of("APPEND")(session, command))
    except Refused as refused:
        if refused.code is not Code.TRYCREATE:
            raise
        yield from blocking(lambda: session.store.folders.create(session.account, command.mailbox.text, ()))
        return (yield from handler_of("APPEND")(session, command))


# ---- MOVE -----------------------------------------------------------------------------------------------------------


def _gone_first(session: ImapSession, command: c.Move) -> Handling:
    """MOVE that fails has removed the messages already."""
    try:
        return (yield from handler_of("MOVE")(session, command))
    except Refused:
        view = session.required_view()
        ranges = chosen(view, command.messages, uid=command.uid)
        mail, deleted = session.store.mail, Flags(SystemFlag.DELETED)
        yield from blocking(lambda: mail.store_flags(view.id, ranges, FlagChange.ADD, deleted, since=view.mod_sequence))
        yield from blocking(lambda: mail.expunge(view.id, ranges))
        raise


def _marked(session: ImapSession, command: c.Move) -> tuple[r.Response, ...]:
    view = session.required_view()
    first = chosen(view, command.messages, uid=command.uid)[0][0]
    return (r.FetchResponse(view.number(first) or 1, (r.FlagsItem((r"\Deleted",)),)),)


def _into_nothing(
    self: Mail, mailbox: int, ranges: Ranges, owner: str, name: str, *, remove: bool = False, at_least: int = 0
) -> Stored:
    """What is moved is in neither mailbox."""
    stored = Mail.copy(self, mailbox, ranges, owner, name, remove=remove, at_least=at_least)
    if remove:
        target = self.open(owner, name, claim_recent=False).state.id
        there = [(uid, uid) for uid in stored.uids]
        self.store_flags(target, there, FlagChange.ADD, Flags(SystemFlag.DELETED), since=0)
        self.expunge(target, there)
    return stored


def _with_deleted(
    self: Mail, mailbox: int, ranges: Ranges, owner: str, name: str, *, remove: bool = False, at_least: int = 0
) -> Stored:
    """What MOVE puts into the other mailbox has \\Deleted, as it is marked before it is copied."""
    if remove:
        self.store_flags(mailbox, ranges, FlagChange.ADD, Flags(SystemFlag.DELETED), since=0)
    return Mail.copy(self, mailbox, ranges, owner, name, remove=remove, at_least=at_least)


# ---- STATUS, UIDVALIDITY, ENABLE, quotas ----------------------------------------------------------------------------


def _counted(item: StatusItem, change: Callable[[int], int | None]) -> Build:
    """A variant with another number in STATUS; None leaves it out."""

    def other(data: r.StatusData) -> r.StatusData:
        made = [(each, change(value) if each is item else value) for each, value in data.values]
        return replace(data, values=tuple((each, value) for each, value in made if value is not None))

    return said(r.StatusData, other)


def _never_the_same() -> Build:
    """A variant with a new UIDVALIDITY at each SELECT."""
    step = count(1)
    return coded(UidValidity, lambda code: replace(code, value=code.value + next(step)))


class _SwitchedOff(ImapSession):
    """What is enabled is announced no more."""

    def capability_names(self) -> tuple[str, ...]:
        return tuple(name for name in super().capability_names() if name not in self.enabled)


def _uncoded(code: Code) -> Build:
    """A variant without this response code."""
    return coded(Code, lambda found: None if found is code else found)


def _one_more(data: r.QuotaData) -> r.QuotaData:
    return replace(data, resources=tuple(replace(each, usage=each.usage + 1) for each in data.resources))


FAULTS: tuple[Fault, ...] = (
    fault(
        "parameters/any",
        "Parameters that nobody knows are passed over",
        "RFC4466-2.1-a RFC4466-2.2-a RFC4466-2.3-a RFC4466-2.4-a RFC4466-2.5-a",
        tolerating(lambda _, line: b"ZEPPELIN" in line or b"(TROPICAL)" in line),
    ),
    fault(
        "multiappend/first-alone",
        "Of several messages only the first is stored",
        "RFC3502-6.3.11-a",
        _appending(lambda message, command: message if message is command.messages[0] else None),
        "APPEND",
    ),
    fault(
        "multiappend/flags-of-the-first",
        "All messages have the flags of the first",
        "RFC3502-6.3.11-b",
        _appending(lambda message, command: replace(message, flags=command.messages[0].flags)),
        "APPEND",
    ),
    fault(
        "multiappend/empty-is-passed-over",
        "A message of no octets is passed over",
        "RFC3502-6.3.11-d RFC3502-6.3.11-e",
        _appending(lambda message, _: message if message.data else None),
        "APPEND",
    ),
    fault(
        "multiappend/one-by-one",
        "Each message is stored as it comes",
        "RFC3502-6.3.11-e RFC3502-6.3.11-k",
        imap_variant(session=_Eager),
        "APPEND",
    ),
    fault(
        "multiappend/mailbox-is-made",
        "APPEND makes a mailbox that does not exist",
        "RFC3502-6.3.11-g",
        doing("APPEND", _made_on_the_way),
        "APPEND",
    ),
    fault(
        "multiappend/no-trycreate",
        "APPEND to a missing mailbox is refused without TRYCREATE",
        "RFC3502-6.3.11-h",
        _uncoded(Code.TRYCREATE),
        "APPEND",
    ),
    fault(
        "multiappend/no-exists",
        "APPEND to the selected mailbox is not told",
        "RFC3502-6.3.11-i",
        imap_variant(
            commands=table(
                lambda _, name, entry: replace(entry, updates=Updates.NOTHING) if name == "APPEND" else entry
            )
        ),
        "APPEND",
    ),
    fault(
        "multiappend/one-at-a-time",
        "A second message is BAD",
        "RFC3502-6.3.11-j",
        imap_variant(session=_AsksOnce),
        "APPEND",
    ),
    fault(
        "multiappend/no-appenduid",
        "APPEND of several messages tells no UIDs",
        "RFC3502-6.3.11.UIDPLUS-a RFC9051-6.3.12-b",
        coded(AppendUid, lambda _: None),
        "APPEND",
    ),
    fault(
        "unselect/of-nothing",
        "UNSELECT is OK where no mailbox is selected",
        "RFC3691-2-d",
        accepted_in((State.AUTHENTICATED,), "UNSELECT", claiming),
        "UNSELECT",
    ),
    fault(
        "unselect/of-anything",
        "UNSELECT passes over arguments",
        "RFC3691-2-e",
        hearing(lambda line: re.sub(rb" UNSELECT .*", b" UNSELECT", line)),
        "UNSELECT",
    ),
    fault(
        "uidplus/validity-changes",
        "UIDVALIDITY is another at each SELECT",
        "RFC4315-3-m",
        _never_the_same(),
        "SELECT",
        seen_in="servers that keep no UIDs",
    ),
    fault(
        "enable/takes-away",
        "What is enabled is announced no more",
        "RFC5161-3.1-j",
        imap_variant(session=_SwitchedOff),
        "ENABLE",
    ),
    fault(
        "move/into-nothing", "MOVE expunges, and copies nothing", "RFC6851-3.3-a", storing(copy=_into_nothing), "MOVE"
    ),
    fault(
        "move/tells-of-deleted",
        "MOVE tells that it has marked what it moves",
        "RFC6851-3.3-d",
        around("MOVE", before=_marked),
        "MOVE",
        seen_in="servers that make MOVE of COPY, STORE and EXPUNGE",
    ),
    fault("move/leaves-deleted", "What is moved has \\Deleted", "RFC6851-3.3-e", storing(copy=_with_deleted), "MOVE"),
    fault(
        "move/loses-messages",
        "MOVE removes messages though it cannot copy them",
        "RFC6851-3.3-g",
        doing("MOVE", _gone_first),
        "MOVE",
    ),
    fault(
        "status-size/nothing-of-nothing",
        "SIZE of an empty mailbox is left out",
        "RFC8438-3-a",
        _counted(StatusItem.SIZE, lambda value: value or None),
        "STATUS",
    ),
    fault(
        "status-size/in-kilobytes",
        "SIZE is in units of 1024 octets",
        "RFC8438-3-b",
        _counted(StatusItem.SIZE, lambda value: value // 1024),
        "STATUS",
    ),
    fault("quota/getquota-refused", "GETQUOTA is refused", "RFC9208-4.1.1-a", failing("GETQUOTA"), "GETQUOTA", "QUOTA"),
    fault(
        "quota/any-root",
        "GETQUOTA of a root that does not exist is OK",
        "RFC9208-4.1.1-b",
        succeeding("GETQUOTA"),
        "GETQUOTA",
    ),
    fault(
        "quota/no-roots",
        "GETQUOTAROOT says nothing",
        "RFC9208-4.1.2-a",
        doing("GETQUOTAROOT", claiming),
        "GETQUOTAROOT",
    ),
    fault("quota/not-set", "SETQUOTA does nothing", "RFC9208-4.1.3-a", doing("SETQUOTA", claiming), "SETQUOTA"),
    fault(
        "quota/nothing-is-deleted",
        "DELETED is 0",
        "RFC9208-4.1.4-a",
        _counted(StatusItem.DELETED, lambda _: 0),
        "STATUS",
    ),
    fault(
        "quota/no-deleted",
        "DELETED and what it holds are left out",
        "RFC9051-6.3.11-b",
        _counted(StatusItem.DELETED, lambda _: None),
        "STATUS",
    ),
    fault(
        "quota/no-deleted-storage",
        "DELETED-STORAGE is left out",
        "RFC9208-4.1.4-b",
        _counted(StatusItem.DELETED_STORAGE, lambda _: None),
        "STATUS",
    ),
    fault(
        "quota/no-overquota",
        "What is beyond a limit is refused without OVERQUOTA",
        "RFC9208-4.3.1-a",
        _uncoded(Code.OVERQUOTA),
        "APPEND",
        "COPY",
    ),
    fault("quota/usage-off", "Usage is one too high", "RFC9208-5.2-a", said(r.QuotaData, _one_more), "GETQUOTA"),
)
