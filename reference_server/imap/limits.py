"""How much of a client's command the grammar takes, with units."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GrammarLimits:
    """Lengths are in octets. What goes beyond one is refused and never kept."""

    line: int = 64 * 1024
    """All lines of one command together, CRLFs counted, literals not (RFC 7162 §4 asks for 8192 at least)."""

    literal: int = 64 * 1024
    """A literal of any command but APPEND: a mailbox name, a password, a string to search for."""

    message: int = 64 * MIB
    """A literal of APPEND."""

    literals: int = 256 * MIB
    """All literals of one command together: the messages of one MULTIAPPEND."""

    literal_count: int = 1000
    """Literals of one command."""

    skipped: int = 64 * MIB
    """Octets of non-synchronizing literals that are read and thrown away after their command was refused."""

    nesting: int = 100
    """Levels of parentheses, NOT and OR in one another in a search program."""

    search_keys: int = 10_000
    """Search keys of one command, however they nest."""

    mailbox_name: int = 1000
    """A mailbox name, in UTF-8."""
