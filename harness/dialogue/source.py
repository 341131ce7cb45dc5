"""Source lines of a dialogue, each with its place, so that every error can name line and column.

Knows what a character may be and what a comment is; nothing of header or steps.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Position, UsageError

#: Characters of one line.
LONGEST_LINE = 64 * 1024

_COMMENT = re.compile(r"(?<! ) {2,}#")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its line end. Columns are given as offsets into `text`, from 0."""

    path: Path | str
    number: int
    text: str

    def at(self, offset: int = 0) -> Position:
        """The place of a character of this line."""
        return Position(self.path, self.number, offset + 1)

    def error(self, offset: int, problem: str, mend: str) -> UsageError:
        """An error at a character of this line."""
        return UsageError(problem, position=self.at(offset), mend=mend)

    @property
    def silent(self) -> bool:
        """True for an empty line and for one that is a comment."""
        return not self.text.strip(" ") or self.text.startswith("#")


def split_lines(text: str, path: Path | str) -> list[Line]:
    """Lines of a file whose line ends are LF or CRLF. Raises UsageError for a character that no dialogue may hold."""
    if not text:
        raise UsageError("the file is empty", position=Position(path, 1, 1), mend="begin it with `title: …`")
    parts = text.split("\n")
    if parts[-1] == "":
        parts.pop()
    lines = [Line(path, number, part.removesuffix("\r")) for number, part in enumerate(parts, 1)]
    for line in lines:
        _check_characters(line)
    return lines


def _check_characters(line: Line) -> None:
    if len(line.text) > LONGEST_LINE:
        raise line.error(LONGEST_LINE, f"a line of more than {LONGEST_LINE} characters", 'repeat octets: C! "x"*100000')
    if line.text.isascii() and line.text.isprintable():
        return
    for offset, character in enumerate(line.text):
        if character == "\t":
            raise line.error(offset, "a tab", "use spaces")
        if character == "\ufeff":
            raise line.error(offset, "a byte order mark", "save the file as UTF-8 without one")
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            problem = f"the character U+{ord(character):04X}"
            raise line.error(offset, problem, 'write it as an escape: C! "\\x00" or <text "\\x00">')


def without_comment(text: str) -> str:
    """The text up to a comment (two spaces and `#`), without the spaces before it."""
    found = _COMMENT.search(text)
    return text[: found.start()].rstrip(" ") if found else text


def only_comment(text: str, offset: int) -> bool:
    """True when nothing but spaces or a comment stands from `offset` on."""
    rest = text[offset:]
    return not rest.strip(" ") or _COMMENT.match(rest) is not None


def suggestion(word: str, known: Iterable[str], noun: str) -> str:
    """How to mend an unknown word: the nearest known one, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"{noun}: {', '.join(names)}"
