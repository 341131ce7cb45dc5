"""Writer: a `Dialogue` becomes text again; parsing that text gives an equal dialogue."""

from __future__ import annotations

import re
from itertools import groupby

from harness.cases import Isolation
from harness.dialogue.model import (
    Any,
    BodyEnd,
    Chunk,
    ChunkForm,
    Code,
    Date,
    Dialogue,
    Eof,
    Expect,
    Label,
    Lines,
    Listed,
    Literal,
    Message,
    MessageBody,
    MessageHeader,
    Number,
    Octets,
    Oracle,
    Pattern,
    Quoted,
    Send,
    SendRaw,
    Step,
    Text,
    Top,
    UniqueId,
    Variable,
    Word,
)

#: Column at which ids begin, where the step is short enough.
_IDS_COLUMN = 40
_ESCAPES = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x00: "\\0", 0x5C: "\\\\", 0x22: '\\"'}


def write_dialogue(dialogue: Dialogue) -> str:
    """The text of a dialogue."""
    return "\n".join([*_header(dialogue), "", *map(step_text, dialogue.steps)]) + "\n"


def _header(dialogue: Dialogue) -> list[str]:
    lines = [f"title: {dialogue.title}", f"protocol: {dialogue.protocol}", f"start: {dialogue.start}"]
    if dialogue.messages:
        counted = ", ".join(f"{len(list(same))} {kind}" for kind, same in groupby(dialogue.messages))
        lines.append(f"messages: {counted}")
    if dialogue.requires:
        lines.append(f"requires: {' '.join(dialogue.requires)}")
    if dialogue.isolation is not Isolation.ACCOUNT:
        lines.append(f"isolation: {dialogue.isolation.value}")
    return lines


def step_text(step: Step) -> str:
    """One step as a line."""
    session = "" if step.session == 1 else str(step.session)
    match step:
        case Send():
            return f"C{session}: {_line_text(step.template)}".rstrip(" ")
        case SendRaw():
            return f"C{session}! {' '.join(map(_chunk_text, step.template))}"
        case Expect():
            mark = "?" if step.optional else ":"
            text = f"S{session}{mark} {' | '.join(map(pattern_text, step.alternatives))}"
            ids = f"[[{', '.join(step.requirements)}]]" if step.requirements else ""
            return f"{text.ljust(_IDS_COLUMN - 2)}  {ids}" if ids else text


def pattern_text(pattern: Pattern) -> str:
    """A pattern as a dialogue says it."""
    return " ".join(map(_word_text, pattern.words))


def quote(data: bytes) -> str:
    """Octets as a quoted string."""
    return f'"{"".join(map(_octet_text, data))}"'


def _octet_text(octet: int) -> str:
    if octet in _ESCAPES:
        return _ESCAPES[octet]
    if octet == 0x24:
        return "$$"
    return chr(octet) if 0x20 <= octet <= 0x7E else f"\\x{octet:02X}"


def _line_text(template: tuple[Chunk, ...]) -> str:
    return "".join(_formed_text(chunk) for chunk in template)


def _formed_text(chunk: Chunk) -> str:
    """A part of a `C:` line; a name stands in braces where what follows would lengthen it."""
    if chunk.form is not ChunkForm.PLAIN:
        return f"{{{chunk.form.value} {_chunk_text(chunk)}}}"
    text = ""
    for piece, after in zip(chunk.pieces, (*chunk.pieces[1:], b""), strict=True):
        if isinstance(piece, bytes):
            text += piece.decode().replace("$", "$$")
        else:
            run_on = isinstance(after, bytes) and re.match(rb"\w", after)
            text += f"${{{piece.name}}}" if run_on else f"${piece.name}"
    return text


def _chunk_text(chunk: Chunk) -> str:
    text = ""
    for piece in chunk.pieces:
        if isinstance(piece, Variable):
            text += f"${piece.name}"
        elif text and re.match(rb"\w", piece):  # would lengthen the name before it
            text += f"\\x{piece[0]:02X}{quote(piece[1:])[1:-1]}"
        else:
            text += quote(piece)[1:-1]
    return f'"{text}"' + (f"*{chunk.times}" if chunk.times != 1 else "")


def _word_text(word: Word) -> str:
    match word:
        case Literal(text):
            said = text.replace("$", "$$")
        case Text(data):
            said = f"<text {quote(data)}>"
        case Quoted(data):
            said = quote(data)
        case Variable(name):
            said = f"${name}"
        case Number(low, high):
            said = _number_text(low, high)
        case Date(instant) if instant:
            said = f"<date {quote(instant)}>"
        case Top(message, lines):
            said = f"<top ${message} {lines}>"
        case Octets(message) | Message(message) | MessageHeader(message) | MessageBody(message):
            said = f"<{_OF_MESSAGE[type(word)]} ${message}>"
        case Listed() | Code() | Label():
            said = _bracketed_text(word)
        case _:
            said = _FIXED[type(word)]
    return said


def _bracketed_text(word: Listed | Code | Label) -> str:
    inner = " ".join(map(_word_text, word.words))
    match word:
        case Listed():
            return f"({inner})"
        case Code():
            return f"[{inner}]"
        case Label(name, _, origin):
            return f"{name}[{inner}]" + ("" if origin is None else f"<{origin}>")


def _number_text(low: int, high: int | None) -> str:
    if high is None:
        return f"<number {low}..>" if low else "<number>"
    return f"<number {low}>" if high == low else f"<number {low}..{high}>"


_OF_MESSAGE: dict[type[Word], str] = {
    Octets: "octets",
    Message: "message",
    MessageHeader: "header",
    MessageBody: "body",
}
_FIXED: dict[type[Word], str] = {
    Any: "<any>",
    Date: "<date>",
    UniqueId: "<unique-id>",
    Lines: "<lines>",
    Eof: "<eof>",
    Oracle: "<oracle>",
    BodyEnd: ".",
}
