from __future__ import annotations

import pytest

from reference_server.settings import Limits, Settings
from reference_server.smtp import LmtpSession
from reference_server.smtp.state import LMTP_COMMANDS, SMTP_COMMANDS, State
from reference_server.tests.smtp_client import Client

SMALL = Settings(limits=Limits(message=8))
STEPS = {
    State.CONNECTED: [],
    State.READY: ["{hello} client.example"],
    State.SENDER_GIVEN: ["{hello} client.example", "MAIL FROM:<a@b>"],
    State.RECIPIENTS_GIVEN: ["{hello} client.example", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>"],
    State.CHUNKS_GIVEN: ["{hello} client.example", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", "BDAT 0"],
    State.CHUNK_REFUSED: [
        *("{hello} client.example", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", f"BDAT 9\r\n{'x' * 7}"),
    ],
}
ANY_TIME = {
    "NOOP": 250,
    "NOOP string": 250,
    "RSET": 250,
    "VRFY bob": 250,
    "HELP": 214,
    "HELP RSET": 214,
    "EXPN list": 550,
    "TURN": 502,
    "SEND FROM:<a@b>": 502,
    "QUIT": 221,
    "EHLO client.example": 250,
    "HELO client.example": 250,
}
IN_ORDER = {
    "MAIL FROM:<a@b>": {State.READY: 250},
    "RCPT TO:<bob@postel.test>": {State.SENDER_GIVEN: 250, State.RECIPIENTS_GIVEN: 250},
    "DATA": {State.RECIPIENTS_GIVEN: 354},
    "BDAT 0": {State.RECIPIENTS_GIVEN: 250, State.CHUNKS_GIVEN: 250},
    "BDAT 0 LAST": {State.RECIPIENTS_GIVEN: 250, State.CHUNKS_GIVEN: 250},
    "STARTTLS": {State.READY: 220},
    "AUTH PLAIN": {State.READY: 334},
}
EVERYWHERE = {"XYZZY": 500, "": 500, " NOOP": 500, "LHLO client.example": 500, "MAILFROM:<a@b>": 500}


def in_state(state: State) -> Client:
    client = Client(settings=SMALL)
    client.say(*(step.format(hello="EHLO") for step in STEPS[state]))
    assert client.session.state is state
    return client


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
@pytest.mark.parametrize(("line", "code"), [*ANY_TIME.items(), *EVERYWHERE.items()])
def test_commands_for_any_time(state: State, line: str, code: int) -> None:
    assert in_state(state).codes(line) == [code]


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
@pytest.mark.parametrize("line", IN_ORDER)
def test_commands_that_have_their_place(state: State, line: str) -> None:
    client = in_state(state)
    code = IN_ORDER[line].get(state, 503)
    assert client.codes(line) == [code]
    if code == 503:
        assert client.session.state is state


@pytest.mark.parametrize(
    "line",
    [
        "AUTH",
        "AUTH PLAIN x y",
        "BDAT",
        "BDAT x",
        "STARTTLS x",
        "EXPN",
        "MAIL FROM:a@b",
        "RCPT TO:a@b",
        "DATA x",
        "RSET x",
        "QUIT x",
        "VRFY",
        "NOOP \x00",
        "EHLO",
    ],
)
def test_bad_arguments_leave_the_state_alone(line: str) -> None:
    for state in State:
        client = in_state(state)
        assert client.codes(line)[0] in (501, 503)
        assert client.session.state is state
        assert not client.closed


def test_lmtp_has_another_hello() -> None:
    for state in State:
        client = Client(make=LmtpSession, settings=SMALL)
        client.say(*(step.format(hello="LHLO") for step in STEPS[state]))
        assert client.session.state is state
        assert client.codes("EHLO a", "HELO a", "LHLO a") == [500, 500, 250]


def test_tables_have_every_state() -> None:
    assert set(SMTP_COMMANDS) == set(LMTP_COMMANDS) == set(State)
