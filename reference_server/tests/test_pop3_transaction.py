from __future__ import annotations

import pytest

from reference_server.backend import StoreFailure
from reference_server.tests.pop3_client import Client, FakeBackend

ONE = b"Subject: one\r\n\r\n.lead\r\n.\r\nend\r\n"
TWO = b"no header, no line end"
THREE = "Subject: \u00e9\r\n\r\nbody\r\n".encode()


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({11: ONE, 12: TWO, 15: THREE})


@pytest.fixture
def client(backend: FakeBackend) -> Client:
    client = Client(backend)
    client.log_in()
    return client


def test_figures(client: Client) -> None:
    total = len(ONE) + len(TWO) + 2 + len(THREE)
    assert client.say("STAT") == f"+OK 3 {total}\r\n"
    assert (
        client.say("LIST")
        == f"+OK messages: 3 ({total} octets)\r\n1 {len(ONE)}\r\n2 {len(TWO) + 2}\r\n3 {len(THREE)}\r\n.\r\n"
    )
    assert client.say("LIST 2") == f"+OK 2 {len(TWO) + 2}\r\n"
    assert client.say("UIDL") == "+OK unique-ids follow\r\n1 id-11\r\n2 id-12\r\n3 id-15\r\n.\r\n"
    assert client.say("UIDL 3") == "+OK 3 id-15\r\n"


def test_an_empty_maildrop() -> None:
    client = Client(FakeBackend())
    client.log_in()
    assert client.say("STAT", "LIST", "UIDL", "RSET", "NOOP") == (
        "+OK 0 0\r\n"
        "+OK messages: 0 (0 octets)\r\n.\r\n"
        "+OK unique-ids follow\r\n.\r\n"
        "+OK messages: 0 (0 octets)\r\n"
        "+OK done nothing\r\n"
    )
    assert client.say("LIST 1") == "-ERR no such message\r\n"


def test_messages_as_they_are_sent(client: Client) -> None:
    assert client.say("RETR 1") == f"+OK {len(ONE)} octets\r\nSubject: one\r\n\r\n..lead\r\n..\r\nend\r\n.\r\n"
    assert client.say("RETR 2") == f"+OK {len(TWO) + 2} octets\r\nno header, no line end\r\n.\r\n"
    assert client.say("TOP 1 1") == "+OK top of the message follows\r\nSubject: one\r\n\r\n..lead\r\n.\r\n"
    assert client.say("TOP 1 0") == "+OK top of the message follows\r\nSubject: one\r\n\r\n.\r\n"


def test_a_message_that_needs_utf8_mode(backend: FakeBackend) -> None:
    client = Client(backend)
    client.log_in()
    for command in ("RETR 3", "TOP 3 0"):
        assert client.say(command) == "-ERR [UTF8] the message needs UTF-8 mode\r\n"
    assert client.say("LIST 3") == f"+OK 3 {len(THREE)}\r\n"
    client.say("QUIT")
    again = Client(backend)
    again.say("UTF8")
    again.log_in()
    assert again.say("RETR 3") == f"+OK {len(THREE)} octets\r\n{THREE.decode()}.\r\n"


@pytest.mark.parametrize("number", [0, 4, 10**200])
def test_numbers_of_no_message(client: Client, number: int) -> None:
    for command in (f"LIST {number}", f"UIDL {number}", f"RETR {number}", f"DELE {number}", f"TOP {number} 1"):
        assert client.say(command) == "-ERR no such message\r\n"
    assert client.say("STAT").startswith("+OK 3 ")


def test_a_marked_message_is_out_of_sight_and_keeps_its_number(client: Client) -> None:
    assert client.say("DELE 2") == "+OK message 2 marked as deleted\r\n"
    for command in ("LIST 2", "UIDL 2", "RETR 2", "DELE 2", "TOP 2 0"):
        assert client.say(command) == "-ERR message 2 is marked as deleted\r\n"
    assert client.say("STAT") == f"+OK 2 {len(ONE) + len(THREE)}\r\n"
    assert client.say("LIST").splitlines()[1:] == [f"1 {len(ONE)}", f"3 {len(THREE)}", "."]
    assert client.say("UIDL").splitlines()[1:] == ["1 id-11", "3 id-15", "."]


def test_rset_unmarks(client: Client, backend: FakeBackend) -> None:
    client.say("DELE 1", "DELE 2", "DELE 3")
    assert client.say("STAT") == "+OK 0 0\r\n"
    assert client.say("RSET").startswith("+OK messages: 3 ")
    assert client.say("RETR 1").startswith("+OK")
    client.say("QUIT")
    assert len(backend.contents) == 3


def test_quit_removes_what_is_marked_and_nothing_else(client: Client, backend: FakeBackend) -> None:
    client.say("DELE 1", "DELE 3")
    assert len(backend.contents) == 3
    assert client.say("QUIT") == "+OK signing off\r\n"
    assert client.closed
    assert backend.contents == {12: TWO}
    assert not backend.locked


@pytest.mark.parametrize(("permanent", "code"), [(False, "SYS/TEMP"), (True, "SYS/PERM")])
def test_a_failed_update_closes_too(client: Client, backend: FakeBackend, permanent: bool, code: str) -> None:
    client.say("DELE 1")
    backend.fails = StoreFailure("full", permanent=permanent)
    assert client.say("QUIT") == f"-ERR [{code}] some deleted messages not removed\r\n"
    assert client.closed
    assert not backend.locked


def test_a_message_that_cannot_be_read(client: Client, backend: FakeBackend) -> None:
    backend.fails = StoreFailure("gone", permanent=True)
    assert client.say("RETR 1") == "-ERR [SYS/PERM] permanent failure\r\n"
    backend.fails = None
    assert client.say("RETR 1").startswith("+OK")
