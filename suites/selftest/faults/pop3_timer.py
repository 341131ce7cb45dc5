"""The inactivity timer (RFC 1939 §3)."""

from __future__ import annotations

import time
from typing import Any

from reference_server.actions import Action, Send
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from suites.selftest.fault import Build, Fault
from suites.selftest.variants import variant


def _fault(slug: str, title: str, requirements: tuple[str, ...], build: Build, *touches: str) -> Fault:
    return Fault(f"pop3/timer/{slug}", title, requirements, build, touches=touches or ("NOOP",))


class _Impatient(Pop3Session):
    """Less than a second, in every state."""

    @property
    def idle_limit(self) -> float:
        return 0.8


class _ImpatientAfterLogin(Pop3Session):
    @property
    def idle_limit(self) -> float:
        return 0.8 if self.state is State.TRANSACTION else super().idle_limit


class _Endless(Pop3Session):
    @property
    def idle_limit(self) -> float:
        return 3600.0


class _SaysGoodbye(Pop3Session):
    def timed_out(self) -> list[Action]:
        return [self.negative(Text.TEMPORARY_FAILURE), *super().timed_out()]


class _FromTheStart(Pop3Session):
    """The timer is never started anew: it bounds the session."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._began = time.monotonic()

    @property
    def idle_limit(self) -> float:
        return super().idle_limit - (time.monotonic() - self._began)


class _OnlyGoodCommands(Pop3Session):
    """Refused commands do not start the timer anew."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._good = time.monotonic()

    def positive(self, text: Text, **values: object) -> Send:
        self._good = time.monotonic()
        return super().positive(text, **values)

    @property
    def idle_limit(self) -> float:
        return super().idle_limit - (time.monotonic() - self._good)


FAULTS: tuple[Fault, ...] = (
    _fault("under-a-second", "The timer is less than a second", ("RFC1939-3-u",), variant(session=_Impatient)),
    _fault(
        "under-a-second-after-login",
        "The timer is less than a second after a login",
        ("RFC1939-3-u",),
        variant(session=_ImpatientAfterLogin),
    ),
    _fault("never", "The timer never ends a session", ("RFC1939-3-x", "RFC1939-3-y"), variant(session=_Endless)),
    _fault(
        "says-goodbye", "The timer says -ERR when it ends a session", ("RFC1939-3-y",), variant(session=_SaysGoodbye)
    ),
    _fault("is-not-reset", "The timer is not started anew", ("RFC1939-3-v",), variant(session=_FromTheStart)),
    _fault(
        "is-not-reset-by-refusals",
        "Refused commands do not start the timer anew",
        ("RFC1939-3-v",),
        variant(session=_OnlyGoodCommands),
    ),
)
