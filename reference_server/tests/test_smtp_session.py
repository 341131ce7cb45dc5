from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.actions import Close, Refusal, Send, Work
from reference_server.backend import StoreFailure
from reference_server.settings import Limits, Settings
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.smtp.replies import Renderer, Reply
from reference_server.tests.pop3_client import outcome
from reference_server.tests.smtp_client import Client

SESSION = (
    b"bad\r\nEHLO c.example\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@postel.test>\r\nRCPT TO:<no@postel.test>\r\nDATA\r\n"
    b"A: b\r\n\r\n..x\r\n.\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<eve@postel.test>\r\nDATA\r\n.\r\nNOOP\nx\r\n"
    + b"x" * 600
    + b"\r\nHELP\r\nQUIT\r\n"
)


def test_segmentation_makes_no_difference() -> None:
    whole = Client()
    at_once = whole.send(SESSION)
    for size in (1, 2, 3, 7):
        client = Client()
        parts = [client.send(SESSION[start : start + size]) for start in range(0, len(SESSION), size)]
        assert b"".join(parts) == at_once
        assert client.closed
        assert client.delivery.delivered == whole.delivery.delivered
        assert client.heard == whole.heard
    codes = [int(line[:3]) for line in at_once.splitlines() if line[3:4] == b" "]
    assert codes == [500, 250, 250, 250, 550, 354, 250, 250, 250, 354, 250, 500, 500, 214, 221]


def test_the_command_line_limit_is_512_octets() -> None:
    client = Client()
    assert client.codes("NOOP " + "x" * 505) == [250]
    assert client.codes("NOOP " + "x" * 506) == [500]
    assert client.codes("x" * 100_000, "NOOP") == [500, 250]


@pytest.mark.parametrize(
    "line", ["\x00", "\xff", "MAIL FROM:<a@b>\nRCPT TO:<c@d>", "EHLO a\nb", "EHLO a\rb", "EHLO \xe9", "\n"]
)
def test_odd_octets_in_a_command(line: str) -> None:
    client = Client()
    client.say("EHLO c")
    assert client.codes(line)[0] in (500, 501)
    assert client.codes("MAIL FROM:<a@b>") == [250]


def test_a_lone_lf_ends_no_command() -> None:
    client = Client()
    assert client.send(b"EHLO c\nNOOP\n") == b""
    assert client.send(b"\r\n").startswith(b"501")


def test_input_waits_while_work_is_out() -> None:
    session = Client().session
    *_, work = session.receive(b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bob@postel.test>\r\nDATA\r\n")
    assert isinstance(work, Work)
    assert session.receive(b"x\r\n.\r\n") == []
    accepted = session.resume(outcome(work))
    assert [action.data[:3] for action in accepted if isinstance(action, Send)] == [b"250", b"354"]
    assert isinstance(accepted[-1], Work)


def test_silence_is_answered_with_421() -> None:
    session = Client(settings=Settings(limits=replace(Limits(), smtp_idle=301.0))).session
    assert session.idle_limit == 301.0
    answer, close = session.timed_out()
    assert isinstance(answer, Send)
    assert re.match(rb"421 4\.\d\.\d mail\.postel\.test ", answer.data)
    assert close == Close()


@pytest.mark.parametrize(
    "lines", [("MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", "DATA", "text"), ("AUTH PLAIN",), ("BDAT 9",)]
)
def test_silence_in_the_middle_of_something_is_answered_alike(lines: tuple[str, ...]) -> None:
    client = Client()
    client.say("EHLO c", *lines)
    assert client.do(client.session.timed_out()).startswith(b"421 4.4.2 mail.postel.test ")
    assert client.closed
    assert client.delivery.delivered == []


@pytest.mark.parametrize("reason", Refusal)
def test_refusals(reason: Refusal) -> None:
    answer, close = Client().session.refuse(reason)
    assert isinstance(answer, Send)
    assert re.match(rb"421 4\.\d\.\d mail\.postel\.test ", answer.data)
    assert close == Close()


def test_a_message_without_its_end_is_not_delivered() -> None:
    client = Client()
    client.say("EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", "DATA", "text")
    client.send(b".\r")
    client.session.connection_lost()
    assert client.delivery.delivered == []
    assert client.session.receive(b"\n") == []


def test_the_log_shows_commands_and_no_mail() -> None:
    client = Client()
    client.say("EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", "DATA", "private", ".")
    assert client.heard == [
        b"EHLO c",
        b"MAIL FROM:<a@b>",
        b"RCPT TO:<bob@postel.test>",
        b"DATA",
        b"(9 octets of mail data)",
    ]


def test_the_log_tells_why_a_delivery_failed() -> None:
    client = Client()
    client.say("EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<bob@postel.test>", "DATA")
    (_, work) = client.session.receive(b".\r\n")
    assert isinstance(work, Work)
    (answer,) = client.session.resume(StoreFailure("disk on fire"))
    reply = "451 4.3.0 local error, try again later"
    assert answer == Send(f"{reply}\r\n".encode(), logged=f"{reply}  (cause: 'disk on fire')")


def test_a_fault_is_one_method() -> None:
    class Wrong(Renderer):
        def reply(self, reply: Reply) -> bytes:
            return super().reply(replace(reply, code=250))

    assert Client(make=lambda context: SmtpSession(context, renderer=Wrong())).codes("bad") == [250]


REPLY = re.compile(rb"(?:([2-5][0-5][0-9])-[\x20-\x7e]{0,506}\r\n)*([2-5][0-5][0-9]) [\x20-\x7e]{0,506}\r\n")
LINES = [
    b"EHLO c",
    b"LHLO c",
    b"HELO c",
    b"MAIL FROM:<>",
    b"MAIL FROM:<a@b>",
    b"RCPT TO:<bob@postel.test>",
    b"DATA",
    b".",
]
LINES += [b"AUTH PLAIN", b"AUTH PLAIN =", b"*", b"STARTTLS", b"BDAT 2", b"BDAT 3 LAST", b"BDAT 0 LAST", b"DATA x"]
LINES += [
    b"MAIL FROM:<> SMTPUTF8",
    b"MAIL FROM:<> BODY=BINARYMIME",
    "RCPT TO:<\u00fc@postel.test>".encode(),
    b"VRFY bob",
]
LINES += [b"RSET", b"NOOP", b"HELP", b"VRFY x", b"EXPN x", b"RCPT TO:<no@x>", b"", b"RCPT TO:<Postmaster>", b"..x"]
PIECES = st.sampled_from([line + b"\r\n" for line in LINES]) | st.binary(max_size=8) | st.sampled_from([b"\r", b"\n"])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([SmtpSession, LmtpSession, SubmissionSession]),
    st.lists(PIECES, max_size=40).map(b"".join),
    st.integers(1, 9),
)
def test_whatever_comes_the_replies_are_well_formed(make: type[SmtpSession], stream: bytes, size: int) -> None:
    # Without TLS: what comes in one piece with STARTTLS is dropped, so there the pieces do make a difference.
    client, other = Client(make=make, can_start_tls=False), Client(make=make, can_start_tls=False)
    sent = b"".join(client.send(stream[start : start + size]) for start in range(0, len(stream), size))
    position = 0
    while position < len(sent):
        match = REPLY.match(sent, position)
        assert match is not None, sent[position:]
        assert len({line[:3] for line in match[0].splitlines()}) == 1
        position = match.end()
    assert other.send(stream) == sent
    assert other.delivery.delivered == client.delivery.delivered
