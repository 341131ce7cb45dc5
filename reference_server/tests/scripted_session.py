"""A session for the tests of the shell: a line protocol of a few words, and a record of what the shell did with it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from reference_server.actions import Action, Close, Heard, Refusal, Send, StartTls, Work

IDLE = 600.0


class ScriptedSession:
    """Answers `ECHO x`, `BIG n`, `WORK`, `FAIL`, `TLS`, `BUG` and `QUIT`; keeps what it was told in `events`."""

    def __init__(self, number: int, peer: str, work: Callable[[], object] = lambda: "worked") -> None:
        self.number = number
        self.peer = peer
        self.work = work
        self.events: list[str] = []
        self.ended = threading.Event()
        self._buffer = b""
        self._working = False

    @property
    def idle_limit(self) -> float:
        return IDLE

    def greeting(self) -> list[Action]:
        return [Send(b"HELLO\r\n")]

    def refuse(self, reason: Refusal) -> list[Action]:
        self.events.append(reason.name)
        return [Send(f"NO {reason.name}\r\n".encode())]

    def receive(self, data: bytes) -> list[Action]:
        self.events.append("data")
        self._buffer += data
        return self._answer()

    def resume(self, result: object) -> list[Action]:
        self.events.append("resumed")
        self._working = False
        return [Send(f"RESULT {result}\r\n".encode()), *self._answer()]

    def tls_started(self) -> list[Action]:
        self.events.append("tls")
        self._buffer = b""
        return []

    def timed_out(self) -> list[Action]:
        self.events.append("timed out")
        return [Send(b"BYE\r\n")]

    def connection_lost(self) -> None:
        self.events.append("lost")
        self.ended.set()

    def _answer(self) -> list[Action]:
        actions: list[Action] = []
        while b"\n" in self._buffer and not self._working:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            actions += [Heard(line), *self._command(line)]
            if isinstance(actions[-1], StartTls | Close):
                break
        return actions

    def _command(self, line: bytes) -> list[Action]:
        word, _, rest = line.partition(b" ")
        match word:
            case b"BIG":
                return [Send(b"x" * int(rest))]
            case b"WORK":
                self._working = True
                return [Work(self.work)]
            case b"TLS":
                return [Send(b"GO\r\n"), StartTls()]
            case b"QUIT":
                return [Send(b"BYE\r\n"), Close()]
            case b"BUG":
                raise RuntimeError("a bug in the session")
            case _:
                return [Send(rest + b"\r\n", logged="(an echo)")]
