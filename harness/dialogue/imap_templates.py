"""What an IMAP step sends: text, literals, and Base64, which its exchanges of credentials need (docs/dialogues.md).

RFC 3501 §4.3 (literals), RFC 7888 §4 (those that are not waited for), RFC 3501 §6.2.2 (Base64).
"""

from __future__ import annotations

import re

from harness.dialogue.formed_templates import parse_formed
from harness.dialogue.model import ChunkForm, Template
from harness.dialogue.source import Line, without_comment
from harness.dialogue.templates import check_line_text

_FORMS = (ChunkForm.LITERAL, ChunkForm.LITERAL_PLUS, ChunkForm.BASE64)
_COUNT = re.compile(r"\{[0-9]+\+?\}\Z")


def parse_imap_line_template(line: Line, start: int) -> Template:
    """The template of `C: text`, whose text begins at `start`. Raises UsageError."""
    end = len(without_comment(line.text))
    check_line_text(line, start, line.text[start:end])
    if _COUNT.search(line.text, start, end):
        offset = line.text.rindex("{", start, end)
        mend = 'write {literal "…"}, which counts by itself, or C! "…\\r\\n"'
        raise line.error(offset, "the server would wait for a literal's octets", mend)
    return parse_formed(line, start, end, _FORMS)
