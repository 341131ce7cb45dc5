from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cases import Isolation
from harness.dialogue.model import (
    Any,
    BodyEnd,
    Chunk,
    Date,
    Dialogue,
    Eof,
    Expect,
    Lines,
    Literal,
    Message,
    Number,
    Octets,
    Oracle,
    Pattern,
    Role,
    Send,
    SendRaw,
    Text,
    Top,
    UniqueId,
    Variable,
    Word,
    body_steps,
)
from harness.dialogue.parser import decode_dialogue, parse_dialogue
from harness.errors import ExitCode, UsageError

HEAD = "title: t\nprotocol: pop3\nmessages: 2 plain\n\n"
SMTP = "title: t\nprotocol: smtp\n\nC: NOOP\n"


def parsed(steps: str, head: str = HEAD) -> Dialogue:
    return parse_dialogue(head + steps, "a.dialogue")


def expects(dialogue: Dialogue) -> list[Expect]:
    return [step for step in dialogue.steps if isinstance(step, Expect)]


def words_of(pattern: str) -> tuple[Word, ...]:
    """The words of a pattern that matches a body line."""
    return expects(parsed(f"C: LIST\nS: +OK\nS: {pattern}\n"))[-1].alternatives[0].words


def test_a_whole_dialogue() -> None:
    text = (
        "# a comment of the file\n"
        "title: LIST of a deleted message: refused  # why not\n"
        "protocol: pop3\n"
        "start: greeted\n"
        "messages: 2 plain, 1 lone-dot\n"
        "requires: TOP UIDL\n"
        "isolation: target\n"
        "\n"
        "C: USER $user\n"
        "S: +OK\n"
        "\n"
        "# a comment between steps\n"
        'C2! "NOOP\\r\\n" "x"*3  # raw\n'
        "S2? -ERR [SYS/TEMP] | <eof>     [[RFC1939-5.LIST-d, POSTEL-lines-a]]  # both\n"
    )
    dialogue = parse_dialogue(text, "a.dialogue")
    assert dialogue.title == "LIST of a deleted message: refused"
    assert (dialogue.protocol, dialogue.start) == ("pop3", "greeted")
    assert dialogue.messages == ("plain", "plain", "lone-dot")
    assert dialogue.requires == ("TOP", "UIDL")
    assert dialogue.isolation is Isolation.TARGET
    assert dialogue.requirements == ("RFC1939-5.LIST-d", "POSTEL-lines-a")
    send, reply, raw, last = dialogue.steps
    assert isinstance(send, Send)
    assert send.template == (Chunk((b"USER ", Variable("user"))),)
    assert isinstance(reply, Expect)
    assert (reply.session, reply.optional, reply.role) == (1, False, Role.REPLY)
    assert isinstance(raw, SendRaw)
    assert (raw.session, raw.template) == (2, (Chunk((b"NOOP\r\n",)), Chunk((b"x",), 3)))
    assert isinstance(last, Expect)
    assert (last.session, last.optional) == (2, True)
    assert last.alternatives == (Pattern((Literal("-ERR"), Literal("[SYS/TEMP]"))), Pattern((Eof(),)))
    assert last.requirements == ("RFC1939-5.LIST-d", "POSTEL-lines-a")
    assert [step.position.line for step in dialogue.steps] == [9, 10, 13, 14]


def test_defaults() -> None:
    dialogue = parse_dialogue("title: t\nprotocol: lmtp\n\nC: NOOP\n", "a.dialogue")
    assert (dialogue.start, dialogue.messages, dialogue.requires) == ("greeted", (), ())
    assert dialogue.isolation is Isolation.ACCOUNT
    assert parsed("C: NOOP\n").start == "transaction"


def test_crlf_files_are_the_same_dialogue() -> None:
    text = HEAD + "C: NOOP\nS: +OK\n"
    one, other = parse_dialogue(text, "a"), parse_dialogue(text.replace("\n", "\r\n"), "b")
    assert one == other
    assert (one.source, one.digest) == (other.source, other.digest)


