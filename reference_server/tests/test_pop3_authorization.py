from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace

import pytest

from reference_server.backend import StoreFailure
from reference_server.pop3 import Pop3Session
from reference_server.settings import Limits, Settings
from reference_server.tests.pop3_client import PASSWORD, Client, FakeBackend, apop_digest

CLEAR_REFUSED = Settings(plaintext_logins=False)
AUTH_FAILED = "-ERR [AUTH] authentication failed\r\n"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(name: str = "mrose", password: str = PASSWORD) -> str:
    return b64(f"\0{name}\0{password}")


def test_greeting_holds_a_new_timestamp_each_time() -> None:
    client = Client(FakeBackend())
    timestamp = client.session.timestamp
    assert client.greeting == f"+OK mail.postel.test POP3 server ready {timestamp}\r\n".encode()
    assert re.fullmatch(r"<[0-9a-f]{24}\.7@mail\.postel\.test>", timestamp)
    assert Pop3Session(client.session.context).timestamp != timestamp


def test_user_and_pass() -> None:
    client = Client(FakeBackend({1: b"x\r\n"}))
    assert client.say("USER mrose") == "+OK send the password\r\n"
    assert client.say(f"PASS {PASSWORD}") == "+OK maildrop locked and ready, messages: 1 (3 octets)\r\n"


def test_user_answers_the_same_for_a_name_that_nobody_has() -> None:
    client = Client(FakeBackend())
    assert client.say("USER nobody") == "+OK send the password\r\n"
    assert client.say("PASS x") == AUTH_FAILED


def test_spaces_belong_to_the_password() -> None:
    backend = FakeBackend()
    client = Client(backend)
    client.say("USER mrose", "PASS  a  b ")
    assert backend.asked == [("mrose", " a  b ")]


def test_pass_comes_immediately_after_user() -> None:
    for between in ("NOOP", "CAPA", "USER mrose", "XTND", "PASS", "LANG", "X" * 300):
        client = Client(FakeBackend())
        client.say("USER mrose", between)
        assert client.say(f"PASS {PASSWORD}") == "-ERR not in this state\r\n", between
        client.log_in()


def test_a_failed_pass_takes_the_name_along() -> None:
    client = Client(FakeBackend())
    assert client.say("USER mrose", "PASS wrong") == "+OK send the password\r\n" + AUTH_FAILED
    assert client.say(f"PASS {PASSWORD}") == "-ERR not in this state\r\n"
    client.log_in()


def test_utf8_names_and_passwords_need_no_utf8_mode() -> None:
    client = Client(FakeBackend())
    assert client.say("USER rene\u0301") == "+OK send the password\r\n"
    assert client.say("PASS cl\u00e9").startswith("+OK")


@pytest.mark.parametrize("password", [b"\xff", b"a\x07b", "\u00ad".encode()])
def test_a_password_that_nobody_can_have_is_a_wrong_one(password: bytes) -> None:
    backend = FakeBackend()
    client = Client(backend)
    client.say("USER mrose")
    assert client.send(b"PASS " + password + b"\r\n") == AUTH_FAILED.encode()
    assert backend.asked == []


def test_apop() -> None:
    client = Client(FakeBackend())
    digest = apop_digest(client.session.timestamp)
    assert client.say(f"APOP mrose {digest.upper()}") == AUTH_FAILED
    assert client.say(f"APOP nobody {digest}") == AUTH_FAILED
    assert client.say(f"APOP mrose {digest}").startswith("+OK maildrop")


def test_without_apop_there_is_no_timestamp() -> None:
    client = Client(FakeBackend(), Settings(apop=False))
    assert client.greeting == b"+OK mail.postel.test POP3 server ready\r\n"
    assert client.say(f"APOP mrose {apop_digest(client.session.timestamp)}") == "-ERR APOP is not offered\r\n"


def test_auth_plain_with_an_initial_response() -> None:
    assert Client(FakeBackend()).say(f"auth plain {plain()}").startswith("+OK maildrop")
    client = Client(FakeBackend())
    assert client.say(f"AUTH PLAIN {plain(password='x')}") == AUTH_FAILED
    assert client.say("AUTH PLAIN =") == "-ERR not a message of this mechanism\r\n"


def test_auth_plain_without_an_initial_response() -> None:
    client = Client(FakeBackend())
    assert client.say("AUTH PLAIN") == "+ \r\n"
    assert client.say(plain()).startswith("+OK maildrop")
    assert client.heard == [b"AUTH PLAIN", b"***"]


def test_auth_scram() -> None:
    client = Client(FakeBackend())
    bare = "n=mrose,r=abc"
    server_first = base64.b64decode(client.say(f"AUTH SCRAM-SHA-256 {b64('n,,' + bare)}")[2:]).decode()
    nonce = dict(field.split("=", 1) for field in server_first.split(","))["r"]
    without_proof = f"c=biws,r={nonce}"
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 4096)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signed = ",".join([bare, server_first, without_proof]).encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    server_final = client.say(b64(f"{without_proof},p={base64.b64encode(proof).decode()}"))
    server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
    assert server_final == f"+ {b64('v=' + base64.b64encode(server_signature).decode())}\r\n"
    assert client.say("").startswith("+OK maildrop")


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("*", "-ERR authentication cancelled\r\n"),
        ("=", "-ERR not base64\r\n"),
        ("AAA", "-ERR not base64\r\n"),
        ("", "-ERR not a message of this mechanism\r\n"),
        (b64("\0mrose"), "-ERR not a message of this mechanism\r\n"),
        ("A" * 12_288, "-ERR line too long\r\n"),
        (plain(password="wrong"), AUTH_FAILED),
        (b64(f"eve\0mrose\0{PASSWORD}"), AUTH_FAILED),
    ],
)
def test_a_failed_exchange_leaves_no_trace(response: str, answer: str) -> None:
    client = Client(FakeBackend())
    client.say("AUTH PLAIN")
    assert client.say(response) == answer
    client.log_in()


