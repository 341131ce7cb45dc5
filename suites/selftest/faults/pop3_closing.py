"""How TLS begins and ends, response codes in the wrong place, a mechanism in which the server speaks first, many users.

RFC 8314 §3.1 and §3.4, RFC 2449 §8, RFC 5034 §4, POSTEL-load.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reference_server.backend import Credentials, Maildrop, Maildrops
from reference_server.pop3.responses import Renderer, ResponseCode
from reference_server.sasl import MECHANISMS, Challenge, Failure, FailureReason, SaslStep
from reference_server.server import MailServer
from reference_server.settings import Settings
from reference_server.shell import Gate, Shell
from suites.selftest.fault import Build, Fault
from suites.selftest.maildrops import AlteredMaildrop
from suites.selftest.variants import variant


class _GreetsInTheClear(MailServer):
    """On a port with TLS from the start, a line comes in the clear first; the handshake follows."""

    def _open_shell(self, directory: Path) -> Shell:
        sound = super()._open_shell(directory)
        hasty = _HastyShell(
            clock=sound.clock, limits=sound.limits, executor=sound.executor, tls=sound.tls, log=sound.log
        )
        self._resources.push_async_callback(hasty.stop)
        return hasty


class _HastyShell(Shell):
    async def accept(self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if gate.implicit_tls:
            writer.write(b"+OK ready\r\n")
        await super().accept(gate, reader, writer)


class _SilentAtTheEnd(ssl.SSLObject):
    """TLS without its goodbye."""

    def unwrap(self) -> None:
        return None


class _DropsTls(MailServer):
    """The TCP connection is closed, and TLS is not ended before it."""

    def _open_shell(self, directory: Path) -> Shell:
        shell = super()._open_shell(directory)
        shell.tls.sslobject_class = _SilentAtTheEnd
        return shell


class _CodesAtTheEnd(Renderer):
    """Response codes come behind the text."""

    def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
        return super().status_line(indicator, text if code is None else f"{text} [{code.value}]", None)


class _CodesAfterTwoSpaces(Renderer):
    """There are two spaces before a response code."""

    def status_line(self, indicator: str, text: str, code: ResponseCode | None) -> bytes:
        return super().status_line(indicator if code is None else f"{indicator} ", text, code)


class _CramMd5:
    """CRAM-MD5 that throws an initial response away and sends its challenge all the same; nobody gets in."""

    def __init__(self, credentials: Credentials, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes

    def start(self, initial_response: bytes | None) -> SaslStep:
        return Challenge(f"<{self._random_bytes(8).hex()}@reference.test>".encode())

    def respond(self, data: bytes) -> SaslStep:
        return Failure(FailureReason.NOT_AUTHENTICATED)

    def checked(self, result: object) -> SaslStep:
        raise RuntimeError("nothing was checked")


def _with_cram_md5(settings: Settings) -> Settings:
    return replace(settings, mechanisms=(*settings.mechanisms, "CRAM-MD5"))


class _Shared:
    """Beyond ten at a time, users get the maildrop of whoever came first."""

    def __init__(self, inner: Maildrops) -> None:
        self._inner = inner
        self._opened: dict[str, _Counted] = {}

    def open(self, account: str) -> Maildrop:
        """See `Maildrops`."""
        if len(self._opened) >= 10:
            return _Borrowed(next(iter(self._opened.values())), account, self._inner)
        opened = _Counted(self._inner.open(account), account, self._inner)
        opened.released = lambda: self._opened.pop(account, None)
        self._opened[account] = opened
        return opened


class _Counted(AlteredMaildrop):
    released: Callable[[], object]

    def release(self) -> None:
        self.released()
        super().release()


class _Borrowed(AlteredMaildrop):
    """Somebody else's maildrop: it is not ours to release."""

    def release(self) -> None:
        return


def _fault(
    slug: str, title: str, requirements: tuple[str, ...], build: Build, *touches: str, seen_in: str = ""
) -> Fault:
    return Fault(f"pop3/closing/{slug}", title, requirements, build, seen_in, touches=touches)


FAULTS: tuple[Fault, ...] = (
    _fault(
        "pop3s-greets-in-the-clear",
        "A greeting comes in the clear before the handshake on the pop3s port",
        ("RFC8314-3.1-a", "RFC8314-3.1-b"),
        variant(server=_GreetsInTheClear),
    ),
    _fault(
        "no-close-alert",
        "TLS is not ended before the connection is closed",
        ("RFC8314-3.4-a",),
        variant(server=_DropsTls),
        seen_in="servers that fork and leave the end to the kernel",
    ),
    _fault(
        "codes-behind-the-text",
        "Response codes come at the end of the status line",
        ("RFC2449-8-a",),
        variant(renderer=_CodesAtTheEnd),
    ),
    _fault(
        "codes-after-two-spaces",
        "There are two spaces before a response code",
        ("RFC2449-8-a",),
        variant(renderer=_CodesAfterTwoSpaces),
    ),
    _fault(
        "initial-response-is-thrown-away",
        "An initial response for CRAM-MD5 is answered with a challenge",
        ("RFC5034-4.AUTH-j",),
        variant(mechanisms={**MECHANISMS, "CRAM-MD5": _CramMd5}, settings=_with_cram_md5),
    ),
    _fault(
        "maildrops-are-mixed-up",
        "Beyond ten users at a time, each gets the maildrop of the first",
        ("POSTEL-load-f",),
        variant(maildrops=_Shared),
        seen_in="caches of open mailboxes that are too small",
    ),
)
