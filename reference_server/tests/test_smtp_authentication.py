"""AUTH on every kind of session, and what a submission client may say before it."""

from __future__ import annotations

import base64

import pytest

from reference_server.sasl.mechanism import Check
from reference_server.sasl.plain import Plain
from reference_server.settings import Limits, Settings
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.tests.smtp_client import Client

RIGHT = base64.b64encode(b"\0bob\0secret").decode()
WRONG = base64.b64encode(b"\0bob\0Secret").decode()


@pytest.fixture(params=[SmtpSession, SubmissionSession])
def client(request: pytest.FixtureRequest) -> Client:
    made = Client(make=request.param)
    made.say("EHLO c")
    return made


def test_plain_with_an_initial_response(client: Client) -> None:
    assert client.say(f"AUTH PLAIN {RIGHT}") == "235 2.7.0 authenticated as bob\r\n"
    assert client.session.account == "bob"
    assert client.heard[-1] == b"AUTH PLAIN ***"


def test_plain_with_a_challenge(client: Client) -> None:
    assert client.say("auth plain") == "334 \r\n"
    assert client.codes(RIGHT) == [235]
    assert client.heard[-2:] == [b"auth plain", b"***"]


def test_wrong_credentials(client: Client) -> None:
    assert client.say(f"AUTH PLAIN {WRONG}") == "535 5.7.8 the credentials are wrong\r\n"
    assert client.codes(f"AUTH PLAIN {RIGHT}") == [235]


def test_what_the_mechanism_cannot_read_is_wrong_too(client: Client) -> None:
    assert client.codes("AUTH PLAIN =", f"AUTH PLAIN {base64.b64encode(b'x').decode()}") == [535, 535]


def test_the_exchange_can_be_cancelled(client: Client) -> None:
    assert client.codes("AUTH PLAIN", "*", "NOOP") == [334, 501, 250]
    assert client.session.failed_logins == 0


@pytest.mark.parametrize("response", ["=AAA", "AAA=BBB", "A", "AA A", "é"])
def test_what_is_not_base64(client: Client, response: str) -> None:
    client.say("AUTH PLAIN")
    assert client.say(response) == "501 5.5.2 not base64\r\n"
    assert client.codes("NOOP") == [250]


def test_a_line_of_the_exchange_may_have_12288_octets(client: Client) -> None:
    client.say("AUTH PLAIN")
    assert client.codes("A" * (12288 - 2 - 2)) == [535]
    client.say("AUTH PLAIN")
    assert client.say("A" * (12288 - 1)) == "500 5.5.6 line of the authentication exchange too long\r\n"


def test_an_unknown_mechanism(client: Client) -> None:
    assert client.say("AUTH CRAM-MD5") == "504 5.5.4 no such mechanism here\r\n"


def test_once_only_and_in_no_transaction(client: Client) -> None:
    client.logs_in()
    assert client.say(f"AUTH PLAIN {RIGHT}") == "503 5.5.1 bad sequence of commands\r\n"
    assert client.codes("MAIL FROM:<>", f"AUTH PLAIN {RIGHT}") == [250, 503]


def test_in_no_transaction() -> None:
    client = Client()
    client.say("EHLO c", "MAIL FROM:<>")
    assert client.codes(f"AUTH PLAIN {RIGHT}", "RCPT TO:<bob@postel.test>", f"AUTH PLAIN {RIGHT}") == [503, 250, 503]
    assert client.session.account is None


def test_after_ehlo_only() -> None:
    assert Client().codes("AUTH PLAIN", "HELO c", "AUTH PLAIN", "EHLO c", "AUTH PLAIN") == [503, 250, 503, 250, 334]


def test_hellos_and_rset_keep_the_login(client: Client) -> None:
    client.logs_in()
    client.say("RSET", "EHLO other", "RSET")
    assert client.session.account == "bob"


def test_no_password_in_the_clear_where_that_is_forbidden() -> None:
    settings = Settings(plaintext_logins=False)
    client = Client(settings=settings)
    client.say("EHLO c")
    assert client.codes(f"AUTH PLAIN {RIGHT}", "STARTTLS", "EHLO c", f"AUTH PLAIN {RIGHT}") == [504, 220, 250, 235]


def test_after_three_failures_there_is_no_fourth_try(client: Client) -> None:
    assert client.codes(*[f"AUTH PLAIN {WRONG}"] * 3) == [535] * 3
    assert client.say(f"AUTH PLAIN {RIGHT}").startswith("421 4.7.0 ")
    assert client.closed
    assert client.session.account is None


def test_the_limit_is_a_setting() -> None:
    client = Client(settings=Settings(limits=Limits(failed_logins=1)))
    client.say("EHLO c")
    assert client.codes(f"AUTH PLAIN {WRONG}", "NOOP", "AUTH PLAIN") == [535, 250, 421]
    assert client.closed


def test_everything_else_goes_on_after_three_failures() -> None:
    client = Client()
    client.say("EHLO c", *[f"AUTH PLAIN {WRONG}"] * 3)
    assert client.codes("EHLO c", "MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "QUIT") == [250, 250, 250, 221]


def test_accounts_that_cannot_be_read_are_no_wrong_credentials() -> None:
    class Broken(Plain):
        def _check(self, authzid: str, authcid: str, password: str) -> Check:
            def fail() -> object:
                raise OSError("disk on fire")

            return Check(fail)

    client = Client(make=lambda context: SmtpSession(context, mechanisms={"PLAIN": Broken}))
    client.say("EHLO c")
    assert client.say(f"AUTH PLAIN {RIGHT}").startswith("454 4.7.0 ")
    assert client.session.failed_logins == 0


def test_a_response_whose_auth_was_refused_is_not_shown(client: Client) -> None:
    client.say("AUTH CRAM-MD5", RIGHT)
    assert client.heard[-1] == b"***"


BEFORE = {
    "NOOP": 250,
    "RSET": 250,
    "HELO c": 250,
    "EHLO c": 250,
    "AUTH PLAIN": 334,
    "STARTTLS": 220,
    "QUIT": 221,
    **dict.fromkeys(
        ["MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", "BDAT 0 LAST", "VRFY bob", "EXPN bob", "HELP", "TURN"],
        530,
    ),
    "XYZZY": 500,
}


@pytest.mark.parametrize(("line", "code"), BEFORE.items())
def test_what_submission_permits_before_the_login(line: str, code: int) -> None:
    client = Client(make=SubmissionSession)
    client.say("EHLO c")
    assert client.codes(line) == [code]


def test_the_enhanced_code_of_530() -> None:
    client = Client(make=SubmissionSession)
    assert client.say("MAIL FROM:<>") == "530 5.7.0 authentication required\r\n"


def test_a_chunk_before_the_login_is_no_command() -> None:
    client = Client(make=SubmissionSession)
    client.say("EHLO c")
    assert client.send(b"BDAT 6\r\nNOOP\r\nNOOP\r\n") == b"530 5.7.0 authentication required\r\n250 2.0.0 done\r\n"


def test_after_the_login_order_counts_again() -> None:
    client = Client(make=SubmissionSession).logs_in()
    assert client.codes("RCPT TO:<bob@postel.test>", "DATA", "BDAT 0", "MAIL FROM:<>", "DATA") == [
        503,
        503,
        503,
        250,
        503,
    ]


def test_lmtp_has_auth_as_well() -> None:
    client = Client(make=LmtpSession)
    client.say("LHLO c")
    assert client.codes(f"AUTH PLAIN {RIGHT}") == [235]
    client.say("MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", ".")
    assert b"with LMTPA id" in client.delivery.delivered[0][1]
