"""Faults of how IMAP sessions begin, go on and end, and of what they say beyond RFC 3501 (§2 to §7)."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from reference_server.actions import Action, Close, Send
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import fragmenter as f
from reference_server.imap import responses as r
from reference_server.imap.outcome import Completion, Handling, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import BadCharset, Capabilities, Code
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.server import MailServer
from reference_server.settings import Settings
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import (
    Outcome,
    accepted_in,
    around,
    claiming,
    coded,
    doing,
    ending,
    failing,
    fault,
    imap_variant,
    refusing,
    rendered,
    said,
    succeeding,
    wired,
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


class _NoFarewell(ImapSession):
    """Ends without BYE."""

    def hang_up(self, text: str, code: Any = None) -> Steps:
        self.deselect()
        self.state = State.LOGOUT
        yield Close()


class _LongFarewell(ImapSession):
    """Says BYE, and goes on."""

    def hang_up(self, text: str, code: Any = None) -> Steps:
        yield self.send(StatusResponse(Condition.BYE, text, code))


class _ByeNow(ImapSession):
    """Says BYE after each CLOSE, and goes on."""

    def deselect(self) -> None:
        super().deselect()
        self.parting = True

    parting = False

    def catch_up(self, *given: Any, **options: Any) -> Steps:
        if self.parting:
            self.parting = False
            yield self.send(StatusResponse(Condition.BYE, "See you"))
        yield from super().catch_up(*given, **options)


class _Impatient(ImapSession):
    """Ends a session half a second after its last command."""

    @property
    def idle_limit(self) -> float:
        return 0.5


class _Stopwatch(ImapSession):
    """Ends a session two seconds after its login, whatever the client does."""

    logged_in_at = 0.0

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        self.logged_in_at = self.context.clock.monotonic()

    def carry_out(self, command: c.Command) -> Steps:
        if self.logged_in_at and self.context.clock.monotonic() - self.logged_in_at > 2:
            yield from self.hang_up("Autologout")
            return
        yield from super().carry_out(command)


class _ForgetsToInvite(ImapSession):
    """Asks for a literal only where its command was the first of what came at once."""

    busy = False

    def receive(self, data: bytes) -> list[Action]:
        self.busy = False
        return super().receive(data)

    def carry_out(self, command: c.Command) -> Steps:
        self.busy = True
        yield from super().carry_out(command)

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        for action in super().admit(event):
            if not (self.busy and event.synchronizing):
                yield action


class _InvitesOnce(ImapSession):
    """Asks for the first literal of a command only."""

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        for action in super().admit(event):
            if not event.text.literals:
                yield action


def _unlimited(given: Settings) -> MailServer:
    """Takes wrong passwords without end, and at once."""
    return MailServer(replace(given, limits=replace(given.limits, failed_logins=1_000_000)))


class _CountsRefusals(ImapSession):
    """A refused login has a number of its own in its text."""

    def tagged(self, condition: Condition, tag: str | None, text: str, code: Any = None) -> Send:
        if code is Code.AUTHENTICATIONFAILED:
            text = f"{text}: see entry {next(_ENTRIES)} of the log"
        return super().tagged(condition, tag, text, code)


_ENTRIES = count(1)


def _as_trycreate(session: ImapSession, command: c.Command, outcome: Outcome) -> Outcome:
    return Refused(outcome.text, Code.TRYCREATE) if isinstance(outcome, Refused) else outcome


def _challenge_in_hexadecimal(self: Renderer, response: r.Challenge) -> bytes:
    return b"+ " + (b"0x" + response.data.hex().encode() + b"_" if response.data else b"") + b"\r\n"


def _announcing(*, without: str) -> Build:
    """The capability is not announced, and there all the same."""

    class Hiding(ImapSession):
        def capability_names(self) -> tuple[str, ...]:
            return tuple(name for name in super().capability_names() if name != without)

    return imap_variant(session=Hiding)


FAULTS: tuple[Fault, ...] = (
    fault(
        "coverage/preauth-without-authentication",
        "The greeting is PREAUTH before a login",
        "3-b 7.1.4-a",
        imap_variant(session=_PreAuthenticated),
        alone=True,
    ),
    fault(
        "coverage/greeted-and-no-login",
        "The greeting is OK and no login is taken",
        "7.1.1-b",
        doing("LOGIN", refusing),
        "LOGIN",
    ),
    fault(
        "coverage/greeted-and-open-to-all",
        "The greeting is OK and STATUS needs no login",
        "3-b RFC8314-3.2-d",
        accepted_in((State.NOT_AUTHENTICATED,), "STATUS", _empty_status),
        "STATUS",
    ),
    fault(
        "coverage/capability-code-lists-more",
        "The code CAPABILITY lists what the command does not",
        "7.1-c",
        coded(Capabilities, lambda code: replace(code, names=(*code.names, "XSHIPYARD"))),
        "CAPABILITY",
    ),
    fault(
        "coverage/starttls-hidden",
        "STARTTLS is not announced",
        "6.1.1-c",
        _announcing(without="STARTTLS"),
        "CAPABILITY",
    ),
    fault("coverage/starttls-refused", "STARTTLS is announced and refused", "RFC2595-3-a", doing("STARTTLS", refusing)),
    fault(
        "coverage/starttls-after-login",
        "STARTTLS is taken after a login",
        "RFC2595-3.1-a",
        accepted_in((State.AUTHENTICATED, State.SELECTED), "STARTTLS", claiming),
        "STARTTLS",
    ),
    fault(
        "coverage/mechanism-hidden",
        "A mechanism is taken that is not announced",
        "6.2.2-m",
        _announcing(without="AUTH=PLAIN"),
        "AUTHENTICATE",
    ),
    fault(
        "coverage/no-authenticate",
        "There is no AUTHENTICATE",
        "6.2.2-i",
        without_in(State.NOT_AUTHENTICATED, "AUTHENTICATE"),
        "AUTHENTICATE",
    ),
    fault(
        "coverage/challenges-in-hexadecimal",
        "Challenges are in hexadecimal",
        "6.2.2-d",
        rendered(challenge=_challenge_in_hexadecimal),
        "AUTHENTICATE",
    ),
    fault(
        "coverage/refusals-differ",
        "A refused login has a text of its own",
        "11.2-a POSTEL-imap_auth-c",
        imap_variant(session=_CountsRefusals),
        "AUTHENTICATE",
    ),
    fault(
        "coverage/passwords-without-end",
        "Wrong passwords are taken without end",
        "11.2-e POSTEL-imap_auth-a RFC9051-11.7-a",
        _unlimited,
        "LOGIN",
    ),
    fault("coverage/no-farewell", "The connection ends without BYE", "3.4-a", imap_variant(session=_NoFarewell)),
    fault(
        "coverage/farewell-without-end",
        "BYE is sent, and the connection stays",
        "7.1.5-a 7.1.5-b",
        imap_variant(session=_LongFarewell),
    ),
    fault("coverage/farewell-in-between", "BYE is sent at CLOSE", "7.1.5-b", imap_variant(session=_ByeNow), "CLOSE"),
    fault("coverage/impatient", "A pause of half a second ends a session", "5.4-a", imap_variant(session=_Impatient)),
    fault(
        "coverage/timer-of-the-session",
        "A session lasts two seconds, whatever is done in it",
        "5.4-b",
        imap_variant(session=_Stopwatch),
    ),
    fault(
        "coverage/continuation-forgotten",
        "The second of two commands that came at once is not asked for its literal",
        "2.2.1-c",
        imap_variant(session=_ForgetsToInvite),
        "STATUS",
    ),
    fault(
        "coverage/second-literal-not-asked-for",
        "Only the first literal of a command is asked for",
        "5.5-d",
        imap_variant(session=_InvitesOnce),
        "RENAME",
    ),
    fault(
        "coverage/select-selects-nothing",
        "SELECT says OK and selects nothing",
        "3.3-a",
        around("SELECT", after=lambda session, _: session.deselect()),
        "SELECT",
    ),
    fault(
        "coverage/success-is-no",
        "NOOP and STATUS that succeed are completed with NO",
        "7.1.1-a",
        failing("NOOP", "STATUS"),
        "NOOP",
    ),
    fault(
        "coverage/failure-is-ok",
        "STATUS and DELETE that fail are completed with OK",
        "7.1.2-a",
        succeeding("STATUS", "DELETE"),
        "STATUS",
    ),
    fault(
        "coverage/unregistered-capability",
        "A capability has a name that nobody registered",
        "7.2.1-d 9-ab",
        said(r.CapabilityData, lambda data: replace(data, names=(*data.names, "SHIPYARD"))),
        "CAPABILITY",
    ),
    fault(
        "coverage/unregistered-code",
        "SELECT is completed with a code that nobody defined",
        "7.1-i",
        wired(lambda octets: octets.replace(b" OK [READ-WRITE] ", b" OK [SHIPYARD] ")),
        "SELECT",
    ),
    fault(
        "coverage/experiment-unasked",
        "CHECK brings a response of an experiment",
        "6.5.1-b",
        wired(lambda octets: octets.replace(b" OK Everything is kept", b" OK Kept\r\n* XSHIPYARD 1\r\n* OK Kept")),
        "CHECK",
    ),
    fault(
        "coverage/mod-sequence-unasked",
        "FETCH holds MODSEQ that nobody asked for",
        "7.2.1-c",
        wired(lambda octets: octets.replace(b" FETCH (FLAGS (", b" FETCH (MODSEQ (12) FLAGS (")),
        "FETCH",
    ),
    fault("coverage/trycreate-anywhere", "Each NO has the code TRYCREATE", "7.1-h", ending(_as_trycreate), "DELETE"),
    fault(
        "coverage/badcharset-lists-what-it-refuses",
        "BADCHARSET lists a charset that is refused",
        "7.1-b",
        coded(BadCharset, lambda code: BadCharset(("US-ASCII", "X-SHIPYARD"))),
        "SEARCH",
    ),
)
