"""A deliberate fault is one entry or one method: what the session takes as parameters is what it uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reference_server.actions import SessionContext
from reference_server.backend import Envelope, Recipient
from reference_server.conversation import Steps
from reference_server.lines import LineBuffer
from reference_server.sasl.plain import Plain
from reference_server.smtp import SmtpSession
from reference_server.smtp.commands import noop
from reference_server.smtp.extensions import EXTENSIONS, Extension
from reference_server.smtp.mail_data import DataEnd, MailData
from reference_server.smtp.parameters import MAIL_PARAMETERS, RCPT_PARAMETERS, Parameter
from reference_server.smtp.replies import Renderer
from reference_server.smtp.state import SMTP_COMMANDS, Command, State
from reference_server.tests.smtp_client import Client


class NoStuffing(MailData):
    def take(self, buffer: LineBuffer) -> bytes | DataEnd | None:
        taken = super().take(buffer)
        return taken.replace(b"x", b".x") if isinstance(taken, bytes) else taken


class OpenRelay(SmtpSession):
    def check_recipient(self, address: str) -> Steps:
        yield from ()


class NoTrace(SmtpSession):
    def prepared(self, envelope: Envelope, message: bytes) -> bytes:
        return message


class Hyphens(Renderer):
    def line(self, line: str) -> bytes:
        return super().line(line.replace(" ", "-", 1))


def ignored(session: SmtpSession, subject: Envelope, value: str | None) -> Envelope:
    return subject


def forgotten(session: SmtpSession, subject: Recipient, value: str | None) -> Recipient:
    return replace(subject, original=None)


READY = SMTP_COMMANDS[State.READY]
MUTE: Command[str] = Command(noop, lambda rest: rest or "")
EXCHANGES: dict[str, tuple[Callable[[SessionContext], SmtpSession], str, str]] = {
    "a command": (
        lambda c: SmtpSession(c, commands={**SMTP_COMMANDS, State.READY: {**READY, "XYZZY": MUTE}}),
        "XYZZY y",
        "250 2.0.0 done\r\n",
    ),
    "the form of replies": (lambda c: SmtpSession(c, renderer=Hyphens()), "NOOP", "250-done\r\n"),
    "an extension": (
        lambda c: SmtpSession(c, extensions=(*EXTENSIONS[:1], Extension("X-MORE", lambda _: "1 2"))),
        "EHLO c",
        "250-mail.postel.test greets c\r\n250-PIPELINING\r\n250 X-MORE 1 2\r\n",
    ),
    "a parameter of MAIL": (
        lambda c: SmtpSession(c, mail_parameters={**MAIL_PARAMETERS, "SIZE": Parameter("SIZE", ignored)}),
        "MAIL FROM:<> SIZE=many",
        "250 2.1.0 sender <> accepted\r\n",
    ),
    "a mechanism": (
        lambda c: SmtpSession(c, mechanisms={"X": Plain}),
        "AUTH PLAIN",
        "504 5.5.4 no such mechanism here\r\n",
    ),
}


@pytest.mark.parametrize("name", EXCHANGES)
def test_what_is_exchanged_shows(name: str) -> None:
    make, line, reply = EXCHANGES[name]
    client = Client(make=make)
    client.say("EHLO c")
    assert client.say(line) == reply


def test_the_reader_of_mail_data_and_the_trace_can_be_exchanged() -> None:
    client = Client(make=lambda c: NoTrace(c, mail_data=NoStuffing))
    client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<bob@postel.test>", "DATA", "x", ".")
    assert client.delivery.delivered[0][1] == b".x\r\n"


def test_a_policy_and_a_parameter_of_rcpt_can_be_exchanged() -> None:
    parameters = {**RCPT_PARAMETERS, "ORCPT": Parameter("DSN", forgotten)}
    client = Client(make=lambda c: OpenRelay(c, rcpt_parameters=parameters))
    client.say("EHLO c", "MAIL FROM:<>")
    assert client.codes("RCPT TO:<a@elsewhere.test> ORCPT=nonsense") == [250]
    assert client.session.envelope.recipients == (Recipient("a@elsewhere.test"),)
