"""ImapSession: as much of an IMAP client as loading and emptying a mailbox needs (RFC 3501)."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from harness.errors import TargetFlooded, TargetLost, TargetSilent
from harness.transcript import EventKind, Exchange, Recorder
from harness.wire.connection import LONG_REPLY, Connection
from harness.wire.imap import RESPONSE_LIMIT, ImapResponse, ImapResponseParser, string


@dataclass(frozen=True, slots=True)
class ImapResult:
    """What one command brought: its tagged response, and the untagged ones before it, in order."""

    tagged: ImapResponse
    untagged: tuple[ImapResponse, ...]

    @property
    def ok(self) -> bool:
        """True for a tagged OK."""
        return self.tagged.condition == "OK"


class ImapSession:
    """One session. Open it with `ImapSession.open` and end it with `close`, or use it as `async with`.

    Whatever the target answers is returned. Methods that wait raise TargetLost (a subclass says how).
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.greeting: ImapResponse | None = None
        self._tags = 0

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
    ) -> ImapSession:
        """Connect and read the greeting. With `tls`, TLS comes first."""
        connection = await Connection.open(host, port, recorder=recorder, session=session, timeout=timeout, tls=tls)
        client = cls(connection)
        try:
            client.greeting = await client._read()
        except BaseException:
            await client.close()
            raise
        client._record(None, client.greeting.raw, client.greeting.event)
        return client

    async def __aenter__(self) -> ImapSession:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def command(self, *parts: str | bytes) -> ImapResult:
        """Send a command and read up to its tagged response. A part of text goes out as it is, bytes as a literal.

        Literals are synchronizing (RFC 3501 §4.3); where the target refuses one, the rest is not sent.
        """
        self._tags += 1
        responses: list[ImapResponse] = []
        line = b"".join(part.encode() if isinstance(part, str) else b"{%d}" % len(part) for part in parts)
        first = len(self.connection.recorder.transcript.events)
        try:
            await self._converse(f"P{self._tags}", parts, responses)
        except TargetLost as lost:
            self._record(line, b"".join(each.raw for each in responses) + lost.received, first, complete=False)
            raise
        self._record(line, b"".join(each.raw for each in responses), first)
        return ImapResult(responses[-1], tuple(each for each in responses if each.tag == "*"))

    async def login(self, user: str, password: str) -> ImapResult:
        """LOGIN (RFC 3501 §6.2.3)."""
        secret = string(password)
        if isinstance(secret, str):
            self.connection.recorder.add_secret_bytes(secret.encode())
        return await self.command("LOGIN ", string(user), " ", secret)

    async def capability(self) -> frozenset[str]:
        """CAPABILITY (RFC 3501 §6.1.1): what is listed, in upper case."""
        result = await self.command("CAPABILITY")
        lists = [each.words[1:] for each in result.untagged if each.words[:1] and each.words[0].upper() == "CAPABILITY"]
        return frozenset(word.upper() for words in lists for word in words)

    async def select(self, mailbox: str) -> ImapResult:
        """SELECT (RFC 3501 §6.3.1)."""
        return await self.command("SELECT ", string(mailbox))

    async def append(self, mailbox: str, message: bytes) -> ImapResult:
        """APPEND without flags or date (RFC 3501 §6.3.11)."""
        return await self.command("APPEND ", string(mailbox), " ", message)

    async def delete_all(self, mailbox: str) -> ImapResult:
        """Select the mailbox and remove every message: the result of the last command, or of the first refused one."""
        result = await self.select(mailbox)
        if not result.ok or not exists(result):
            return result
        result = await self.command(r"UID STORE 1:* +FLAGS.SILENT (\Deleted)")
        return await self.command("EXPUNGE") if result.ok else result

    async def logout(self) -> ImapResult:
        """LOGOUT (RFC 3501 §6.1.3). The connection is still to be closed."""
        return await self.command("LOGOUT")

    async def close(self) -> None:
        """End the connection from this side. Never raises."""
        await self.connection.close()

    async def _read(self) -> ImapResponse:
        response, event = await self.connection.read_reply(ImapResponseParser())
        return replace(response, event=event)

    async def _converse(self, tag: str, parts: Sequence[str | bytes], responses: list[ImapResponse]) -> None:
        line = f"{tag} ".encode()
        for part in parts:
            if isinstance(part, str):
                line += part.encode()
                continue
            await self.connection.send(line + b"{%d}\r\n" % len(part))
            if await self._read_until(("+", tag), responses) == tag:
                return
            line = part
        await self.connection.send(line + b"\r\n")
        await self._read_until((tag,), responses)

    async def _read_until(self, tags: Sequence[str], responses: list[ImapResponse]) -> str:
        """Read responses up to one with one of these tags, and return that."""
        budget = self.connection.timeout * LONG_REPLY
        octets = 0
        try:
            async with asyncio.timeout(budget):
                while True:
                    response = await self._read()
                    responses.append(response)
                    octets += len(response.raw)
                    if response.tag in tags:
                        return response.tag
                    if octets > RESPONSE_LIMIT:
                        await self.close()
                        raise TargetFlooded(f"more than {RESPONSE_LIMIT} octets of responses to one command")
        except TimeoutError:
            text = f"no tagged response within {budget:g} s"
            event = self.connection.recorder.record(self.connection.session, EventKind.SILENT, text=text)
            raise TargetSilent(text, event=event) from None

    def _record(self, command: bytes | None, raw: bytes, first: int, *, complete: bool = True) -> None:
        connection = self.connection
        last = len(connection.recorder.transcript.events) - 1
        connection.recorder.exchange(
            Exchange(connection.session, "imap", command, raw, first, last, complete, connection.secure)
        )


def exists(result: ImapResult) -> int:
    """The number of the last EXISTS among the untagged responses; 0 without one (RFC 3501 §7.3.1)."""
    numbers = [
        int(response.words[0])
        for response in result.untagged
        if len(response.words) > 1 and response.words[1].upper() == "EXISTS" and response.words[0].isdecimal()
    ]
    return numbers[-1] if numbers else 0
