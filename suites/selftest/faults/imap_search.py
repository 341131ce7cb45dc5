"""Faults of SEARCH: keys that are taken for others, and answers that are not right (RFC 3501 §6.4.4, §7.2.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from reference_server.imap import searchkeys as k
from reference_server.imap.commands import Command, Search
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.response_codes import BadCharset
from reference_server.imap.responses import Condition, SearchData, StatusResponse
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import claiming, coded, doing, fault, hearing, imap_variant, refusing_lines, said

#: Key, what it is taken for, and the letter of its requirement in §6.4.4.
_KEYS = (
    ("ANSWERED", "UNANSWERED", "q"),
    ("BCC", "CC", "r"),
    ("BEFORE", "SINCE", "s"),
    ("BODY", "TEXT", "t"),
    ("CC", "TO", "u"),
    ("DELETED", "UNDELETED", "v"),
    ("DRAFT", "UNDRAFT", "w"),
    ("FLAGGED", "UNFLAGGED", "x"),
    ("FROM", "TO", "y"),
    ("HEADER", "NOT HEADER", "z"),
    ("KEYWORD", "UNKEYWORD", "ab"),
    ("LARGER", "SMALLER", "ac"),
    ("NEW", "OLD", "ad"),
    ("NOT", "", "ae"),
    ("OLD", "RECENT", "af"),
    ("ON", "SINCE", "ag"),
    ("OR", "", "ah"),
    ("RECENT", "OLD", "ai"),
    ("SEEN", "UNSEEN", "aj"),
    ("SENTBEFORE", "SENTSINCE", "ak"),
    ("SENTON", "SENTBEFORE", "al"),
    ("SENTSINCE", "SENTBEFORE", "am"),
    ("SINCE", "BEFORE", "an"),
    ("SMALLER", "LARGER", "ao"),
    ("SUBJECT", "FROM", "ap"),
    ("TEXT", "BODY", "aq"),
    ("TO", "FROM", "ar"),
    ("UNANSWERED", "ANSWERED", "at"),
    ("UNDELETED", "DELETED", "au"),
    ("UNDRAFT", "DRAFT", "av"),
    ("UNFLAGGED", "FLAGGED", "aw"),
    ("UNKEYWORD", "KEYWORD", "ax"),
    ("UNSEEN", "SEEN", "ay"),
)


def _mistaken(key: str, other: str, letter: str) -> Fault:
    """A key works as another."""
    pattern = re.compile(rb"(?<=[ (])%b " % key.encode() + rb"|(?<=[ (])%b(?=$|\))" % key.encode())

    def changed(line: bytes) -> bytes:
        command, search, keys = line.partition(b"SEARCH")
        taken = other.encode() + b" " * bool(other)
        kept = pattern.sub(lambda match: taken if match[0].endswith(b" ") else taken.rstrip(), keys)
        return command + search + kept if search else line

    return fault(
        f"search/{key.lower()}-is-{other.lower().replace(' ', '-') or 'nothing'}",
        f"SEARCH takes {key} for {other or 'nothing'}",
        f"6.4.4-{letter}",
        hearing(changed),
        "SEARCH",
        key,
    )


def _line(slug: str, title: str, requirements: str, pattern: bytes) -> Fault:
    """Lines like this are answered with BAD."""
    found = re.compile(pattern)
    return fault(
        f"search/{slug}", title, requirements, refusing_lines(lambda line: found.search(line) is not None), "SEARCH"
    )


def _keys(change: Callable[[k.SearchKey], k.SearchKey], *, charset: bytes = b"") -> Build:
    """A variant that takes other keys than it was given, each by itself; in commands with this charset only."""

    def changed(key: k.SearchKey) -> k.SearchKey:
        match key:
            case k.And(keys):
                return k.And(tuple(map(changed, keys)))
            case k.Or(first, second):
                return k.Or(changed(first), changed(second))
            case k.Not(inner):
                return k.Not(changed(inner))
            case _:
                return change(key)

    class Session(ImapSession):
        def understood(self, text: CommandText) -> Command:
            command = super().understood(text)
            if isinstance(command, Search) and charset in text.lines:
                return replace(command, key=changed(command.key))
            return command

    return imap_variant(session=Session)


def _blind(slug: str, title: str, requirement: str, unseen: Callable[[k.SearchKey], bool], **options: bytes) -> Fault:
    """Some keys match nothing."""
    build = _keys(lambda key: k.Not(k.Everything()) if unseen(key) else key, **options)
    return fault(f"search/{slug}", title, requirement, build, "SEARCH")


def _begins_a_word(key: k.SearchKey) -> k.SearchKey:
    """The string stands behind a space."""
    return replace(key, text=f" {key.text}") if isinstance(key, _TEXTS) and key.text else key


_TEXTS = (k.AddressContains, k.SubjectContains, k.HeaderContains, k.BodyContains, k.TextContains)

FAULTS: tuple[Fault, ...] = (
    *(_mistaken(*row) for row in _KEYS),
    fault(
        "search/says-nothing-of-nothing",
        "SEARCH without a match sends no SEARCH response",
        "6.4.4-a 6.4.8-e 7.2.5-a",
        said(SearchData, lambda data: data if data.numbers else None),
        "SEARCH",
        seen_in="servers that send what they have found, if anything",
    ),
    fault("search/says-nothing", "SEARCH says nothing", "6.4.4-a 6.4.4-b", doing("SEARCH", claiming), "SEARCH"),
    fault(
        "search/finds-nothing",
        "SEARCH finds nothing",
        "6.4.4-b",
        said(SearchData, lambda data: replace(data, numbers=())),
        "SEARCH",
    ),
    fault(
        "search/first-key-only",
        "SEARCH looks at the first key only",
        "6.4.4-c",
        hearing(lambda line: re.sub(rb"(SEARCH [A-Z]+) [A-Z]+$", rb"\1", line)),
        "SEARCH",
    ),
    fault(
        "search/last-is-lost",
        "SEARCH does not give the last message that it has found",
        "6.4.4-b 6.4.4-p",
        said(SearchData, lambda data: replace(data, numbers=data.numbers[:-1])),
        "SEARCH",
    ),
    fault(
        "search/beginnings-of-words",
        "SEARCH finds strings at the beginning of a word only",
        "6.4.4-m",
        _keys(_begins_a_word),
        "SEARCH",
        seen_in="servers that search for words",
    ),
    _blind(
        "case-matters",
        "SEARCH finds nothing for a string with capitals",
        "6.4.4-n RFC9051-6.4.4-e",
        lambda key: isinstance(key, _TEXTS) and key.text != key.text.lower(),
    ),
    _blind(
        "bodies-are-not-decoded",
        "SEARCH finds nothing in bodies where a charset is given",
        "6.4.4-f",
        lambda key: isinstance(key, k.BodyContains | k.TextContains),
        charset=b"UTF-8",
    ),
    _blind(
        "headers-are-not-decoded",
        "SEARCH finds nothing in headers where a charset is given",
        "6.4.4-g",
        lambda key: isinstance(key, k.SubjectContains | k.HeaderContains | k.TextContains),
        charset=b"UTF-8",
    ),
    _blind(
        "empty-header-is-nothing",
        "SEARCH HEADER with an empty string matches nothing",
        "6.4.4-aa",
        lambda key: isinstance(key, k.HeaderContains) and not key.text,
    ),
    _blind(
        "sets-are-nothing",
        "SEARCH with a set matches nothing",
        "6.4.4-o",
        lambda key: isinstance(key, k.InSet) and not key.uid,
    ),
    _blind("all-is-nothing", "SEARCH ALL matches nothing", "6.4.4-p", lambda key: isinstance(key, k.Everything)),
    _line("no-parentheses", "SEARCH takes no keys in parentheses", "6.4.4-d", rb"SEARCH (?!RETURN).*\("),
    _line("no-charset", "SEARCH takes no CHARSET", "6.4.4-h", rb"SEARCH CHARSET"),
    fault(
        "search/badcharset-is-bad",
        "An unknown charset is answered with BAD",
        "6.4.4-j",
        said(
            StatusResponse,
            lambda given: replace(given, condition=Condition.BAD) if isinstance(given.code, BadCharset) else given,
        ),
        "SEARCH",
    ),
    fault(
        "search/no-badcharset",
        "The NO to an unknown charset has no BADCHARSET",
        "6.4.4-k",
        coded(BadCharset, lambda _: None),
        "SEARCH",
    ),
)
