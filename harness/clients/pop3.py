"""Pop3Session: a POP3 client. RFC 1939, RFC 2449 §5 (CAPA), RFC 2595 §4 (STLS), RFC 5034 (AUTH)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import replace

from harness.clients.scram import ScramSha256Client
from harness.clients.session import ClientSession
from harness.errors import TargetProtocolError
from harness.wire.connection import Connection
from harness.wire.pop3 import Pop3Reply, Pop3ReplyParser, is_multiline

_TIMESTAMP = re.compile(rb"<[^<>\s]+@[^<>\s]+>")  # msg-id, RFC 1939 §7 (APOP)


class Pop3Session(ClientSession[Pop3Reply]):
    """One POP3 session. Open it with `Pop3Session.open`."""

    protocol = "pop3"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._in_sasl = False

    @property
    def timestamp(self) -> bytes | None:
        """The greeting's APOP timestamp with its angle brackets, or None."""
        found = _TIMESTAMP.search(self.greeting.raw) if self.greeting else None
        return found.group() if found else None

    async def command(self, line: bytes | str, multiline: bool | None = None) -> Pop3Reply:
        """Send a command line (CRLF is added) and read its reply. `multiline` None: as the command's table says."""
        await self.send(line)
        return await self.read_reply(multiline)

    async def read_reply(self, multiline: bool | None = None) -> Pop3Reply:
        """Read the next reply: to the oldest command without one, or else to what was sent without a CRLF."""
        asked = self._next_asked()
        if multiline is None:
            multiline = not self._in_sasl and asked.command is not None and is_multiline(asked.command)
        parsed, event = await self._read(asked, Pop3ReplyParser(multiline))
        reply = replace(parsed, event=event)
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

    def _due(self, line: bytes) -> Sequence[bytes]:
        return (line,)


def _decoded(challenge: Pop3Reply) -> bytes:
    try:
        return base64.b64decode(challenge.text, validate=True)
    except binascii.Error as error:
        raise TargetProtocolError(f"a challenge is not base64: {error}") from error
