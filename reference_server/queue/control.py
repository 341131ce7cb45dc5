"""The queue of a running server, asked and told from another process: a socket in its data directory.

One line of JSON each way. The socket is its owner's only, as the directory is. The other side is `control_client`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reference_server.backend import StoreFailure
from reference_server.queue.entries import QueuedRecipient, QueueEntry
from reference_server.queue.mail_queue import MailQueue

SOCKET_NAME = "queue.socket"

_LONGEST_REQUEST = 64 * 1024
_LONGEST_PATH = 100  # octets; the system takes some 104 to 108 for the name of a socket
_NAME = re.compile(r"Q?([0-9]{1,18})")


class _Mistake(Exception):
    """A request that cannot be carried out; the message says why."""


class ControlSocket:
    """Answers requests about a queue until it is closed."""

    def __init__(self, directory: Path, queue: MailQueue) -> None:
        self._path = directory / SOCKET_NAME
        self._queue = queue
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. The directory is ours alone, so a socket that is there is a dead server's. Raises OSError."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with reachable(self._path) as name:
                listening.bind(name)
            self._path.chmod(0o600)
            self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=_LONGEST_REQUEST)
        except BaseException:
            listening.close()
            raise

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, ValueError):  # ValueError: a line without end
                while line := await reader.readline():
                    writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, object]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise _Mistake("a request is an object")
            match request.get("command"):
                case "list":
                    return {"entries": [_summary(each) for each in await self._queue.entries()]}
                case "flush":
                    return {"recipients": await self._flush(request)}
                case "show":
                    return await self._show(request)
                case other:
                    raise _Mistake(f"there is no command {other!r}")
        except json.JSONDecodeError as error:
            return {"error": f"not JSON: {error}"}
        except (_Mistake, StoreFailure) as error:
            return {"error": str(error)}

    async def _flush(self, request: Mapping[str, Any]) -> int:
        names = request.get("entries") or None
        if names is None:
            return await self._queue.flush()
        return await self._queue.flush([(await self._entry(name)).id for name in names])

    async def _show(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        entry = await self._entry(request.get("entry"))
        octets = await self._queue.octets(entry.id)
        return {"entry": _summary(entry), "message": octets.decode("latin-1")}

    async def _entry(self, name: object) -> QueueEntry:
        match = _NAME.fullmatch(name) if isinstance(name, str) else None
        found = [each for each in await self._queue.entries() if match and each.id == int(match[1])]
        if not found:
            raise _Mistake(f"there is no {name} in the queue")
        return found[0]


def _summary(entry: QueueEntry) -> dict[str, object]:
    """All but the octets."""
    return {
        "name": entry.name,
        "arrived": entry.arrived.isoformat(),
        "size": entry.length,
        "sender": entry.envelope.reverse_path,
        "recipients": [_of_recipient(each) for each in entry.recipients],
    }


def _of_recipient(recipient: QueuedRecipient) -> dict[str, object]:
    last = recipient.last
    return {
        "address": recipient.recipient.address,
        "fate": recipient.fate.value,
        "attempts": recipient.attempts,
        "next_attempt": None if recipient.next_attempt is None else recipient.next_attempt.isoformat(),
        "last_attempt": None if recipient.last_attempt is None else recipient.last_attempt.isoformat(),
        "status": None if last is None else last.status,
        "diagnostic": None if last is None else last.text,
    }


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name of the socket that is short enough for the system. Raises OSError where there is none."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
