"""Errors that name the guilty party and how to mend it.

`TargetProtocolError`: the server broke its protocol's syntax, which is a finding. `HarnessError`: postel is at
fault. `SetupError` and its kin: the environment or an input is at fault; the user can mend it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """Exit codes of the `postel` command; never a count."""

    OK = 0
    DEVIATIONS = 1
    USAGE = 2
    TARGET = 3
    HARNESS = 4
    BASELINE = 5
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an input file: path, and line and column counted from 1 (0: not known)."""

    path: Path | str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = str(self.path)
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return place


class PostelError(Exception):
    """An error for the user: what is wrong, where it is, and how to mend it.

    `str()` gives one line: `place: problem (mend)`.
    """

    exit_code: ExitCode = ExitCode.HARNESS

    def __init__(self, problem: str, *, position: Position | None = None, mend: str = "") -> None:
        self.problem = problem
        self.position = position
        self.mend = mend
        place = f"{position}: " if position else ""
        hint = f" ({mend})" if mend else ""
        super().__init__(f"{place}{problem}{hint}")


class HarnessError(PostelError):
    """Postel or its reference is at fault; nothing may be charged to the target."""

    exit_code = ExitCode.HARNESS


class UsageError(PostelError):
    """A bad option, selector, profile, dialogue or catalogue."""

    exit_code = ExitCode.USAGE


class SetupError(PostelError):
    """The target could not be made ready: no engine, no image, no connection, no login."""

    exit_code = ExitCode.TARGET


class BaselineError(PostelError):
    """The baseline is not valid, or an entry of it no longer happens."""

    exit_code = ExitCode.BASELINE


class TargetProtocolError(Exception):
    """The target's bytes are not what the protocol's grammar allows. A finding, never a crash."""


class TargetLost(Exception):
    """The connection ended, or nothing came within the deadline.

    `received` is what had come of the reply that was being read, `event` the index of the transcript's event that
    says so, `kind` the class of what happened, for signatures.
    """

    kind = "lost"

    def __init__(self, problem: str, *, received: bytes = b"", event: int | None = None) -> None:
        super().__init__(problem)
        self.received = received
        self.event = event


class TargetUnreachable(TargetLost):
    """No connection could be made."""

    kind = "unreachable"


class TargetSilent(TargetLost):
    """The deadline passed before the reply was whole, or before the target read what was sent."""

    kind = "silent"


class TargetClosed(TargetLost):
    """The target closed the connection in order before the reply was whole."""

    kind = "closed"


class TargetReset(TargetLost):
    """The connection broke before the reply was whole."""

    kind = "reset"


class TargetFlooded(TargetLost):
    """More came than a reply may hold, and the harness gave the connection up. `received` is the head of it."""

    kind = "flooded"


class TlsFailed(TargetLost):
    """The TLS handshake failed."""

    kind = "tls-failed"
