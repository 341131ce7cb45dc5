"""Rules of SEARCH, SORT and THREAD (RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 5032, RFC 7162 §3.1.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TypeVar

from reference_server.imap import commands, flags
from reference_server.imap import searchkeys as keys
from reference_server.imap.commands import SearchReturn, SortCriterion, SortKey
from reference_server.imap.datetimes import parse_date
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.response_codes import BadCharset
from reference_server.imap.searchkeys import SearchKey
from reference_server.imap.tokens import Cursor

T = TypeVar("T")

CHARSETS = {
    "US-ASCII": "ascii",
    "UTF-8": "utf-8",
    "ISO-8859-1": "iso-8859-1",
    "ISO-8859-15": "iso-8859-15",
    "WINDOWS-1252": "cp1252",
}
"""Registered names, and Python's, of the charsets that a search program may be in."""


def search(cursor: Cursor, tag: str) -> commands.Search:
    """SEARCH."""
    return _search(cursor, tag, uid=False)


def uid_search(cursor: Cursor, tag: str) -> commands.Search:
    """UID SEARCH."""
    return _search(cursor, tag, uid=True)


_RETURN = re.compile(rb"RETURN (?=\()", re.IGNORECASE)
_CHARSET = re.compile(rb"CHARSET ", re.IGNORECASE)


# search = "SEARCH" [search-return-opts] SP search-program
# search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
# search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
def _search(cursor: Cursor, tag: str, *, uid: bool) -> commands.Search:
    cursor.space()
    returns: frozenset[SearchReturn] | None = None
    if cursor.dialect.knows("ESEARCH") and cursor.match(_RETURN):
        options = cursor.parenthesized(lambda: _return_option(cursor), least=0)
        # RFC 4731 §3.1: an empty list is ALL.
        returns = frozenset(options or [SearchReturn.ALL])
        cursor.space()
    codec = "utf-8" if cursor.dialect.utf8 else "ascii"
    if cursor.match(_CHARSET):
        codec = _charset(cursor)
        # RFC 6855 §3: the charset is UTF-8 already.
        if "UTF8=ACCEPT" in cursor.dialect.enabled:
            raise SyntaxFault("no CHARSET is permitted after ENABLE UTF8=ACCEPT")
        cursor.space()
    return commands.Search(tag, SearchProgram(cursor, codec).program(), uid, returns)


def _return_option(cursor: Cursor) -> SearchReturn:
    try:
        option = SearchReturn(cursor.label())
    except ValueError:
        raise SyntaxFault("unknown return option") from None
    if option is SearchReturn.SAVE and not cursor.dialect.knows("SEARCHRES"):
        raise SyntaxFault("unknown return option")
    return option


def _charset(cursor: Cursor) -> str:
    name = cursor.astring().decode("latin-1").upper()
    if name not in CHARSETS:
        cursor.refuse("unknown charset", BadCharset(tuple(CHARSETS)))
    return CHARSETS.get(name, "latin-1")


def sort(cursor: Cursor, tag: str) -> commands.Sort:
    """SORT."""
    return _sort(cursor, tag, uid=False)


def uid_sort(cursor: Cursor, tag: str) -> commands.Sort:
    """UID SORT."""
    return _sort(cursor, tag, uid=True)


# sort = ["UID" SP] "SORT" SP sort-criteria SP search-criteria          search-criteria = charset 1*(SP search-key)
# sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"                                   (RFC 5256 §5)
def _sort(cursor: Cursor, tag: str, *, uid: bool) -> commands.Sort:
    cursor.space()
    criteria = cursor.parenthesized(lambda: _sort_criterion(cursor))
    return commands.Sort(tag, tuple(criteria), _search_criteria(cursor), uid)


# sort-criterion = ["REVERSE" SP] sort-key
def _sort_criterion(cursor: Cursor) -> SortCriterion:
    name = cursor.label()
    reverse = name == "REVERSE"
    if reverse:
        cursor.space()
        name = cursor.label()
    try:
        return SortCriterion(SortKey(name), reverse)
    except ValueError:
        raise SyntaxFault("unknown sort key") from None


