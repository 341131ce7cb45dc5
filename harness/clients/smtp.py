"""SmtpSession and LmtpSession: RFC 5321, RFC 2033 (LMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 3030 (BDAT)."""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.clients.scram import ScramSha256Client
from harness.clients.session import Asked, ClientSession
from harness.errors import TargetProtocolError
from harness.wire.connection import Connection
from harness.wire.smtp import MESSAGE, ODD_MESSAGE, SmtpReply, SmtpReplyParser, message_name, stuffed

#: The name that the harness gives itself in EHLO and LHLO; a reserved one (RFC 6761).
OWN_NAME = "client.postel.test"
_CHUNK = re.compile(rb"(?i)BDAT ([0-9]{1,18})(?: LAST)?[ \t]*")  # RFC 3030 §2


class SmtpSession(ClientSession[SmtpReply]):
    """One SMTP session.

    `extensions` holds what the last EHLO announced: parameters by keyword in upper case.
    """

    protocol = "smtp"
    greets_with = "EHLO"

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.extensions: dict[str, str] = {}
        self._in_data = False
        self._odd = False  # a line of the message has CR or LF alone
        self._in_sasl = False
        self._chunk = 0  # octets of BDAT's chunk that are still to be sent
        self._accepted = 0  # recipients of the current transaction

    async def command(self, line: bytes | str) -> SmtpReply:
        """Send a command line (CRLF is added) and read its reply."""
        await self.send(line)
        return await self.read_reply()

    async def group(self, *lines: bytes | str) -> tuple[SmtpReply, ...]:
        """Send command lines in one segment (RFC 2920) and read a reply for each."""
        whole = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        await self.send_raw(whole)
        return tuple([await self.read_reply() for _ in lines])

    async def read_reply(self) -> SmtpReply:
        """Read the next reply: to the oldest line that waits for one, or else to what was sent without a CRLF."""
        asked = self._next_asked()
        parsed, event = await self._read(asked, SmtpReplyParser())
        reply = replace(parsed, event=event)
        self._follow(asked, reply)
        return reply

    async def greet(self, name: str = OWN_NAME) -> SmtpReply:
        """EHLO, or LHLO on LMTP (RFC 2033 §4.1); fills `extensions`."""
        return await self.command(f"{self.greets_with} {name}")

    async def mail(self, reverse_path: str, *parameters: str) -> SmtpReply:
        """MAIL FROM; the path without its angle brackets."""
        return await self.command(" ".join((f"MAIL FROM:<{reverse_path}>", *parameters)))

    async def rcpt(self, forward_path: str, *parameters: str) -> SmtpReply:
        """RCPT TO; the path without its angle brackets."""
        return await self.command(" ".join((f"RCPT TO:<{forward_path}>", *parameters)))

    async def data(self, message: bytes) -> tuple[SmtpReply, ...]:
        """DATA and the message: one reply, or on LMTP one for each accepted recipient (RFC 2033 §4.2).

        Where DATA itself is refused, that reply is the only one. The message goes out as it is, but for dot-stuffing
        and a final CRLF where it lacks one.
        """
        first = await self.command("DATA")
        if not first.intermediate:
            return (first,)
        event = await self.connection.send(stuffed(message))
        self._in_data = False
        due = self._replies_to_message
        self._asked.extend([Asked(message_name(message), event)] * due)
        return tuple([await self.read_reply() for _ in range(due)])

    async def bdat(self, chunk: bytes, *, last: bool = False) -> tuple[SmtpReply, ...]:
        """BDAT with its chunk, whatever octets (RFC 3030 §2): its reply, or on LMTP with `last` one a recipient."""
        await self.send_raw(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
        first = await self.read_reply()
        return (first, *[await self.read_reply() for _ in range(self.outstanding)])

    async def deliver(self, sender: str, recipients: Sequence[str], message: bytes) -> tuple[SmtpReply, ...]:
        """A whole transaction: the replies to its message, or the one reply that ended it before."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{recipient}>" for recipient in recipients)):
            reply = await self.command(line)
            if not reply.ok:
                return (reply,)
        return await self.data(message)

    @property
    def mechanisms(self) -> frozenset[str]:
        """The SASL mechanisms that the last EHLO announced (RFC 4954 §3), in upper case."""
        return frozenset(self.extensions.get("AUTH", "").upper().split())

    async def login(self, user: str, password: str) -> SmtpReply:
        """AUTH by PLAIN, or by SCRAM-SHA-256 where only that is announced; the last reply."""
        if "PLAIN" not in self.mechanisms and "SCRAM-SHA-256" in self.mechanisms:
            return await self.auth_scram_sha_256(user, password)
        return await self.auth_plain(user, password)

    async def auth_plain(self, user: str, password: str, *, initial: bool = True) -> SmtpReply:
        """AUTH PLAIN (RFC 4954, RFC 4616), with the response in the command or, not `initial`, after the challenge."""
        response = base64.b64encode(b"\0".join((b"", user.encode(), password.encode())))
        self.connection.recorder.add_secret_bytes(response)
        if initial:
            return await self.command(b"AUTH PLAIN " + response)
        reply = await self.command("AUTH PLAIN")
        return await self.command(response) if reply.code == CHALLENGE else reply

    async def auth_scram_sha_256(self, user: str, password: str, *, initial: bool = True) -> SmtpReply:
        """AUTH SCRAM-SHA-256 (RFC 4954, RFC 7677). Raises TargetProtocolError when the server does not prove itself."""
        scram = ScramSha256Client(user, password)
        first = base64.b64encode(scram.first_message())
        if initial:
            reply = await self.command(b"AUTH SCRAM-SHA-256 " + first)
        else:
            reply = await self.command("AUTH SCRAM-SHA-256")
            reply = await self.command(first) if reply.code == CHALLENGE else reply
        if reply.code != CHALLENGE:
            return reply
        reply = await self.command(base64.b64encode(scram.final_message(challenge_of(reply))))
        if reply.code == CHALLENGE:
            scram.verify(challenge_of(reply))
            return await self.command(b"")
        if reply.ok:
            raise TargetProtocolError("SCRAM-SHA-256 succeeded without the server's signature")
        return reply

    async def auth_cancel(self, mechanism: str) -> SmtpReply:
        """AUTH without a response, and `*` in place of one (RFC 4954 §4); where AUTH is refused, that reply."""
        reply = await self.command(f"AUTH {mechanism}")
        return await self.command("*") if reply.code == CHALLENGE else reply

    async def starttls(self, context: ssl.SSLContext) -> SmtpReply:
        """STARTTLS (RFC 3207) and, when it is granted, the handshake. Raises TlsFailed."""
        reply = await self.command("STARTTLS")
        if reply.ok:
            await self.start_tls(context)
        return reply

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake alone. All that was known is forgotten (RFC 3207 §4.2)."""
        self.extensions = {}
        self._in_data = self._in_sasl = False
        self._chunk = self._accepted = 0
        await super().start_tls(context)

    async def quit(self) -> SmtpReply:
        """QUIT; its reply. The connection is still to be closed."""
        return await self.command("QUIT")

    # -- which replies are due ------------------------------------------------------------------

    def _whole_lines(self) -> Iterator[bytes]:
        """Lines, but not what looks like lines in BDAT's chunks."""
        sent, at = self._tail, 0
        while True:
            skipped = min(self._chunk, len(sent) - at)
            self._chunk -= skipped
            at += skipped
            end = sent.find(b"\r\n", at)
            if end < 0:
                break
            line, at = sent[at:end], end + 2
            chunk = None if self._in_data else _CHUNK.fullmatch(line)
            self._chunk = int(chunk[1]) if chunk else 0
            yield line
        self._tail = sent[at:]

    def _due(self, line: bytes) -> Sequence[bytes]:
        """Nothing for a line of the message, one reply for a command; the final dot has as many as DATA makes due."""
        if not self._in_data:
            return (line,)
        self._odd = self._odd or b"\r" in line or b"\n" in line
        if line != b".":
            return ()
        self._in_data = False
        return (ODD_MESSAGE if self._odd else MESSAGE,) * self._replies_to_message

    @property
    def _replies_to_message(self) -> int:
        """How many replies the end of a message has."""
        return 1

    def _follow(self, asked: Asked, reply: SmtpReply) -> None:
        """Keep up with what the replies mean for this client."""
        if asked.command is None:
            self.greeting = self.greeting or reply
            return
        verb = b"" if self._in_sasl else asked.command.split(b" ")[0].upper()
        self._in_sasl = reply.code == CHALLENGE
        if verb == b"DATA" and reply.intermediate:
            self._enter_data()
        elif verb == b"RCPT" and reply.ok:
            self._accepted += 1
        elif verb in (b"MAIL", b"RSET", b"EHLO", b"LHLO", b"HELO") and reply.ok:
            self._accepted = 0
        if verb in (b"EHLO", b"LHLO") and reply.ok:
            self.extensions = dict(announced(reply))

    def _enter_data(self) -> None:
        """What was sent behind DATA, before its reply, was the message: a server cannot know that it came too early."""
        self._in_data, self._odd = True, False
        early = list(self._asked)
        self._asked.clear()
        for asked in early:
            self._asked.extend(Asked(command, asked.event) for command in self._due(asked.command or b""))


class LmtpSession(SmtpSession):
    """One LMTP session (RFC 2033): LHLO, and a reply for each accepted recipient behind a message."""

    protocol = "lmtp"
    greets_with = "LHLO"

    @property
    def _replies_to_message(self) -> int:
        return max(self._accepted, 1)

    def _follow(self, asked: Asked, reply: SmtpReply) -> None:
        last = _CHUNK.fullmatch(asked.command or b"") and (asked.command or b"").upper().split()[-1] == b"LAST"
        more = self._replies_to_message - 1 if last else 0
        super()._follow(asked, reply)
        if more:
            self._asked.extendleft([Asked(MESSAGE, asked.event)] * more)
            self._accepted = 0


#: The reply code that asks for a SASL response (RFC 4954 §4).
CHALLENGE = 334


def announced(reply: SmtpReply) -> Mapping[str, str]:
    """The extensions in a reply to EHLO or LHLO: parameters by keyword in upper case (RFC 5321 §4.1.1.1)."""
    pairs = (line.decode("utf-8", "replace").partition(" ") for line in reply.lines[1:])
    return {keyword.upper(): parameters for keyword, _, parameters in pairs}


def challenge_of(reply: SmtpReply) -> bytes:
    """What a 334 reply asks, decoded. Raises TargetProtocolError where it is not base64."""
    try:
        return base64.b64decode(reply.text, validate=True)
    except binascii.Error as error:
        raise TargetProtocolError(f"a challenge is not base64: {error}") from error
