"""Transcripts of IMAP become dialogues: tags go, literals come back, ends stand in the order of the commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialogue.from_transcript import transcript_to_dialogue
from harness.dialogue.writer import write_dialogue
from harness.errors import UsageError
from harness.transcript import EventKind, Exchange, Recorder

GREETING = b"* OK hello\r\n"


def steps(*parts: tuple[str, bytes], protocol: str = "imap") -> list[str]:
    """The steps for what was sent (`C`) and received (`S`), behind a greeting."""
    recorder = Recorder(["s3cret"], lambda: 0.0)
    recorder.add_secret_bytes(b"AGFubgBzM2NyZXQ=")
    recorder.record(1, EventKind.RECEIVED, GREETING)
    for side, data in parts:
        kinds = {"C": EventKind.SENT, "S": EventKind.RECEIVED, "end": EventKind.CLOSED}
        recorder.record(1, kinds[side], data, "closed" if side == "end" else "")
    dialogue = transcript_to_dialogue(
        recorder.transcript, title="t", protocol=protocol, names={"user": b"ann"}, messages=[]
    )
    first, *rest = write_dialogue(dialogue).split("\n\n", 1)[1].splitlines()
    assert first == "S: * OK"
    return rest


def test_tags_and_untagged_data_are_left_out() -> None:
    talk = [
        ("C", b"P1 SELECT INBOX\r\n"),
        ("S", b"* 2 EXISTS\r\n"),
        ("S", b"P1 OK [READ-WRITE] in\r\n"),
        ("C", b"P2 LOGOUT\r\n"),
        ("S", b"* BYE\r\n"),
        ("S", b"P2 ok\r\n"),
        ("end", b""),
    ]
    assert steps(*talk) == ["C: SELECT INBOX", "S: OK [READ-WRITE]", "C: LOGOUT", "S: OK", "S: <eof>"]


@pytest.mark.parametrize(
    ("sent", "step"),
    [
        ([b'P1 LOGIN "ann" "s3cret"\r\n'], 'C: LOGIN "$user" "$password"'),
        ([b"P1 AUTHENTICATE PLAIN AGFubgBzM2NyZXQ=\r\n"], 'C: AUTHENTICATE PLAIN {base64 "\\0$user\\0$password"}'),
        ([b"P1 APPEND x {5}\r\n", b"a\r\nbc\r\n"], 'C: APPEND x {literal "a\\r\\nbc"}'),
        ([b"P1 APPEND x {5+}\r\na\r\nbc\r\n"], 'C: APPEND x {literal+ "a\\r\\nbc"}'),
        ([b"P1 LOGIN {3}\r\n", b"ann {1}\r\n", b"x\r\n"], 'C: LOGIN {literal "$user"} {literal "x"}'),
        ([b"P1 APPEND x {3}\r\n", b"a", b"bc (x)\r\n"], 'C: APPEND x {literal "abc"} (x)'),
        ([b"P1 NOOP \r\n"], 'C! "P1 NOOP \\r\\n"'),
        ([b"P1 X \xe9\r\n"], 'C! "P1 X \\xE9\\r\\n"'),
        ([b"P1 NOOP\r\nP2 NOOP\r\n"], 'C! "P1 NOOP\\r\\nP2 NOOP\\r\\n"'),
        ([b"\r\n"], "C:"),
        ([b"* NOOP\r\n"], "C: * NOOP"),
    ],
)
def test_what_was_sent(sent: list[bytes], step: str) -> None:
    assert steps(*(("C", data) for data in sent)) == [step]


def test_a_literal_that_was_refused_keeps_its_size() -> None:
    talk = [("C", b"P1 APPEND x {9}\r\n"), ("S", b"P1 NO [TRYCREATE] no\r\n"), ("C", b"P2 NOOP\r\n")]
    assert steps(*talk) == ['C: APPEND x {literal "x"*9}', "S: NO [TRYCREATE]", "C: NOOP"]


def test_the_continuation_of_a_literal_is_no_step_and_any_other_is() -> None:
    talk = [
        ("C", b"P1 APPEND x {1}\r\n"),
        ("S", b"+ go\r\n"),
        ("C", b"y\r\n"),
        ("S", b"P1 OK\r\n"),
        ("C", b"P2 IDLE\r\n"),
        ("S", b"+ idling\r\n"),
        ("C", b"DONE\r\n"),
        ("S", b"P2 OK\r\n"),
        ("C", b"P3 AUTHENTICATE PLAIN\r\n"),
        ("S", b"+ \r\n"),
        ("C", b"AGFubgBzM2NyZXQ=\r\n"),
        ("S", b"P3 NO\r\n"),
    ]
    assert steps(*talk) == [
        'C: APPEND x {literal "y"}',
        "S: OK",
        "C: IDLE",
        "S: +",
        "C: DONE",
        "S: OK",
        "C: AUTHENTICATE PLAIN",
        "S: +",
        'C: {base64 "\\0$user\\0$password"}',
        "S: NO",
    ]


def test_ends_stand_in_the_order_of_the_commands() -> None:
    sent = [("C", b"P1 NOOP\r\n"), ("C", b"P2 NOOP\r\n"), ("C", b"P3 NOOP\r\n")]
    heard = [("S", b"P3 BAD\r\n"), ("S", b"P2 NO\r\n"), ("S", b"P1 OK\r\n")]
    assert steps(*sent, *heard)[3:] == ["S: OK", "S: NO", "S: BAD"]


def test_what_no_dialogue_can_say() -> None:
    with pytest.raises(UsageError, match="secret that was sent in a literal"):
        steps(("C", b"P1 LOGIN x {6}\r\n"), ("C", b"s3cret\r\n"))
    with pytest.raises(UsageError, match="with a literal"):
        steps(("C", b"P1 APPEND x {1}\r\n"), ("C", b"y \xe9\r\n"))
    recorder = Recorder()
    event = recorder.record(1, EventKind.RECEIVED, b"+OK\r\n")
    recorder.exchange(Exchange(1, "pop3", None, b"+OK\r\n", event, event))
    with pytest.raises(UsageError, match="speaks pop3"):
        transcript_to_dialogue(recorder.transcript, title="t", protocol="imap")


pieces = st.lists(
    st.sampled_from([b"P1", b"P2", b" ", b"OK", b"NO", b"\r\n", b"+", b"*", b"{2+}\r\n", b"[A]", b"ab", b'"', b"\xff"]),
    max_size=8,
).map(b"".join)


@given(st.lists(st.tuples(st.sampled_from(["C", "S"]), pieces), max_size=8))
def test_any_conversation_becomes_a_dialogue_or_one_error(parts: list[tuple[str, bytes]]) -> None:
    try:
        written = steps(*parts)
    except UsageError as error:
        assert "@case" in str(error)  # noqa: PT017
    else:
        assert all(line[0] in "CS" for line in written)
