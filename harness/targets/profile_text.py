"""Where a key of a TOML profile stands, and which name a misspelt one may have meant; for error messages only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)((?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line, from 1, of the key at `place` (such as `("tuned", 1, "stock")`), or of the table that lacks it; else 0.

    Reads headers and keys only, which is enough for profiles as people write them; a key inside an inline table is
    found as the line of the key that holds it.
    """
    best_length, best_line = 0, 0
    here: tuple[str | int, ...] = ()
    arrays: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header:
            here = tuple(header.group(2).split("."))
            if header.group(1) == "[[":
                arrays[header.group(2)] = index = arrays.get(header.group(2), -1) + 1
                here = (*here, index)
            candidate = here
        elif key:
            dotted = [part.strip() for part in key.group(2).split(".") if part.strip()]
            candidate = (*here, key.group(1), *dotted)
        else:
            continue
        if len(candidate) > best_length and tuple(place[: len(candidate)]) == candidate:
            best_length, best_line = len(candidate), number
    return best_line


def toml_place(message: str) -> tuple[int, int]:
    """Line and column of a TOML syntax error, (0, 0) where the message names none."""
    found = _TOML_PLACE.search(message)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a name that is not known, or the names that are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "known here: " + ", ".join(names)
