"""IMAP's states, greeting, login, TLS, literals and limits (RFC 3501 §2.2, §3, §6.1, §6.2, §7.5)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.actions import Close, Refusal, Send, Work
from reference_server.imap.command_table import COMMANDS
from reference_server.imap.state import State
from reference_server.settings import Limits, Settings
from reference_server.tests.imap_client import MESSAGE, Client, Post, post_office
from reference_server.tests.pop3_client import PASSWORD


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


def capabilities(answer: str) -> set[str]:
    return set(answer.partition("CAPABILITY ")[2].partition("]")[0].partition("\r\n")[0].split())


def test_the_greeting_announces(post: Post) -> None:
    client = post.client()
    assert client.greeting.startswith(b"* OK [CAPABILITY IMAP4rev1 ")
    offered = capabilities(client.greeting.decode())
    assert {"STARTTLS", "AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "IDLE"} <= offered
    assert "LOGINDISABLED" not in offered
    assert capabilities(client.say("CAPABILITY")) == offered


def test_a_login_changes_what_is_announced(post: Post) -> None:
    client = post.client()
    announced = capabilities(client.ok(f'LOGIN mrose "{PASSWORD}"'))
    assert announced == capabilities(client.say("CAPABILITY"))
    assert not {name for name in announced if name.startswith(("AUTH=", "STARTTLS", "LOGINDISABLED"))}


def test_without_tls_no_password_where_that_is_forbidden(tmp_path: Path) -> None:
    with post_office(tmp_path, Settings(plaintext_logins=False)) as post:
        client = post.client()
        offered = capabilities(client.greeting.decode())
        assert "LOGINDISABLED" in offered
        assert "AUTH=PLAIN" not in offered
        assert client.no(f'LOGIN mrose "{PASSWORD}"').startswith("[PRIVACYREQUIRED] ")
        assert post.credentials.asked == []
        client.no("AUTHENTICATE PLAIN")
        client.ok("STARTTLS")
        assert "LOGINDISABLED" not in capabilities(client.say("CAPABILITY"))
        client.ok(f'LOGIN mrose "{PASSWORD}"')


def test_starttls_forgets_what_came_in_the_clear(post: Post) -> None:
    client = post.client()
    answer = client.send(b"a STARTTLS\r\nb NOOP\r\n")
    assert answer.startswith(b"a OK ")
    assert b"b OK" not in answer
    assert "STARTTLS" not in capabilities(client.say("CAPABILITY"))
    client.bad("STARTTLS")
    client.ok("NOOP")


def test_starttls_only_where_it_can_be_done(post: Post) -> None:
    assert "STARTTLS" not in capabilities(post.client(can_start_tls=False).greeting.decode())
    post.client(can_start_tls=False).bad("STARTTLS")
    post.client(encrypted=True).bad("STARTTLS")
    post.user().bad("STARTTLS")


def test_wrong_credentials(post: Post) -> None:
    client = post.client()
    assert client.no("LOGIN mrose wrong").startswith("[AUTHENTICATIONFAILED] ")
    assert client.no("AUTHENTICATE PLAIN AG1yb3NlAHdyb25n").startswith("[AUTHENTICATIONFAILED] ")
    answer = client.say("LOGIN mrose wrong").split("\r\n")
    assert answer[0].startswith("NO [AUTHENTICATIONFAILED] ")
    assert answer[1].startswith("* BYE ")
    assert client.closed


def test_plain_with_and_without_an_initial_response(post: Post) -> None:
    token = base64.b64encode(f"\0mrose\0{PASSWORD}".encode()).decode()
    post.client().ok(f"AUTHENTICATE PLAIN {token}")
    client = post.client()
    assert client.send(b"t AUTHENTICATE plain\r\n") == b"+ \r\n"
    assert client.send(token.encode() + b"\r\n").startswith(b"t OK [CAPABILITY ")
    assert client.heard[-1] == b"***"


@pytest.mark.parametrize("response", [b"*", b"not base64!"])
def test_an_exchange_that_is_broken_off(post: Post, response: bytes) -> None:
    client = post.client()
    client.send(b"t AUTHENTICATE PLAIN\r\n")
    assert client.send(response + b"\r\n").startswith(b"t BAD ")
    client.ok("NOOP")


@pytest.mark.parametrize("response", [b"AG1y b3NlAHg=", b"AG1yb3NlAHg", b"AAAA====", b"A===", b"\x80"])
def test_a_response_must_be_base64_to_the_letter(post: Post, response: bytes) -> None:
    client = post.client()
    client.send(b"t AUTHENTICATE PLAIN\r\n")
    assert client.send(response + b"\r\n").startswith(b"t BAD ")


def test_a_mechanism_that_is_not_offered(post: Post) -> None:
    post.client().no("AUTHENTICATE KERBEROS_V4")


def test_secrets_do_not_reach_the_log(post: Post) -> None:
    client = post.client()
    client.say(f'LOGIN mrose "{PASSWORD}"')
    client.say("AUTHENTICATE PLAIN AHg=")
    assert client.heard == [b"a1 LOGIN ***", b"a2 AUTHENTICATE PLAIN ***"]


ARGUMENTS = {
    "LOGIN": "LOGIN a b",
    "AUTHENTICATE": "AUTHENTICATE PLAIN",
    "ID": "ID NIL",
    "ENABLE": "ENABLE CONDSTORE",
    "RENAME": "RENAME INBOX b",
    "LIST": 'LIST "" *',
    "LSUB": 'LSUB "" *',
    "STATUS": "STATUS INBOX (MESSAGES)",
    "APPEND": "APPEND INBOX {1+}\r\nx",
    "GETQUOTA": 'GETQUOTA ""',
    "GETQUOTAROOT": "GETQUOTAROOT INBOX",
    "SETQUOTA": 'SETQUOTA "" ()',
    "UID EXPUNGE": "UID EXPUNGE 1",
    "FETCH": "FETCH 1 FLAGS",
    "STORE": "STORE 1 FLAGS ()",
    "SEARCH": "SEARCH ALL",
    "SORT": "SORT (SIZE) UTF-8 ALL",
    "THREAD": "THREAD REFERENCES UTF-8 ALL",
    "COPY": "COPY 1 INBOX",
    "MOVE": "MOVE 1 INBOX",
} | {name: f"{name} other" for name in ("SELECT", "EXAMINE", "CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE")}
WITH_UID = ("FETCH", "STORE", "SEARCH", "SORT", "THREAD", "COPY", "MOVE")
ARGUMENTS |= {f"UID {name}": f"UID {ARGUMENTS[name]}" for name in WITH_UID}
EVERY_COMMAND = sorted({name for commands in COMMANDS.values() for name in commands})


@pytest.mark.parametrize("state", [State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED])
@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_each_command_in_each_state(post: Post, state: State, name: str) -> None:
    post.fill(1)
    if state is State.NOT_AUTHENTICATED:
        client = post.client()
    else:
        client = post.user("INBOX" if state is State.SELECTED else None)
    answer = client.say(ARGUMENTS.get(name, name))
    if name in COMMANDS[state]:
        assert "BAD" not in answer
    else:
        assert answer.startswith("BAD ")
        client.ok("NOOP")


def test_logout(post: Post) -> None:
    client = post.user("INBOX")
    bye, tagged = client.send(b"z LOGOUT\r\n").decode().splitlines()
    assert bye.startswith("* BYE ")
    assert tagged.startswith("z OK ")
    assert client.closed


def test_what_cannot_be_read_is_bad_and_harms_nothing(post: Post) -> None:
    client = post.client()
    assert client.send(b"\r\n").startswith(b"* BAD ")
    assert client.send(b"+ NOOP\r\n").startswith(b"* BAD ")
    for command in ("", "BOGUS", "NOOP ", "NOOP x", "LOGIN a", "UID NOOP", "CAPABILITY\nNOOP"):
        client.bad(command)
    client.bad("NOOP " + "x" * 70_000)
    client.ok("NOOP")


def test_a_literal_is_asked_for_once_the_rest_is_right(post: Post) -> None:
    client = post.client()
    assert client.send(b"t LOGIN {5}\r\n").startswith(b"+ ")
    assert client.send(b"mrose {%d}\r\n" % len(PASSWORD)).startswith(b"+ ")
    assert client.send(PASSWORD.encode() + b"\r\n").startswith(b"t OK ")
    assert client.send(b"u BOGUS {5}\r\n").startswith(b"u BAD ")
    assert client.send(b"v APPEND INBOX {999999999}\r\n").startswith(b"v NO [TOOBIG] ")
    client.ok("NOOP")


def test_no_literal_for_a_command_of_another_state(post: Post) -> None:
    client = post.client()
    assert client.send(b"t APPEND INBOX {5}\r\n").startswith(b"t BAD ")
    assert client.send(b"u APPEND INBOX {5+}\r\nhello\r\nv NOOP\r\n").count(b"\r\n") == 2


def test_byte_by_byte_is_the_same(post: Post) -> None:
    client = post.client()
    talk = f'a LOGIN mrose "{PASSWORD}"\r\nb APPEND INBOX {{5+}}\r\nhello\r\nc SELECT {{5+}}\r\ninbox\r\nd LOGOUT\r\n'
    answer = b"".join(client.send(bytes([octet])) for octet in talk.encode())
    assert [line[:4] for line in answer.decode().splitlines() if line[0] != "*"] == ["a OK", "b OK", "c OK", "d OK"]


def test_the_idle_limit_is_thirty_minutes_and_less_before_a_login(post: Post) -> None:
    client = post.client()
    assert client.session.idle_limit == Limits().imap_login_idle
    client.ok(f'LOGIN mrose "{PASSWORD}"')
    assert client.session.idle_limit == 1800.0
    last = client.session.timed_out()
    assert isinstance(last[0], Send)
    assert last[0].data.startswith(b"* BYE ")
    assert last[1:] == [Close()]


@pytest.mark.parametrize("reason", list(Refusal))
def test_refusal(post: Post, reason: Refusal) -> None:
    said, closed = post.client().session.refuse(reason)
    assert isinstance(said, Send)
    assert said.data.startswith(b"* BYE [UNAVAILABLE] ")
    assert closed == Close()


def test_the_limit_of_failed_logins_can_be_set(tmp_path: Path) -> None:
    with post_office(tmp_path, Settings(limits=replace(Limits(), failed_logins=1))) as post:
        client = post.client()
        client.say("LOGIN mrose wrong")
        assert client.closed


def test_id_and_namespace(post: Post) -> None:
    client = post.user()
    assert client.lines('ID ("name" "x")') == ['ID ("name" "postel" "vendor" "postel")']
    assert client.lines("NAMESPACE") == ['NAMESPACE (("" "/")) NIL NIL']


def test_enable(post: Post) -> None:
    client = post.user()
    assert client.lines("ENABLE NONSENSE") == ["ENABLED"]
    assert client.lines("ENABLE QRESYNC UTF8=ACCEPT") == ["ENABLED QRESYNC UTF8=ACCEPT"]
    assert client.lines("ENABLE QRESYNC") == ["ENABLED"]
    client.ok("SELECT INBOX")
    client.bad("ENABLE CONDSTORE")


def test_the_store_fails(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    client = post.user()

    def fail(*_: object, **__: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr(type(post.store.folders), "status", fail)
    assert client.no("STATUS INBOX (MESSAGES)").startswith("[UNAVAILABLE] ")
    client.ok("NOOP")


def test_input_waits_while_work_is_out(post: Post) -> None:
    client: Client = post.user("INBOX")
    client.holding = True
    assert client.send(b"a STATUS INBOX (MESSAGES)\r\nb NOOP\r\n") == b""
    assert [line[:4] for line in client.release().decode().splitlines()] == ["* ST", "a OK", "b OK"]


def test_work_is_a_work(post: Post) -> None:
    session = post.client().session
    actions = session.receive(b"a LOGIN mrose x\r\n")
    assert isinstance(actions[-1], Work)
    session.connection_lost()
    assert session.resume(True) == []


def test_a_message_is_logged_by_its_line_only(post: Post) -> None:
    client = post.user()
    client.append("INBOX")
    assert MESSAGE not in b"".join(client.heard)
