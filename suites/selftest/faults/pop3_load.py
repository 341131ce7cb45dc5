"""Serving many clients, large messages and large maildrops (POSTEL requirements)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference_server.actions import Action, Send, SessionContext
from reference_server.backend import StoredMessage
from reference_server.conversation import Steps
from reference_server.pop3.responses import CommandRefused
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.texts import Text
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Settings
from suites.selftest.fault import Build, Fault
from suites.selftest.maildrops import AlteredMaildrop, opening
from suites.selftest.variants import found, handled, variant

_LARGE = 1024 * 1024


class _Blocking(Pop3Session):
    """A session of a server that does one thing at a time: while one client keeps it busy, no other is greeted.

    `others` are all sessions of the server, `busy` says what keeps it waiting.
    """

    def __init__(self, context: SessionContext, others: set[_Blocking], busy: Callable[[_Blocking], bool]) -> None:
        super().__init__(context)
        self.unfinished = False
        self.unread = False
        self._others = others
        self._busy = busy
        others.add(self)

    @property
    def idle_limit(self) -> float:
        return 600.0  # whoever waits is not cut off

    def greeting(self) -> list[Action]:
        return [] if any(map(self._busy, self._others - {self})) else super().greeting()

    def receive(self, data: bytes) -> list[Action]:
        self.unfinished = not data.endswith(b"\n")
        self.unread = False
        return super().receive(data)

    def message(self, text: Text, message: bytes, **values: object) -> Send:
        self.unread = len(message) > _LARGE
        return super().message(text, message, **values)

    def connection_lost(self) -> None:
        self._others.discard(self)
        super().connection_lost()


def _blocking_while(busy: Callable[[_Blocking], bool]) -> Build:
    def build(settings: Settings) -> MailServer:
        sessions: set[_Blocking] = set()
        return MailServer(settings, sessions=SessionFactories(pop3=lambda context: _Blocking(context, sessions, busy)))

    return build


def _few_greeted(settings: Settings) -> MailServer:
    """Beyond fifty connections no client is greeted, nor refused."""
    sessions: set[_Blocking] = set()
    return MailServer(
        settings,
        sessions=SessionFactories(pop3=lambda context: _Blocking(context, sessions, lambda _: len(sessions) > 50)),
    )


def _large_refused(session: Pop3Session, number: int) -> Steps:
    if session.maildrop.message(number).size > _LARGE:
        raise CommandRefused(Text.TEMPORARY_FAILURE)
    yield from found("RETR").handler(session, number)


class _FirstFiveHundred(AlteredMaildrop):
    """Maildrops are cut at five hundred messages."""

    def arranged(self, messages: list[StoredMessage]) -> list[StoredMessage]:
        return messages[:500]


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, *touches: str, **more: Any) -> Fault:
    return Fault(f"pop3/load/{slug}", title, requirements, build, touches=touches, alone=True, **more)


FAULTS: tuple[Fault, ...] = (
    _fault(
        "waits-for-a-line",
        "While one client has not finished its line, no other is greeted",
        ("POSTEL-load-a", "POSTEL-line-a"),
        _blocking_while(lambda session: session.unfinished),
        "QUIT",
    ),
    _fault(
        "waits-for-a-reader",
        "While one client does not read, no other is greeted",
        ("POSTEL-load-b",),
        _blocking_while(lambda session: session.unread),
        "RETR",
    ),
    _fault("greets-fifty", "Beyond fifty connections nobody is greeted", ("POSTEL-load-d",), _few_greeted, "QUIT"),
    _fault(
        "large-messages-are-refused",
        "RETR of more than 1 MiB is refused",
        ("POSTEL-load-g",),
        variant(commands=handled(RETR=_large_refused)),
        "RETR",
    ),
    _fault(
        "maildrops-are-cut",
        "Maildrops are cut at five hundred messages",
        ("POSTEL-load-e",),
        variant(maildrops=opening(_FirstFiveHundred)),
        "LIST",
        seen_in="providers with a window of recent mail",
    ),
)
