"""Peer: a scripted server on a real socket in the test's own event loop, for what no honest server would do.

    async def script(peer: PeerSession) -> None:
        await peer.send(b"+OK hello\\r\\n")
        await peer.expect(b"QUIT\\r\\n")

    async with Peer(script) as (host, port):
        ...

The script runs once for each connection; when it returns, the connection is closed. Leaving the block ends whatever
script still runs, and raises what a script raised of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import ipaddress
import socket
import ssl
import struct
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class PeerSession:
    """One connection as the script sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send, and wait until the client has room for it."""
        self.writer.write(data)
        await self.writer.drain()

    async def trickle(self, data: bytes) -> None:
        """Send each octet by itself."""
        for octet in data:
            await self.send(bytes([octet]))
            await asyncio.sleep(0)

    async def flood(self, octets: int, chunk: bytes = b"x" * 65536) -> None:
        """Send so many octets, or as many as the client takes."""
        with contextlib.suppress(ConnectionError):
            for _ in range(octets // len(chunk)):
                await self.send(chunk)

    async def drip(self, data: bytes, every: float) -> None:
        """Send the data again and again, one time each `every` seconds, until the client leaves."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self.send(data)
                await asyncio.sleep(every)

    async def line(self) -> bytes:
        """The next line with its end; empty when the client has gone."""
        return await self.reader.readline()

    async def expect(self, data: bytes) -> None:
        """Read exactly so many octets and insist on them."""
        got = await self.reader.readexactly(len(data))
        assert got == data, f"the client sent {got!r}, not {data!r}"

    async def hang(self) -> None:
        """Say nothing and keep the connection until the client leaves."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Become the server of a TLS handshake."""
        await self.writer.start_tls(context)

    def reset(self) -> None:
        """End the connection by RST: closing with SO_LINGER of 0 s sends one."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[PeerSession], Awaitable[None]]


class Peer:
    """A listener on a port of its own that plays the script to each client. `async with` gives (host, port)."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.connections = 0

    async def __aenter__(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._play, "127.0.0.1", 0, ssl=self._tls)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        for result in results:
            if isinstance(result, Exception):
                if error is None:
                    raise result
                error.add_note(f"the peer's script had failed: {result!r}")

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._script(PeerSession(reader, writer))
        except asyncio.CancelledError:
            return  # the block was left; asyncio's streams would log a cancelled handler as an error
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


@functools.cache
def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A context for a peer with a self-signed certificate for 127.0.0.1, and one for the client that trusts just it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "peer.pem"
        chain.write_bytes(certificate_pem + key_pem)
        server.load_cert_chain(chain)
    return server, ssl.create_default_context(cadata=certificate_pem.decode())
