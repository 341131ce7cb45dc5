"""What `postel throughput` asks of SMTP servers: to take messages, and, of the reference, to send them on.

The client is the same for all: it sends each command by itself and waits for its reply.
"""

from __future__ import annotations

import asyncio
import time

from harness.cli import peers
from harness.cli.peers import Measured
from harness.cli.throughput_imap import MESSAGE, BareImap

MESSAGES = 160
CONNECTIONS = 8
RELAYED = 200
#: Seconds for all relayed messages to arrive.
RELAY_BUDGET = 120.0


class BareSmtp:
    """An SMTP client that looks at the first digit of a reply and at nothing else."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def reply(self, wanted: bytes) -> None:
        """Read a reply whose code begins with a digit."""
        while True:
            line = await self._reader.readline()
            if not line.startswith(wanted):
                raise ConnectionError(f"the server answered {line!r}")
            if line[3:4] != b"-":
                return

    async def command(self, line: bytes, wanted: bytes = b"2") -> None:
        """Send a line and read its reply."""
        self._writer.write(line + b"\r\n")
        await self.reply(wanted)

    async def send(self, recipient: str, number: int) -> None:
        """One mail transaction."""
        await self.command(b"MAIL FROM:<ann@a.test>")
        await self.command(f"RCPT TO:<{recipient}>".encode())
        await self.command(b"DATA", b"3")
        await self.command(MESSAGE.replace("{number}", str(number)).encode() + b".")

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def connected(port: int) -> BareSmtp:
    """A client that has said EHLO."""
    client = BareSmtp(*await asyncio.open_connection("127.0.0.1", port))
    await client.reply(b"2")
    await client.command(b"EHLO client.test")
    return client


async def measure(server: Measured) -> dict[str, float]:
    """Messages taken over one connection, and over several at once."""
    recipient = f"{server.user}@postel.test"
    return {
        "messages over 1 connection": await _taken(server.port, recipient, 1),
        f"messages over {CONNECTIONS} connections": await _taken(server.port, recipient, CONNECTIONS),
    }


async def _taken(port: int, recipient: str, connections: int) -> float:
    clients = [await connected(port) for _ in range(connections)]

    async def work(client: BareSmtp) -> None:
        for number in range(MESSAGES // connections):
            await client.send(recipient, number)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(work(client))
    seconds = time.perf_counter() - began
    for client in clients:
        client.close()
    return MESSAGES // connections * connections / seconds


async def relayed(rounds: int) -> list[tuple[str, tuple[str, float]]]:
    """Messages in a second from one reference's submission into another one's mailbox; by how they are kept."""
    found = []
    for durable in (True, False):
        async with peers.reference("imap", durable=durable) as bob:
            route = f"postel.test=127.0.0.1:{bob.ports['smtp']}"
            async with peers.reference("smtp", durable=durable, relaying_to=route) as alice:
                best = max([await _relay_round(alice, bob) for _ in range(rounds)])
        found.append((bob.keeps, ("messages relayed to another reference", best)))
    return found


async def _relay_round(alice: Measured, bob: Measured) -> float:
    """Hand messages over, and wait until all of them are in the mailbox."""
    client = BareImap(*await asyncio.open_connection("127.0.0.1", bob.port))
    await client.greeting()
    await client.command(f"LOGIN {bob.user} {bob.password}".encode())
    await client.empty()
    began = time.perf_counter()
    async with asyncio.timeout(RELAY_BUDGET):
        sender = await connected(alice.port)
        for number in range(RELAYED):
            await sender.send(f"{bob.user}@postel.test", number)
        await client.idle_until(RELAYED)
    seconds = time.perf_counter() - began
    sender.close()
    client.close()
    return RELAYED / seconds
