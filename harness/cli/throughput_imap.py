"""What `postel throughput` asks of IMAP servers.

One client without any comfort, the same for all servers: it sends commands and reads until the tagged response.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from harness.cli.peers import Measured

MESSAGES = 300
SEARCHES = 50
_LINES = "".join(f"Line {number} of a letter about tea and cups.\r\n" for number in range(80))
MESSAGE = (
    "From: Ann <ann@a.test>\r\nTo: user1@postel.test\r\nSubject: tea\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"
    f"Message-ID: <{{number}}@a.test>\r\n\r\n{_LINES}"
)


class BareImap:
    """An IMAP client that reads octets until the tagged response, and interprets none of them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._count = 0

    async def command(self, line: bytes, literal: bytes = b"") -> None:
        """Send a command, and a literal that it ends in; wait for OK."""
        self._count += 1
        tag = b"a%d" % self._count
        octets = line + (b" {%d+}\r\n" % len(literal) + literal if literal else b"")
        self._writer.write(tag + b" " + octets + b"\r\n")
        await self._writer.drain()
        end = b"\r\n" + tag + b" "
        held = b"\r\n"
        while (at := held.find(end)) < 0 or held.find(b"\r\n", at + 2) < 0:
            data = await self._reader.read(1 << 18)
            if not data:
                raise ConnectionError(f"the server closed the connection after {line[:40]!r}")
            held = held[-len(end) :] + data if at < 0 else held + data
        if not held[at + len(end) :].upper().startswith(b"OK"):
            raise ConnectionError(f"{line[:40]!r} got {held[at + 2 : at + 80]!r}")

    async def greeting(self) -> None:
        """Read the greeting."""
        await self._reader.readline()

    async def empty(self) -> None:
        """Select INBOX and remove what is there."""
        await self.command(b"SELECT INBOX")
        await self.command(rb"UID STORE 1:* +FLAGS.SILENT (\Deleted)")
        await self.command(b"EXPUNGE")

    async def idle_until(self, count: int) -> None:
        """Wait in IDLE until the selected mailbox has so many messages (RFC 2177)."""
        self._writer.write(b"idle IDLE\r\n")
        while await self._reader.readline() != b"* %d EXISTS\r\n" % count:
            pass
        self._writer.write(b"DONE\r\n")
        while not (await self._reader.readline()).startswith(b"idle "):
            pass

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def append(client: BareImap) -> int:
    """APPEND one message after the other."""
    for number in range(MESSAGES):
        await client.command(b"APPEND INBOX", MESSAGE.replace("{number}", str(number)).encode())
    return MESSAGES


async def fetch_flags(client: BareImap) -> int:
    """Flags and sizes of a few hundred messages, several times."""
    for _ in range(10):
        await client.command(b"UID FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE)")
    return 10 * MESSAGES


async def fetch_structures(client: BareImap) -> int:
    """What a client shows in a list of messages."""
    await client.command(b"UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)")
    return MESSAGES


async def fetch_octets(client: BareImap) -> int:
    """Whole messages."""
    await client.command(b"UID FETCH 1:* (BODY.PEEK[])")
    return MESSAGES


async def search_flags(client: BareImap) -> int:
    """SEARCH by flag and size."""
    for _ in range(SEARCHES):
        await client.command(b"UID SEARCH UNSEEN LARGER 100")
    return SEARCHES


async def search_header(client: BareImap) -> int:
    """SEARCH in header fields."""
    for _ in range(SEARCHES):
        await client.command(b"UID SEARCH FROM ann SUBJECT tea")
    return SEARCHES


async def search_text(client: BareImap) -> int:
    """SEARCH in whole messages, for what is in none."""
    for _ in range(5):
        await client.command(b"UID SEARCH TEXT nowhere")
    return 5


Work = Callable[[BareImap], Awaitable[int]]

IMAP_WORK: dict[str, Work] = {
    "messages by APPEND": append,
    "FETCH of flags": fetch_flags,
    "FETCH of structures": fetch_structures,
    "FETCH of octets": fetch_octets,
    "SEARCH by flag": search_flags,
    "SEARCH in headers": search_header,
    "SEARCH in text": search_text,
}


async def measure(server: Measured) -> dict[str, float]:
    """All the work once, on an empty mailbox."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
    client = BareImap(reader, writer)
    try:
        await client.greeting()
        await client.command(f"LOGIN {server.user} {server.password}".encode())
        await client.empty()
        rates = {}
        for name, work in IMAP_WORK.items():
            began = time.perf_counter()
            done = await work(client)
            rates[name] = done / (time.perf_counter() - began)
            await client.command(b"NOOP")
        return rates
    finally:
        client.close()
