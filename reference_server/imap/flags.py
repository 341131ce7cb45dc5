"""Message flags and keywords (RFC 3501 §2.3.2) and mailbox attributes for special uses (RFC 6154 §2).

A flag is a `str`. System flags have the case of the RFC whatever case they came in; a keyword keeps its case, and two
keywords are the same where `folded` gives the same.
"""

from __future__ import annotations

ANSWERED = r"\Answered"
FLAGGED = r"\Flagged"
DELETED = r"\Deleted"
SEEN = r"\Seen"
DRAFT = r"\Draft"
RECENT = r"\Recent"

SYSTEM_FLAGS = (ANSWERED, FLAGGED, DELETED, SEEN, DRAFT)
"""What a client may set, besides keywords."""

SPECIAL_USES = (r"\All", r"\Archive", r"\Drafts", r"\Flagged", r"\Junk", r"\Sent", r"\Trash")

_BY_FOLDED = {flag.lower(): flag for flag in (*SYSTEM_FLAGS, RECENT)}
_USES_BY_FOLDED = {use.lower(): use for use in SPECIAL_USES}


def canonical(flag: str) -> str:
    """The flag with the RFC's case, where the RFC has it."""
    return _BY_FOLDED.get(flag.lower(), flag)


def canonical_use(attribute: str) -> str:
    """A special use with the RFC's case, where the RFC has it."""
    return _USES_BY_FOLDED.get(attribute.lower(), attribute)


def folded(flag: str) -> str:
    """What to compare by: flags are case-insensitive (RFC 3501 §9, note 1)."""
    return flag.lower()


def is_keyword(flag: str) -> bool:
    """Whether a client or a server made up the name, as opposed to a system flag or a flag-extension."""
    return not flag.startswith("\\")


def without_repetitions(flags: list[str]) -> tuple[str, ...]:
    """The flags in their order, each one once."""
    first: dict[str, str] = {}
    for flag in flags:
        first.setdefault(folded(flag), flag)
    return tuple(first.values())