def test_the_digest_follows_the_text() -> None:
    assert parsed("C: NOOP\n").digest != parsed("C: STAT\n").digest


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("1 $uid", (Literal("1"), Variable("uid"))),
        ("$$5 a$$", (Literal("$5"), Literal("a$"))),
        ("1 <any>", (Literal("1"), Any())),
        ("<number>", (Number(),)),
        ("<number 1..>", (Number(1),)),
        ("<number 1..70>", (Number(1, 70),)),
        ("<number 3>", (Number(3, 3),)),
        ("at <date>", (Literal("at"), Date())),
        ("1 <unique-id>", (Literal("1"), UniqueId())),
        ("1 <octets $m2>", (Literal("1"), Octets("m2"))),
        ("<message $m1>", (Message("m1"),)),
        ("<top $m1 10>", (Top("m1", 10),)),
        ("<lines>", (Lines(),)),
        ("<oracle>", (Oracle(),)),
        (".", (BodyEnd(),)),
        ('<text "">', (Text(b""),)),
        ('1 <text " <a>  # \\" $$\\xFF">', (Literal("1"), Text(b' <a>  # " $\xff'))),
        ("a<b [x] #c", (Literal("a<b"), Literal("[x]"), Literal("#c"))),
        (". .", (Literal("."), Literal("."))),
    ],
)
def test_words(pattern: str, words: tuple[Word, ...]) -> None:
    assert words_of(pattern) == words


@pytest.mark.parametrize(
    ("step", "template"),
    [
        ("C:", (Chunk((b"",)),)),
        ("C:  # nothing", (Chunk((b"",)),)),
        ("C: LIST  1", (Chunk((b"LIST  1",)),)),
        ("C: a#b | c [[", (Chunk((b"a#b | c [[",)),)),
        ("C: PASS $$1$password.", (Chunk((b"PASS $1", Variable("password"), b".")),)),
        ("C: USER é", (Chunk(("USER é".encode(),)),)),
        (r"C: a\r", (Chunk((b"a\\r",)),)),
        (r'C! "\r\n\t\0\\\"\x7F"', (Chunk((b'\r\n\t\0\\"\x7f',)),)),
        ('C! "  # $$" "$m1"*2', (Chunk((b"  # $",)), Chunk((Variable("m1"),), 2))),
    ],
)
def test_templates(step: str, template: tuple[Chunk, ...]) -> None:
    sent = parsed(f"{step}\n").steps[0]
    assert isinstance(sent, Send | SendRaw)
    assert sent.template == template


def test_roles() -> None:
    steps = (
        "C: LIST\nS: +OK | -ERR\nS? 1 <any>\nS: .\n"
        "C: STAT\nS: <oracle>\n"
        "C: LIST\nS: <any>\nS: <oracle>\n"
        "C: NOOP\nC: QUIT\nS: +OK\nS: +OK\nS: <eof>\n"
    )
    roles = [step.role.value for step in expects(parsed(steps))]
    assert roles == ["reply", "body", "body", "reply", "reply", "body", "reply", "reply", "eof"]


def test_smtp_roles() -> None:
    text = "title: t\nprotocol: smtp\nstart: connected\n\nS: 220\nC: EHLO a.test\nS: 250\nS: - SIZE <any>\nS? - HELP\n"
    assert [step.role.value for step in expects(parse_dialogue(text, "a"))] == ["reply", "reply", "body", "body"]


def test_body_steps_are_those_of_the_same_session() -> None:
    steps = parsed("C: LIST\nC2: NOOP\nS: +OK\nS2: +OK\nS: 1 <any>\nS: .\nC: LIST\nS: +OK\nS: .\n").steps
    assert body_steps(steps, 2) == [4, 5]
    assert body_steps(steps, 3) == []
    assert body_steps(steps, 7) == [8]


