"""The whole server: store, accounts, certificate, listeners; started and stopped together."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from reference_server.accounts import AccountBook
from reference_server.actions import Session, SessionContext, SessionFactory
from reference_server.backend import Credentials, Delivery, Maildrops, StoreFailure
from reference_server.clock import Clock, SystemClock
from reference_server.connection_log import ConnectionLog
from reference_server.imap.reader import MessageReader
from reference_server.imap.session import ImapSession
from reference_server.pop3 import Pop3Session
from reference_server.queue import MailQueue, QueueParts
from reference_server.settings import Settings
from reference_server.shell import Gate, Shell
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.store import Database, DataDirectory, LocalDelivery, LockingMaildrops, MailStore, MessageStore
from reference_server.tls import certificate_files, server_context

_DATABASE_NAME = "mail.sqlite3"
_BACKLOG = 512


class ServerError(Exception):
    """The server cannot be started; the message says why."""


class Tls(StrEnum):
    """When a listener's connections are encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one protocol is listened for."""

    name: str
    protocol: str
    host: str
    port: int
    tls: Tls


ImapSessionFactory = Callable[[SessionContext, MailStore, MessageReader], Session]
"""IMAP sessions see all of the store."""

LocalDeliveryFactory = Callable[[MessageStore, AccountBook, Settings], LocalDelivery]


@dataclass(frozen=True, slots=True)
class SessionFactories:
    """What the server builds its sessions with. A deliberate fault replaces one of these, and nothing else."""

    pop3: SessionFactory = Pop3Session
    smtp: SessionFactory = SmtpSession
    submission: SessionFactory = SubmissionSession
    lmtp: SessionFactory = LmtpSession
    imap: ImapSessionFactory = ImapSession
    maildrops: Callable[[Maildrops], Maildrops] = lambda maildrops: maildrops
    """Wraps what POP3 sessions see of the store; the same for the other two."""
    credentials: Callable[[Credentials], Credentials] = lambda credentials: credentials
    delivery: Callable[[Delivery], Delivery] = lambda delivery: delivery
    local_delivery: LocalDeliveryFactory = LocalDelivery
    queue: QueueParts = field(default_factory=QueueParts)
    """What the sending side is built of."""


@dataclass(frozen=True, slots=True)
class _Listener:
    name: str
    protocol: str
    tls: Tls
    port: int | None
    factory: SessionFactory