def test_a_response_may_be_longer_than_a_command() -> None:
    client = Client(FakeBackend())
    client.say("AUTH PLAIN")
    assert client.say(b64("\0mrose\0" + "p" * 2000)) == AUTH_FAILED


def test_the_auth_command_may_not() -> None:
    assert Client(FakeBackend()).say("AUTH PLAIN " + plain(password="p" * 300)) == "-ERR line too long\r\n"


def test_auth_names_its_mechanism() -> None:
    client = Client(FakeBackend())
    assert client.say("AUTH") == "-ERR the arguments are not what this command takes\r\n"
    assert client.say("AUTH CRAM-MD5") == "-ERR mechanism not offered\r\n"


def test_too_many_failures_end_the_connection() -> None:
    client = Client(FakeBackend(), Settings(limits=replace(Limits(), failed_logins=2)))
    assert client.say("USER mrose", "PASS x").endswith(AUTH_FAILED)
    assert not client.closed
    assert client.say(f"AUTH PLAIN {plain(password='x')}") == "-ERR [AUTH] authentication failed too often\r\n"
    assert client.closed
    assert client.say("QUIT") == ""


def test_a_taken_maildrop_is_no_failed_login() -> None:
    backend = FakeBackend(locked=True)
    client = Client(backend)
    for _ in range(5):
        assert client.say("USER mrose", f"PASS {PASSWORD}").endswith(
            "-ERR [IN-USE] another session holds the maildrop\r\n"
        )
    backend.locked = False
    client.log_in()


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (StoreFailure("full"), "-ERR [SYS/TEMP] temporary failure\r\n"),
        (StoreFailure("broken", permanent=True), "-ERR [SYS/PERM] permanent failure\r\n"),
        (OSError("unforeseen"), "-ERR [SYS/TEMP] temporary failure\r\n"),
    ],
)
def test_a_maildrop_that_cannot_be_opened(failure: Exception, answer: str) -> None:
    backend = FakeBackend(fails=failure)
    client = Client(backend)
    assert client.say("USER mrose", f"PASS {PASSWORD}").endswith(answer)
    backend.fails = None
    client.log_in()


def test_no_password_in_the_clear_where_that_is_refused() -> None:
    client = Client(FakeBackend(), CLEAR_REFUSED)
    assert client.say("USER mrose") == "-ERR no plaintext password without TLS\r\n"
    assert client.say("AUTH PLAIN") == "-ERR mechanism not offered\r\n"
    assert client.say("STLS", "USER mrose", f"PASS {PASSWORD}").count("+OK") == 3


def test_implicit_tls_needs_no_stls() -> None:
    client = Client(FakeBackend(), CLEAR_REFUSED, encrypted=True)
    assert client.say("STLS") == "-ERR TLS cannot be started here\r\n"
    client.log_in()


def test_stls_begins_anew() -> None:
    client = Client(FakeBackend())
    client.say("LANG de", "USER mrose")
    assert client.say("STLS") == "+OK TLS jetzt beginnen\r\n"
    assert client.session.encrypted
    assert client.say(f"PASS {PASSWORD}") == "-ERR not in this state\r\n"
    assert client.say("STLS") == "-ERR TLS cannot be started here\r\n"
    client.log_in()


def test_what_came_with_stls_is_thrown_away() -> None:
    client = Client(FakeBackend())
    assert client.send(b"STLS\r\nCAPA\r\nUSER") == b"+OK begin TLS now\r\n"
    assert client.say("USER mrose") == "+OK send the password\r\n"


def test_stls_does_not_forget_failed_logins() -> None:
    client = Client(FakeBackend(), Settings(limits=replace(Limits(), failed_logins=2)))
    client.say("USER mrose", "PASS x", "STLS", "USER mrose", "PASS x")
    assert client.closed


def test_no_stls_where_the_shell_cannot_or_after_utf8() -> None:
    assert Client(FakeBackend(), can_start_tls=False).say("STLS") == "-ERR TLS cannot be started here\r\n"
    assert Client(FakeBackend()).say("UTF8", "STLS") == "+OK UTF-8 mode\r\n-ERR TLS cannot be started here\r\n"


def test_quit_before_login() -> None:
    client = Client(FakeBackend())
    assert client.say("QUIT") == "+OK signing off\r\n"
    assert client.closed


def test_secrets_do_not_reach_the_log() -> None:
    client = Client(FakeBackend())
    client.say(
        "PASS secret",
        plain(),
        "STATT",
        "USER mrose",
        "PASS se cret",
        "apop mrose 0123",
        f"AUTH PLAIN {plain()}",
        "PASS",
    )
    assert client.heard == [
        b"PASS ***",
        b"***",
        b"STATT",
        b"USER mrose",
        b"PASS ***",
        b"apop mrose ***",
        b"AUTH PLAIN ***",
        b"PASS",
    ]