# Errors: (steps, line, column, problem, mend); line and column count from the first step
STEP_ERRORS = [
    ("c: NOOP", 1, 1, "not a step", "`C: `"),
    ("  C: NOOP", 1, 3, "not a step", "`C: `"),
    ("C:NOOP", 1, 1, "not a step", "`C: `"),
    ("C? NOOP", 1, 1, "not a step", "`C: `"),
    ("C1: NOOP", 1, 2, "session 1", "2 to 9"),
    ("C23: NOOP", 1, 2, "session 23", "2 to 9"),
    ("C: NOOP ", 1, 8, "a space at the edge", "C!"),
    ("C:  NOOP", 1, 4, "a space at the edge", "C!"),
    ("C: NO\tOP", 1, 6, "a tab", "spaces"),
    ("C: NO\x00OP", 1, 6, "U+0000", "escape"),
    ("C: NO\rOP", 1, 6, "U+000D", "escape"),
    ("C: NO\u2028OP", 1, 6, "U+2028", "escape"),
    ("C: NO\ud800OP", 1, 6, "U+D800", "escape"),
    ("C: NO\ufeffOP", 1, 6, "a byte order mark", "without one"),
    ("C: NOOP  [[RFC1939-5-a]]", 1, 10, "judges nothing", "S: step"),
    ('C! "NOOP"  [[RFC1939-5-a]]', 1, 11, "judges nothing", "S: step"),
    ("C! NOOP", 1, 4, "no quoted string", 'C! "'),
    ("C!", 1, 3, "no quoted string", 'C! "'),
    ('C! "NOOP', 1, 4, "a quote that is not closed", '\\"'),
    ('C! "a""b"', 1, 7, "no space", '"…" "…"'),
    ('C! "a\\q"', 1, 6, "unknown escape \\q", "\\xHH"),
    ('C! "a\\x4"', 1, 6, "unknown escape \\x", "two hex digits"),
    ('C! "a"*0', 1, 8, "0 times", "repeat"),
    ('C! "ab"*999999999', 1, 4, "octets", "less"),
    ("C: USER $", 1, 9, "a dollar sign without a name", "$$"),
    ("C: USER $nobody", 1, 9, "$nobody is not bound", "above"),
    ("C: $m1", 1, 4, "$m1 is a whole message", "C!"),
    ('C! "$m3"', 1, 5, "$m3 is not a loaded message", "$m1 to $m2"),
    ("S: +OK", 1, 4, "nothing was asked yet", "C: step"),
    ("S2: +OK", 1, 5, "nothing was asked yet", "C: step"),
    ("S: <eof>", 1, 4, "nothing was asked yet", "C: step"),
    ("C: A\nS:", 2, 3, "nothing is expected", '<text "">'),
    ("C: A\nS: | +OK", 2, 4, "nothing is expected", "pattern"),
    ("C: A\nS: +OK |", 2, 9, "nothing is expected", "pattern"),
    ("C: A\nS: +OK  x", 2, 8, "two spaces", "<text"),
    ("C: A\nS: +OK\nS: +OK", 3, 4, "more replies than commands", "each C:"),
    ("C: A\nS: 1 2", 2, 4, "a body line without a reply", "+OK"),
    ("C: A\nS: -ERR\nS: 1 2", 3, 4, "this reply has no body", "+OK"),
    ("C: A\nS: +OK | 1", 2, 4, "a reply and a body line", "all"),
    ("C: A\nS: +OK\nS: .\nS: 1", 4, 4, "matched already", "one step"),
    ("C: A\nS: +OK\nS: 1\nS: <message $m1>", 4, 4, "matched already", "one step"),
    ("C: A\nS: +OK\nS: <message $m1> | 1", 3, 4, "a body and a line", "alike"),
    ("C: A\nS: <eof>\nC: B", 3, 1, "ended above", "another session"),
    ("C: A\nS: <oracle> | +OK", 2, 4, "no alternative", "own"),
    ("C: A\nS? <oracle>", 2, 4, "nor optional", "own"),
    ("C: A\nS: +OK\nS? .", 3, 4, "nor optional", "own"),
    ("C: A\nS: +OK <eof>", 2, 8, "<eof> stands alone", "other words"),
    ("C: A\nS: +OK <nummer 3>", 2, 8, "unknown placeholder <nummer>", "did you mean <number>?"),
    ("C: A\nS: +OK <zzzzzz>", 2, 8, "unknown placeholder <zzzzzz>", "<any>"),
    ("C: A\nS: +OK <number", 2, 8, "not closed", "<text"),
    ("C: A\nS: +OK <number x>", 2, 8, "not bounds", "<number 1..70>"),
    ("C: A\nS: +OK <number 3..1>", 2, 8, "upper bound", "<number 1..3>"),
    ("C: A\nS: +OK <any 1>", 2, 8, "takes no argument", "<any>"),
    ("C: A\nS: +OK <any>x", 2, 13, "no space after a placeholder", "single spaces"),
    ("C: A\nS: +OK <octets 1>", 2, 8, "names one message", "<octets $m1>"),
    ("C: A\nS: +OK <octets $m9>", 2, 8, "$m9 is not a loaded message", "$m1 to $m2"),
    ("C: A\nS: +OK <octets $user>", 2, 8, "$user is not a loaded message", "$m1 to $m2"),
    ("C: A\nS: +OK\nS: <top $m1>", 3, 4, "<top> names", "<top $m1 10>"),
    ("C: A\nS: +OK <text x>", 2, 8, "one quoted string", "<text"),
    ('C: A\nS: +OK <text "a" "b">', 2, 17, "one quoted string", "<text"),
    ('C: A\nS: +OK <text "$user">', 2, 8, "not names", "$$"),
    ('C: A\nS: +OK <text "a b"> c', 2, 8, "several words", "last"),
    ("C: A\nS: +OK $m1", 2, 8, "whole message", "<octets $m1>"),
    ("C: A\nS: +OK $m3", 2, 8, "$m3 is not a loaded message", "$m1 to $m2"),
    ("C: A\nS: +OK $uid.", 2, 12, "a name is a whole word", "space"),
    ("C: A\nS: +OK a$b", 2, 9, "a dollar sign inside a word", "$$"),
    ("C: A\nS: +OK  [[RFC1939-5-a", 2, 9, "not closed", "[["),
    ("C: A\nS: +OK  [[RFC1939-5-a]] x", 2, 24, "behind the ids", "end a step"),
    ("C: A\nS: +OK  [[rfc1939-5-a]]", 2, 11, "not a requirement id", "[[RFC1939-5.LIST-a]]"),
    ("C: A\nS: +OK  [[RFC1939-5-a, ]]", 2, 24, "not a requirement id", "[[RFC1939-5.LIST-a]]"),
    ("C: A\nS: +OK  [[RFC1939-5-a,  RFC1939-5-a]]", 2, 25, "stands twice", "remove"),
    ("C: A\nS? +OK $x\nC: B $x", 3, 6, "$x is not bound", "must come"),
    ("C: A\nS: +OK $x | +OK\nC: B $x", 3, 6, "$x is not bound", "must come"),
]


