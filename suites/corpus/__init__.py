"""The message corpus: kinds of messages that cases load by name, each copy different and always the same bytes.

`message` is the `harness.corpus.Corpus` of the suites.
"""

from __future__ import annotations

from functools import lru_cache

from harness.corpus import CorpusMessage
from suites.corpus.kinds import KINDS, Kind

__all__ = ["KINDS", "Kind", "message"]


@lru_cache(maxsize=256)
def message(kind: str, number: int) -> CorpusMessage:
    """The n-th message of a kind, n from 1. Raises KeyError for an unknown kind."""
    found = KINDS[kind]
    return CorpusMessage(kind, found.build(kind, number), found.traits)
