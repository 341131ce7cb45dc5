"""The header of a dialogue: `key: value` lines up to an empty line (docs/dialogues.md, Header)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.cases import Isolation
from harness.dialogue.model import START_STATES, USUAL_STARTS
from harness.dialogue.source import Line, suggestion, without_comment

KEYS = ("title", "protocol", "start", "messages", "requires", "isolation")

#: Messages that one dialogue may load.
MOST_MESSAGES = 1000

_FIELD = re.compile(r"([^\s:]*)( *):( *)(.*)")
_COUNTED = re.compile(r"([0-9]+) +([a-z0-9]+(?:-[a-z0-9]+)*)")
_CAPABILITY = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header says, defaults filled in."""

    title: str
    protocol: str
    start: str
    messages: tuple[str, ...]
    requires: tuple[str, ...]
    isolation: Isolation


@dataclass(frozen=True, slots=True)
class _Value:
    """A field's value and where it stands."""

    line: Line
    offset: int
    text: str


def parse_header(lines: list[Line]) -> tuple[Header, int]:
    """The header, and the index of the first line after the empty line that ends it."""
    fields: dict[str, _Value] = {}
    end = len(lines)
    for index, line in enumerate(lines):
        if not line.text.strip(" "):
            end = index + 1
            break
        if not line.silent:
            key, value = _field(line, fields)
            fields[key] = value
    for key in ("title", "protocol"):
        if key not in fields:
            raise lines[0].error(0, f"the header has no {key}", f"add a line `{key}: …`")
    protocol = _one_of(fields["protocol"], tuple(START_STATES), "protocols")
    return Header(
        title=fields["title"].text,
        protocol=protocol,
        start=_one_of(fields["start"], START_STATES[protocol], f"{protocol} starts at")
        if "start" in fields
        else USUAL_STARTS[protocol],
        messages=_read(fields, "messages", _messages),
        requires=_read(fields, "requires", _requires),
        isolation=Isolation(_one_of(fields["isolation"], tuple(Isolation), "isolations"))
        if "isolation" in fields
        else Isolation.ACCOUNT,
    ), end


def _field(line: Line, fields: dict[str, _Value]) -> tuple[str, _Value]:
    found = _FIELD.fullmatch(line.text)
    if found is None:
        raise line.error(0, "not a header line", "write `key: value`; an empty line ends the header")
    key = found[1]
    if re.fullmatch(r"[CS][0-9]*[!?]?", key):
        raise line.error(0, f"the step {key}: stands in the header", "put an empty line before the first step")
    if key not in KEYS:
        raise line.error(0, f"unknown header key {key!r}", suggestion(key, KEYS, "keys"))
    if found[2]:
        raise line.error(len(key), "a space before the colon", f"write `{key}: value`")
    if key in fields:
        raise line.error(0, f"{key} stands twice", f"line {fields[key].line.number} has it already; remove one")
    text = without_comment(found[3] + found[4]).strip(" ")
    if not text:
        raise line.error(found.end(3), f"{key} has no value", f"write `{key}: …` or remove the line")
    return key, _Value(line, found.start(4), text)


def _one_of(value: _Value, known: tuple[str, ...], noun: str) -> str:
    if value.text not in known:
        problem = f"unknown value {value.text!r}"
        raise value.line.error(value.offset, problem, suggestion(value.text, known, noun))
    return value.text


def _read(fields: dict[str, _Value], key: str, reader: Callable[[_Value], tuple[str, ...]]) -> tuple[str, ...]:
    return reader(fields[key]) if key in fields else ()


def _messages(value: _Value) -> tuple[str, ...]:
    kinds: list[str] = []
    offset = value.offset
    for part in value.text.split(","):
        start = offset + len(part) - len(part.lstrip(" "))
        offset += len(part) + 1
        found = _COUNTED.fullmatch(part.strip(" "))
        if found is None:
            raise value.line.error(start, f"not a count and a kind: {part.strip(' ')!r}", "write `2 plain, 1 lone-dot`")
        if len(found[1]) > 4 or not 1 <= int(found[1]) <= MOST_MESSAGES - len(kinds):
            problem = f"{found[1]} messages"
            raise value.line.error(start, problem, f"a dialogue loads 1 to {MOST_MESSAGES} messages")
        kinds += [found[2]] * int(found[1])
    return tuple(kinds)


def _requires(value: _Value) -> tuple[str, ...]:
    names: list[str] = []
    for found in re.finditer(r"[^ ]+", value.text):
        offset = value.offset + found.start()
        if not _CAPABILITY.fullmatch(found[0]):
            raise value.line.error(offset, f"not a capability: {found[0]!r}", "capabilities are printable ASCII")
        if found[0] in names:
            raise value.line.error(offset, f"{found[0]} stands twice", "remove one")
        names.append(found[0])
    return tuple(names)
