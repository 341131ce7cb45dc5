"""Parts of a `C:` line that are sent in another form: `{literal "…"}`, `{base64 "…"}`, `{data $m1}`, `{octets $m1}`.

Which forms a line can have is its protocol's business (docs/dialogues.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.dialogue.model import Chunk, ChunkForm, Template, Variable
from harness.dialogue.source import Line, without_comment
from harness.dialogue.templates import check_line_text, name_at, pieces_of, quoted

_TIMES = re.compile(r"\*([1-9][0-9]{0,7})")
_MAIL_FORMS = (ChunkForm.BASE64, ChunkForm.DATA, ChunkForm.OCTETS)


def parse_mail_line_template(line: Line, start: int) -> Template:
    """The template of SMTP's `C: text`, whose text begins at `start`. Raises UsageError."""
    end = len(without_comment(line.text))
    check_line_text(line, start, line.text[start:end])
    template = parse_formed(line, start, end, _MAIL_FORMS)
    if len(template) > 1 and any(chunk.form is ChunkForm.DATA for chunk in template):
        offset = line.text.index("{data ", start)
        raise line.error(offset, "{data …} is a whole message", "give it a C: line of its own")
    return template


def parse_formed(line: Line, start: int, end: int, forms: Sequence[ChunkForm]) -> Template:
    """The template of the text from `start` to `end`, with parts in these forms. Raises UsageError."""
    form = re.compile(rf"\{{({'|'.join(re.escape(each) for each in forms)}) ")
    chunks: list[Chunk] = []
    at = start
    while at < end or not chunks:
        found = form.search(line.text, at, end)
        stop = found.start() if found else end
        if stop > at or not found:
            chunks.append(Chunk(pieces_of(line, at, line.text[at:stop], escapes=False)))
        at = stop
        if found:
            chunk, at = _formed(line, found)
            chunks.append(chunk)
    return tuple(chunks)


def _formed(line: Line, found: re.Match[str]) -> tuple[Chunk, int]:
    """A part in a form of its own, and the offset behind it."""
    form, at = ChunkForm(found[1]), found.end()
    if line.text[at : at + 1] == "$":
        name = name_at(line, at)
        chunk, at = Chunk((Variable(name),), form=form), at + 1 + len(name)
    else:
        pieces, at = quoted(line, at)
        times = _TIMES.match(line.text, at)
        chunk = Chunk(pieces, int(times[1]) if times else 1, form)
        at = times.end() if times else at
    if line.text[at : at + 1] != "}":
        raise line.error(
            at, f"{{{form.value} …}} is not closed", f'write {{{form.value} "…"}} or {{{form.value} $name}}'
        )
    return chunk, at + 1
