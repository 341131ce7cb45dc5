"""Scripted next hops on loopback for tests of the sending side as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[str], str | None]
"""From a command line, `.` for the end of data, or the empty string for the greeting, to a reply; None hangs up."""


def taking(*extensions: str) -> Answer:
    """The answers of a next hop that takes everything."""

    def answer(line: str) -> str | None:
        verb = line.split(" ", maxsplit=1)[0].upper()
        if verb == "EHLO":
            lines = ["mx", *extensions]
            return "\r\n".join(f"250{'-' if each is not lines[-1] else ' '}{each}" for each in lines)
        return {"": "220 mx", "DATA": "354 go", "QUIT": "221 bye"}.get(verb, "250 ok")

    return answer


def but(answer: Answer, **replies: str | None) -> Answer:
    """The same, except for these verbs (`GREETING` and `DOT` among them); `|` parts replies to one after the other."""
    left = {verb: None if text is None else text.split("|") for verb, text in replies.items()}

    def changed(line: str) -> str | None:
        verb = {"": "GREETING", ".": "DOT"}.get(line) or line.split(" ", maxsplit=1)[0].upper()
        if verb not in left:
            return answer(line)
        texts = left[verb]
        if texts is None:
            return None
        return texts.pop(0) if len(texts) > 1 else texts[0]

    return changed


@dataclass
class Peer:
    """One next hop and what it has seen."""

    answer: Answer
    commands: list[list[str]] = field(default_factory=list)
    """By connection."""
    messages: list[bytes] = field(default_factory=list)
    """Mail data whose end came, byte-stuffing not undone."""
    port: int = 0
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    """A reply was due and did not come, for the answer was empty."""

    def verbs(self) -> list[str]:
        """Of all connections, one line each."""
        return [" ".join(line.split(" ")[0].split(":")[0] for line in lines) for lines in self.commands]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said: list[str] = []
        self.commands.append(said)
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._converse(reader, writer, said)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: list[str]) -> None:
        line = ""
        while (reply := self.answer(line)) is not None:
            if not reply:
                self.silent.set()
                await reader.read()
                return
            writer.write(reply.encode() + b"\r\n")
            if reply.startswith(("221", "421")):
                return
            if line == "STARTTLS" and reply.startswith("220"):
                await reader.read(1)
                writer.write(b"this is no TLS\r\n")
                return
            if reply.startswith("354"):
                self.messages.append(await self._data(reader))
                line = "."
                continue
            line = (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            said.append(line)

    async def _data(self, reader: asyncio.StreamReader) -> bytes:
        octets = b"\r\n"
        while not octets.endswith(b"\r\n.\r\n"):
            octets += await reader.readuntil(b"\r\n")
        return octets[2:-3]


@asynccontextmanager
async def peer(answer: Answer) -> AsyncIterator[Peer]:
    """A next hop that listens."""
    made = Peer(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def addresses(count: int) -> Sequence[str]:
    """Recipients of the domain b.test."""
    return [f"r{number}@b.test" for number in range(count)]
