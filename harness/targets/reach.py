"""Reach: the part of a target that loaders and emptiers use, and the sessions that they open on it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from harness.clients.imap import ImapSession
from harness.clients.opening import OpenedSession
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import LmtpSession, SmtpSession
from harness.errors import SetupError
from harness.targets.model import Account, Endpoint, TlsMode
from harness.transcript import Recorder

#: Seconds for one answer while a mailbox is loaded or emptied.
ANSWER_TIMEOUT = 20.0

S = TypeVar("S", bound=OpenedSession)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended; `output` is its standard output and error."""

    status: int
    output: bytes

    @property
    def said(self) -> str:
        """The end of its output as one printable line."""
        return " ".join(self.output.decode("utf-8", "replace").split())[-300:]


class Reaching(Protocol):
    """Where a target listens."""

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where it listens, by endpoint name."""

    def tls_context(self) -> ssl.SSLContext:
        """A client context that accepts its certificate."""


class Reach(Reaching, Protocol):
    """Where a target listens, and a way to run commands beside it."""

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command where the target runs. Raises SetupError where that cannot be done."""


def endpoint_of(reach: Reaching, *names: str) -> Endpoint:
    """The first of these endpoints that the target has. Raises SetupError."""
    for name in names:
        if name in reach.endpoints:
            return reach.endpoints[name]
    raise SetupError(f"the target has no {' or '.join(names)} endpoint", mend="name its port in the profile's [ports]")


async def open_session(reach: Reaching, kind: type[S], at: Endpoint, timeout: float) -> S:
    """A session with its greeting read, inside TLS where the endpoint is. Raises TargetLost."""
    tls = reach.tls_context() if at.tls is TlsMode.IMPLICIT else None
    return await kind.open(at.host, at.port, recorder=Recorder(), timeout=timeout, tls=tls)


async def pop3_session(reach: Reaching, timeout: float = ANSWER_TIMEOUT) -> Pop3Session:
    """A POP3 session with its greeting read. Raises SetupError, TargetLost."""
    return await open_session(reach, Pop3Session, endpoint_of(reach, "pop3", "pop3s"), timeout)


async def imap_session(reach: Reaching, timeout: float = ANSWER_TIMEOUT) -> ImapSession:
    """An IMAP session with its greeting read. Raises SetupError, TargetLost."""
    return await open_session(reach, ImapSession, endpoint_of(reach, "imap", "imaps"), timeout)


async def smtp_session(reach: Reaching, name: str, timeout: float = ANSWER_TIMEOUT) -> SmtpSession:
    """An SMTP or LMTP session with its greeting read. Raises SetupError, TargetLost."""
    return await open_session(reach, LmtpSession if name == "lmtp" else SmtpSession, endpoint_of(reach, name), timeout)


def filled(command: Sequence[str], account: Account) -> list[str]:
    """A profile's command with {user}, {password} and {address} put in; other braces stay."""
    values = {"{user}": account.name, "{password}": account.password, "{address}": account.address}
    result = []
    for part in command:
        for placeholder, value in values.items():
            part = part.replace(placeholder, value)  # noqa: PLW2901
        result.append(part)
    return result
