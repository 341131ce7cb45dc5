from __future__ import annotations

from reference_server.settings import Settings
from reference_server.tests.pop3_client import Client, FakeBackend


def capabilities(client: Client) -> list[str]:
    first, *lines, last = client.say("CAPA").splitlines()
    assert first == "+OK capabilities follow"
    assert last == "."
    return lines


ALL = [
    "TOP",
    "USER",
    "SASL SCRAM-SHA-256 PLAIN",
    "RESP-CODES",
    "AUTH-RESP-CODE",
    "PIPELINING",
    "EXPIRE NEVER",
    "UIDL",
    "STLS",
    "UTF8 USER",
    "LANG",
    "IMPLEMENTATION postel",
]
WITHOUT_STLS = [line for line in ALL if line != "STLS"]


def test_capabilities_before_and_after_login() -> None:
    client = Client(FakeBackend())
    assert capabilities(client) == ALL
    client.say("USER mrose")
    assert capabilities(client) == ALL
    client.log_in()
    assert capabilities(client) == WITHOUT_STLS


def test_capabilities_change_with_tls() -> None:
    client = Client(FakeBackend(), Settings(plaintext_logins=False))
    hidden = [line for line in ALL if line != "USER"]
    hidden[hidden.index("SASL SCRAM-SHA-256 PLAIN")] = "SASL SCRAM-SHA-256"
    assert capabilities(client) == hidden
    client.say("STLS")
    assert capabilities(client) == WITHOUT_STLS


def test_stls_is_not_announced_where_it_would_be_refused() -> None:
    assert capabilities(Client(FakeBackend(), can_start_tls=False)) == WITHOUT_STLS
    client = Client(FakeBackend())
    client.say("UTF8")
    assert capabilities(client) == WITHOUT_STLS


def test_sasl_is_not_announced_without_a_mechanism() -> None:
    client = Client(FakeBackend(), Settings(mechanisms=("PLAIN", "UNKNOWN"), plaintext_logins=False))
    assert not any(line.startswith("SASL") for line in capabilities(client))


def test_lang() -> None:
    client = Client(FakeBackend())
    assert client.say("LANG") == "+OK languages follow\r\nen English\r\nde Deutsch\r\n.\r\n"
    assert client.say("LANG DE") == "+OK de Sprache gewechselt\r\n"
    assert client.say("LANG mul") == "-ERR Sprache wird nicht angeboten\r\n"
    assert client.say("XTND") == "-ERR unbekannter Befehl\r\n"
    client.log_in()
    assert client.say("LANG *") == "+OK en language changed\r\n"
    assert client.say("NOOP") == "+OK done nothing\r\n"


def test_utf8() -> None:
    client = Client(FakeBackend())
    assert client.say("UTF8", "UTF8") == "+OK UTF-8 mode\r\n" * 2
    assert client.say("UTF8 USER").startswith("-ERR")
    client.log_in()
    assert client.say("UTF8") == "-ERR not in this state\r\n"
