"""Rules of the commands that concern messages: APPEND and RFC 3501 §6.4, without SEARCH and its kin."""

from __future__ import annotations

import re
from datetime import datetime

from reference_server.imap import commands
from reference_server.imap.commands import AppendMessage, StoreMode
from reference_server.imap.datetimes import parse_date_time
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.flags import RECENT, canonical, without_repetitions
from reference_server.imap.parser_fetch import fetch_items
from reference_server.imap.sets import SequenceSet
from reference_server.imap.tokens import Cursor


def check(cursor: Cursor, tag: str) -> commands.Check:
    """`"CHECK"`."""
    return commands.Check(tag)


def close(cursor: Cursor, tag: str) -> commands.Close:
    """`"CLOSE"`."""
    return commands.Close(tag)


def unselect(cursor: Cursor, tag: str) -> commands.Unselect:
    """`"UNSELECT"` (RFC 3691 §3)."""
    return commands.Unselect(tag)


def expunge(cursor: Cursor, tag: str) -> commands.Expunge:
    """`"EXPUNGE"`."""
    return commands.Expunge(tag)


def uid_expunge(cursor: Cursor, tag: str) -> commands.Expunge:
    """`"UID" SP "EXPUNGE" SP sequence-set` (RFC 4315 §4)."""
    return commands.Expunge(tag, _set(cursor))


def _set(cursor: Cursor) -> SequenceSet:
    """`SP sequence-set`."""
    cursor.space()
    return cursor.sequence_set()


# copy = "COPY" SP sequence-set SP mailbox
def copy(cursor: Cursor, tag: str) -> commands.Copy:
    """COPY."""
    messages = _set(cursor)
    cursor.space()
    return commands.Copy(tag, messages, cursor.mailbox())


def uid_copy(cursor: Cursor, tag: str) -> commands.Copy:
    """UID COPY."""
    messages = _set(cursor)
    cursor.space()
    return commands.Copy(tag, messages, cursor.mailbox(), uid=True)


# move = "MOVE" SP sequence-set SP mailbox                                                      (RFC 6851 §5)
def move(cursor: Cursor, tag: str) -> commands.Move:
    """MOVE."""
    messages = _set(cursor)
    cursor.space()
    return commands.Move(tag, messages, cursor.mailbox())


def uid_move(cursor: Cursor, tag: str) -> commands.Move:
    """UID MOVE."""
    messages = _set(cursor)
    cursor.space()
    return commands.Move(tag, messages, cursor.mailbox(), uid=True)


# append = "APPEND" SP mailbox 1*append-message                                                 (RFC 3502, RFC 4466 §3)
def append(cursor: Cursor, tag: str) -> commands.Append:
    """APPEND, of several messages where MULTIAPPEND is there."""
    cursor.space()
    cursor.destination = cursor.mailbox()
    messages = [_append_message(cursor)]
    while not cursor.at_end and cursor.dialect.knows("MULTIAPPEND"):
        messages.append(_append_message(cursor))
    return commands.Append(tag, cursor.destination, tuple(messages))


# append-message = append-opts SP append-data        append-opts = [SP flag-list] [SP date-time]
def _append_message(cursor: Cursor) -> AppendMessage:
    cursor.space()
    flags: tuple[str, ...] = ()
    moment: datetime | None = None
    if cursor.next_is(b"("):
        flags = _flag_list(cursor)
        cursor.space()
    if cursor.next_is(b'"'):
        moment = _date_time(cursor)
        cursor.space()
    if cursor.next_is(b"{") or cursor.next_is(b"~"):
        literal = cursor.literal(binary="BINARY" in cursor.dialect.advertised)
        return AppendMessage(literal.data, flags, moment, binary=literal.binary)
    return AppendMessage(_utf8_data(cursor), flags, moment, binary=True, utf8=True)


_DATE_TIME = re.compile(rb'"([^"\\\r\n]*)"')


def _date_time(cursor: Cursor) -> datetime:
    return parse_date_time(cursor.expect(_DATE_TIME, "date-time")[1:-1])


# append-data =/ utf8-literal         utf8-literal = "UTF8" SP "(" literal8 ")"                 (RFC 6855 §4)
def _utf8_data(cursor: Cursor) -> bytes:
    if not cursor.dialect.knows("UTF8=ACCEPT") or cursor.label() != "UTF8":
        raise SyntaxFault("literal expected")
    cursor.space()
    cursor.require(b"(")
    if not cursor.next_is(b"~"):
        raise SyntaxFault("literal8 expected")
    literal = cursor.literal(binary=True)
    cursor.require(b")")
    return literal.data


