from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dialogue.bindings import Bindings
from harness.dialogue.from_transcript import transcript_to_dialogue
from harness.dialogue.matchers import Match
from harness.dialogue.model import Dialogue, Expect, Role, body_steps
from harness.dialogue.pop3 import match_body, match_reply
from harness.dialogue.writer import write_dialogue
from harness.errors import UsageError
from harness.transcript import EventKind, Exchange, Recorder
from harness.wire.pop3 import Pop3ReplyParser

LIST = b"+OK 2 messages\r\n1 20\r\n2 <x>\r\n..\r\n\r\n.\r\n"


class Talk:
    """Records a conversation as sessions do."""

    def __init__(self, protocol: str = "pop3") -> None:
        self.recorder = Recorder(["s3cret"], lambda: 0.0)
        self.protocol = protocol

    def said(self, data: bytes, session: int = 1) -> Talk:
        self.recorder.record(session, EventKind.SENT, data)
        return self

    def heard(self, *replies: bytes, command: bytes | None = b"?", session: int = 1, complete: bool = True) -> Talk:
        event = self.recorder.record(session, EventKind.RECEIVED, b"".join(replies))
        for reply in replies:
            self.recorder.exchange(Exchange(session, self.protocol, command, reply, event, event, complete))
        return self

    def saw(self, kind: EventKind, session: int = 1) -> Talk:
        self.recorder.record(session, kind, text=kind.value)
        return self

    def dialogue(self, *, bodies: bool = False) -> Dialogue:
        return transcript_to_dialogue(
            self.recorder.transcript,
            title="What  was seen # here",
            protocol=self.protocol,
            names={"user": b"alice"},
            messages=["plain", "plain"],
            bodies=bodies,
        )

    def steps(self, *, bodies: bool = False) -> list[str]:
        return write_dialogue(self.dialogue(bodies=bodies)).split("\n\n", 1)[1].splitlines()


def session() -> Talk:
    talk = Talk().saw(EventKind.CONNECTED).heard(b"+OK hello\r\n", command=None)
    talk.said(b"USER alice\r\n").heard(b"+OK\r\n").said(b"PASS s3cret\r\n").heard(b"+OK [X] in\r\n")
    talk.said(b"LIST\r\n").heard(LIST).said(b"DELE 1\r\n").said(b"DELE $9\r\n").heard(
        b"+OK\r\n", b"-ERR [SYS/TEMP] no\r\n"
    )
    return talk.said(b"QUIT\r\n").heard(b"+OK bye\r\n").saw(EventKind.CLOSED)


def test_a_pop3_session() -> None:
    assert session().steps() == [
        "S: +OK",
        "C: USER $user",
        "S: +OK",
        "C: PASS $password",
        "S: +OK [X]",
        "C: LIST",
        "S: +OK",
        "C: DELE 1",
        "C: DELE $$9",
        "S: +OK",
        "S: -ERR [SYS/TEMP]",
        "C: QUIT",
        "S: +OK",
        "S: <eof>",
    ]
    dialogue = session().dialogue()
    assert (dialogue.title, dialogue.start, dialogue.messages) == (
        "What was seen here",
        "connected",
        ("plain", "plain"),
    )
    assert dialogue.digest


def test_bodies_on_request() -> None:
    assert session().steps(bodies=True)[6:12] == [
        "S: +OK",
        "S: 1 20",
        'S: <text "2 <x>">',
        'S: <text ".">',
        'S: <text "">',
        "S: .",
    ]


def test_what_was_written_matches_what_it_was_written_from() -> None:
    talk = session()
    dialogue, bindings = talk.dialogue(bodies=True), Bindings.start(user="alice", password="s3cret")
    raws = iter(talk.recorder.transcript.exchanges)
    replies = 0
    for index, step in enumerate(dialogue.steps):
        if not isinstance(step, Expect) or step.role is not Role.REPLY:
            continue
        raw = next(raws).reply
        reply = Pop3ReplyParser(raw.count(b"\r\n") > 1).feed(raw)
        assert reply is not None
        assert isinstance(match_reply(step, reply, bindings), Match)
        body = [dialogue.steps[each] for each in body_steps(dialogue.steps, index)]
        found = match_body([each for each in body if isinstance(each, Expect)], reply, bindings)
        assert all(isinstance(result, Match) for result in found.results)
        replies += 1
    assert replies == 7


@pytest.mark.parametrize(
    ("data", "step"),
    [
        (b"NOOP\r\n", "C: NOOP"),
        (b"\r\n", "C:"),
        (b"NOOP \r\n", 'C! "NOOP \\r\\n"'),
        (b"NOOP\n", 'C! "NOOP\\n"'),
        (b"NO", 'C! "NO"'),
        (b"NOOP\r\nSTAT\r\n", 'C! "NOOP\\r\\nSTAT\\r\\n"'),
        (b"A  # b\r\n", 'C! "A  # b\\r\\n"'),
        (b"A [[b]]\r\n", 'C! "A [[b]]\\r\\n"'),
        (b"A \xe9\x00\r\n", 'C! "A \\xE9\\0\\r\\n"'),
        (b"APOP alice abc\r\n", "C: APOP $user abc"),
        (b"USER alice@a.test\r\n", "C: USER alice@a.test"),
        (b"USER malice\r\n", "C: USER malice"),
        (b"PASS s3cret\r\nPASS s3cret\r\n", 'C! "PASS $password\\r\\nPASS $password\\r\\n"'),
    ],
)
def test_what_was_sent(data: bytes, step: str) -> None:
    assert Talk().heard(b"+OK\r\n", command=None).said(data).steps() == ["S: +OK", step]


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        (b"+ok x\r\n", "S: +OK"),
        (b"+ \r\n", "S: +"),
        (b"-ERR [a b] x\r\n", "S: -ERR"),
        (b"-ERR [$a] x\r\n", "S: -ERR"),
        (b"hello\r\n", "S: +OK | -ERR"),
        (b"+OKAY\r\n", "S: +OK | -ERR"),
    ],
)
def test_pop3_replies(reply: bytes, step: str) -> None:
    assert Talk().heard(reply, command=None).steps() == [step]