def thread(cursor: Cursor, tag: str) -> commands.Thread:
    """THREAD."""
    return _thread(cursor, tag, uid=False)


def uid_thread(cursor: Cursor, tag: str) -> commands.Thread:
    """UID THREAD."""
    return _thread(cursor, tag, uid=True)


# thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria
def _thread(cursor: Cursor, tag: str, *, uid: bool) -> commands.Thread:
    cursor.space()
    algorithm = cursor.atom().upper()
    if algorithm not in cursor.dialect.thread_algorithms:
        raise SyntaxFault("unknown threading algorithm")
    return commands.Thread(tag, algorithm, _search_criteria(cursor), uid)


def _search_criteria(cursor: Cursor) -> SearchKey:
    cursor.space()
    codec = _charset(cursor)
    cursor.space()
    return SearchProgram(cursor, codec).program()


_DATE = re.compile(rb'("?)([0-9A-Za-z-]+)\1')

_FLAGS: dict[str, SearchKey] = {
    "ALL": keys.Everything(),
    "ANSWERED": keys.HasFlag(flags.ANSWERED),
    "DELETED": keys.HasFlag(flags.DELETED),
    "DRAFT": keys.HasFlag(flags.DRAFT),
    "FLAGGED": keys.HasFlag(flags.FLAGGED),
    "RECENT": keys.HasFlag(flags.RECENT),
    "SEEN": keys.HasFlag(flags.SEEN),
    "UNANSWERED": keys.Not(keys.HasFlag(flags.ANSWERED)),
    "UNDELETED": keys.Not(keys.HasFlag(flags.DELETED)),
    "UNDRAFT": keys.Not(keys.HasFlag(flags.DRAFT)),
    "UNFLAGGED": keys.Not(keys.HasFlag(flags.FLAGGED)),
    "UNSEEN": keys.Not(keys.HasFlag(flags.SEEN)),
    "NEW": keys.And((keys.HasFlag(flags.RECENT), keys.Not(keys.HasFlag(flags.SEEN)))),
    "OLD": keys.Not(keys.HasFlag(flags.RECENT)),
}

_ADDRESSES = {field.name: field for field in keys.AddressField}

_TEXTS: dict[str, Callable[[str], SearchKey]] = {
    "SUBJECT": keys.SubjectContains,
    "BODY": keys.BodyContains,
    "TEXT": keys.TextContains,
}

_DATES: dict[str, Callable[[date], SearchKey]] = {
    **{each.name: partial(keys.InternalDate, each) for each in keys.DateRelation},
    **{f"SENT{each.name}": partial(keys.SentDate, each) for each in keys.DateRelation},
}


