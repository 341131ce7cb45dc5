from __future__ import annotations

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
    Literal,
    Message,
    Number,
    Octets,
    Oracle,
    Pattern,
    Role,
    Send,
    SendRaw,
    Step,
    Text,
    Top,
    UniqueId,
    Variable,
    Word,
)
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.writer import step_text, write_dialogue
from harness.errors import Position

AT = Position("x")


def send(*pieces: bytes | Variable, session: int = 1) -> Send:
    return Send(session, (Chunk(pieces),), AT)


def test_known_text() -> None:
    text = (
        "title: a\nprotocol: pop3\nstart: greeted\nmessages: 2 plain, 1 lone-dot, 1 plain\nrequires: TOP\n"
        "isolation: target\n\n"
        "C: USER $user\nS: +OK                                  [[RFC1939-7-a, RFC1939-7-b]]\n"
        'C2! "a\\r\\n$$" "x"*10\nS2? -ERR | <eof>\n'
    )
    assert write_dialogue(parse_dialogue(text, "a")) == text


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (send(b""), "C:"),
        (send(b"LIST $1", session=3), "C3: LIST $$1"),
        (SendRaw(1, (Chunk((Variable("user"), b"x")),), AT), 'C! "$user\\x78"'),
        (SendRaw(1, (Chunk((Variable("user"), b".x")),), AT), 'C! "$user.x"'),
        (SendRaw(1, (Chunk((b'"\\\xff\x00',), 2),), AT), 'C! "\\"\\\\\\xFF\\0"*2'),
        (
            Expect(1, False, (Pattern((Number(0, 0), Number(5), Number())),), (), Role.BODY, AT),
            "S: <number 0> <number 5..> <number>",
        ),
    ],
)
def test_steps(step: Step, text: str) -> None:
    assert step_text(step) == text


names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(lambda name: name.strip("0123456789") != "m")
literals = st.from_regex(r"[a-zA-Z0-9=.$\[\]-]{1,8}", fullmatch=True).filter(
    lambda text: text not in (".", "+OK", "-ERR") and not text.startswith("[[")
)
messages = st.sampled_from(["m1", "m2"])
small = st.integers(0, 10**9)
line_words: st.SearchStrategy[Word] = st.one_of(
    literals.map(Literal),
    st.binary(max_size=6).map(lambda data: Text(data.replace(b" ", b""))),
    names.map(Variable),
    st.just(Any()),
    st.just(Date()),
    st.just(UniqueId()),
    messages.map(Octets),
    st.builds(lambda low, more: Number(low, None if more is None else low + more), small, st.none() | small),
)
line_patterns = st.lists(line_words, min_size=1, max_size=4).map(lambda words: Pattern(tuple(words)))
ids = st.lists(st.sampled_from(["RFC1939-5.LIST-a", "RFC1939-3-b", "POSTEL-lines-aa"]), unique=True, max_size=3).map(
    tuple
)
bodies: st.SearchStrategy[list[tuple[Pattern, ...]]] = st.one_of(
    st.lists(st.lists(line_patterns, min_size=1, max_size=3).map(tuple), max_size=3),
    messages.map(lambda name: [(Pattern((Message(name),)),)]),
    st.tuples(messages, small).map(lambda top: [(Pattern((Top(*top),)),)]),
    st.just([(Pattern((Oracle(),)),)]),
    st.just([(Pattern((BodyEnd(),)),)]),
)
statuses = st.lists(line_words, max_size=3).map(lambda words: Pattern((Literal("+OK"), *words)))
raw_chunks = st.builds(
    Chunk,
    st.one_of(
        st.binary(max_size=8).map(lambda data: (data,)), st.just((Variable("user"), b"x1")), st.just((Variable("m1"),))
    ),
    st.integers(1, 9),
)
lines = st.from_regex(r"[A-Z][A-Za-z $]{0,20}[A-Z]", fullmatch=True)


@st.composite
def dialogues(draw: st.DrawFn) -> Dialogue:
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 4))):
        session = draw(st.integers(1, 9))
        if draw(st.booleans()):
            steps.append(send(draw(lines).encode(), session=session))
        else:
            steps.append(SendRaw(session, tuple(draw(st.lists(raw_chunks, min_size=1, max_size=3))), AT))
        status = (draw(statuses),) if draw(st.booleans()) else (Pattern((Literal("+OK"),)), Pattern((Eof(),)))
        steps.append(Expect(session, draw(st.booleans()), status, draw(ids), Role.REPLY, AT))
        steps += [Expect(session, False, body, draw(ids), Role.BODY, AT) for body in draw(bodies)]
    return Dialogue(
        title=draw(st.from_regex(r"[A-Za-z:][A-Za-z: ]{0,20}[A-Za-z]", fullmatch=True)),
        protocol="pop3",
        start=draw(st.sampled_from(["connected", "greeted", "transaction"])),
        steps=tuple(steps),
        messages=("plain", "plain", *draw(st.lists(st.sampled_from(["plain", "lone-dot"]), max_size=4))),
        requires=draw(st.sampled_from([(), ("TOP",), ("TOP", "UIDL")])),
        isolation=draw(st.sampled_from(list(Isolation))),
    )


@given(dialogues())
def test_parsing_what_was_written_gives_the_same(dialogue: Dialogue) -> None:
    text = write_dialogue(dialogue)
    again = parse_dialogue(text, "a")
    assert again == dialogue, text
    assert write_dialogue(again) == text
