"""Faults of LIST, LSUB and STATUS (RFC 3501 §6.3.8 to §6.3.10, §7.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.conversation import Await
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.commands import StatusItem
from reference_server.imap.folders import status
from reference_server.imap.listing import list_
from reference_server.imap.names import DELIMITER, INBOX, MailboxName
from reference_server.imap.outcome import Handling
from reference_server.imap.session import ImapSession
from reference_server.store.flag_changes import FlagChange
from reference_server.store.records import Flags, SystemFlag
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    fault,
    hearing,
    meaning,
    said,
    saying,
    succeeding,
)

_NOSELECT = r"\Noselect"
#: All messages of a mailbox.
_EVERY_UID = ((1, 0xFFFF_FFFF),)
#: Mailboxes beyond which a slow LIST is never done.
_FEW = 100


def _patterns(change: Callable[[str], str]) -> Callable[[c.List | c.Lsub], c.List | c.Lsub]:
    """LIST and LSUB take other patterns than they were given."""
    return lambda command: replace(command, patterns=tuple(map(change, command.patterns)))


def _of_list(change: Callable[[str], str], slug: str, title: str, requirements: str) -> tuple[Fault, Fault]:
    """The same fault in LIST and in LSUB."""
    return (
        fault(f"listing/list-{slug}", f"LIST {title}", requirements, meaning(c.List, _patterns(change)), "LIST"),
        fault(f"listing/lsub-{slug}", f"LSUB {title}", "6.3.9-e", meaning(c.Lsub, _patterns(change)), "LSUB"),
    )


def _number(item: StatusItem, requirement: str) -> Fault:
    """STATUS counts one too many of one thing."""

    def counted(data: r.StatusData) -> r.StatusData:
        return replace(data, values=tuple((each, value + (each is item)) for each, value in data.values))

    return fault(
        f"listing/status-{item.value.lower()}-off-by-one",
        f"STATUS gives {item.value} one too high",
        requirement,
        said(r.StatusData, counted),
        "STATUS",
    )


def _left_out(item: StatusItem) -> Fault:
    """STATUS leaves an item out."""

    def shown(data: r.StatusData) -> r.StatusData:
        return replace(data, values=tuple(each for each in data.values if each[0] is not item))

    return fault(
        f"listing/status-without-{item.value.lower()}",
        f"STATUS leaves {item.value} out",
        "6.3.10-a 9-bu",
        said(r.StatusData, shown),
        "STATUS",
    )


def _without_attribute(attribute: str) -> Callable[[r.ListData], r.ListData]:
    return lambda data: replace(data, attributes=tuple(each for each in data.attributes if each != attribute))


def _status_deselects(session: ImapSession, command: c.Status) -> Handling:
    """STATUS closes the selected mailbox."""
    session.deselect()
    return (yield from status(session, command))


def _status_takes_recent(session: ImapSession, command: c.Status) -> Handling:
    """STATUS takes the \\Recent messages for itself, once it has counted them."""
    done = yield from status(session, command)
    session.store.mail.open(session.account, command.mailbox.text, claim_recent=True)
    return done


def _status_marks_seen(session: ImapSession, command: c.Status) -> Handling:
    """STATUS sets \\Seen, once it has counted."""
    done = yield from status(session, command)
    mailbox = session.store.folders.find(session.account, command.mailbox.text)
    session.store.mail.store_flags(mailbox.id, _EVERY_UID, FlagChange.ADD, Flags(SystemFlag.SEEN), since=0)
    return done


def _lists_few(session: ImapSession, command: c.List) -> Handling:
    """LIST of hundreds of names is never done."""
    if len(session.store.folders.all(session.account)) > _FEW:
        yield Await(lambda buffer: None)
    return (yield from list_(session, command))


def _not_inbox(data: r.ListData) -> r.ListData | None:
    return None if data.name is not None and data.name.is_inbox else data


def _stranger(response: r.Response) -> list[r.Response]:
    """Beside each name, another one that nobody has asked for."""
    if isinstance(response, r.ListData) and response.name is not None:
        return [response, replace(response, name=MailboxName(f"{response.name.text}-shadow"))]
    return [response]


FAULTS: tuple[Fault, ...] = (
    *_of_list(lambda pattern: pattern.replace("*", "%"), "star-stops-at-levels", "takes * for %", "6.3.8-k"),
    *_of_list(lambda pattern: pattern.replace("%", "*"), "percent-crosses-levels", "takes % for *", "6.3.8-l"),
    *_of_list(
        lambda pattern: re.sub(r"[*%]", lambda match: match[0] + "?", pattern).replace("?", "") + "x",
        "matches-nothing",
        "takes patterns for others",
        "6.3.8-c 6.3.8-p",
    ),
    *_of_list(lambda _: "*", "shows-everything", "shows all names, whatever the pattern", "6.3.8-d 6.3.8-a"),
    *_of_list(
        lambda pattern: f"?{pattern}" if pattern[:1] in ("*", "%") else pattern,
        "leading-wildcard",
        "knows no wildcard at the start",
        "6.3.8-k 6.3.8-l",
    ),
    *_of_list(
        lambda pattern: re.sub("[*%]+(?=[^*%])", "?", pattern),
        "wildcards-at-the-end-only",
        "knows wildcards at the end only",
        "6.3.8-k 6.3.8-l",
    ),
    _of_list(
        lambda pattern: pattern if pattern else "*",
        "empty-pattern-is-all",
        "takes an empty pattern for all names",
        "6.3.8-e 6.3.8-g",
    )[0],
    _of_list(str.upper, "in-capitals", "folds patterns to capitals", "6.3.9-e")[1],
    fault(
        "listing/list-ignores-reference",
        "LIST ignores the reference",
        "6.3.8-h 6.3.8-a",
        meaning(c.List, lambda command: replace(command, reference="")),
        "LIST",
        seen_in="servers that know no references",
    ),
    fault(
        "listing/list-without-inbox",
        "LIST leaves INBOX out",
        "6.3.8-p",
        said(r.ListData, _not_inbox),
        "LIST",
        seen_in="servers that list files only",
    ),
    fault("listing/list-says-nothing", "LIST shows nothing", "6.3.8-e 6.3.8-g", doing("LIST", claiming), "LIST"),
    fault(
        "listing/list-shows-strangers",
        "LIST shows names that do not match",
        "6.3.8-d 7.2.2-i",
        saying(_stranger),
        "LIST",
    ),
    fault(
        "listing/levels-look-selectable",
        "Levels that are no mailboxes are shown without \\Noselect",
        "6.3.8-n 6.3.9-d 6.3.4-g",
        said(r.ListData, _without_attribute(_NOSELECT)),
        "LIST",
    ),
    fault(
        "listing/no-levels",
        "Levels that are no mailboxes are not shown",
        "6.3.8-m 6.3.9-c 6.3.4-g",
        said(r.ListData, lambda data: None if data.name is not None and _NOSELECT in data.attributes else data),
        "LIST",
    ),
    fault("listing/lsub-says-nothing", "LSUB shows nothing", "6.3.9-a 6.3.6-a", doing("LSUB", claiming), "LSUB"),
    fault(
        "listing/lsub-shows-strangers",
        "LSUB shows names that nobody subscribed to",
        "6.3.9-a",
        saying(
            lambda response: _stranger(response) if isinstance(response, r.ListData) and response.lsub else [response]
        ),
        "LSUB",
    ),
    fault(
        "listing/delimiter-is-nil",
        "The answer to an empty pattern has no name and another delimiter",
        "6.3.8-e 6.3.8-g",
        said(r.ListData, lambda data: None if data.name is None else data),
        "LIST",
    ),
    fault(
        "listing/delimiter-is-a-dot",
        "LIST says that the delimiter is a dot",
        "6.3.8-h 6.3.8-l 6.3.8-m",
        said(r.ListData, lambda data: replace(data, delimiter=".")),
        "LIST",
    ),
    fault(
        "listing/list-of-many-is-slow",
        "LIST of hundreds of names is never done",
        "6.3.8-b",
        doing("LIST", _lists_few),
        "LIST",
        seen_in="servers that walk through directories for each name",
    ),
    # ---- STATUS
    *(
        _number(StatusItem(item), f"6.3.10-{letter}")
        for item, letter in (
            ("MESSAGES", "g"),
            ("RECENT", "h"),
            ("UIDNEXT", "i"),
            ("UIDVALIDITY", "j"),
            ("UNSEEN", "k"),
        )
    ),
    *(_left_out(StatusItem(item)) for item in ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")),
    fault(
        "listing/status-of-all-items",
        "STATUS gives MESSAGES, asked or not",
        "6.3.10-a",
        said(
            r.StatusData,
            lambda data: (
                replace(data, values=(*data.values, (StatusItem.MESSAGES, 0)))
                if all(item is not StatusItem.MESSAGES for item, _ in data.values)
                else data
            ),
        ),
        "STATUS",
    ),
    fault("listing/status-says-nothing", "STATUS says nothing", "6.3.10-a", doing("STATUS", claiming), "STATUS"),
    fault(
        "listing/status-of-inbox",
        "STATUS names INBOX, whatever was asked for",
        "7.2.4-a",
        said(r.StatusData, lambda data: replace(data, mailbox=MailboxName(INBOX))),
        "STATUS",
    ),
    fault(
        "listing/status-of-another",
        "STATUS names another mailbox",
        "7.2.4-a 6.3.10-a",
        said(r.StatusData, lambda data: replace(data, mailbox=MailboxName(f"{data.mailbox.text}{DELIMITER}x"))),
        "STATUS",
    ),
    fault(
        "listing/status-of-missing",
        "STATUS of a mailbox that does not exist is OK",
        "6.3.10-f 6.3.10-e",
        succeeding("STATUS"),
        "STATUS",
    ),
    fault(
        "listing/status-takes-wildcards",
        "STATUS takes * for INBOX",
        "6.3.10-e",
        hearing(lambda line: re.sub(rb"STATUS (\"[^\"]*[*%][^\"]*\")", b"STATUS INBOX", line)),
        "STATUS",
    ),
    fault(
        "listing/status-deselects",
        "STATUS closes the mailbox",
        "6.3.10-b",
        doing("STATUS", _status_deselects),
        "STATUS",
    ),
    fault(
        "listing/status-takes-recent",
        "STATUS takes \\Recent from the messages",
        "6.3.10-c",
        doing("STATUS", _status_takes_recent),
        "STATUS",
        seen_in="servers whose STATUS selects the mailbox",
    ),
    fault(
        "listing/status-marks-seen",
        "STATUS sets \\Seen",
        "6.3.10-d",
        doing("STATUS", _status_marks_seen),
        "STATUS",
    ),
    fault(
        "listing/status-takes-one-item",
        "STATUS takes the first item only",
        "9-bu 6.3.10-a",
        meaning(c.Status, lambda command: replace(command, items=command.items[:1])),
        "STATUS",
    ),
)