class SearchProgram:
    """Reads the keys of one command; strings are in the charset with this Python name."""

    def __init__(self, cursor: Cursor, codec: str) -> None:
        self._cursor = cursor
        self._codec = codec
        self._keys = 0
        self._others: dict[str, Callable[[int], SearchKey]] = {
            "HEADER": self._header,
            "KEYWORD": self._keyword,
            "UNKEYWORD": lambda depth: keys.Not(self._keyword(depth)),
            "LARGER": lambda _: keys.Larger(self._after_space(cursor.number64)),
            "SMALLER": lambda _: keys.Smaller(self._after_space(cursor.number64)),
            "NOT": lambda depth: keys.Not(self._argument(depth)),
            "OR": lambda depth: keys.Or(self._argument(depth), self._argument(depth)),
            "UID": lambda _: keys.InSet(self._after_space(cursor.sequence_set), uid=True),
        }
        # search-key =/ ( "OLDER" / "YOUNGER" ) SP nz-number                                    (RFC 5032 §3)
        if cursor.dialect.knows("WITHIN"):
            self._others["OLDER"] = lambda _: keys.Older(self._after_space(cursor.nz_number))
            self._others["YOUNGER"] = lambda _: keys.Younger(self._after_space(cursor.nz_number))
        if cursor.dialect.knows("CONDSTORE"):
            self._others["MODSEQ"] = self._mod_sequence

    def program(self) -> SearchKey:
        """`search-key *(SP search-key)`: all of them must match (RFC 3501 §6.4.4)."""
        found = [self._key(0)]
        while self._cursor.accept(b" "):
            found.append(self._key(0))
        return _all_of(found)

    # search-key = ... / sequence-set / "(" search-key *(SP search-key) ")"
    def _key(self, depth: int) -> SearchKey:
        self._count(depth)
        cursor = self._cursor
        if cursor.next_is(b"("):
            return _all_of(cursor.parenthesized(lambda: self._key(depth + 1)))
        if cursor.lines[cursor.position : cursor.position + 1] in _SET_BEGINNINGS:
            return keys.InSet(cursor.sequence_set())
        return self._named(cursor.label(), depth)

    def _named(self, name: str, depth: int) -> SearchKey:
        if name in _FLAGS:
            return _FLAGS[name]
        if name in _ADDRESSES:
            return keys.AddressContains(_ADDRESSES[name], self._string())
        if name in _TEXTS:
            return _TEXTS[name](self._string())
        if name in _DATES:
            return _DATES[name](self._date())
        if name in self._others:
            return self._others[name](depth)
        raise SyntaxFault("unknown search key")

    def _count(self, depth: int) -> None:
        self._keys += 1
        if depth > self._cursor.limits.nesting:
            raise SyntaxFault("search keys nest too deeply")
        if self._keys > self._cursor.limits.search_keys:
            raise SyntaxFault("too many search keys")

    def _after_space(self, rule: Callable[[], T]) -> T:
        self._cursor.space()
        return rule()

    def _argument(self, depth: int) -> SearchKey:
        self._cursor.space()
        return self._key(depth + 1)

    def _string(self) -> str:
        """`SP astring`, decoded."""
        self._cursor.space()
        octets = self._cursor.astring()
        try:
            return octets.decode(self._codec)
        except UnicodeDecodeError:
            raise SyntaxFault("a string is not in the charset of the command") from None

    # date = date-text / DQUOTE date-text DQUOTE
    def _date(self) -> date:
        self._cursor.space()
        match = self._cursor.match(_DATE)
        if match is None:
            raise SyntaxFault("date expected")
        return parse_date(match[2])

    # "HEADER" SP header-fld-name SP astring
    def _header(self, depth: int) -> SearchKey:
        name = self._string()
        return keys.HeaderContains(name, self._string())

    # "KEYWORD" SP flag-keyword
    def _keyword(self, depth: int) -> SearchKey:
        self._cursor.space()
        return keys.HasFlag(self._cursor.atom())

    # search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer      (RFC 7162 §7)
    def _mod_sequence(self, depth: int) -> SearchKey:
        cursor = self._cursor
        cursor.space()
        flag: str | None = None
        if cursor.next_is(b'"'):
            flag = _entry_flag(cursor.quoted())
            cursor.space()
            if cursor.label() not in {"PRIV", "SHARED", "ALL"}:
                raise SyntaxFault("priv, shared or all expected")
            cursor.space()
        return keys.ModSeqSince(cursor.mod_sequence(zero=True), flag)


_SET_BEGINNINGS = frozenset({b"*", b"$"} | {b"%d" % digit for digit in range(10)})


# entry-flag-name = DQUOTE "/flags/" attr-flag DQUOTE
def _entry_flag(entry: bytes) -> str:
    prefix = b"/flags/"
    if not entry.lower().startswith(prefix) or len(entry) == len(prefix) or not entry.isascii():
        raise SyntaxFault("unknown metadata entry")
    return flags.canonical(entry[len(prefix) :].decode("ascii"))


def _all_of(found: list[SearchKey]) -> SearchKey:
    return found[0] if len(found) == 1 else keys.And(tuple(found))
