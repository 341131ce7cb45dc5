"""What EHLO announces, and that without its entry an extension is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference_server.settings import Limits, Settings
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.smtp.extensions import EXTENSIONS
from reference_server.tests.smtp_client import Client

ALWAYS = {
    *("PIPELINING", "SIZE 67108864", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN"),
    *("ENHANCEDSTATUSCODES", "EXPN", "HELP"),
}
AUTH, STARTTLS = "AUTH SCRAM-SHA-256 PLAIN", "STARTTLS"


def announced(client: Client, hello: str = "EHLO c") -> set[str]:
    _, *lines = client.say(hello).splitlines()
    return {line[4:] for line in lines}


@pytest.mark.parametrize("make", [SmtpSession, SubmissionSession])
def test_announcements_by_the_state_of_the_connection(make: type[SmtpSession]) -> None:
    assert announced(Client(make=make)) == {*ALWAYS, STARTTLS, AUTH}
    assert announced(Client(make=make, encrypted=True)) == {*ALWAYS, AUTH}
    assert announced(Client(make=make, can_start_tls=False)) == {*ALWAYS, AUTH}
    guarded = Settings(plaintext_logins=False)
    assert announced(Client(settings=guarded, make=make)) == {*ALWAYS, STARTTLS, "AUTH SCRAM-SHA-256"}
    assert announced(Client(settings=guarded, make=make, encrypted=True)) == {*ALWAYS, AUTH}
    plain_only = replace(guarded, mechanisms=("PLAIN",))
    assert announced(Client(settings=plain_only, make=make)) == {*ALWAYS, STARTTLS}


def test_lmtp_announces_the_same() -> None:
    assert announced(Client(make=LmtpSession), "LHLO c") == {*ALWAYS, STARTTLS, AUTH}


def test_the_announcement_is_the_same_after_rset_and_login() -> None:
    client = Client()
    first = announced(client)
    client.say("MAIL FROM:<>", "RSET")
    assert announced(client) == first
    assert announced(client.logs_in()) == first


USES = {
    "SIZE": ["MAIL FROM:<> SIZE=1"],
    "8BITMIME": ["MAIL FROM:<> BODY=8BITMIME"],
    "SMTPUTF8": ["MAIL FROM:<> SMTPUTF8"],
    "CHUNKING": ["BDAT 0"],
    "BINARYMIME": ["MAIL FROM:<> BODY=BINARYMIME"],
    "DSN": ["MAIL FROM:<> RET=HDRS", "MAIL FROM:<> ENVID=x"],
    "STARTTLS": ["STARTTLS"],
    "AUTH": ["AUTH PLAIN", "MAIL FROM:<> AUTH=<>"],
    "EXPN": ["EXPN bob"],
    "HELP": ["HELP"],
}


@pytest.mark.parametrize("keyword", USES)
def test_what_is_not_announced_does_not_exist(keyword: str) -> None:
    without = tuple(each for each in EXTENSIONS if each.keyword != keyword)
    client = Client(make=lambda context: SmtpSession(context, extensions=without))
    assert not any(line.split()[0] == keyword for line in announced(client))
    for line in USES[keyword]:
        assert client.codes(line)[0] in (501, 502, 555)
    assert client.codes("MAIL FROM:<>") == [250]


def test_without_status_codes_there_are_none() -> None:
    without = tuple(each for each in EXTENSIONS if each.keyword != "ENHANCEDSTATUSCODES")
    client = Client(make=lambda context: SmtpSession(context, extensions=without))
    assert client.say("NOOP") == "250 done\r\n"


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        ("NOOP", 512),
        ("MAIL FROM:<>", 512 + 26 + 17 + 16 + 10 + 116 + 500),
        ("RCPT TO:<Postmaster>", 512 + 536),
        ("VRFY", 522),
        ("AUTH PLAIN", 512),
        ("XYZZY", 512),
    ],
)
def test_each_verb_has_room_for_the_parameters_of_its_extensions(command: str, limit: int) -> None:
    client = Client()
    client.say("EHLO c")
    if command.startswith("RCPT"):
        client.say("MAIL FROM:<>")

    def reply(octets: int) -> str:
        return client.say(f"{command} {'x' * (octets - len(command) - 3)}")

    assert "line too long" not in reply(limit)
    assert reply(limit + 1) == "500 5.5.2 line too long\r\n"
    assert reply(5000) == "500 5.5.2 line too long\r\n"
    assert client.codes("NOOP") == [250]


def test_the_whole_of_the_room_can_be_used() -> None:
    client = Client()
    client.say("EHLO c")
    path = f"<{'l' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 61}>"
    mail = f"MAIL FROM:{path} SIZE={'0' * 19}1 BODY=BINARYMIME SMTPUTF8 RET=FULL ENVID={'e' * 100} AUTH=+{'41+' * 60}"
    assert client.codes(mail.removesuffix("+") + "@b.test") == [250]
    orcpt = f"ORCPT=rfc822;{'+41' * 164}x"
    assert client.codes(f"RCPT TO:<bob@postel.test> NOTIFY=SUCCESS,FAILURE,DELAY {orcpt}") == [250]
    assert client.delivery.delivered == []


def test_size_limits() -> None:
    client = Client(settings=Settings(limits=Limits(message=1000)))
    assert "250-SIZE 1000\r\n" in client.say("EHLO c")
    assert client.say("MAIL FROM:<> SIZE=1001") == "552 5.3.4 too much mail data\r\n"
    assert client.codes("MAIL FROM:<> SIZE=99999999999999999999", "MAIL FROM:<> SIZE=1000") == [552, 250]
