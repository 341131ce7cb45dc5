"""SmtpSession: an SMTP and LMTP client. RFC 5321, RFC 3207 (STARTTLS), RFC 2033 (LMTP: a reply for each recipient)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import replace

from harness.clients.session import Asked, ClientSession
from harness.transcript import Recorder
from harness.wire.connection import Connection
from harness.wire.smtp import SmtpReply, SmtpReplyParser, stuffed

#: The name that the harness gives itself in EHLO and LHLO; a reserved one (RFC 6761).
OWN_NAME = "client.postel.test"
_MESSAGE = b"(message)"


class SmtpSession(ClientSession[SmtpReply]):
    """One SMTP session, or LMTP session. Open it with `SmtpSession.open`.

    `extensions` holds what the last EHLO or LHLO announced: parameters by keyword in upper case.
    """

    def __init__(self, connection: Connection, *, lmtp: bool) -> None:
        super().__init__(connection)
        self.protocol = "lmtp" if lmtp else "smtp"
        self.extensions: dict[str, str] = {}
        self._in_data = False
        self._accepted = 0  # recipients of the current transaction

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
        lmtp: bool = False,
        read_greeting: bool = True,
    ) -> SmtpSession:
        """Connect, and read the greeting unless told not to. With `tls`, TLS comes first."""
        connection = await Connection.open(host, port, recorder=recorder, session=session, timeout=timeout, tls=tls)
        client = cls(connection, lmtp=lmtp)
        if read_greeting:
            try:
                await client.read_reply()
            except BaseException:
                await client.close()
                raise
        return client

    @property
    def lmtp(self) -> bool:
        """True for LMTP."""
        return self.protocol == "lmtp"

    async def command(self, line: bytes | str) -> SmtpReply:
        """Send a command line (CRLF is added) and read its reply."""
        await self.send(line)
        return await self.read_reply()

    async def read_reply(self) -> SmtpReply:
        """Read the next reply: to the oldest line that waits for one, or else to what was sent without a CRLF."""
        asked = self._next_asked()
        parsed, event = await self._read(asked, SmtpReplyParser())
        reply = replace(parsed, event=event)
        self._follow(asked, reply)
        return reply

    async def greet(self, name: str = OWN_NAME) -> SmtpReply:
        """EHLO, or LHLO on LMTP (RFC 2033 §4.1); fills `extensions`."""
        return await self.command(f"{'LHLO' if self.lmtp else 'EHLO'} {name}")

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
        self._asked.extend([Asked(_MESSAGE, event)] * due)
        return tuple([await self.read_reply() for _ in range(due)])

    async def deliver(self, sender: str, recipients: Sequence[str], message: bytes) -> tuple[SmtpReply, ...]:
        """A whole transaction: the replies to its message, or the one reply that ended it before."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{recipient}>" for recipient in recipients)):
            reply = await self.command(line)
            if not reply.ok:
                return (reply,)
        return await self.data(message)

    async def starttls(self, context: ssl.SSLContext) -> SmtpReply:
        """STARTTLS (RFC 3207) and, when it is granted, the handshake. Raises TlsFailed."""
        reply = await self.command("STARTTLS")
        if reply.ok:
            self.extensions = {}
            await self.start_tls(context)
        return reply

    async def quit(self) -> SmtpReply:
        """QUIT; its reply. The connection is still to be closed."""
        return await self.command("QUIT")

    def _replies_due(self, line: bytes) -> int:
        """None for a line of the message, one for a command; the final dot has as many as DATA's reply makes due."""
        if not self._in_data:
            return 1
        if line != b".":
            return 0
        self._in_data = False
        return self._replies_to_message

    @property
    def _replies_to_message(self) -> int:
        return max(self._accepted, 1) if self.lmtp else 1

    def _follow(self, asked: Asked, reply: SmtpReply) -> None:
        """Keep up with what the replies mean for this client."""
        if asked.command is None:
            self.greeting = self.greeting or reply
            return
        verb = asked.command.split(b" ")[0].upper()
        if verb in (b"EHLO", b"LHLO") and reply.ok:
            pairs = (line.decode("utf-8", "replace").partition(" ") for line in reply.lines[1:])
            self.extensions = {keyword.upper(): parameters for keyword, _, parameters in pairs}
        elif verb == b"RCPT" and reply.ok:
            self._accepted += 1
        elif verb == b"DATA":
            self._in_data = reply.intermediate
        if verb in (b"MAIL", b"RSET", b"EHLO", b"LHLO", b"HELO") and reply.ok:
            self._accepted = 0
