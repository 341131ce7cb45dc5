"""As a table, the commands that each state permits (RFC 3501 §3 and §6).

A handler never asks whether it may: what is not in the table of the present state is refused before. Beside its handler
a command has the moment at which the client is told of changes that others made. A deliberate fault in either is one
changed entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference_server.imap import (
    appending,
    authentication,
    connection,
    copying,
    fetching,
    folders,
    idling,
    listing,
    quota,
    searching,
    selection,
    storing,
)
from reference_server.imap import commands as c
from reference_server.imap.outcome import Handling
from reference_server.imap.searchkeys import uses_numbers
from reference_server.imap.state import State, Updates

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession


@dataclass(frozen=True, slots=True)
class Entry:
    """One command in one state."""

    handler: Callable[[ImapSession, Any], Handling]
    updates: Updates = Updates.EVERYTHING


CommandTable = Mapping[State, Mapping[str, Entry]]

_ANY_STATE: Mapping[str, Entry] = {
    "CAPABILITY": Entry(connection.capability),
    "NOOP": Entry(connection.noop),
    "LOGOUT": Entry(connection.logout, Updates.NOTHING),
    "ID": Entry(connection.identify),
}

_NOT_AUTHENTICATED: Mapping[str, Entry] = {
    **_ANY_STATE,
    "STARTTLS": Entry(authentication.starttls),
    "AUTHENTICATE": Entry(authentication.authenticate),
    "LOGIN": Entry(authentication.login),
}

_BOTH: Mapping[str, Entry] = {
    **_ANY_STATE,
    "SELECT": Entry(selection.select, Updates.NOTHING),
    "EXAMINE": Entry(selection.select, Updates.NOTHING),
    "CREATE": Entry(folders.create),
    "DELETE": Entry(folders.delete),
    "RENAME": Entry(folders.rename),
    "SUBSCRIBE": Entry(folders.subscribe),
    "UNSUBSCRIBE": Entry(folders.unsubscribe),
    "LIST": Entry(listing.list_),
    "LSUB": Entry(listing.lsub),
    "STATUS": Entry(folders.status),
    "NAMESPACE": Entry(folders.namespace),
    "APPEND": Entry(appending.append),
    "IDLE": Entry(idling.idle),
    "GETQUOTA": Entry(quota.get_quota),
    "GETQUOTAROOT": Entry(quota.get_quota_root),
    "SETQUOTA": Entry(quota.set_quota),
}

COMMANDS: CommandTable = {
    State.NOT_AUTHENTICATED: _NOT_AUTHENTICATED,
    # ENABLE before a mailbox is selected: what is enabled changes how it is shown (RFC 5161 §3.1).
    State.AUTHENTICATED: {**_BOTH, "ENABLE": Entry(connection.enable)},
    State.SELECTED: {
        **_BOTH,
        "CHECK": Entry(selection.check),
        "CLOSE": Entry(selection.close, Updates.NOTHING),
        "UNSELECT": Entry(selection.unselect, Updates.NOTHING),
        "EXPUNGE": Entry(storing.expunge),
        "UID EXPUNGE": Entry(storing.expunge),
        "FETCH": Entry(fetching.fetch, Updates.SAME_NUMBERS),
        "UID FETCH": Entry(fetching.fetch),
        "STORE": Entry(storing.store, Updates.SAME_NUMBERS),
        "UID STORE": Entry(storing.store),
        "SEARCH": Entry(searching.search, Updates.SAME_NUMBERS),
        "UID SEARCH": Entry(searching.search),
        "SORT": Entry(searching.sort, Updates.SAME_NUMBERS),
        "UID SORT": Entry(searching.sort),
        "THREAD": Entry(searching.thread, Updates.SAME_NUMBERS),
        "UID THREAD": Entry(searching.thread),
        "COPY": Entry(copying.copy),
        "UID COPY": Entry(copying.copy),
        "MOVE": Entry(copying.move),
        "UID MOVE": Entry(copying.move),
    },
    State.LOGOUT: {},
}
"""State by state, the commands that are valid in it."""


def name_of(command: c.Command) -> str:
    """The command's name, with UID in front where the client wrote that."""
    name = type(command).__name__.upper()
    if isinstance(command, c.Select) and command.read_only:
        return "EXAMINE"
    if getattr(command, "uid", False) or getattr(command, "uids", None) is not None:
        return f"UID {name}"
    return name


def updates_after(entry: Entry, command: c.Command) -> Updates:
    """What may be told at the end of a command: with UID, too, a search by message numbers must keep these."""
    if isinstance(command, c.Search | c.Sort | c.Thread) and uses_numbers(command.key):
        return Updates.SAME_NUMBERS
    return entry.updates
