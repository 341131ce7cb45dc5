from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.actions import Close, Refusal, Send, Work
from reference_server.backend import StoredMessage, StoreFailure
from reference_server.conversation import Steps
from reference_server.pop3 import Pop3Session
from reference_server.pop3.responses import Renderer
from reference_server.pop3.state import COMMANDS, Command, State
from reference_server.settings import Limits, Settings
from reference_server.tests.pop3_client import PASSWORD, Client, FakeBackend, outcome

MESSAGES = {1: b"A: b\r\n\r\n.x\r\ny\r\n", 2: b"\x00\xff\n.\r\n"}
SESSION = (
    b"CAPA\r\nUSER mrose\r\nPASS wrong\r\nuser mrose\r\nPASS " + PASSWORD.encode() + b"\r\nSTAT\r\nLIST\r\n"
    b"RETR 1\r\nRETR 2\r\nTOP 1 1\r\nDELE 1\r\nbad\nline\r\r\nUIDL\r\n"
    + b"x" * 400
    + b"\r\nLANG de\r\nRSET\r\nQUIT\r\n"
)


def test_segmentation_makes_no_difference() -> None:
    whole = Client(FakeBackend(dict(MESSAGES)))
    at_once = whole.send(SESSION)
    for size in (1, 2, 3, 7):
        client = Client(FakeBackend(dict(MESSAGES)))
        parts = [client.send(SESSION[start : start + size]) for start in range(0, len(SESSION), size)]
        assert b"".join(parts) == at_once
        assert client.closed
        assert client.heard == whole.heard
    assert at_once.count(b"+OK") == 14
    assert at_once.count(b"-ERR") == 3


def test_input_waits_while_work_is_out() -> None:
    session = Client(FakeBackend(dict(MESSAGES))).session
    *_, work = session.receive(f"USER mrose\r\nPASS {PASSWORD}\r\nSTAT\r\n".encode())
    assert isinstance(work, Work)
    assert session.receive(b"NOOP\r\nQUIT\r\n") == []
    sent = b""
    while isinstance(work, Work):
        actions = session.resume(outcome(work))
        sent += b"".join(action.data for action in actions if isinstance(action, Send))
        work = actions[-1]
    assert [line[:3] for line in sent.splitlines()] == [b"+OK"] * 4


def test_the_command_line_limit_is_255_octets() -> None:
    client = Client(FakeBackend())
    assert client.say("USER " + "x" * 248).startswith("+OK")
    client = Client(FakeBackend())
    assert client.say("USER " + "x" * 249) == "-ERR line too long\r\n"
    assert client.say("X" * 100_000) == "-ERR line too long\r\n"
    client.log_in()


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\x00OP", b"NOOP\x00", b"NOOP \xff", b"NOOP\r", b"\xff", b"LIST 1\nQUIT"]
)
def test_odd_octets_in_a_command(line: bytes) -> None:
    client = Client(FakeBackend(dict(MESSAGES)))
    client.log_in()
    assert client.send(line + b"\r\n").startswith(b"-ERR ")
    assert client.say("NOOP").startswith("+OK")


def test_nothing_is_answered_before_the_line_has_ended() -> None:
    client = Client(FakeBackend())
    assert client.send(b"QUIT") == client.send(b"\r") == b""
    assert client.send(b"\n") == b"+OK signing off\r\n"


def test_autologout_is_silent_and_removes_nothing() -> None:
    backend = FakeBackend(dict(MESSAGES))
    client = Client(backend)
    client.log_in()
    client.say("DELE 1")
    assert client.session.idle_limit == 600
    assert client.session.timed_out() == [Close()]
    client.session.connection_lost()
    assert backend.contents == MESSAGES
    assert not backend.locked


def test_a_lost_connection_removes_nothing_and_unlocks() -> None:
    backend = FakeBackend(dict(MESSAGES))
    client = Client(backend)
    client.log_in()
    client.say("DELE 1")
    client.session.connection_lost()
    assert backend.contents == MESSAGES
    assert not backend.locked
    assert client.session.receive(b"QUIT\r\n") == []


def test_a_client_that_goes_while_it_is_logged_in_leaves_no_lock() -> None:
    backend = FakeBackend()
    session = Client(backend).session
    *_, check = session.receive(f"USER mrose\r\nPASS {PASSWORD}\r\n".encode())
    assert isinstance(check, Work)
    (opening,) = session.resume(outcome(check))
    assert isinstance(opening, Work)
    session.connection_lost()
    opened = outcome(opening)
    assert session.resume(opened) == []
    assert not backend.locked


