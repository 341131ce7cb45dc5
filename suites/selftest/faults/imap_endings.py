"""Faults of how IMAP sessions end: BYE, the inactivity timer, lost connections (RFC 3501 §3.4, §5.4, §7.1.5)."""

from __future__ import annotations

from typing import Any

from reference_server.actions import Action, Close
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.store.records import NewMessage
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import fault, imap_variant


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


class _TenMinutes(ImapSession):
    """Has the timer of POP3."""

    @property
    def idle_limit(self) -> float:
        return min(super().idle_limit, 600.0)


class _LeavesUnasked(ImapSession):
    """Says nothing when the timer ends a session."""

    def timed_out(self) -> list[Action]:
        return [Close()]


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


class _Stray(ImapSession):
    """A connection that is lost while a mailbox is selected leaves a message there."""

    def connection_lost(self) -> None:
        if self.state is State.SELECTED:
            stray = NewMessage(b"Subject: stray\r\n\r\n", self.context.clock.now())
            self.store.mail.append(self.account, "INBOX", [stray])
        super().connection_lost()


FAULTS: tuple[Fault, ...] = (
    fault("endings/no-farewell", "The connection ends without BYE", "3.4-a", imap_variant(session=_NoFarewell)),
    fault(
        "endings/farewell-without-end",
        "BYE is sent, and the connection stays",
        "7.1.5-a 7.1.5-b",
        imap_variant(session=_LongFarewell),
    ),
    fault("endings/farewell-in-between", "BYE is sent at CLOSE", "7.1.5-b", imap_variant(session=_ByeNow), "CLOSE"),
    fault("endings/impatient", "A pause of half a second ends a session", "5.4-a", imap_variant(session=_Impatient)),
    fault(
        "endings/ten-minutes",
        "A session that is inactive for ten minutes is ended",
        "5.4-a RFC9051-5.4-a",
        imap_variant(session=_TenMinutes),
        seen_in="servers that have one timer for POP3 and IMAP",
    ),
    fault(
        "endings/timer-without-a-word",
        "The timer ends a session without BYE",
        "3.4-a RFC9051-3.4-a",
        imap_variant(session=_LeavesUnasked),
    ),
    fault(
        "endings/timer-of-the-session",
        "A session lasts two seconds, whatever is done in it",
        "5.4-b",
        imap_variant(session=_Stopwatch),
    ),
    fault(
        "endings/stray-message",
        "A lost connection leaves a message",
        "POSTEL-imap_session-f",
        imap_variant(session=_Stray),
        "FETCH",
    ),
)