@pytest.mark.parametrize(("steps", "line", "column", "problem", "mend"), STEP_ERRORS)
def test_errors_in_steps(steps: str, line: int, column: int, problem: str, mend: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(steps)
    check(caught.value, 4 + line, column, problem, mend)


HEADER_ERRORS = [
    ("", 1, 1, "the file is empty", "title"),
    ("\n", 1, 1, "no title", "`title: …`"),
    ("title: t\n", 1, 1, "no protocol", "`protocol: …`"),
    ("protocol: pop3\n\nC: A\n", 1, 1, "no title", "`title: …`"),
    ("title: t\nprotocol: pop3\n", 2, 1, "no steps", "empty line"),
    ("title: t\nprotocol: pop3\n\n# nothing\n", 4, 1, "no steps", "C: NOOP"),
    ("titel: t\n", 1, 1, "unknown header key 'titel'", "did you mean title?"),
    ("hello\n", 1, 1, "not a header line", "`key: value`"),
    ("title : t\n", 1, 6, "a space before the colon", "`title: value`"),
    ("title:\n", 1, 7, "title has no value", "`title: …`"),
    ("title:   # x\n", 1, 10, "title has no value", "remove"),
    ("title: t\ntitle: u\n", 2, 1, "title stands twice", "line 1"),
    ("title: t\nprotocol: pop\n", 2, 11, "unknown value 'pop'", "did you mean pop3?"),
    ("title: t\nprotocol: nntp\n", 2, 11, "unknown value 'nntp'", "lmtp"),
    ("title: t\nprotocol: pop3\nstart: transction\n", 3, 8, "'transction'", "did you mean transaction?"),
    ("title: t\nprotocol: smtp\nstart: transaction\n", 3, 8, "'transaction'", "smtp starts at: connected, greeted"),
    ("title: t\nprotocol: pop3\nisolation: targets\n", 3, 12, "'targets'", "did you mean target?"),
    ("title: t\nprotocol: pop3\nmessages: plain\n", 3, 11, "not a count and a kind", "2 plain"),
    ("title: t\nprotocol: pop3\nmessages: 1 plain, x\n", 3, 20, "not a count and a kind: 'x'", "2 plain"),
    ("title: t\nprotocol: pop3\nmessages: 0 plain\n", 3, 11, "0 messages", "1 to 1000"),
    ("title: t\nprotocol: pop3\nmessages: 999 a, 2 b\n", 3, 18, "2 messages", "1 to 1000"),
    ("title: t\nprotocol: pop3\nrequires: TOP TOP\n", 3, 15, "TOP stands twice", "remove"),
    ("title: t\nprotocol: pop3\nrequires: É\n", 3, 11, "not a capability", "ASCII"),
    ("title: t\nprotocol: pop3\nC: NOOP\n", 3, 1, "the step C: stands in the header", "empty line"),
    ("\ufefftitle: t\n", 1, 1, "a byte order mark", "without one"),
    (f"title: {'x' * 70000}\n", 1, 65537, "a line of more than", "repeat"),
]


@pytest.mark.parametrize(("text", "line", "column", "problem", "mend"), HEADER_ERRORS)
def test_errors_in_the_header(text: str, line: int, column: int, problem: str, mend: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_dialogue(text, "a.dialogue")
    check(caught.value, line, column, problem, mend)


SMTP_ERRORS = [
    ("S: OK", 2, 4, "not a reply code", "5yz"),
    ("S: 650", 2, 4, "not a reply code", "5yz"),
    ("S: <number>", 2, 4, "not a reply code", "5yz"),
    ("S: 250 hello", 2, 8, "text is not matched", "`S: - text`"),
    ("S: 250 2.1.0 x", 2, 8, "text is not matched", "`S: - text`"),
    ("S: 250\nS: -", 3, 4, "a hyphen without words", "SIZE"),
    ("S: - SIZE", 2, 4, "a body line without a reply", "a reply code"),
]


@pytest.mark.parametrize(("steps", "line", "column", "problem", "mend"), SMTP_ERRORS)
def test_errors_in_smtp_steps(steps: str, line: int, column: int, problem: str, mend: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_dialogue(SMTP + steps, "a.dialogue")
    check(caught.value, 2 + line + 1, column, problem, mend)


def check(error: UsageError, line: int, column: int, problem: str, mend: str) -> None:
    assert error.position is not None
    assert (error.position.path, error.position.line, error.position.column) == ("a.dialogue", line, column), str(error)
    assert problem in error.problem
    assert mend in error.mend
    assert error.exit_code is ExitCode.USAGE


def test_octets_that_are_not_utf8_have_a_place() -> None:
    with pytest.raises(UsageError) as caught:
        decode_dialogue("title: t\nprotocol: é".encode() + b"\xff\n", "a.dialogue")
    check(caught.value, 2, 12, "0xFF is not UTF-8", "UTF-8")
    assert decode_dialogue("é".encode(), Path("a")) == "é"


PIECES = st.sampled_from(
    [
        *'CS29:!?|.$<>[]"\\ \n#,',
        "title: t\n",
        "protocol: pop3\n",
        "protocol: smtp\n",
        "messages: 2 plain\n",
        "start: connected\n",
        "\n",
        "C: A\n",
        'C! "',
        "S: ",
        "S? ",
        "S: +OK\n",
        "-ERR",
        "+OK",
        "250",
        "<number 1..",
        "<message $m1>",
        '<text "',
        "<any>",
        "<oracle>",
        "<lines>",
        "<eof>",
        " [[RFC1939-3-a]]",
        "  # x",
        "\\x41",
        "*9",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)), st.booleans())
def test_any_text_parses_or_is_refused_with_a_place(text: str, headed: bool) -> None:
    whole = (HEAD if headed else "") + text
    error: UsageError | None = None
    try:
        assert parse_dialogue(whole, "a.dialogue").steps
    except UsageError as caught:
        error = caught
    if error is not None:
        assert error.position is not None
        lines = whole.split("\n")
        assert 1 <= error.position.line <= len(lines)
        assert 1 <= error.position.column <= len(lines[error.position.line - 1]) + 2
        assert error.problem
        assert error.mend