def test_an_update_that_has_begun_is_finished_though_the_client_goes() -> None:
    backend = FakeBackend(dict(MESSAGES))
    client = Client(backend)
    client.log_in()
    client.say("DELE 1")
    *_, update = client.session.receive(b"QUIT\r\n")
    assert isinstance(update, Work)
    client.session.connection_lost()
    assert backend.locked
    assert client.session.resume(outcome(update)) == []
    assert list(backend.contents) == [2]
    assert not backend.locked


def test_the_log_tells_why_the_server_failed() -> None:
    session = Client(FakeBackend(fails=OSError("disk on fire"))).session
    session.receive(b"USER mrose\r\nPASS x\r\n")
    (answer,) = session.resume(StoreFailure("disk on fire"))
    assert answer == Send(
        b"-ERR [SYS/TEMP] temporary failure\r\n",
        logged="-ERR [SYS/TEMP] temporary failure  (cause: 'disk on fire')",
    )


def test_refusals() -> None:
    client = Client(FakeBackend())
    context = client.session.context
    for reason in Refusal:
        answer, close = Pop3Session(context).refuse(reason)
        assert isinstance(answer, Send)
        assert answer.data.startswith(b"-ERR [SYS/TEMP] ")
        assert close == Close()
        assert client.session.refuse(reason) == [Close()]


def test_idle_limit_is_a_setting() -> None:
    assert Client(FakeBackend(), Settings(limits=replace(Limits(), pop3_idle=1.5))).session.idle_limit == 1.5


def test_a_fault_is_one_entry_or_one_method() -> None:
    def forgetful(session: Pop3Session, number: int) -> Steps:
        yield session.positive(session_text, number=number)

    session_text = next(text for text in Client(FakeBackend()).session.language.texts if text.name == "MARKED")
    original = COMMANDS[State.TRANSACTION]["DELE"]
    commands = {
        **COMMANDS,
        State.TRANSACTION: {**COMMANDS[State.TRANSACTION], "DELE": Command(forgetful, original.arguments)},
    }

    class Unstuffed(Renderer):
        def stuffed(self, lines: bytes) -> bytes:
            return lines

    client = Client(
        FakeBackend(dict(MESSAGES)),
        make=lambda context: Pop3Session(context, commands=commands, renderer=Unstuffed()),
    )
    client.log_in()
    assert client.say("DELE 1", "LIST 1").count("+OK") == 2
    assert "\r\n.x\r\n" in client.say("RETR 1")


STATUS_LINE = re.compile(rb"(\+OK|-ERR)( [\x20-\x7e]{1,504})?\r\n|\+ [A-Za-z0-9+/=]*\r\n")
LINES = [b"USER mrose", b"PASS " + PASSWORD.encode(), b"AUTH PLAIN", b"AUTH", b"CAPA", b"LANG de", b"UTF8", b"STLS"]
LINES += [
    b"RETR 1",
    b"TOP 2 1",
    b"DELE 1",
    b"RSET",
    b"UIDL",
    b"LIST",
    b"STAT",
    b"NOOP",
    b"APOP a b",
    b"*",
    b"AAAA",
    b"",
]
PIECES = st.sampled_from([line + b"\r\n" for line in LINES]) | st.binary(max_size=8) | st.sampled_from([b"\r", b"\n"])


def well_formed(response: bytes) -> bool:
    """One status line; and where there is more, lines up to the first that is a single dot, which is the last."""
    match = STATUS_LINE.match(response)
    if match is None or match.end() == len(response):
        return match is not None
    return response.startswith(b"+OK") and response.find(b"\r\n.\r\n", match.end() - 2) == len(response) - 5


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(PIECES, max_size=30).map(b"".join), st.integers(1, 9))
def test_whatever_comes_the_answers_are_well_formed(logged_in: bool, stream: bytes, size: int) -> None:
    client, other = Client(FakeBackend(dict(MESSAGES))), Client(FakeBackend(dict(MESSAGES)))
    if logged_in:
        client.log_in()
        other.log_in()
    for start in range(0, len(stream), size):
        client.send(stream[start : start + size])
    assert all(map(well_formed, client.responses))
    assert len(client.responses) <= stream.count(b"\r\n") + (3 if logged_in else 1)
    if b"STLS" not in stream:  # what STLS throws away depends on the segments
        other.send(stream)
        assert other.responses == client.responses


def test_stored_messages_are_fixed_at_login() -> None:
    backend = FakeBackend({1: b"x\r\n"})
    client = Client(backend)
    client.log_in()
    backend.contents[2] = b"new\r\n"
    assert client.say("STAT") == "+OK 1 3\r\n"
    assert all(isinstance(message, StoredMessage) for message in client.session.maildrop.remaining().values())
