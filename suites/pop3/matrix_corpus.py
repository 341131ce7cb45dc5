"""Each kind of message through RETR, LIST and TOP: the same octets, the announced size, a clean end (RFC 1939 §3, §5,
§7, §11). Kinds whose octets the RFCs let a server change are in `octets.py`, judged by size and end alone.
"""

from __future__ import annotations

from suites.corpus import KINDS
from suites.corpus.mime import MIME_KINDS
from suites.pop3.dialogue_text import dialogue, expecting
from suites.pop3.octets import TOUCHED

WHOLE = "RFC1939-5.RETR-e"
STUFFED = ("RFC1939-5.RETR-f", "RFC1939-3-n")
SIZE = ("RFC1939-5.LIST-g", "RFC1939-11-a")
DOTS_NOT_COUNTED = "RFC1939-11-b"
TERMINATED = "RFC1939-3-m"

#: Kinds in which a line begins with a dot.
DOTTED = frozenset(
    {
        "lone-dot",
        "two-dots",
        "three-dots",
        "dot-word",
        "dot-space",
        "dot-first",
        "dot-field",
        "dot-first-no-header",
        "dotty-end",
        "dot-runs",
        "terminator-inside",
        "dot-line-998",
    }
)

#: Judged elsewhere: in UTF-8 mode (utf8.py), by size alone (octets.py), as a load (robustness.py), and where a protocol
#: takes messages apart, which POP3 does not.
ELSEWHERE = frozenset({"utf8-header", "large-10m", *TOUCHED, *MIME_KINDS})

#: TOP: kind, number of lines asked for, whether that is more than the body has.
TOPS = (
    ("plain", 0, False),
    ("plain", 2, False),
    ("plain", 4, False),
    ("plain", 5, True),
    ("twenty-lines", 0, False),
    ("twenty-lines", 1, False),
    ("twenty-lines", 10, False),
    ("twenty-lines", 19, False),
    ("twenty-lines", 20, False),
    ("many-lines", 999, False),
    ("many-lines", 1000, False),
    ("leading-blank-lines", 1, False),
    ("leading-blank-lines", 3, False),
    ("blank-body", 2, False),
    ("blank-body", 9, True),
    ("trailing-blank-lines", 4, False),
    ("one-line", 1, False),
    ("empty-body", 0, False),
    ("empty-body", 3, True),
    ("folded-header", 0, False),
    ("long-header", 0, False),
    ("many-fields", 0, False),
    ("line-998", 2, False),
    ("line-64k", 2, False),
    ("mime-multipart", 6, False),
    ("nested-mime", 14, False),
    ("from-line", 2, False),
)

#: TOP of kinds in which a line begins with a dot: kind, number of lines, that line.
DOTTED_TOPS = (
    ("lone-dot", 2, "."),
    ("lone-dot", 3, "."),
    ("two-dots", 2, ".."),
    ("three-dots", 3, "..."),
    ("dot-word", 2, ".x marks the spot"),
    ("dot-space", 3, ". "),
    ("dot-first", 1, ".first line of the body"),
    ("dot-field", 0, ".X-Mooring: bow"),
    ("dotty-end", 4, "."),
    ("terminator-inside", 3, "."),
)


def _retrieved(kind: str) -> tuple[str, str]:
    """RETR gives the message, LIST the number of its octets, and another message follows unharmed."""
    dotted = kind in DOTTED
    steps = [
        "C: RETR 2",
        expecting("+OK", "RFC1939-5.RETR-d"),
        expecting("<message $m2>", *(STUFFED if dotted else (WHOLE,))),
        "C: LIST 2",
        expecting("+OK 2 <octets $m2> <any>", *SIZE, *([DOTS_NOT_COUNTED] if dotted else [])),
        "C: RETR 1",
        expecting("+OK", TERMINATED),
        expecting("<message $m1>", TERMINATED),
    ]
    title = f"RETR and LIST of a message with {KINDS[kind].about}"
    if kind == "plain":
        title = "RETR and LIST of a small message"
    return f"pop3/rfc1939-5/retr-of-{kind}", dialogue(title, steps, messages=f"1 plain, 1 {kind}")


def _top(kind: str, lines: int, whole: bool) -> tuple[str, str]:
    """TOP gives header, empty line and so many lines of the body."""
    judged = ["RFC1939-7.TOP-g" if whole else "RFC1939-7.TOP-e", "RFC1939-7.TOP-d"]
    if lines == 0:
        judged.reverse()
    steps = [
        f"C: TOP 1 {lines}",
        expecting("+OK", "RFC1939-7.TOP-d"),
        expecting(f"<top $m1 {lines}>", *judged),
        "C: NOOP",
        expecting("+OK", TERMINATED),
    ]
    title = f"TOP 1 {lines} of a {kind} message"
    return f"pop3/rfc1939-7/top-{lines}-of-{kind}", dialogue(title, steps, messages=f"1 {kind}", requires="TOP")


def _dotted_top(kind: str, lines: int, dotted: str) -> tuple[str, str]:
    """TOP stuffs as RETR does: the line comes back as it was, whatever the other lines are."""
    steps = [
        f"C: TOP 1 {lines}",
        expecting("+OK", "RFC1939-7.TOP-d"),
        expecting("<lines>"),
        expecting(f'<text "{dotted}">', "RFC1939-7.TOP-f", "RFC1939-3-n"),
        expecting("<lines>"),
        "C: NOOP",
        expecting("+OK", TERMINATED),
    ]
    title = f"TOP 1 {lines} of a {kind} message stuffs dots"
    return f"pop3/rfc1939-7/top-{lines}-of-{kind}", dialogue(title, steps, messages=f"1 {kind}", requires="TOP")


def cases() -> list[tuple[str, str]]:
    """RETR of each kind, and the tables of TOP."""
    return [
        *(_retrieved(kind) for kind in KINDS if kind not in ELSEWHERE),
        *(_top(*row) for row in TOPS),
        *(_dotted_top(*row) for row in DOTTED_TOPS),
    ]
