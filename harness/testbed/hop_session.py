"""HopSession: one connection to a scripted next hop, which is a good SMTP server wherever its plan says nothing.

RFC 5321 (commands, replies, transparency), RFC 1870 (SIZE), RFC 2920 (PIPELINING), RFC 3030 (BDAT), RFC 3207
(STARTTLS), RFC 3461 (DSN's parameters), RFC 6152 and RFC 6531. Only CRLF ends a line and only CRLF.CRLF the data, so
whatever a target makes of a bare LF is seen as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import struct
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET

from harness.testbed.attempt import HopRecipient
from harness.testbed.attempt_log import AttemptLog
from harness.testbed.plan import AttemptPlan, Point, Step, Then

_CHUNK = 16 * 1024
_PATH = re.compile(r"(?:MAIL FROM|RCPT TO):\s*<((?:\"(?:[^\"\\]|\\.)*\"|[^>\"])*)>\s*(.*)", re.IGNORECASE | re.DOTALL)
#: The extension that each parameter of MAIL and RCPT belongs to.
_PARAMETERS = {
    "SIZE": "SIZE",
    "BODY": "8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
    "NOTIFY": "DSN",
    "ORCPT": "DSN",
    "AUTH": "AUTH",
}


#: Points whose replies are taken down with what they answer, or are none.
_TAKEN_DOWN = frozenset({Point.MAIL, Point.RCPT, Point.DOT, Point.HANDSHAKE, Point.CONTENT})


class _Over(Exception):
    """The connection has ended, or shall."""


class HopSession:
    """One session. `name` is the hop's host name."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        name: str,
        plan: AttemptPlan,
        log: AttemptLog,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._name = name
        self._plan = plan
        self._log = log
        self._tls = tls
        self._secure = False
        self._buffer = bytearray()
        self._extensions: dict[str, str] = {}  # in effect: those of the last EHLO
        self._in_mail = False
        self._accepted = 0
        self._chunks = bytearray()
        self._utf8 = False
        self._pending: Then | None = None  # what the plan has behind the answer that was just given

    async def run(self) -> None:
        """The session from greeting to end; the connection is closed then."""
        try:
            with contextlib.suppress(_Over, OSError):
                code = await self._say(Point.GREETING, f"220 {self._name} ESMTP postel's next hop")
                await self._follow()
                if code // 100 != 2:
                    await self._turned_away()
                while True:
                    await self._command(await self._line())
        finally:
            self._log.end()
            self._writer.close()

    async def _turned_away(self) -> None:
        """After a refusing greeting only QUIT is honoured (RFC 5321 §3.1)."""
        while True:
            line = await self._line()
            if line.strip().upper() == b"QUIT":
                await self._quit("")
            self._send("503 5.5.1 not here")

    # -- octets ---------------------------------------------------------------------------------

    async def _more(self) -> None:
        rate = self._plan.octets_a_second
        if rate:
            await asyncio.sleep(min(_CHUNK, rate) / rate)
        data = await self._reader.read(min(_CHUNK, rate) if rate else _CHUNK)
        if not data:
            if self._buffer:
                self._log.heard(bytes(self._buffer), self._secure)
            raise _Over
        self._buffer += data

    async def _line(self) -> bytes:
        """The next line with its CRLF, recorded."""
        line = await self._take_line()
        self._log.heard(line, self._secure)
        return line

    async def _take_line(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\r\n", searched)) < 0:
            searched = max(len(self._buffer) - 1, 0)
            await self._more()
        line = bytes(self._buffer[: end + 2])
        del self._buffer[: end + 2]
        return line

    def _send(self, reply: str) -> None:
        octets = reply.encode("latin-1", "replace") + b"\r\n"
        self._log.said(octets, self._secure)
        self._writer.write(octets)

    # -- the plan -------------------------------------------------------------------------------

    async def _say(self, point: Point, usual: str, *, instead: str | None = None) -> int:
        """Answer at a point, as the plan says or as usual; the code. Raises _Over where nothing follows."""
        self._log.reach(point.value)
        step = self._plan.steps.get(point, Step())
        if step.pause:
            await self._listen_for(step.pause)
        if self._buffer:
            self._log.go_ahead(point.value)
        reply = instead if instead is not None else step.reply if step.reply is not None else usual
        if reply:
            self._send(reply)
            await self._writer.drain()
        code = int(reply[:3]) if reply[:3].isdigit() else 0
        if point not in _TAKEN_DOWN:
            self._log.refused(code)
        self._pending = None if step.then is Then.GO_ON else step.then
        return code

    async def _listen_for(self, seconds: float) -> None:
        """Let time pass, and take what comes meanwhile. Raises _Over where the target leaves."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._more()

    async def _follow(self) -> None:
        """What the plan has after the answer, once that has been taken down."""
        then, self._pending = self._pending, None
        if then is None:
            return
        if then is Then.SILENCE:
            while True:
                self._buffer.clear()
                await self._more()
                self._log.heard(bytes(self._buffer), self._secure)
        self._log.dropped()
        if then is Then.RESET:
            connection = self._writer.get_extra_info("socket")
            connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        raise _Over

    # -- commands -------------------------------------------------------------------------------

    async def _command(self, line: bytes) -> None:
        text = line.decode("latin-1").removesuffix("\r\n")
        verb = text.split(" ")[0].upper()
        handlers: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "BDAT": self._bdat,
            "RSET": self._rset,
            "QUIT": self._quit,
        }
        await handlers.get(verb, self._other)(text)
        await self._follow()

    async def _ehlo(self, text: str) -> None:
        announced = [each for each in self._plan.extensions if not (self._secure and each == "STARTTLS")]
        lines = [f"{self._name} greets {text[5:]}", *announced]
        reply = "\r\n".join(f"250{'-' if at < len(lines) - 1 else ' '}{line}" for at, line in enumerate(lines))
        if await self._say(Point.EHLO, reply) == 250:
            self._forget()
            self._extensions = {each.split(" ")[0].upper(): each.partition(" ")[2] for each in announced}

    async def _helo(self, text: str) -> None:
        if await self._say(Point.HELO, f"250 {self._name} greets {text[5:]}") == 250:
            self._forget()
            self._extensions = {}

    async def _starttls(self, _text: str) -> None:
        if self._tls is None or "STARTTLS" not in self._extensions or self._secure:
            await self._say(Point.STARTTLS, "502 5.5.1 no TLS here")
            return
        if await self._say(Point.STARTTLS, "220 2.0.0 go ahead") != 220 or self._pending is not None:
            return
        self._buffer.clear()  # what came before the handshake is not protected (RFC 3207 §4.2)
        if Point.HANDSHAKE in self._plan.steps:
            await self._say(Point.HANDSHAKE, "")
            return
        self._log.reach(Point.HANDSHAKE.value)
        try:
            await self._writer.start_tls(self._tls)
        except ssl.SSLError as error:
            raise _Over from error
        self._secure = True
        self._log.secured(self._writer.get_extra_info("ssl_object").version())
        self._extensions = {}
        self._forget()

    async def _mail(self, text: str) -> None:
        path, parameters = _path_of(text)
        refusal = self._misused(text, parameters)
        if self._in_mail:
            refusal = "503 5.5.1 a transaction is open"
        if refusal is None and self._too_large(parameters):
            refusal = "552 5.3.4 the message is too large"
        code = await self._say(Point.MAIL, "250 2.1.0 sender taken", instead=refusal)
        self._log.mail(path, parameters, code)
        self._in_mail, self._accepted = code == 250, 0
        self._chunks.clear()

    async def _rcpt(self, text: str) -> None:
        path, parameters = _path_of(text)
        refusal = self._misused(text, parameters)
        if not self._in_mail:
            refusal = "503 5.5.1 no sender yet"
        special = self._plan.recipients.get(path.rpartition("@")[0] or path)
        code = await self._say(Point.RCPT, "250 2.1.5 recipient taken", instead=refusal or special)
        self._log.recipient(HopRecipient(path, parameters, code))
        self._accepted += code // 100 == 2

    async def _data(self, _text: str) -> None:
        if not self._in_mail or not self._accepted or self._chunks:
            self._send("503 5.5.1 no recipients")
            return
        if await self._say(Point.DATA, "354 send it, end with a dot") != 354 or self._pending is not None:
            return
        raw = bytearray()
        message = bytearray()
        try:
            while (line := await self._take_line()) != b".\r\n":
                raw += line
                message += line[1:] if line.startswith(b".") else line
                await self._content(len(message))
        except _Over:
            self._log.content(bytes(message), bytes(raw), 0, chunked=False)
            raise
        raw += line
        await self._taken(bytes(message), bytes(raw), chunked=False)

    async def _bdat(self, text: str) -> None:
        words = text.split()
        if "CHUNKING" not in self._extensions or len(words) < 2 or not words[1].isdigit():
            self._send("502 5.5.1 not known")
            return
        size = int(words[1])
        try:
            while len(self._buffer) < size:
                await self._more()
        except _Over:
            self._log.content(bytes(self._chunks + self._buffer), bytes(self._chunks), 0, chunked=True)
            raise
        self._chunks += self._buffer[:size]
        del self._buffer[:size]
        if not self._in_mail or not self._accepted:
            self._send("503 5.5.1 no recipients")
            return
        await self._content(len(self._chunks))
        if len(words) > 2 and words[2].upper() == "LAST":
            await self._taken(bytes(self._chunks), bytes(self._chunks), chunked=True)
        else:
            await self._say(Point.BDAT, "250 2.0.0 go on")

    async def _content(self, size: int) -> None:
        """The step inside the message, once so much of it has come."""
        if self._plan.content_limit and size >= self._plan.content_limit and Point.CONTENT in self._plan.steps:
            await self._say(Point.CONTENT, "")
            await self._follow()

    async def _taken(self, message: bytes, raw: bytes, *, chunked: bool) -> None:
        limit = self._extensions.get("SIZE", "")
        refusal = "552 5.3.4 the message is too large" if limit.isdigit() and 0 < int(limit) < len(message) else None
        code = await self._say(Point.DOT, "250 2.0.0 message taken", instead=refusal)
        self._log.content(message, raw, code, chunked=chunked)
        self._forget()

    async def _rset(self, _text: str) -> None:
        if await self._say(Point.RSET, "250 2.0.0 forgotten") == 250:
            self._log.abandon()
            self._forget()

    async def _quit(self, _text: str) -> None:
        await self._say(Point.QUIT, "221 2.0.0 bye")
        await self._follow()
        raise _Over

    async def _other(self, text: str) -> None:
        known = text.upper().startswith("NOOP")
        await self._say(Point.OTHER, "250 2.0.0 fine" if known else "500 5.5.2 not known")

    # -- rules ----------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._in_mail, self._accepted = False, 0
        self._chunks.clear()

    def _misused(self, text: str, parameters: tuple[str, ...]) -> str | None:
        """The refusal of a parameter that was not announced, or of octets that need SMTPUTF8 (RFC 6531 §3.4)."""
        if text.upper().startswith("MAIL"):
            self._utf8 = "SMTPUTF8" in (each.upper() for each in parameters)
        for each in parameters:
            keyword, _, value = each.upper().partition("=")
            extension = "BINARYMIME" if value == "BINARYMIME" else _PARAMETERS.get(keyword)
            if extension not in self._extensions:
                return "555 5.5.4 that parameter is not known"
        if not text.isascii() and not self._utf8:
            return "553 5.6.7 not without SMTPUTF8"
        return None

    def _too_large(self, parameters: tuple[str, ...]) -> bool:
        limit = self._extensions.get("SIZE", "")
        declared = next((each[5:] for each in parameters if each.upper().startswith("SIZE=")), "")
        return limit.isdigit() and declared.isdigit() and 0 < int(limit) < int(declared)


def _path_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The path and the parameters of MAIL or RCPT; what has no brackets is a path as a whole."""
    found = _PATH.fullmatch(text)
    if found is None:
        return text.partition(":")[2].strip(), ()
    return found[1], tuple(found[2].split())
