"""Dialects that the tests of the IMAP grammar speak, and how they make a command out of octets."""

from __future__ import annotations

import re

from reference_server.imap.dialect import Dialect
from reference_server.imap.fragmenter import CommandText, Fragment, Fragmenter, Literal, LiteralAnnounced
from reference_server.imap.limits import GrammarLimits
from reference_server.lines import LineBuffer

EVERYTHING = frozenset(
    ["IMAP4rev1", "LITERAL+", "SASL-IR", "IDLE", "NAMESPACE", "ID", "UIDPLUS", "UNSELECT", "MOVE", "ENABLE", "ESEARCH",
     "SEARCHRES", "MULTIAPPEND", "CHILDREN", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "CREATE-SPECIAL-USE",
     "STATUS=SIZE", "WITHIN", "CONDSTORE", "QRESYNC", "SORT", "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "BINARY",
     "QUOTA", "QUOTASET", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "UTF8=ACCEPT"]
)  # fmt: skip

FULL = Dialect(EVERYTHING)
RESYNCING = Dialect(EVERYTHING, frozenset({"QRESYNC", "CONDSTORE"}))
UTF8 = Dialect(EVERYTHING, frozenset({"UTF8=ACCEPT"}))
REV2 = Dialect(frozenset({"IMAP4rev1", "IMAP4rev2"}), frozenset({"IMAP4rev2"}))
BARE = Dialect(frozenset({"IMAP4rev1"}))

_ANNOUNCEMENT = re.compile(rb"~?\{(\d+)\+?\}\r\n")


def without(*extensions: str) -> Dialect:
    """Everything but these."""
    return Dialect(EVERYTHING - set(extensions), frozenset({"QRESYNC"} - set(extensions)))


def command_text(octets: bytes) -> CommandText:
    """What the fragmenter makes of one whole command, CRLF at its end excluded."""
    lines = b""
    literals: dict[int, Literal] = {}
    while (match := _ANNOUNCEMENT.search(octets)) is not None:
        size = int(match[1])
        lines += octets[: match.end()]
        data = octets[match.end() : match.end() + size]
        literals[len(lines)] = Literal(data, not match[0].endswith(b"+}\r\n"), match[0].startswith(b"~"))
        octets = octets[match.end() + size :]
    return CommandText(lines + octets, literals)


def fragments(
    octets: bytes, *, step: int | None = None, limits: GrammarLimits | None = None, refuse: bool = False
) -> list[Fragment]:
    """All that the fragmenter makes of a stream, fed `step` octets at a time; literals are accepted or refused."""
    buffer = LineBuffer()
    fragmenter = Fragmenter(limits or GrammarLimits())
    found: list[Fragment] = []
    step = step or max(len(octets), 1)
    for start in range(0, len(octets), step):
        buffer.feed(octets[start : start + step])
        while (fragment := fragmenter.take(buffer)) is not None:
            found.append(fragment)
            if isinstance(fragment, LiteralAnnounced):
                fragmenter.refuse() if refuse else fragmenter.accept()
            elif not isinstance(fragment, CommandText) and len(found) > 100:
                break
    return found
