"""Parser: the text of a `.dialogue` file becomes a `Dialogue`, or one error with line and column.

The language is `docs/dialogues.md`; whatever is not in it is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from harness.dialogue.flow import Flow
from harness.dialogue.formed_templates import parse_mail_line_template
from harness.dialogue.header import parse_header
from harness.dialogue.imap_flow import ImapFlow
from harness.dialogue.imap_patterns import parse_imap_expectation
from harness.dialogue.imap_templates import parse_imap_line_template
from harness.dialogue.model import MAIL_PROTOCOLS, Dialogue, Expect, Send, SendRaw, Step, Template
from harness.dialogue.patterns import parse_expectation
from harness.dialogue.source import Line, split_lines
from harness.dialogue.templates import parse_line_template, parse_raw_template
from harness.errors import Position, UsageError

_STEP = re.compile(r"(?P<side>[CS])(?P<session>[0-9]*)(?P<mark>[:!?])(?P<space> |$)")
_MARKS = {"C": ":!", "S": ":?"}
_FORMS = "steps begin with `C: `, `C! `, `S: ` or `S? `; for session 2 with `C2: ` and so on, to 9"


def parse_dialogue(text: str, path: Path | str) -> Dialogue:
    """Read a dialogue. `path` is only for messages. Raises UsageError at the first thing that is wrong."""
    lines = split_lines(text, path)
    header, first = parse_header(lines)
    flow = ImapFlow(header) if header.protocol == "imap" else Flow(header)
    steps = tuple(_step(line, flow) for line in lines[first:] if not line.silent)
    if not steps:
        raise lines[-1].error(0, "the dialogue has no steps", "add an empty line, then steps such as `C: NOOP`")
    source = "".join(f"{line.text}\n" for line in lines)
    return Dialogue(
        title=header.title,
        protocol=header.protocol,
        start=header.start,
        messages=header.messages,
        requires=header.requires,
        isolation=header.isolation,
        steps=steps,
        path=path,
        source=source,
        digest=hashlib.sha256(source.encode()).hexdigest(),
    )


def decode_dialogue(data: bytes, path: Path | str) -> str:
    """The text of a dialogue file. Raises UsageError, with line and column, where it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        position = Position(path, before.count(b"\n") + 1, column)
        problem = f"the octet 0x{data[error.start]:02X} is not UTF-8"
        raise UsageError(problem, position=position, mend='save the file as UTF-8; octets are C! "\\xFF"') from None


def _step(line: Line, flow: Flow | ImapFlow) -> Step:
    side, session, mark, start = _form(line)
    if side == "C":
        raw = mark == "!"
        template = parse_raw_template(line, start) if raw else _read_line(flow)(line, start)
        flow.send(line, session, template, raw=raw)
        return (SendRaw if raw else Send)(session, template, line.at())
    optional = mark == "?"
    expectation = (parse_imap_expectation if isinstance(flow, ImapFlow) else parse_expectation)(line, start)
    role = flow.expect(line, session, expectation, optional=optional)
    patterns = tuple(placed.pattern for placed in expectation.alternatives)
    return Expect(session, optional, patterns, expectation.requirements, role, line.at())


def _read_line(flow: Flow | ImapFlow) -> Callable[[Line, int], Template]:
    """What reads a `C:` line of the flow's protocol."""
    if isinstance(flow, ImapFlow):
        return parse_imap_line_template
    return parse_mail_line_template if flow.header.protocol in MAIL_PROTOCOLS else parse_line_template


def _form(line: Line) -> tuple[str, int, str, int]:
    """Side, session, mark, and where the step's text begins."""
    found = _STEP.match(line.text)
    if found is None or found["mark"] not in _MARKS[found["side"]]:
        offset = len(line.text) - len(line.text.lstrip(" "))
        raise line.error(offset, "not a step", _FORMS)
    digits = found["session"]
    if digits and not re.fullmatch("[2-9]", digits):
        raise line.error(1, f"session {digits[:9]}", "sessions are 2 to 9; the first has no number")
    return found["side"], int(digits or 1), found["mark"], found.end()
