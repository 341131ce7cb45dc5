"""Faults of how IMAP sessions begin: greeting, capabilities, STARTTLS and login (RFC 3501 §3, §6.1.1, §6.2, §11)."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from reference_server.actions import Send
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import Capabilities, Code
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.server import MailServer
from reference_server.settings import Settings
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    accepted_in,
    claiming,
    coded,
    doing,
    fault,
    imap_variant,
    refusing,
    rendered,
    succeeding,
    without_in,
)


class _PreAuthenticated(ImapSession):
    """Greets with PREAUTH, and wants a login all the same."""

    def converse(self) -> Steps:
        steps = super().converse()
        next(steps)
        yield self.send(StatusResponse(Condition.PREAUTH, "Welcome back"))
        yield from steps


def _empty_status(session: ImapSession, command: c.Command) -> Handling:
    """STATUS that says nothing."""
    yield from ()
    return Completion("It is empty")


def _announcing(*, without: str) -> Build:
    """The capability is not announced, and there all the same."""

    class Hiding(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return tuple(name for name in super().capability_names() if name != without)

    return imap_variant(session=Hiding)


def _challenge_in_hexadecimal(self: Renderer, response: r.Challenge) -> bytes:
    return b"+ " + (b"0x" + response.data.hex().encode() + b"_" if response.data else b"") + b"\r\n"


class _CountsRefusals(ImapSession):
    """A refused login has a number of its own in its text."""

    def tagged(self, condition: Condition, tag: str | None, text: str, code: Any = None) -> Send:
        if code is Code.AUTHENTICATIONFAILED:
            text = f"{text}: see entry {next(_ENTRIES)} of the log"
        return super().tagged(condition, tag, text, code)


_ENTRIES = count(1)


def _unlimited(given: Settings) -> MailServer:
    """Takes wrong passwords without end, and at once."""
    return MailServer(replace(given, limits=replace(given.limits, failed_logins=1_000_000)))


class _Trusting(ImapSession):
    """Asks anybody for any literal."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        if self.state is not State.NOT_AUTHENTICATED:
            yield from super().admit(event)
            return
        self._fragmenter.accept()
        yield self.send(r.Continue("Any size"))


FAULTS: tuple[Fault, ...] = (
    fault(
        "greetings/preauth-without-authentication",
        "The greeting is PREAUTH before a login",
        "3-b 7.1.4-a RFC9051-7.1.4-a",
        imap_variant(session=_PreAuthenticated),
        alone=True,
    ),
    fault(
        "greetings/greeted-and-no-login",
        "The greeting is OK and no login is taken",
        "7.1.1-b",
        doing("LOGIN", refusing),
        "LOGIN",
    ),
    fault(
        "greetings/greeted-and-open-to-all",
        "The greeting is OK and STATUS needs no login",
        "3-b RFC8314-3.2-d",
        accepted_in((State.NOT_AUTHENTICATED,), "STATUS", _empty_status),
        "STATUS",
    ),
    fault(
        "greetings/capability-code-lists-more",
        "The code CAPABILITY lists what the command does not",
        "7.1-c",
        coded(Capabilities, lambda code: replace(code, names=(*code.names, "XSHIPYARD"))),
        "CAPABILITY",
    ),
    fault(
        "greetings/starttls-hidden",
        "STARTTLS is not announced",
        "6.1.1-c RFC9051-11.2-c",
        _announcing(without="STARTTLS"),
        "CAPABILITY",
    ),
    fault(
        "greetings/starttls-after-login",
        "STARTTLS is taken after a login",
        "RFC2595-3.1-a",
        accepted_in((State.AUTHENTICATED, State.SELECTED), "STARTTLS", claiming),
        "STARTTLS",
    ),
    fault(
        "greetings/mechanism-hidden",
        "A mechanism is taken that is not announced",
        "6.2.2-m",
        _announcing(without="AUTH=PLAIN"),
        "AUTHENTICATE",
    ),
    fault(
        "greetings/no-authenticate",
        "There is no AUTHENTICATE",
        "6.2.2-i RFC9051-6.2.2-b",
        without_in(State.NOT_AUTHENTICATED, "AUTHENTICATE"),
        "AUTHENTICATE",
    ),
    fault(
        "greetings/challenges-in-hexadecimal",
        "Challenges are in hexadecimal",
        "6.2.2-d",
        rendered(challenge=_challenge_in_hexadecimal),
        "AUTHENTICATE",
    ),
    fault(
        "greetings/refusals-differ",
        "A refused login has a text of its own",
        "11.2-a POSTEL-imap_auth-c",
        imap_variant(session=_CountsRefusals),
        "AUTHENTICATE",
    ),
    fault(
        "greetings/passwords-without-end",
        "Wrong passwords are taken without end",
        "11.2-e POSTEL-imap_auth-a RFC9051-11.7-a",
        _unlimited,
        "LOGIN",
    ),
    fault(
        "greetings/literals-of-strangers",
        "Anybody is asked for any literal",
        "POSTEL-imap_literal-d",
        imap_variant(session=_Trusting),
        "LOGIN",
    ),
    fault(
        "greetings/anybody-by-plain",
        "AUTHENTICATE that fails is OK",
        "POSTEL-imap_auth-d",
        succeeding("AUTHENTICATE"),
        "AUTHENTICATE",
    ),
)
