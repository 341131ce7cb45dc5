"""Faults of CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE, and of names (RFC 3501 §5.1, §6.3.3 to §6.3.7)."""

from __future__ import annotations

import re
from contextlib import suppress

from reference_server.imap.names import INBOX, MailboxName
from reference_server.imap.renderer import Renderer
from reference_server.store.folders import Folders
from reference_server.store.mailbox_state import MailboxState
from reference_server.store.rejections import HasInferiors, MailboxExists, MailboxMissing
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    claiming,
    doing,
    fault,
    hearing,
    imap_variant,
    keeping,
    refusing_lines,
    succeeding,
)


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


def _delete_unsubscribes(self: Folders, owner: str, name: str) -> int:
    """DELETE also takes the subscription away."""
    deleted = Folders.delete(self, owner, name)
    self.unsubscribe(owner, name)
    return deleted


def _subscribes_existing(self: Folders, owner: str) -> frozenset[str]:
    """Only names of mailboxes that exist are shown as subscribed."""
    return Folders.subscriptions(self, owner) & {state.name for state in self.all(owner)}


def _only_capital_inbox(command: str, requirements: str) -> Fault:
    return fault(
        f"mailboxes/only-capital-inbox-in-{command.lower()}",
        f"{command} knows INBOX in capitals only",
        requirements,
        refusing_lines(
            lambda line: (
                re.match(rb"\S+ %b\b" % command.encode(), line) is not None
                and re.search(rb"(?!INBOX)(?i:inbox)", line) is not None
            )
        ),
        command,
        seen_in="servers that compare INBOX as it is",
    )


class _Utf8Names(Renderer):
    """Names go out in UTF-8 though nobody asked for it."""

    def mailbox(self, name: MailboxName) -> bytes:
        return self.string(name.text.encode()) if name.text.isascii() else b'"%b"' % name.text.encode()


class _UpperShift(Renderer):
    """The base64 of names goes out in capitals."""

    def mailbox(self, name: MailboxName) -> bytes:
        return re.sub(rb"&[^-]+-", lambda match: match[0].upper(), super().mailbox(name))


#: Commands with a mailbox name, and the requirements about INBOX in another case.
_INBOX_COMMANDS = (
    *((name, "9-at 5.1-c") for name in ("SELECT", "EXAMINE", "STATUS", "APPEND", "COPY")),
    ("CREATE", "6.3.3-b"),
    ("DELETE", "6.3.4-c"),
    ("RENAME", "6.3.5-d"),
)

FAULTS: tuple[Fault, ...] = (
    *(_only_capital_inbox(*row) for row in _INBOX_COMMANDS),
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
        "6.3.3-e 6.3.3-f 6.3.3-i",
        refusing_lines(lambda line: re.search(rb"CREATE .*/\"?$", line) is not None),
        "CREATE",
    ),
    fault(
        "mailboxes/create-with-separator-makes-another",
        "CREATE of a name with a separator at its end makes one with something behind it",
        "6.3.3-f 6.3.3-e",
        hearing(lambda line: re.sub(rb"(CREATE \"?.*)/(\"?)$", rb"\1_\2", line)),
        "CREATE",
    ),
    fault(
        "mailboxes/delete-does-nothing",
        "DELETE deletes nothing",
        "6.3.4-a 6.3.4-b",
        doing("DELETE", claiming),
        "DELETE",
    ),
    fault(
        "mailboxes/delete-is-always-ok",
        "DELETE is always OK",
        "6.3.4-b 6.3.4-c 6.3.4-d 6.3.4-f",
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
    fault("mailboxes/rename-does-nothing", "RENAME renames nothing", "6.3.5-a", doing("RENAME", claiming), "RENAME"),
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
        "6.3.5-i 6.3.5-j",
        keeping(rename=_inbox_without_messages),
        "RENAME",
    ),
    fault(
        "mailboxes/subscribe-does-nothing",
        "SUBSCRIBE subscribes to nothing",
        "6.3.6-a 6.3.6-b",
        doing("SUBSCRIBE", claiming),
        "SUBSCRIBE",
    ),
    fault(
        "mailboxes/unsubscribe-does-nothing",
        "UNSUBSCRIBE does nothing",
        "6.3.7-a 6.3.7-b",
        doing("UNSUBSCRIBE", claiming),
        "UNSUBSCRIBE",
    ),
    fault(
        "mailboxes/delete-unsubscribes",
        "DELETE takes the subscription away",
        "6.3.6-d",
        keeping(delete=_delete_unsubscribes),
        "DELETE",
        seen_in="servers that clean up subscriptions",
    ),
    fault(
        "mailboxes/lsub-of-existing",
        "LSUB shows only mailboxes that exist",
        "6.3.9-f 6.3.6-d",
        keeping(subscriptions=_subscribes_existing),
        "LSUB",
    ),
    # ---- names
    fault(
        "mailboxes/names-in-utf-8",
        "Names go out in UTF-8",
        "5.1.3-a 5.1.3-h 5.1.3-b",
        imap_variant(renderer=_Utf8Names),
        "LIST",
        seen_in="servers that send names as they keep them",
    ),
    fault(
        "mailboxes/shifts-in-capitals",
        "The base64 of names goes out in capitals",
        "5.1.3-c 5.1.3-d 5.1.3-a",
        imap_variant(renderer=_UpperShift),
        "LIST",
    ),
    fault(
        "mailboxes/names-of-letters",
        "Names in modified UTF-7 can only be created",
        "5.1.3-a 5.1.3-b",
        refusing_lines(lambda line: b"&" in line and b"CREATE" not in line),
        "LIST",
    ),
    fault(
        "mailboxes/names-regardless-of-case",
        "Names are folded to lower case",
        "5.1.3-d 5.1.3-c",
        hearing(lambda line: re.sub(rb"&[^-]*-", lambda match: match[0].swapcase(), line)),
        "CREATE",
    ),
)
