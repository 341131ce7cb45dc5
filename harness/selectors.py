"""Selectors: choosing cases by id. A selector is an id, a leading part of one, or a pattern with `*`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from harness.errors import UsageError


def matches(selector: str, case_id: str) -> bool:
    """Whether a selector chooses a case: `pop3`, `pop3/rfc1939-6`, `pop3/rfc1939-6/quit-…` or `pop3/*/quit*`."""
    wanted = selector.rstrip("/")
    if "*" in wanted or "?" in wanted:
        return fnmatchcase(case_id, wanted)
    return case_id == wanted or case_id.startswith(wanted + "/")


def select(selectors: Sequence[str], ids: Iterable[str]) -> list[str]:
    """The ids that any selector chooses, in their own order; all for no selector.

    Raises UsageError for a selector that chooses nothing, with the nearest ids.
    """
    known = list(ids)
    for selector in selectors:
        if not any(matches(selector, case_id) for case_id in known):
            raise UsageError(f"no case matches {selector!r}", mend=_suggestion(selector, known))
    if not selectors:
        return known
    return [case_id for case_id in known if any(matches(selector, case_id) for selector in selectors)]


def _suggestion(selector: str, known: Sequence[str]) -> str:
    parts = {"/".join(case_id.split("/")[:depth]) for case_id in known for depth in (1, 2, 3)}
    near = difflib.get_close_matches(selector, sorted(parts), n=3, cutoff=0.5)
    if not near:
        return "see `postel list`"
    return "did you mean " + " or ".join(near) + "?"
