"""Faults of SEARCH: keys that are taken for others, and answers that are not right (RFC 3501 §6.4.4, §7.2.5)."""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.imap.response_codes import BadCharset
from reference_server.imap.responses import Condition, SearchData, StatusResponse
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import claiming, coded, doing, fault, hearing, refusing_lines, said

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


FAULTS: tuple[Fault, ...] = (
    *(_mistaken(*row) for row in _KEYS),
    fault(
        "search/says-nothing-of-nothing",
        "SEARCH without a match sends no SEARCH response",
        "6.4.4-a",
        said(SearchData, lambda data: data if data.numbers else None),
        "SEARCH",
        seen_in="servers that send what they have found, if anything",
    ),
    fault("search/says-nothing", "SEARCH says nothing", "6.4.4-a 6.4.4-b", doing("SEARCH", claiming), "SEARCH"),
    fault(
        "search/finds-nothing",
        "SEARCH finds nothing",
        "6.4.4-b 6.4.4-c 6.4.4-d 6.4.4-f 6.4.4-g 6.4.4-h 6.4.4-m 6.4.4-n 6.4.4-o 6.4.4-p 6.4.4-aa",
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
        "6.4.4-b 6.4.4-p 6.4.4-o",
        said(SearchData, lambda data: replace(data, numbers=data.numbers[:-1])),
        "SEARCH",
    ),
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
