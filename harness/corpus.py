"""CorpusMessage: a message that cases load into a mailbox, and what a way in must be able to carry for it.

The messages themselves are in `suites/corpus`; the harness only knows their shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Trait(StrEnum):
    """What a message asks of the way in, beyond 7-bit lines of at most 998 octets that end in CRLF."""

    EIGHT_BIT = "eight-bit"
    NUL = "nul"
    BARE_CR = "bare-cr"
    BARE_LF = "bare-lf"
    LONG_LINE = "long-line"  # longer than 998 octets (RFC 5322 §2.1.1)
    NO_FINAL_CRLF = "no-final-crlf"
    NO_HEADER = "no-header"
    FROM_LINE = "from-line"  # a line that begins with From, perhaps after >, which an mbox file has to quote
    LARGE = "large"  # 1 MiB and more
    EXACT = "exact"  # nothing may be put before or behind the bytes


@dataclass(frozen=True, slots=True)
class CorpusMessage:
    """A message as it should lie in the mailbox: CRLF line ends unless its kind says otherwise."""

    kind: str
    data: bytes
    traits: frozenset[Trait] = frozenset()


#: Makes the n-th message of a kind (n from 1), each different so that no two can be confused. Raises KeyError for an
#: unknown kind.
Corpus = Callable[[str, int], CorpusMessage]
