"""Faults of the greeting, CAPABILITY, NOOP and LOGOUT (RFC 3501 §2.2, §6.1, §7.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from reference_server.actions import Close
from reference_server.conversation import Steps
from reference_server.imap import responses as r
from reference_server.imap.commands import Command, Noop
from reference_server.imap.outcome import AlreadyAnswered, Completion, Handling, Refused
from reference_server.imap.response_codes import Capabilities
from reference_server.imap.responses import Condition, StatusResponse
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import (
    around,
    claiming,
    coded,
    doing,
    ending,
    fault,
    imap_variant,
    said,
    saying,
)


class _Mute(ImapSession):
    """No greeting."""

    def converse(self) -> Steps:
        steps = super().converse()
        next(steps)
        yield from steps


class _BadGreeting(ImapSession):
    """A greeting that is none of the three."""

    def converse(self) -> Steps:
        steps = super().converse()
        next(steps)
        yield self.send(StatusResponse(Condition.NO, "Not today"))
        yield from steps


class _LogoutEndsAll(ImapSession):
    """LOGOUT of one session ends the others of the user."""

    gone: ClassVar[set[str]] = set()

    def enter_authenticated(self, account: str) -> None:
        super().enter_authenticated(account)
        self.gone.discard(account)

    def catch_up(self, *given: object, **options: object) -> Steps:
        if self.state is State.LOGOUT:
            self.gone.add(self.account)
        elif self.account in self.gone:
            yield from self.hang_up("Somebody has logged out")
        yield from super().catch_up(*given, **options)  # type: ignore[arg-type]


def _logout_without_bye(session: ImapSession, command: Command) -> Handling:
    session.deselect()
    yield from ()
    session.state = State.LOGOUT
    return Completion("Until next time")


def _logout_without_ok(session: ImapSession, command: Command) -> Handling:
    yield session.send(StatusResponse(Condition.BYE, "Signing off"))
    yield Close()
    raise AlreadyAnswered


def _logout_stays(session: ImapSession, command: Command) -> Handling:
    yield session.send(StatusResponse(Condition.BYE, "Signing off"))
    return Completion("Until next time")


def _logout_backwards(session: ImapSession, command: Command) -> Handling:
    yield session.tagged(Condition.OK, command.tag, "Until next time")
    yield session.send(StatusResponse(Condition.BYE, "Signing off"))
    yield Close()
    raise AlreadyAnswered


def _noop_expunges(session: ImapSession, command: Noop) -> Handling:
    """NOOP expunges."""
    if session.view is not None:
        session.store.mail.expunge(session.view.id, [(1, 0xFFFF_FFFF)])
    yield from ()
    return Completion("Done")


FAULTS: tuple[Fault, ...] = (
    fault("session/no-greeting", "There is no greeting", "2.2-a", imap_variant(session=_Mute)),
    fault("session/greets-with-no", "The greeting is NO", "9-ap", imap_variant(session=_BadGreeting), alone=True),
    fault(
        "session/logout-without-bye",
        "LOGOUT sends no BYE",
        "6.1.3-a",
        doing("LOGOUT", _logout_without_bye),
        "LOGOUT",
    ),
    fault(
        "session/logout-without-ok", "LOGOUT is not completed", "6.1.3-b", doing("LOGOUT", _logout_without_ok), "LOGOUT"
    ),
    fault("session/logout-backwards", "BYE comes after OK", "6.1.3-a", doing("LOGOUT", _logout_backwards), "LOGOUT"),
    fault(
        "session/logout-stays", "LOGOUT leaves the connection open", "6.1.3-c", doing("LOGOUT", _logout_stays), "LOGOUT"
    ),
    fault(
        "session/logout-ends-all",
        "LOGOUT ends the other sessions of the user",
        "POSTEL-imap_session-h",
        imap_variant(session=_LogoutEndsAll),
        "LOGOUT",
        alone=True,
    ),
    fault(
        "session/capability-says-nothing",
        "CAPABILITY lists nothing",
        "6.1.1-a",
        doing("CAPABILITY", claiming),
        "CAPABILITY",
    ),
    fault(
        "session/capability-twice",
        "CAPABILITY is listed twice",
        "6.1.1-a",
        saying(lambda response: [response, response] if isinstance(response, r.CapabilityData) else [response]),
        "CAPABILITY",
    ),
    fault(
        "session/no-imap4rev1",
        "CAPABILITY lacks IMAP4rev1",
        "7.2.1-a",
        said(r.CapabilityData, lambda data: replace(data, names=tuple(x for x in data.names if x != "IMAP4rev1"))),
        "CAPABILITY",
        seen_in="servers that speak IMAP4rev2 only",
    ),
    fault(
        "session/no-imap4rev1-in-codes",
        "The response code CAPABILITY lacks IMAP4rev1",
        "7.2.1-a",
        coded(Capabilities, lambda code: replace(code, names=tuple(x for x in code.names if x != "IMAP4rev1"))),
        "LOGIN",
    ),
    fault("session/noop-is-no", "NOOP is refused", "6.1.2-a", ending(lambda _, __, ___: Refused("No"), "NOOP"), "NOOP"),
    fault("session/noop-expunges", "NOOP expunges", "6.1.2-b", doing("NOOP", _noop_expunges), "NOOP"),
    fault(
        "session/noop-deselects",
        "NOOP closes the mailbox",
        "6.1.2-b",
        around("NOOP", after=lambda session, _: session.deselect()),
        "NOOP",
    ),
)