def test_a_reply_that_nobody_asked_for_may_come() -> None:
    talk = Talk().heard(b"+OK\r\n", command=None).heard(b"-ERR timeout\r\n", command=None).saw(EventKind.CLOSED)
    assert talk.steps() == ["S: +OK", "S? -ERR", "S: <eof>"]


def test_a_reply_that_ended_early_is_no_reply() -> None:
    talk = Talk().heard(b"+OK\r\n", command=None).said(b"LIST\r\n").heard(b"+OK\r\n1 2", complete=False)
    assert talk.saw(EventKind.RESET).steps() == ["S: +OK", "C: LIST", "S: <eof>"]


def test_sessions_are_numbered_as_they_appear() -> None:
    talk = Talk().heard(b"+OK\r\n", command=None, session=4).heard(b"+OK\r\n", command=None, session=7)
    assert talk.said(b"NOOP\r\n", 7).said(b"NOOP\r\n", 4).steps() == ["S: +OK", "S2: +OK", "C2: NOOP", "C: NOOP"]


def test_smtp() -> None:
    talk = Talk("smtp").saw(EventKind.TLS).heard(b"220 a.test\r\n", command=None).said(b"EHLO b.test\r\n")
    talk.heard(b"250-a.test\r\n250 SIZE\r\n").said(b"MAIL FROM:<alice>\r\n").heard(b"250 2.1.0 ok\r\n").said(b"x\r\n")
    talk.heard(b"999 ?\r\n")
    steps = ["S: 220", "C: EHLO b.test", "S: 250", "C: MAIL FROM:<$user>", "S: 250 2.1.0", "C: x", "S: <any>"]
    assert talk.steps() == steps
    assert talk.steps(bodies=True)[3:5] == ['S: - <text "a.test">', 'S: - <text "SIZE">']


def test_a_login_of_smtp_is_written_in_base64() -> None:
    talk = Talk("smtp").heard(b"220 a.test\r\n", command=None)
    talk.recorder.add_secret_bytes(b"AGFsaWNlAHMzY3JldA==")
    talk.said(b"AUTH PLAIN AGFsaWNlAHMzY3JldA==\r\n").said(b"AUTH PLAIN\r\n").said(b"AGFsaWNlAHMzY3JldA==\r\n")
    response = '{base64 "\\0$user\\0$password"}'
    assert talk.steps() == ["S: 220", f"C: AUTH PLAIN {response}", "C: AUTH PLAIN", f"C: {response}"]


def test_a_brace_that_would_be_read_as_a_form_is_sent_raw() -> None:
    talk = Talk("smtp").heard(b"220 a.test\r\n", command=None).said(b"NOOP {data x}\r\n").said(b"NOOP {x}\r\n")
    assert talk.steps()[1:] == ['C! "NOOP {data x}\\r\\n"', "C: NOOP {x}"]


def test_submission_is_spoken_as_smtp() -> None:
    talk = Talk("smtp").heard(b"220 a.test\r\n", command=None).said(b"NOOP\r\n")
    dialogue = transcript_to_dialogue(talk.recorder.transcript, title="t", protocol="submission")
    assert (dialogue.protocol, dialogue.start, len(dialogue.steps)) == ("submission", "connected", 2)


def greeted() -> Talk:
    return Talk().heard(b"+OK\r\n", command=None)


def test_what_no_dialogue_can_say() -> None:
    many = Talk()
    for number in range(1, 11):
        many.heard(b"+OK\r\n", command=None, session=number)
    refused = [
        (greeted().said(b"STLS\r\n").saw(EventKind.TLS), "TLS begins within"),
        (greeted().said(b"x" * 40_000), "32832 octets that were sent are not"),
        (greeted().said(b"AUTH PLAIN czNjcmV0\r\n"), "secret that was sent is masked"),
        (many, "more than 9 sessions"),
        (Talk("nntp"), "no dialogue can be written for nntp"),
    ]
    for talk, problem in refused:
        with pytest.raises(UsageError, match=problem):
            talk.steps()


def test_an_empty_transcript_has_no_steps() -> None:
    with pytest.raises(UsageError, match="no steps"):
        Talk().steps()


octets = st.lists(
    st.sampled_from(
        [b"+OK", b"-ERR", b"250", b" ", b"\r\n", b"\n", b".", b"[A]", b"$", b'"', b"\\", b"alice", b"\xff", b"#", b"]]"]
    ),
    max_size=8,
).map(b"".join)


@given(st.lists(st.tuples(st.booleans(), octets, st.integers(1, 2)), max_size=8), st.sampled_from(["pop3", "smtp"]))
def test_any_conversation_becomes_a_dialogue(parts: list[tuple[bool, bytes, int]], protocol: str) -> None:
    talk = Talk(protocol)
    for session in (1, 2):
        talk.heard(b"+OK\r\n" if protocol == "pop3" else b"220\r\n", command=None, session=session)
    for sending, data, session in parts:
        if sending:
            talk.said(data, session)
        else:
            talk.heard(data, session=session, command=None)
    for bodies in (False, True):
        dialogue = talk.dialogue(bodies=bodies)
        sent = sum(1 for sending, _, _ in parts if sending)
        assert sum(1 for step in dialogue.steps if not isinstance(step, Expect)) == sent