class MailServer:
    """A mail server in the running event loop. Use `start` and `stop`, or `async with`."""

    accounts: AccountBook
    """Who may log in; from `start` on."""
    store: MessageStore
    """All mail; from `start` on."""
    mail: MailStore
    """The same as IMAP sees it; from `start` on."""
    directory: Path
    """Where everything is kept; from `start` on."""
    queue: MailQueue
    """Mail on its way to other servers; from `start` on."""
    authority: Path
    """PEM file of the certificate authority that clients must trust; from `start` on."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        sessions: SessionFactories | None = None,
        log: ConnectionLog | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.endpoints: dict[str, Endpoint] = {}
        self._clock = clock or SystemClock()
        self._sessions = sessions or SessionFactories()
        self._log = log
        self._resources = AsyncExitStack()

    def use_clock(self, clock: Clock) -> None:
        """Live by another clock; only before `start`."""
        self._clock = clock

    async def __aenter__(self) -> MailServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the data and listen on every port. Raises ServerError or DataDirectoryError, and has then released
        everything."""
        try:
            self._check_networks()
            directory = self.directory = self._open_directory()
            self._open_store(directory)
            shell = self._open_shell(directory)
            self._open_queue()
            await self._listen(shell)
            self.queue.start([(end.host, end.port) for end in self.endpoints.values() if end.protocol == "smtp"])
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening, end the sessions, close the data; harmless when done twice."""
        self.endpoints = {}
        await self._resources.aclose()

    def _check_networks(self) -> None:
        for network in self.settings.relay_networks:
            try:
                ip_network(network, strict=False)
            except ValueError as error:
                raise ServerError(f"cannot relay for {network!r}: it is no IP network, such as 192.0.2.0/24") from error

    def _open_directory(self) -> Path:
        if self.settings.data is None:
            return Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="postel-")))
        directory = DataDirectory(self.settings.data)
        self._resources.callback(directory.release)
        return directory.path

    def _open_store(self, directory: Path) -> None:
        settings = self.settings
        durable = settings.data is not None or not settings.volatile
        try:
            database = Database(directory / _DATABASE_NAME, durable=durable)
            self._resources.callback(database.close)
            self.store = MessageStore(database, self._clock)
            self.mail = MailStore.over(self.store)
            self.accounts = AccountBook(database, settings.cost)
        except StoreFailure as error:
            raise ServerError(f"cannot open the data in {directory}: {error}") from error

    def _open_shell(self, directory: Path) -> Shell:
        settings = self.settings
        try:
            files = certificate_files(directory, (settings.hostname, "localhost", "127.0.0.1", "::1"))
            context = server_context(files)
        except (OSError, ssl.SSLError) as error:
            raise ServerError(f"cannot make the certificate in {directory}: {error}") from error
        self.authority = files.authority
        executor = ThreadPoolExecutor(settings.workers, thread_name_prefix="reference")
        self._resources.callback(executor.shutdown)
        shell = Shell(clock=self._clock, limits=settings.limits, executor=executor, tls=context, log=self._log)
        self._resources.push_async_callback(shell.stop)
        return shell

    def _open_queue(self) -> None:
        local = self._sessions.local_delivery(self.store, self.accounts, self.settings)
        self.queue = MailQueue(self.settings, self.store.database, local, self._clock, self._sessions.queue)
        self._resources.push_async_callback(self.queue.stop)

    async def _listen(self, shell: Shell) -> None:
        make = partial(
            SessionContext,
            settings=self.settings,
            clock=self._clock,
            maildrops=self._sessions.maildrops(LockingMaildrops(self.store)),
            credentials=self._sessions.credentials(self.accounts),
            delivery=self._sessions.delivery(self.queue.delivery),
            random_bytes=secrets.token_bytes,
        )
        imap = partial(_with_mail, self._sessions.imap, self.mail, MessageReader(self.mail.mail))
        for listener in self._listeners(imap):
            if listener.port is not None:
                self.endpoints[listener.name] = await self._open(listener, listener.port, shell, make)

    def _listeners(self, imap: SessionFactory) -> tuple[_Listener, ...]:
        ports, sessions = self.settings.ports, self._sessions
        plain = Tls.STARTTLS if self.settings.starttls else Tls.NONE
        return (
            _Listener("pop3", "pop3", plain, ports.pop3, sessions.pop3),
            _Listener("pop3s", "pop3", Tls.IMPLICIT, ports.pop3s, sessions.pop3),
            _Listener("smtp", "smtp", plain, ports.smtp, sessions.smtp),
            _Listener("submission", "smtp", plain, ports.submission, sessions.submission),
            _Listener("submissions", "smtp", Tls.IMPLICIT, ports.submissions, sessions.submission),
            _Listener("lmtp", "lmtp", plain, ports.lmtp, sessions.lmtp),
            _Listener("imap", "imap", plain, ports.imap, imap),
            _Listener("imaps", "imap", Tls.IMPLICIT, ports.imaps, imap),
        )

    async def _open(
        self, listener: _Listener, port: int, shell: Shell, make: Callable[..., SessionContext]
    ) -> Endpoint:
        def make_session(number: int, peer: str) -> Session:
            context = make(
                number=number,
                peer=peer,
                encrypted=listener.tls is Tls.IMPLICIT,
                can_start_tls=listener.tls is Tls.STARTTLS,
            )
            return listener.factory(context)

        gate = Gate(listener.name, listener.tls is Tls.IMPLICIT, make_session)
        host = self.settings.host
        try:
            server = await asyncio.start_server(partial(shell.accept, gate), host, port, backlog=_BACKLOG)
        except OSError as error:
            raise ServerError(
                f"cannot listen on {host} port {port} for {listener.name}: {error.strerror or error}"
            ) from error
        self._resources.callback(server.close)
        bound = server.sockets[0].getsockname()
        return Endpoint(listener.name, listener.protocol, bound[0], bound[1], listener.tls)


def _with_mail(factory: ImapSessionFactory, mail: MailStore, reader: MessageReader, context: SessionContext) -> Session:
    return factory(context, mail, reader)
