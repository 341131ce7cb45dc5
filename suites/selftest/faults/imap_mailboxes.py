"""Faults of CREATE, DELETE and RENAME (RFC 3501 §6.3.3 to §6.3.5)."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

from reference_server.imap import commands as c
from reference_server.imap.folders import rename
from reference_server.imap.names import INBOX
from reference_server.imap.outcome import Handling, Improper, Refused
from reference_server.imap.response_codes import UidValidity
from reference_server.imap.session import ImapSession
from reference_server.store.folders import Folders
from reference_server.store.mailbox_state import MailboxState
from reference_server.store.rejections import HasInferiors, MailboxExists, MailboxMissing
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    claiming,
    coded,
    doing,
    ending,
    fault,
    hearing,
    keeping,
    refusing_lines,
    succeeding,
)

#: All messages of a mailbox.
_EVERY_UID = ((1, 0xFFFF_FFFF),)


def _existing_is_replaced(self: Folders, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
    """CREATE of a mailbox that exists is OK."""
    try:
        return Folders.create(self, owner, name, special_uses)
    except MailboxExists:
        return self.find(owner, name)


def _below(name: str, all_names: tuple[MailboxState, ...]) -> list[str]:
    return [state.name for state in all_names if state.name.startswith(f"{name}/")]


def _deletes_inferiors(self: Folders, owner: str, name: str) -> int:
    """DELETE takes along what lies below."""
    for each in _below(name, self.all(owner)):
        Folders.delete(self, owner, each)
    return Folders.delete(self, owner, name)


def _deletes_levels(self: Folders, owner: str, name: str) -> int:
    """DELETE of a level that is no mailbox succeeds."""
    try:
        return Folders.delete(self, owner, name)
    except HasInferiors:
        return 0


def _leaves_inferiors(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME leaves what lies below where it is."""
    below = _below(name, self.all(owner))
    Folders.rename(self, owner, name, new_name)
    for each in below:
        with suppress(MailboxMissing):  # it went back with the level above
            Folders.rename(self, owner, new_name + each[len(name) :], each)


