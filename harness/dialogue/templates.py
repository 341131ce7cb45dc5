"""What a step sends: `C:` text and `C!` quoted strings become templates (docs/dialogues.md, Steps).

Also the quoted string itself, which `<text "…">` shares.
"""

from __future__ import annotations

import re

from harness.dialogue.model import Chunk, Template, Variable
from harness.dialogue.source import Line, only_comment, without_comment

#: Octets that one step may send, names not counted.
MOST_OCTETS = 64 * 1024 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TIMES = re.compile(r"\*([0-9]+)")
_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"'}
_HEX = re.compile(r"x([0-9A-Fa-f]{2})")

Pieces = tuple[bytes | Variable, ...]


def parse_line_template(line: Line, start: int) -> Template:
    """The template of `C: text`, whose text begins at `start`."""
    text = without_comment(line.text)[start:]
    check_line_text(line, start, text)
    return (Chunk(pieces_of(line, start, text, escapes=False)),)


def check_line_text(line: Line, start: int, text: str) -> None:
    """What no `C:` line may have: a space that nobody sees, and ids."""
    if text.startswith(" ") or text.endswith(" "):
        offset = start if text.startswith(" ") else len(line.text) - 1
        raise line.error(offset, "a space at the edge of a command cannot be seen", 'write C! "…\\r\\n"')
    if text.endswith("]]") and "[[" in text:
        raise line.error(start + text.index("[["), "what is sent judges nothing", "put the ids on an S: step")


def parse_raw_template(line: Line, start: int) -> Template:
    """The template of `C!`, whose quoted strings begin at `start`."""
    chunks: list[Chunk] = []
    offset, octets = start, 0
    while True:
        pieces, offset = quoted(line, offset)
        times = _TIMES.match(line.text, offset)
        if times:
            _check_times(line, offset, times[1])
            offset = times.end()
        chunks.append(Chunk(pieces, int(times[1]) if times else 1))
        octets += chunks[-1].times * sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        if octets > MOST_OCTETS:
            raise line.error(start, f"more than {MOST_OCTETS} octets", "send less")
        if only_comment(line.text, offset):
            return tuple(chunks)
        if line.text[offset : offset + 1] != " ":
            raise line.error(offset, "no space after a quoted string", 'write C! "…" "…"')
        if line.text[offset:].lstrip(" ").startswith("[["):
            raise line.error(offset + 1, "what is sent judges nothing", "put the ids on an S: step")
        offset += 1


def _check_times(line: Line, offset: int, digits: str) -> None:
    if len(digits) > 9 or int(digits) == 0:
        raise line.error(offset + 1, f"{digits[:20]} times", "repeat a string 1 to 999999999 times")


def quoted(line: Line, offset: int) -> tuple[Pieces, int]:
    """The quoted string at `offset`, and the offset behind it."""
    found = _QUOTED.match(line.text, offset)
    if found is None:
        if line.text[offset : offset + 1] == '"':
            raise line.error(offset, "a quote that is not closed", 'end the string with " (a quote inside it is \\")')
        raise line.error(offset, "no quoted string", 'write C! "…\\r\\n"')
    return pieces_of(line, offset + 1, found[1], escapes=True), found.end()


def pieces_of(line: Line, start: int, text: str, *, escapes: bool) -> Pieces:
    """Octets and names of a text; octets are joined, and there is at least one piece."""
    pieces: list[bytes | Variable] = []
    literal = bytearray()
    index = 0
    while index < len(text):
        character = text[index]
        if character == "$" and not text.startswith("$$", index):
            name, width = _sent_name(line, start + index)
            if literal:
                pieces.append(bytes(literal))
                literal.clear()
            pieces.append(Variable(name))
            index += width
        elif character == "$":
            literal += b"$"
            index += 2
        elif character == "\\" and escapes:
            data, width = _escape(line, start + index)
            literal += data
            index += width
        else:
            literal += character.encode()
            index += 1
    if literal or not pieces:
        pieces.append(bytes(literal))
    return tuple(pieces)


def _sent_name(line: Line, offset: int) -> tuple[str, int]:
    """The name behind the dollar sign, which may stand in braces, and how many characters that takes."""
    braced = _BRACED_NAME.match(line.text, offset + 1)
    if braced:
        return braced[1], 1 + len(braced[0])
    name = name_at(line, offset)
    return name, 1 + len(name)


def name_at(line: Line, offset: int) -> str:
    """The name behind the dollar sign at `offset`."""
    found = _NAME.match(line.text, offset + 1)
    if found is None:
        raise line.error(offset, "a dollar sign without a name", "write $$ for a dollar sign, $name for a name")
    return found[0]


def _escape(line: Line, offset: int) -> tuple[bytes, int]:
    letter = line.text[offset + 1]
    if letter in _ESCAPES:
        return _ESCAPES[letter], 2
    digits = _HEX.match(line.text, offset + 1)
    if digits is None:
        problem = f"unknown escape \\{letter}"
        raise line.error(offset, problem, 'the escapes are \\r \\n \\t \\0 \\\\ \\" and \\xHH with two hex digits')
    return bytes.fromhex(digits[1]), 4
