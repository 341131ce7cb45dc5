"""Raw replay: the bytes of played cases once more, over bare sockets, with nothing parsed, recorded or judged.

What it takes is the limit that the network and the target set; how much longer the player takes is postel's own cost.
Both load and empty the mailbox in the same way. Cases inside TLS or with a challenge are not replayed: their bytes
cannot be the same twice.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.accounts import AccountPool
from harness.cases import Case
from harness.corpus import Corpus
from harness.targets.model import Account, Target
from harness.transcript import Event, EventKind, Transcript

#: Octets by which an answer may be shorter than it was: time stamps and ids change.
SLACK = 24
RECEIVE = 256 * 1024

_NOT_RAW = frozenset({EventKind.TLS, EventKind.SILENT, EventKind.RESET, EventKind.NOTE})
_CHALLENGES = (b"AUTH ", b"APOP ", b"STLS")


@dataclass(frozen=True, slots=True)
class Recording:
    """A case as it was played with one account, with every octet."""

    case: Case
    account: Account
    transcript: Transcript


def replayable(recording: Recording) -> bool:
    """Whether the same bytes mean the same when they are sent again."""
    events = recording.transcript.events
    return not any(
        event.kind in _NOT_RAW
        or event.omitted
        or (event.kind is EventKind.SENT and event.data.upper().startswith(_CHALLENGES))
        for event in events
    )


def octets(recordings: Sequence[Recording]) -> int:
    """How many octets went either way."""
    return sum(len(event.data) for recording in recordings for event in recording.transcript.events)


async def replay_all(recordings: Sequence[Recording], target: Target, corpus: Corpus, jobs: int) -> None:
    """Replay recordings, `jobs` at a time, each on an account of its own. Raises OSError, TimeoutError, SetupError."""
    places = asyncio.Semaphore(jobs)
    pool = AccountPool(target.accounts)

    async def one(recording: Recording) -> None:
        async with places, asyncio.timeout(60):
            account = await pool.lease()
            kinds = recording.case.messages
            messages = [corpus(kind, number) for number, kind in enumerate(kinds, 1)]
            await target.loader.load(account, messages)
            await _replay(recording, account)
            await target.empty(account)
            pool.give_back(account)

    async with asyncio.TaskGroup() as group:
        for recording in recordings:
            group.create_task(one(recording))


async def _replay(recording: Recording, account: Account) -> None:
    sockets: dict[int, socket.socket] = {}
    old = recording.account
    try:
        for event in recording.transcript.events:
            if event.kind is EventKind.SENT:
                data = event.data.replace(old.name.encode(), account.name.encode())
                event = replace(event, data=data.replace(old.password.encode(), account.password.encode()))  # noqa: PLW2901
            await _step(event, sockets)
    finally:
        for each in sockets.values():
            each.close()


async def _step(event: Event, sockets: dict[int, socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    if event.kind is EventKind.CONNECTED:
        host, _, port = event.text.rpartition(":")
        sockets[event.session] = socket.socket()
        sockets[event.session].setblocking(False)
        sockets[event.session].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sockets[event.session], (host, int(port)))
    elif event.kind is EventKind.SENT:
        await loop.sock_sendall(sockets[event.session], event.data)
    elif event.kind is EventKind.RECEIVED:
        await _receive(loop, sockets[event.session], event.data)
    elif event.kind is EventKind.LEFT:
        sockets[event.session].close()


async def _receive(loop: asyncio.AbstractEventLoop, connection: socket.socket, before: bytes) -> None:
    """Receive an answer about as long as it was before, with the same end."""
    ending = b"\r\n.\r\n" if before.endswith(b"\r\n.\r\n") else before[-2:]
    tail, count = b"", 0
    while count < len(before) - SLACK or not tail.endswith(ending):
        data = await loop.sock_recv(connection, RECEIVE)
        if not data:
            return
        count += len(data)
        tail = (tail + data)[-len(ending) :]