def _copies(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME leaves a mailbox of the old name."""
    Folders.rename(self, owner, name, new_name)
    if name != INBOX:
        Folders.create(self, owner, name)


def _overwrites(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME to a name that exists replaces the mailbox there."""
    if new_name not in (INBOX, name) and any(state.name == new_name for state in self.all(owner)):
        Folders.delete(self, owner, new_name)
    Folders.rename(self, owner, name, new_name)


def _needs_level(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME makes no superior levels."""
    level, _, _ = new_name.rpartition("/")
    if level and all(state.name != level for state in self.all(owner)):
        raise MailboxMissing(level)
    Folders.rename(self, owner, name, new_name)


def _makes_no_level(self: Folders, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
    """CREATE makes no superior levels."""
    level, _, _ = name.rpartition("/")
    if level and all(state.name != level for state in self.all(owner)):
        raise MailboxExists(level)
    return Folders.create(self, owner, name, special_uses)


def _inbox_without_messages(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME of INBOX makes the new mailbox and moves nothing."""
    if name == INBOX:
        Folders.create(self, owner, new_name)
    else:
        Folders.rename(self, owner, name, new_name)


def _inferiors_of_inbox_follow(self: Folders, owner: str, name: str, new_name: str) -> None:
    """RENAME of INBOX takes along what lies below it."""
    below = _below(name, self.all(owner)) if name == INBOX else []
    Folders.rename(self, owner, name, new_name)
    for each in below:
        Folders.rename(self, owner, each, new_name + each[len(name) :])


def _inbox_is_copied(session: ImapSession, command: c.Rename) -> Handling:
    """RENAME of INBOX leaves its messages there, too."""
    done = yield from rename(session, command)
    if command.source.is_inbox:
        made = session.store.folders.find(session.account, command.destination.text)
        session.store.mail.copy(made.id, _EVERY_UID, session.account, INBOX)
    return done


def _no_inferiors(self: Folders, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
    """CREATE below a mailbox is refused."""
    level, _, _ = name.rpartition("/")
    if any(state.name == level for state in self.all(owner)):
        raise MailboxExists(level)
    return Folders.create(self, owner, name, special_uses)


def _not_over_levels(self: Folders, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
    """CREATE of a name that has others below it is refused."""
    if _below(name, self.all(owner)):
        raise MailboxExists(name)
    return Folders.create(self, owner, name, special_uses)


def _hides(self: Folders, owner: str, name: str) -> int:
    """DELETE gives the mailbox another name."""
    deleted = self.find(owner, name)
    Folders.rename(self, owner, name, f".{name}")
    return deleted.id


def _reveals(self: Folders, owner: str, name: str, special_uses: tuple[str, ...] = ()) -> MailboxState:
    """CREATE of a deleted name brings back what was there."""
    with suppress(MailboxMissing):
        Folders.rename(self, owner, f".{name}", name)
        return self.find(owner, name)
    return Folders.create(self, owner, name, special_uses)


def _bad_for_no(command: str, requirements: str) -> Fault:
    """What should be NO is BAD."""
    return fault(
        f"mailboxes/{command.lower()}-is-bad",
        f"{command} that fails is answered with BAD",
        requirements,
        ending(
            lambda _, __, outcome: Improper(outcome.text) if isinstance(outcome, Refused) else outcome,
            command,
        ),
        command,
    )


FAULTS: tuple[Fault, ...] = (
    fault("mailboxes/create-does-nothing", "CREATE makes no mailbox", "6.3.3-a", doing("CREATE", claiming), "CREATE"),
    fault(
        "mailboxes/create-of-what-exists",
        "CREATE of a mailbox that exists is OK",
        "6.3.3-c 6.3.3-b",
        keeping(create=_existing_is_replaced),
        "CREATE",
        seen_in="servers that make directories",
    ),
    fault("mailboxes/create-is-always-ok", "CREATE is always OK", "6.3.3-b 6.3.3-c", succeeding("CREATE"), "CREATE"),
    fault(
        "mailboxes/create-makes-no-levels",
        "CREATE refuses a name whose superior levels do not exist",
        "6.3.3-g",
        keeping(create=_makes_no_level),
        "CREATE",
    ),
    fault(
        "mailboxes/create-with-separator-refused",
        "CREATE of a name with a separator at its end is refused",
        "6.3.3-e",
        refusing_lines(lambda line: re.search(rb"CREATE .*/\"?$", line) is not None),
        "CREATE",
    ),
    fault(
        "mailboxes/create-with-separator-makes-another",
        "CREATE of a name with a separator at its end makes one with something behind it",
        "6.3.3-f",
        hearing(lambda line: re.sub(rb"(CREATE \"?.*)/(\"?)$", rb"\1_\2", line)),
        "CREATE",
    ),
    fault(
        "mailboxes/delete-does-nothing",
        "DELETE deletes nothing",
        "6.3.4-b",
        doing("DELETE", claiming),
        "DELETE",
    ),
    fault(
        "mailboxes/delete-is-always-ok",
        "DELETE is always OK",
        "6.3.4-c 6.3.4-d 6.3.4-f",
        succeeding("DELETE"),
        "DELETE",
    ),
    fault(
        "mailboxes/delete-takes-inferiors",
        "DELETE takes along the mailboxes below",
        "6.3.4-e",
        keeping(delete=_deletes_inferiors),
        "DELETE",
        seen_in="servers that remove a directory",
    ),
    fault(
        "mailboxes/delete-of-a-level",
        "DELETE of a level that is no mailbox is OK",
        "6.3.4-f",
        keeping(delete=_deletes_levels),
        "DELETE",
    ),
    fault(
        "mailboxes/delete-with-inferiors-keeps-messages",
        "DELETE of a mailbox with others below it leaves its messages",
        "6.3.4-g",
        keeping(
            delete=lambda self, owner, name: 0 if _below(name, self.all(owner)) else Folders.delete(self, owner, name)
        ),
        "DELETE",
    ),
    fault(
        "mailboxes/rename-does-nothing",
        "RENAME renames nothing",
        "6.3.5-a 6.3.5-b",
        doing("RENAME", claiming),
        "RENAME",
    ),
    fault("mailboxes/rename-is-always-ok", "RENAME is always OK", "6.3.5-c 6.3.5-d", succeeding("RENAME"), "RENAME"),
    fault("mailboxes/rename-copies", "RENAME leaves the old name", "6.3.5-a", keeping(rename=_copies), "RENAME"),
    fault(
        "mailboxes/rename-overwrites",
        "RENAME to a name that exists replaces the mailbox",
        "6.3.5-d",
        keeping(rename=_overwrites),
        "RENAME",
        seen_in="servers that move directories",
    ),
    fault(
        "mailboxes/rename-leaves-inferiors",
        "RENAME leaves the names below",
        "6.3.5-f",
        keeping(rename=_leaves_inferiors),
        "RENAME",
    ),
    fault(
        "mailboxes/rename-makes-no-levels",
        "RENAME refuses a name whose superior levels do not exist",
        "6.3.5-g",
        keeping(rename=_needs_level),
        "RENAME",
    ),
    fault(
        "mailboxes/rename-of-inbox-moves-nothing",
        "RENAME of INBOX moves no messages",
        "6.3.5-i",
        keeping(rename=_inbox_without_messages),
        "RENAME",
    ),
    _bad_for_no("CREATE", "6.3.3-d 7.1.2-a"),
    _bad_for_no("RENAME", "6.3.5-e"),
    fault(
        "mailboxes/no-inferiors",
        "A mailbox that exists takes none below it",
        "6.3.3-i",
        keeping(create=_no_inferiors),
        "CREATE",
        seen_in="servers in which a name holds either messages or names",
    ),
    fault(
        "mailboxes/create-not-over-levels",
        "CREATE of a level that has mailboxes below it is refused",
        "6.3.3-a",
        keeping(create=_not_over_levels),
        "CREATE",
    ),
    fault(
        "mailboxes/deleted-comes-back",
        "CREATE of a deleted name brings its messages back",
        "6.3.4-a",
        keeping(delete=_hides, create=_reveals),
        "DELETE",
        "CREATE",
        seen_in="servers that delete the name only",
    ),
    fault(
        "mailboxes/uids-come-back",
        "Each mailbox has the same UIDVALIDITY",
        "6.3.3-h 6.3.4-h 6.3.5-h",
        coded(UidValidity, lambda code: replace(code, value=1)),
        "CREATE",
        "DELETE",
        "RENAME",
        seen_in="servers that know one UIDVALIDITY only",
    ),
    fault(
        "mailboxes/inbox-is-copied",
        "RENAME of INBOX leaves its messages there, too",
        "6.3.5-j",
        doing("RENAME", _inbox_is_copied),
        "RENAME",
    ),
    fault(
        "mailboxes/inferiors-of-inbox-follow",
        "RENAME of INBOX takes along what lies below it",
        "6.3.5-k",
        keeping(rename=_inferiors_of_inbox_follow),
        "RENAME",
        seen_in="servers that rename INBOX as any other",
    ),
)
