"""IMAP dialogues as text: what is read, what is refused and where, and that writing gives the same again."""

from __future__ import annotations

import pytest

from harness.dialogue import parse_dialogue, write_dialogue
from harness.dialogue.bindings import Bindings, substitute
from harness.dialogue.model import Expect, Role, Send
from harness.errors import UsageError

HEADER = "title: t\nprotocol: imap\nstart: {start}\nmessages: 2 plain\n\n"


def parse(steps: str, start: str = "selected") -> str:
    """Read a dialogue's steps; they must come out as they went in. Returns them as written."""
    dialogue = parse_dialogue(HEADER.format(start=start) + steps, "t.dialogue")
    written = write_dialogue(dialogue)
    assert parse_dialogue(written, "t.dialogue") == dialogue
    return written.split("\n\n", 1)[1].rstrip("\n")


@pytest.mark.parametrize(
    "steps",
    [
        "C: NOOP\nS: * 3 EXISTS\nS? * FLAGS (<any>)\nS: OK",
        'C: X\nS: * 1 FETCH (BODY[1.HEADER.FIELDS (A "b c")]<0> "x" FLAGS (\\Seen $x) UID $m1 X NIL)\n'
        "S: BAD | NO [A B (C)]",
        'C: X\nS: * 1 FETCH (INTERNALDATE <date "17-Jul-1996 02:44:25 -0700"> BODY[] <message $m1> '
        "X <header $m2> Y <body $m1>)\nS: OK",
        "C: X\nS: * OK [UNSEEN <number 1..>] <any>\nS: * .\nS: OK [APPENDUID <any>]",
        'C: X {literal "a\\r\\n$m1"*5} {literal+ "b"} ${user}x $$y {base64 "\\0$user"}\nS: OK',
        "C: IDLE\nS: + <any>\nC: DONE\nS: OK",
        "C: X\nC2: Y\nS2: OK | <eof>\nS: * BYE\nS: <oracle>\nS: <eof>",
        'C! "a1 NOOP\\r\\n$m1"\nS: OK\nS: OK\nS: * 1 EXISTS',
    ],
)
def test_written_as_read(steps: str) -> None:
    assert parse(steps) == steps


def test_roles() -> None:
    dialogue = parse_dialogue(
        HEADER.format(start="connected") + "S: * OK\nC: X\nS: + <any>\nC: y\nS: * 1 EXISTS\nS: OK\nS: <eof>",
        "t.dialogue",
    )
    expected = [Role.DATA, Role.INVITATION, Role.DATA, Role.REPLY, Role.EOF]
    assert [step.role for step in dialogue.steps if isinstance(step, Expect)] == expected


def test_a_messages_name_is_its_uid_but_in_a_literal() -> None:
    dialogue = parse_dialogue(HEADER.format(start="selected") + 'C: X $m1 {literal $m1}{literal "<$m1>"}\nS: OK', "t")
    bindings = Bindings.start(user="u", password="p", messages=[b"message", b""]).bound("m1", b"17")
    (step, *_) = dialogue.steps
    assert isinstance(step, Send)
    assert substitute(step.template, bindings) == b"X 17 message<message>"


@pytest.mark.parametrize(
    ("steps", "line", "problem"),
    [
        ("S: OK", 6, "no command is under way"),
        ("C: X\nS: OK\nS: OK", 8, "no command is under way"),
        ("C: X\nS: OK\nS: * 1 EXISTS", 8, "no command is under way"),
        ("C: X\nS: a1 OK", 7, "not a response"),
        ("C: X\nS: ok", 7, "not a response"),
        ("C: X\nS: *", 7, "an untagged response without words"),
        ("C: X\nS: * <any>", 7, "not untagged data"),
        ("C: X\nS: * 3", 7, "not untagged data"),
        ("C: X\nS: OK done", 7, "the text of a status response is not matched"),
        ("C: X\nS: OK []", 7, "a response code without a name"),
        ("C: X\nS? OK", 7, "only untagged data and <eof> can be optional"),
        ("C: X\nS: OK | * 1 EXISTS", 7, "the alternatives are responses of different kinds"),
        ("C: X\nS: + | OK", 7, "the alternatives are responses of different kinds"),
        ("C: X\nS: <oracle> | OK", 7, "this can be no alternative"),
        ("C: X\nS: * FLAGS (\\Seen", 7, "a bracket that is not closed"),
        ("C: X\nS: * FLAGS \\Seen)", 7, "no space between words"),
        ("C: X\nS: * FLAGS )", 7, "a bracket that was not opened"),
        ("C: X\nS: * LIST  ()", 7, "two spaces"),
        ("C: X\nS: * LIST ()x", 7, "no space between words"),
        ("C: X\nS: * SEARCH <unique-id>", 7, "unknown placeholder <unique-id>"),
        ('C: X\nS: * 1 FETCH (X <date "x">)', 7, "not a date-time"),
        ('C: X\nS: * LIST () "$x" y', 7, "a quoted string is matched as it stands"),
        ("C: X\nS: * 1 FETCH (UID $m9)", 7, "$m9 is not a loaded message"),
        ("C: X $x", 6, "$x is not bound here"),
        ("C: X {5}", 6, "the server would wait"),
        ('C: X {literal "a"', 6, "is not closed"),
        ("C: X {literal $x}", 6, "$x is not bound here"),
        ("C: X\nS: OK\nS: <eof>\nC: X", 9, "the session has ended"),
        ("C: X\nS: * " + "(" * 30 + ")" * 30, 7, "too many brackets"),
    ],
)
def test_what_is_refused(steps: str, line: int, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_dialogue(HEADER.format(start="selected") + steps, "t.dialogue")
    error = refused.value
    assert problem in error.problem or problem in str(error)
    assert error.position is not None
    assert error.position.line == line


def test_a_uid_must_be_told_before_it_is_sent() -> None:
    with pytest.raises(UsageError, match="not bound here"):
        parse("C: UID FETCH $m1 FLAGS\nS: OK", start="authenticated")
    parse(
        "C: SELECT INBOX\nS: OK\nC: X\nS: * 1 FETCH (UID $m1)\nS: OK\nC: UID FETCH $m1 FLAGS\nS: OK",
        start="authenticated",
    )
