"""Comparison of text without regard to case: i;unicode-casemap.

Knows RFC 5051 §2, which RFC 5256 §7 demands for SORT and THREAD and RFC 5255 §4.4 for SEARCH. On ASCII it agrees with
i;ascii-casemap, the comparison of RFC 3501 §6.4.4.
"""

from __future__ import annotations

import unicodedata

_MOST_CACHED = 20_000


class _Folding(dict[int, str]):
    """Character to its folded form, worked out when it is first met: in title case and decomposed, again and again."""

    def __missing__(self, code: int) -> str:
        folded, previous = chr(code), ""
        while folded != previous:
            previous = folded
            folded = unicodedata.normalize("NFKD", "".join([_titlecase(character) for character in folded]))
        if len(self) < _MOST_CACHED:
            self[code] = folded
        return folded


def _titlecase(character: str) -> str:
    """The simple mapping, which is always to one character; there is none where the full one has more."""
    title = character.title()
    return title if len(title) == 1 else character


_FOLDING = _Folding()


def fold(text: str) -> str:
    """What text is compared, ordered and searched by: equal for texts that differ in case only."""
    return text.upper() if text.isascii() else text.translate(_FOLDING)
