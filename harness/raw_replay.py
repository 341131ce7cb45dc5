"""Raw replay: the bytes of played cases once more, over bare sockets, with nothing parsed, recorded or judged.

What it takes is the limit that the network and the target set; how much longer the player takes is postel's own cost.
Both load and empty the mailbox in the same way. Cases inside TLS or with a challenge are not replayed: their bytes
cannot be the same twice.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.accounts import AccountPool
from harness.cases import Case
from harness.corpus import Corpus
from harness.errors import SetupError
from harness.targets.mailboxes import remove_mailboxes
from harness.targets.model import Account, Target
from harness.transcript import Event, EventKind, Transcript

#: Octets by which an answer may be shorter than it was: time stamps and ids change.
SLACK = 24
RECEIVE = 256 * 1024
#: Seconds in which a replay must be over to be measured.
TRIAL = 5.0

_END = b"\r\n.\r\n"
_NOT_RAW = frozenset({EventKind.TLS, EventKind.SILENT, EventKind.RESET, EventKind.NOTE})
_CHALLENGE = re.compile(rb"(?:\S+ )?(?:AUTH|AUTHENTICATE|APOP|STLS|STARTTLS)\b", re.IGNORECASE)
_TAGGED = re.compile(rb"[A-Za-z]+\d+ ")


@dataclass(frozen=True, slots=True)
class Recording:
    """A case as it was played with these accounts, with every octet."""

    case: Case
    accounts: tuple[Account, ...]
    transcript: Transcript


def replayable(recording: Recording) -> bool:
    """Whether the same bytes mean the same when they are sent again."""
    events = recording.transcript.events
    return not any(
        event.kind in _NOT_RAW or event.omitted or (event.kind is EventKind.SENT and _CHALLENGE.match(event.data))
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
            await _replay_one(recording, target, corpus, pool)

    async with asyncio.TaskGroup() as group:
        for recording in recordings:
            group.create_task(one(recording))


async def faithful(recordings: Sequence[Recording], target: Target, corpus: Corpus, jobs: int) -> list[Recording]:
    """Those that raw sockets can replay: that get answers as long, and as many, as when they were recorded."""
    places = asyncio.Semaphore(jobs)
    pool = AccountPool(target.accounts)
    found: list[Recording] = []

    async def one(recording: Recording) -> None:
        async with places:
            try:
                async with asyncio.timeout(TRIAL):
                    await _replay_one(recording, target, corpus, pool)
            except (OSError, TimeoutError, SetupError):
                return
        found.append(recording)

    async with asyncio.TaskGroup() as group:
        for recording in recordings:
            group.create_task(one(recording))
    return found


async def _replay_one(recording: Recording, target: Target, corpus: Corpus, pool: AccountPool) -> None:
    """Load, replay and clean up, as the player does."""
    accounts = await pool.lease(recording.case.users)
    messages = [corpus(kind, number) for number, kind in enumerate(recording.case.messages, 1)]
    try:
        if messages:
            await target.loader.load(accounts[0], messages)
        await _replay(recording, accounts)
    finally:
        for account in accounts:
            if recording.case.protocol == "imap":
                await remove_mailboxes(target, account)
            await target.empty(account)
            pool.give_back(account)


@dataclass(slots=True)
class _Raw:
    """One bare connection; `held` is what came beyond the answer that was waited for."""

    connection: socket.socket
    held: bytes = b""

    async def receive(self, before: bytes) -> None:
        """Receive an answer about as long as it was before, with the same end."""
        ending, least = _ending(before)
        while (found := ending.search(self.held, least)) is None:
            data = await asyncio.get_running_loop().sock_recv(self.connection, RECEIVE)
            if not data:
                return
            self.held += data
        self.held = self.held[found.end() :]


def _ending(before: bytes) -> tuple[re.Pattern[bytes], int]:
    """What an answer ends in, and from where on it is looked for.

    A tagged response of IMAP is known by its tag, whatever came before it. Other answers are about as long as before.
    """
    last = before.removesuffix(b"\r\n").rpartition(b"\r\n")[2]
    tagged = _TAGGED.match(last)
    if tagged is not None:
        return re.compile(rb"(?:\A|\n)" + re.escape(tagged[0]) + rb"[^\n]*\n"), 0
    ending = _END if before.endswith(_END) else before[-2:]
    return re.compile(re.escape(ending)), max(len(before) - SLACK - len(ending), 0)


def _exchanges(events: Sequence[Event]) -> Iterator[Event]:
    """The events, with what a session received in several pieces joined to one answer."""
    waiting: dict[int, Event] = {}
    for event in events:
        if event.kind is EventKind.RECEIVED and event.session in waiting:
            before = waiting[event.session]
            waiting[event.session] = replace(before, data=before.data + event.data)
        elif event.kind is EventKind.RECEIVED:
            waiting[event.session] = event
        else:
            yield from waiting.values()
            waiting.clear()
            yield event
    yield from waiting.values()


def _translated(recording: Recording, accounts: Sequence[Account]) -> Callable[[bytes], bytes]:
    """Puts these accounts' names and passwords in place of those in the recording, all at once."""
    values: dict[bytes, bytes] = {}
    for before, now in zip(recording.accounts, accounts, strict=True):
        values |= {before.name.encode(): now.name.encode(), before.password.encode(): now.password.encode()}
    found = re.compile(b"|".join(re.escape(each) for each in sorted(values, key=len, reverse=True)))
    return lambda data: found.sub(lambda match: values[match[0]], data)


async def _replay(recording: Recording, accounts: Sequence[Account]) -> None:
    open_ones: dict[int, _Raw] = {}
    translated = _translated(recording, accounts)
    try:
        for event in _exchanges(recording.transcript.events):
            if event.kind is EventKind.CONNECTED:
                open_ones[event.session] = await _connect(event.text)
            elif event.kind is EventKind.SENT:
                data = translated(event.data)
                await asyncio.get_running_loop().sock_sendall(open_ones[event.session].connection, data)
            elif event.kind is EventKind.RECEIVED:
                await open_ones[event.session].receive(event.data)
            elif event.kind is EventKind.LEFT:
                open_ones[event.session].connection.close()
    finally:
        for each in open_ones.values():
            each.connection.close()


async def _connect(address: str) -> _Raw:
    host, _, port = address.rpartition(":")
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    return _Raw(connection)