# flag-list = "(" [flag *(SP flag)] ")"
def _flag_list(cursor: Cursor) -> tuple[str, ...]:
    return without_repetitions(cursor.parenthesized(lambda: _flag(cursor), least=0))


def _flag(cursor: Cursor) -> str:
    """`flag`, which \\Recent is not (RFC 3501 §9)."""
    flag = canonical(cursor.flag().decode("ascii"))
    if flag == RECENT:
        raise SyntaxFault("\\Recent is not for clients to set")
    return flag


def fetch(cursor: Cursor, tag: str) -> commands.Fetch:
    """FETCH."""
    return _fetch(cursor, tag, uid=False)


def uid_fetch(cursor: Cursor, tag: str) -> commands.Fetch:
    """UID FETCH."""
    return _fetch(cursor, tag, uid=True)


# fetch = "FETCH" SP sequence-set SP ( macro / fetch-att / "(" fetch-att *(SP fetch-att) ")" ) [fetch-modifiers]
def _fetch(cursor: Cursor, tag: str, *, uid: bool) -> commands.Fetch:
    messages = _set(cursor)
    cursor.space()
    items = fetch_items(cursor)
    changed_since: int | None = None
    vanished = False
    if cursor.dialect.knows("CONDSTORE") and cursor.accept(b" "):
        modifiers = dict(cursor.parenthesized(lambda: _fetch_modifier(cursor)))
        changed_since = modifiers.get("CHANGEDSINCE")
        vanished = "VANISHED" in modifiers
        # RFC 7162 §3.2.6: only with UID FETCH, and only beside CHANGEDSINCE.
        if vanished and not (uid and changed_since):
            raise SyntaxFault("VANISHED needs UID FETCH and CHANGEDSINCE")
    return commands.Fetch(tag, messages, items, uid, changed_since, vanished)


# fetch-modifier =/ "CHANGEDSINCE" SP mod-sequence-value / "VANISHED"                           (RFC 7162 §7)
def _fetch_modifier(cursor: Cursor) -> tuple[str, int]:
    name = cursor.label()
    if name == "CHANGEDSINCE":
        cursor.space()
        return name, cursor.mod_sequence()
    if name != "VANISHED" or "QRESYNC" not in cursor.dialect.enabled:
        raise SyntaxFault("unknown modifier, or not enabled")
    return name, 0


def store(cursor: Cursor, tag: str) -> commands.Store:
    """STORE."""
    return _store(cursor, tag, uid=False)


def uid_store(cursor: Cursor, tag: str) -> commands.Store:
    """UID STORE."""
    return _store(cursor, tag, uid=True)


_STORE_ITEM = re.compile(rb"([+-]?FLAGS)(\.SILENT)?(?= )", re.IGNORECASE)


# store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags
# store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
def _store(cursor: Cursor, tag: str, *, uid: bool) -> commands.Store:
    messages = _set(cursor)
    cursor.space()
    unchanged_since: int | None = None
    if cursor.dialect.knows("CONDSTORE") and cursor.next_is(b"("):
        unchanged_since = _unchanged_since(cursor)
        cursor.space()
    item = cursor.match(_STORE_ITEM)
    if item is None:
        raise SyntaxFault("FLAGS, +FLAGS or -FLAGS expected")
    mode = StoreMode(item[1].decode("ascii").upper())
    cursor.space()
    flags = _flag_list(cursor) if cursor.next_is(b"(") else _flags(cursor)
    return commands.Store(tag, messages, mode, flags, bool(item[2]), uid, unchanged_since)


def _flags(cursor: Cursor) -> tuple[str, ...]:
    flags = [_flag(cursor)]
    while cursor.accept(b" "):
        flags.append(_flag(cursor))
    return without_repetitions(flags)


# store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer         Only one of them.           (RFC 7162 §7)
def _unchanged_since(cursor: Cursor) -> int:
    cursor.require(b"(")
    if cursor.label() != "UNCHANGEDSINCE":
        raise SyntaxFault("unknown modifier")
    cursor.space()
    value = cursor.mod_sequence(zero=True)
    cursor.require(b")")
    return value
