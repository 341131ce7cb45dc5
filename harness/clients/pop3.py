"""Pop3Session: a POP3 client that keeps count of what it asked, so that each reply meets its command.

It checks nothing that a case may want to see broken: whatever the target answers is returned. RFC 1939, RFC 2449 §5,
RFC 2595 §4 (STLS), RFC 5034 (AUTH).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from harness.clients.scram import ScramSha256Client
from harness.errors import TargetLost, TargetProtocolError
from harness.transcript import Exchange, Recorder
from harness.wire.connection import Closing, Connection
from harness.wire.pop3 import Pop3Reply, Pop3ReplyParser, is_multiline

_TIMESTAMP = re.compile(rb"<[^<>\s]+@[^<>\s]+>")  # msg-id, RFC 1939 §7 (APOP)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command that waits for its reply; None as the command stands for the greeting."""

    command: bytes | None
    event: int | None


class Pop3Session:
    """One session. Open it with `Pop3Session.open` and end it with `close`, or use it as `async with`.

    Every method that waits raises TargetLost (a subclass says how) when no whole reply comes in time.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.greeting: Pop3Reply | None = None
        self.unasked: list[bytes] = []  # what came when no reply was due
        self._asked: deque[_Asked] = deque([_Asked(None, None)])
        self._tail = bytearray()  # sent, and not ended by CRLF yet
        self._in_sasl = False

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        recorder: Recorder,
        session: int = 1,
        timeout: float,
        tls: ssl.SSLContext | None = None,
        read_greeting: bool = True,
    ) -> Pop3Session:
        """Connect, and read the greeting unless told not to. With `tls`, TLS comes first (RFC 8314 §3)."""
        connection = await Connection.open(host, port, recorder=recorder, session=session, timeout=timeout, tls=tls)
        client = cls(connection)
        if read_greeting:
            try:
                await client.read_reply()
            except BaseException:
                await client.close()
                raise
        return client

    async def __aenter__(self) -> Pop3Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def outstanding(self) -> int:
        """How many replies are due: commands sent whole and not answered yet, the greeting among them."""
        return len(self._asked)

    @property
    def timestamp(self) -> bytes | None:
        """The greeting's APOP timestamp with its angle brackets, or None."""
        found = _TIMESTAMP.search(self.greeting.raw) if self.greeting else None
        return found.group() if found else None

    async def command(self, line: bytes | str, multiline: bool | None = None) -> Pop3Reply:
        """Send a command line (CRLF is added) and read its reply. `multiline` None: as the command's table says."""
        await self.send(line)
        return await self.read_reply(multiline)

    async def send(self, line: bytes | str) -> int:
        """Send a command line without waiting for its reply; the event's index."""
        return await self.send_raw((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def send_raw(self, data: bytes | Sequence[bytes]) -> int:
        """Send exactly these bytes; a sequence goes out in TCP segments of their own. The event's index.

        Each CRLF in them ends a command whose reply is then due.
        """
        self._note_unasked()
        segments = [data] if isinstance(data, bytes) else list(data)
        event = await self.connection.send_segments(segments)
        self._tail += b"".join(segments)
        *lines, rest = bytes(self._tail).split(b"\r\n")
        self._tail = bytearray(rest)
        self._asked.extend(_Asked(line, event) for line in lines)
        return event

    async def read_reply(self, multiline: bool | None = None) -> Pop3Reply:
        """Read the next reply: to the oldest command without one, or else to what was sent without a CRLF."""
        asked = self._next_asked()
        if multiline is None:
            multiline = not self._in_sasl and asked.command is not None and is_multiline(asked.command)
        parser = Pop3ReplyParser(multiline)
        try:
            parsed, event = await self.connection.read_reply(parser)
        except TargetLost as lost:
            self._record(asked, lost.received, lost.event, complete=False)
            raise
        reply = replace(parsed, event=event)
        self._record(asked, reply.raw, event, complete=True)
        self._in_sasl = reply.challenge
        if asked.command is None and self.greeting is None:
            self.greeting = reply
        return reply

    async def login(self, user: str, password: str) -> Pop3Reply:
        """USER and PASS (RFC 1939 §7); the reply to PASS, or to USER where that is refused."""
        reply = await self.command(f"USER {user}")
        return await self.command(f"PASS {password}") if reply.ok else reply

    async def apop(self, user: str, secret: str) -> Pop3Reply:
        """APOP (RFC 1939 §7). Raises TargetProtocolError when the greeting holds no timestamp."""
        timestamp = self.timestamp
        if timestamp is None:
            raise TargetProtocolError("the greeting holds no APOP timestamp")
        digest = hashlib.md5(timestamp + secret.encode(), usedforsecurity=False).hexdigest()
        return await self.command(f"APOP {user} {digest}")

    async def auth_plain(self, user: str, password: str, *, initial: bool = True) -> Pop3Reply:
        """AUTH PLAIN (RFC 5034, RFC 4616), with the response in the command or, not `initial`, after the challenge."""
        response = base64.b64encode(b"\0".join((b"", user.encode(), password.encode())))
        self.connection.recorder.add_secret_bytes(response)
        if initial:
            return await self.command(b"AUTH PLAIN " + response)
        reply = await self.command("AUTH PLAIN")
        return await self.command(response) if reply.challenge else reply

    async def auth_scram_sha_256(self, user: str, password: str, *, initial: bool = True) -> Pop3Reply:
        """AUTH SCRAM-SHA-256 (RFC 5034, RFC 7677). Raises TargetProtocolError when the server does not prove itself."""
        scram = ScramSha256Client(user, password)
        first = base64.b64encode(scram.first_message())
        if initial:
            reply = await self.command(b"AUTH SCRAM-SHA-256 " + first)
        else:
            reply = await self.command("AUTH SCRAM-SHA-256")
            reply = await self.command(first) if reply.challenge else reply
        if not reply.challenge:
            return reply
        reply = await self.command(base64.b64encode(scram.final_message(_decoded(reply))))
        if not reply.challenge:
            if reply.ok:
                raise TargetProtocolError("SCRAM-SHA-256 succeeded without the server's signature")
            return reply
        scram.verify(_decoded(reply))
        return await self.command(b"")

    async def stls(self, context: ssl.SSLContext) -> Pop3Reply:
        """STLS (RFC 2595 §4) and, when it is granted, the handshake. Raises TlsFailed."""
        reply = await self.command("STLS")
        if reply.ok:
            await self.start_tls(context)
        return reply

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake alone. Commands sent in the clear and not answered are forgotten, as a server must."""
        self._asked.clear()
        self._tail.clear()
        await self.connection.start_tls(context)

    async def capa(self) -> dict[str, tuple[str, ...]]:
        """CAPA (RFC 2449 §5): parameters by tag, tags in upper case; empty when the target refuses it."""
        reply = await self.command("CAPA")
        listed: dict[str, tuple[str, ...]] = {}
        for line in (reply.lines or ()) if reply.ok else ():
            tag, *parameters = line.decode("utf-8", "replace").split() or [""]
            if tag:
                listed[tag.upper()] = tuple(parameters)
        return listed

    async def quit(self) -> Pop3Reply:
        """QUIT; its reply. The connection is still to be closed."""
        return await self.command("QUIT")

    async def wait_closed(self, budget: float | None = None) -> Closing:
        """Wait for the target to close, at most `budget` seconds (None: the session's timeout). Never raises."""
        return await self.connection.wait_closed(self.connection.timeout if budget is None else budget)

    async def close(self) -> None:
        """End the connection from this side, without QUIT. Never raises."""
        await self.connection.close()

    def _next_asked(self) -> _Asked:
        if self._asked:
            return self._asked.popleft()
        tail, self._tail = bytes(self._tail), bytearray()
        return _Asked(tail or None, None)

    def _note_unasked(self) -> None:
        """Keep what came while no reply was due out of the next reply's way."""
        if self._asked or self._tail:
            return
        stray = self.connection.take_unread()
        if stray is not None:
            self.unasked.append(stray[0])
            self._record(_Asked(None, None), stray[0], stray[1], complete=stray[0].endswith(b"\n"))

    def _record(self, asked: _Asked, raw: bytes, event: int | None, *, complete: bool) -> None:
        last = len(self.connection.recorder.transcript.events) - 1 if event is None else event
        first = last if asked.event is None else asked.event
        self.connection.recorder.exchange(
            Exchange(self.connection.session, "pop3", asked.command, raw, first, last, complete, self.connection.secure)
        )


def _decoded(challenge: Pop3Reply) -> bytes:
    try:
        return base64.b64decode(challenge.text, validate=True)
    except binascii.Error as error:
        raise TargetProtocolError(f"a challenge is not base64: {error}") from error
