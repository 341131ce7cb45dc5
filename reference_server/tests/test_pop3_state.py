from __future__ import annotations

import pytest

from reference_server.pop3.state import COMMANDS, State, known
from reference_server.tests.pop3_client import PASSWORD, Client, FakeBackend

EXAMPLES = {
    "USER": "USER mrose",
    "PASS": f"PASS {PASSWORD}",
    "APOP": "APOP mrose " + "0" * 32,
    "AUTH": "AUTH PLAIN",
    "STLS": "STLS",
    "QUIT": "QUIT",
    "CAPA": "CAPA",
    "LANG": "LANG",
    "UTF8": "UTF8",
    "STAT": "STAT",
    "LIST": "LIST",
    "RETR": "RETR 1",
    "DELE": "DELE 1",
    "NOOP": "NOOP",
    "RSET": "RSET",
    "TOP": "TOP 1 0",
    "UIDL": "UIDL",
}
"""A well-formed line for every command."""

ANYWHERE = {"CAPA", "LANG", "QUIT"}
BEFORE_LOGIN = {"AUTH", "STLS", "UTF8"}
PERMITTED = {
    State.AUTHORIZATION: ANYWHERE | BEFORE_LOGIN | {"USER", "APOP"},
    State.PASSWORD_EXPECTED: ANYWHERE | BEFORE_LOGIN | {"PASS"},
    State.TRANSACTION: ANYWHERE | {"STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL"},
}
"""RFC 1939 §4 to §7, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2 and §3; by hand, not from the table."""


def in_state(state: State) -> Client:
    client = Client(FakeBackend({1: b"A: b\r\n\r\nbody\r\n"}))
    if state is State.PASSWORD_EXPECTED:
        client.say("USER mrose")
    elif state is State.TRANSACTION:
        client.log_in()
    return client


def test_the_examples_are_complete() -> None:
    assert {keyword for commands in COMMANDS.values() for keyword in commands} == set(EXAMPLES)


@pytest.mark.parametrize("keyword", EXAMPLES)
@pytest.mark.parametrize("state", PERMITTED, ids=lambda state: state.name)
def test_each_command_in_each_state(state: State, keyword: str) -> None:
    client = in_state(state)
    answer = client.say(EXAMPLES[keyword])
    if keyword in PERMITTED[state]:
        assert "not in this state" not in answer
        assert answer.startswith(("+", "-ERR [AUTH]"))
    else:
        assert answer == "-ERR not in this state\r\n"
        assert not client.closed


@pytest.mark.parametrize("state", PERMITTED, ids=lambda state: state.name)
@pytest.mark.parametrize("line", ["XTND", "RPOP x", "LAST", "", " STAT", "STATS", "GET / HTTP/1.1", "\x00"])
def test_unknown_commands_are_refused_and_change_nothing(state: State, line: str) -> None:
    client = in_state(state)
    assert client.say(line) == "-ERR unknown command\r\n"
    assert not client.closed


@pytest.mark.parametrize(
    "line", ["STAT x", "LIST x", "RETR", "DELE", "NOOP x", "RSET x", "TOP 1", "UIDL 1 2", "QUIT x"]
)
def test_bad_arguments_are_refused_and_change_nothing(line: str) -> None:
    client = in_state(State.TRANSACTION)
    assert client.say(line).startswith("-ERR the arguments")
    assert client.say("STAT").startswith("+OK 1 ")


def test_a_keyword_is_known_from_any_state() -> None:
    assert known(COMMANDS, "PASS") is COMMANDS[State.PASSWORD_EXPECTED]["PASS"]
    assert known(COMMANDS, "XTND") is None
