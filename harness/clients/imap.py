"""ImapSession: an IMAP client. RFC 3501, RFC 7888 (LITERAL+), RFC 4959 (SASL-IR), RFC 2177 (IDLE).

Responses are read one by one; a tagged one belongs to the command of its tag, whatever came between, so that commands
may be pipelined (RFC 3501 §5.5).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence

from harness.clients.imap_commands import CommandTracker, Pending
from harness.clients.imap_names import MailboxNames
from harness.clients.imap_reply import ImapReply, NonSync, Part, exists
from harness.clients.opening import OpenedSession
from harness.clients.scram import ScramSha256Client
from harness.errors import TargetFlooded, TargetLost, TargetProtocolError, TargetSilent
from harness.transcript import EventKind, Exchange
from harness.wire.connection import LONG_REPLY, Connection, ReplyParser
from harness.wire.imap import (
    RESPONSE_LIMIT,
    ContinuationRequest,
    ImapResponse,
    ImapResponseParser,
    TaggedResponse,
    UntaggedResponse,
    located,
    string,
)
from harness.wire.imap_values import Scalar

__all__ = ["ImapReply", "ImapSession", "NonSync", "Part", "exists"]


class ImapSession(OpenedSession):
    """One session.

    Whatever the target answers is returned: this client checks nothing that a case may want to see broken. Methods
    that wait raise TargetLost (a subclass says how).
    """

    protocol = "imap"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.greeting: ImapResponse | None = None
        self.names: MailboxNames | None = None  # where the user's mailboxes have a prefix
        self._inbox: deque[ImapResponse] = deque()  # read, and not handed out yet
        self._tracker = CommandTracker()
        self._ended: set[str] = set()  # tags whose commands have ended, and nobody has asked for them yet
        self._since = bytearray()  # what came since the last command ended, for the record
        self._tags = 0

    async def read_greeting(self) -> None:
        """Read the greeting."""
        await self.next()

    # -- sending ----------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> Sequence[Pending]:
        """The commands that were sent, at least in part, and have no tagged response yet; the oldest first."""
        return self._tracker.pending

    @property
    def begun(self) -> Sequence[str]:
        """The tags of all commands that were sent, at least in part, since the connection or TLS began."""
        return self._tracker.begun

    async def command(self, *parts: Part) -> ImapReply:
        """Send a command, tag and CRLF added, and read up to its tagged response."""
        return await self.complete(await self.send(*parts))

    async def send(self, *parts: Part) -> str:
        """Send a command without waiting for its end; its tag.

        Before a synchronizing literal the continuation request is awaited; where the command is refused instead, the
        rest is not sent (RFC 3501 §4.3).
        """
        self._tags += 1
        tag = f"P{self._tags}"
        line = f"{tag} ".encode()
        for part in self.names.outward(parts) if self.names else parts:
            if isinstance(part, str):
                line += part.encode("utf-8", "surrogateescape")
            elif isinstance(part, NonSync):
                line += b"{%d+}\r\n" % len(part.data) + part.data
            else:
                await self.send_raw(line + b"{%d}\r\n" % len(part))
                if await self.continuation(tag, fresh=True) is None:
                    return tag
                line = part
        await self.send_raw(line + b"\r\n")
        return tag

    async def send_line(self, line: bytes | str) -> int:
        """Send a line that is no command: the answer to a continuation request. The event's index."""
        return await self.send_raw((line.encode() if isinstance(line, str) else line) + b"\r\n")

    async def send_raw(self, data: bytes | Sequence[bytes]) -> int:
        """Send exactly these bytes; a sequence goes out in TCP segments of their own. The event's index."""
        if not self._tracker.pending:
            self._note_unasked()
        segments = [data] if isinstance(data, bytes) else list(data)
        event = await self.connection.send_segments(segments)
        self._tracker.sent(b"".join(segments), event)
        return event

    # -- reading ----------------------------------------------------------------------------------------------------

    async def next(self) -> ImapResponse:
        """The next response, of whatever kind."""
        return self._inbox.popleft() if self._inbox else await self._receive()

    async def complete(self, tag: str) -> ImapReply:
        """Read up to the tagged response of a command. Responses that end other commands are kept for these."""
        before: list[ImapResponse] = []
        others: list[ImapResponse] = []
        async with self._bounded():
            octets = 0
            while True:
                response = await self.next()
                if isinstance(response, TaggedResponse) and response.tag == tag:
                    break
                ends_another = isinstance(response, TaggedResponse) and response.tag in self._ended
                (others if ends_another else before).append(response)
                octets += len(response.raw)
                if octets > RESPONSE_LIMIT:
                    await self.close()
                    raise TargetFlooded(f"more than {RESPONSE_LIMIT} octets of responses to one command")
        self._ended.discard(tag)
        self._inbox.extendleft(reversed(others))
        return ImapReply(response, tuple(before))

    async def continuation(self, tag: str, *, fresh: bool = False) -> ContinuationRequest | None:
        """The next continuation request; None where the command ends instead. Whatever else came is kept for `next`.

        `fresh`: one that has yet to come; an earlier one, which nobody asked for, invites nothing.
        """
        kept: list[ImapResponse] = []
        found: ContinuationRequest | None = None
        async with self._bounded():
            while found is None:
                response = await (self._receive() if fresh else self.next())
                if isinstance(response, ContinuationRequest):
                    found = response
                    break
                kept.append(response)
                if isinstance(response, TaggedResponse) and response.tag == tag:
                    break
        if fresh:
            self._inbox.extend(kept)
        else:
            self._inbox.extendleft(reversed(kept))
        return found

    async def hears_within(self, budget: float) -> bool:
        """True as soon as there is something to read or the connection ends, False after `budget` quiet seconds."""
        return bool(self._inbox) or await self.connection.hears_within(budget)

    @contextlib.asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Whatever keeps coming, a command ends or is lost within LONG_REPLY times the timeout."""
        budget = self.connection.timeout * LONG_REPLY
        try:
            async with asyncio.timeout(budget):
                yield
        except TimeoutError:
            text = f"no tagged response within {budget:g} s"
            event = self.connection.recorder.record(self.connection.session, EventKind.SILENT, text=text)
            self._record_loss(b"", event)
            raise TargetSilent(text, event=event) from None

    async def _receive(self) -> ImapResponse:
        """Read one response from the wire, and take down what it ends."""
        try:
            parser: ReplyParser[ImapResponse] = ImapResponseParser()
            read, event = await self.connection.read_reply(parser)
        except TargetLost as lost:
            self._record_loss(lost.received, lost.event)
            raise
        response = located(read, event)
        self._account(response)
        return self.names.inward(response) if self.names and isinstance(response, UntaggedResponse) else response

    def _note_unasked(self) -> None:
        """Keep what came while no command was under way apart from the next command's answer."""
        while unread := self.connection.unread:
            try:
                response = ImapResponseParser().feed(unread)
            except TargetFlooded:
                return
            if response is None:
                return
            event = self.connection.take(len(response.raw))
            response = located(response, event)
            self._account(response)
            self._inbox.append(response)

    # -- the record -------------------------------------------------------------------------------------------------

    def _account(self, response: ImapResponse) -> None:
        self._since += response.raw
        if self.greeting is None:
            self.greeting = response
            self._record(None, response.event)
            return
        ended: Pending | None = None
        match response:
            case ContinuationRequest():
                self._tracker.continued()
            case TaggedResponse(tag):
                ended = self._tracker.answered(tag)
                self._ended |= {tag} if ended else set()
            case UntaggedResponse("BAD", None):
                ended = self._tracker.refused()
        if ended is not None or not self._tracker.pending:
            self._record(ended, response.event)

    def _record_loss(self, received: bytes, event: int | None) -> None:
        self._since += received
        pending = self._tracker.pending
        if pending or self._since:
            self._record(pending[0] if pending else None, event, complete=False)

    def _record(self, ended: Pending | None, event: int | None, *, complete: bool = True) -> None:
        connection = self.connection
        last = len(connection.recorder.transcript.events) - 1 if event is None else event
        command = None if ended is None else bytes(ended.line)
        first = last if ended is None else ended.event
        raw = bytes(self._since)
        self._since.clear()
        connection.recorder.exchange(
            Exchange(connection.session, self.protocol, command, raw, first, last, complete, connection.secure)
        )

    # -- commands ---------------------------------------------------------------------------------------------------

    async def capability(self) -> frozenset[str]:
        """CAPABILITY (RFC 3501 §6.1.1): what is listed, in upper case."""
        reply = await self.command("CAPABILITY")
        return frozenset(
            value.upper for each in reply.named("CAPABILITY") for value in each.arguments if isinstance(value, Scalar)
        )

    async def login(self, user: str, password: str) -> ImapReply:
        """LOGIN (RFC 3501 §6.2.3)."""
        secret = string(password)
        if isinstance(secret, str):
            self.connection.recorder.add_secret_bytes(secret.encode())
        return await self.command("LOGIN ", string(user), " ", secret)

    async def authenticate_plain(self, user: str, password: str, *, initial: bool = False) -> ImapReply:
        """AUTHENTICATE PLAIN (RFC 4616), with the response in the command (RFC 4959) or after the request for it."""
        response = base64.b64encode(b"\0".join((b"", user.encode(), password.encode())))
        self.connection.recorder.add_secret_bytes(response)
        if initial:
            return await self.command(f"AUTHENTICATE PLAIN {response.decode()}")
        tag = await self.send("AUTHENTICATE PLAIN")
        if await self.continuation(tag) is not None:
            await self.send_line(response)
        return await self.complete(tag)

    async def authenticate_scram_sha_256(self, user: str, password: str) -> ImapReply:
        """AUTHENTICATE SCRAM-SHA-256 (RFC 7677). Raises TargetProtocolError when the server does not prove itself."""
        scram = ScramSha256Client(user, password)
        tag = await self.send("AUTHENTICATE SCRAM-SHA-256")
        if await self.continuation(tag) is None:
            return await self.complete(tag)
        await self.send_line(base64.b64encode(scram.first_message()))
        challenge = await self.continuation(tag)
        if challenge is None:
            return await self.complete(tag)
        await self.send_line(base64.b64encode(scram.final_message(_decoded(challenge))))
        proof = await self.continuation(tag)
        if proof is not None:
            scram.verify(_decoded(proof))
            await self.send_line(b"")
        reply = await self.complete(tag)
        if proof is None and reply.ok:
            raise TargetProtocolError("SCRAM-SHA-256 succeeded without the server's signature")
        return reply

    async def starttls(self, context: ssl.SSLContext) -> ImapReply:
        """STARTTLS (RFC 3501 §6.2.1) and, when it is granted, the handshake. Raises TlsFailed."""
        reply = await self.command("STARTTLS")
        if reply.ok:
            await self.start_tls(context)
        return reply

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake alone. What was sent in the clear and not answered is forgotten, as the target must too."""
        self._tracker = CommandTracker()
        self._inbox.clear()
        await self.connection.start_tls(context)

    async def select(self, mailbox: str, *, examine: bool = False) -> ImapReply:
        """SELECT or EXAMINE (RFC 3501 §6.3.1, §6.3.2)."""
        return await self.command("EXAMINE " if examine else "SELECT ", string(mailbox))

    async def append(self, mailbox: str, message: bytes, *, flags: str = "", date: str = "") -> ImapReply:
        r"""APPEND (RFC 3501 §6.3.11). `flags` such as `\Seen \Draft`, `date` a date-time without its quotes."""
        options = (f"({flags}) " if flags else "") + (f'"{date}" ' if date else "")
        return await self.command("APPEND ", string(mailbox), f" {options}", message)

    async def idle(self) -> str:
        """IDLE (RFC 2177); its tag. Whether the target idles, `continuation` says."""
        return await self.send("IDLE")

    async def done(self, tag: str) -> ImapReply:
        """End IDLE, and read up to its tagged response."""
        await self.send_line("DONE")
        return await self.complete(tag)

    async def delete_all(self, mailbox: str) -> ImapReply:
        """Select the mailbox and remove every message: the reply to the last command, or to the first refused one."""
        reply = await self.select(mailbox)
        if not reply.ok or not exists(reply):
            return reply
        reply = await self.command(r"UID STORE 1:* +FLAGS.SILENT (\Deleted)")
        return await self.command("EXPUNGE") if reply.ok else reply

    async def logout(self) -> ImapReply:
        """LOGOUT (RFC 3501 §6.1.3). The connection is still to be closed."""
        return await self.command("LOGOUT")


def _decoded(challenge: ContinuationRequest) -> bytes:
    try:
        return base64.b64decode(challenge.text, validate=True)
    except binascii.Error as error:
        raise TargetProtocolError(f"a challenge is not base64: {error}") from error
