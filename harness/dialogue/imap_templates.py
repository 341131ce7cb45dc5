"""What an IMAP step sends: text, literals, and Base64, which its exchanges of credentials need (docs/dialogues.md).

RFC 3501 §4.3 (literals), RFC 7888 §4 (those that are not waited for), RFC 3501 §6.2.2 (Base64).
"""

from __future__ import annotations

import re

from harness.dialogue.model import Chunk, ChunkForm, Template, Variable
from harness.dialogue.source import Line, without_comment
from harness.dialogue.templates import check_line_text, name_at, pieces_of, quoted

_FORM = re.compile(r"\{(literal\+?|base64) ")
_COUNT = re.compile(r"\{[0-9]+\+?\}\Z")


def parse_imap_line_template(line: Line, start: int) -> Template:
    """The template of `C: text`, whose text begins at `start`. Raises UsageError."""
    end = len(without_comment(line.text))
    check_line_text(line, start, line.text[start:end])
    if _COUNT.search(line.text, start, end):
        offset = line.text.rindex("{", start, end)
        mend = 'write {literal "…"}, which counts by itself, or C! "…\\r\\n"'
        raise line.error(offset, "the server would wait for a literal's octets", mend)
    chunks: list[Chunk] = []
    at = start
    while at < end or not chunks:
        found = _FORM.search(line.text, at, end)
        stop = found.start() if found else end
        if stop > at or not found:
            chunks.append(Chunk(pieces_of(line, at, line.text[at:stop], escapes=False)))
        at = stop
        if found:
            chunk, at = _formed(line, found)
            chunks.append(chunk)
    return tuple(chunks)


def _formed(line: Line, found: re.Match[str]) -> tuple[Chunk, int]:
    """A literal or Base64, and the offset behind it."""
    form, at = ChunkForm(found[1]), found.end()
    if line.text[at : at + 1] == "$":
        name = name_at(line, at)
        chunk, at = Chunk((Variable(name),), form=form), at + 1 + len(name)
    else:
        pieces, at = quoted(line, at)
        times = re.compile(r"\*([1-9][0-9]{0,7})").match(line.text, at)
        chunk = Chunk(pieces, int(times[1]) if times else 1, form)
        at = times.end() if times else at
    if line.text[at : at + 1] != "}":
        raise line.error(
            at, f"{{{form.value} …}} is not closed", f'write {{{form.value} "…"}} or {{{form.value} $name}}'
        )
    return chunk, at + 1
