"""ProfiledTarget: what every target made from a profile shares; subclasses know how it runs.

A subclass brings `_bring_up`, which fills `_endpoints`, and `run`, which runs a command where the target runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from harness.errors import SetupError, UsageError
from harness.results import TunedSetting
from harness.targets.emptying import CommandEmptier, ImapEmptier, Pop3Emptier
from harness.targets.loaders import CARRIES, AppendLoader, CommandLoader, MaildirLoader, MboxLoader, SmtpLoader
from harness.targets.model import (
    IMPLICIT_TLS,
    PROTOCOLS,
    Account,
    Emptier,
    Endpoint,
    Loader,
    MailReader,
    TargetState,
    TlsMode,
)
from harness.targets.profile import EmptyingWay, LoadingWay, Profile, RelayTable
from harness.targets.reach import CommandResult, filled
from harness.targets.reading import MaildirReader
from harness.targets.shared import Shared
from harness.testbed.case_bed import RelayFacts
from harness.testbed.target_bed import TargetBed

#: Seconds that one connection may take to greet, at most and at least, and the pause before another is tried.
GREETING_TRY = 5.0
GREETING_LEAST = 0.2
GREETING_PAUSE = 0.05


class ProfiledTarget(ABC):
    """A target as its profile describes it. `progress` hears a line about each slow step."""

    def __init__(self, profile: Profile, ports: Mapping[str, int]) -> None:
        if not ports:
            raise UsageError(
                f"the target {profile.name} has no ports",
                mend="give them in the profile ([ports] pop3 = 110) or in the string (host:127.0.0.1?pop3=1110)",
            )
        self.profile = profile
        self.name = profile.name
        self.product = profile.product
        self.version = profile.version
        self.image_digest = ""
        self.accounts: Sequence[Account] = profile.pool()
        self.progress: Callable[[str], None] = lambda _text: None
        if not self.accounts:
            raise UsageError(
                f"the target {profile.name} has no accounts",
                mend="give it a profile (--profile) whose [accounts] name some",
            )
        self._ports = dict(ports)
        self._endpoints: dict[str, Endpoint] = {}
        self.loader: Loader = self._make_loader()
        self.reader: MailReader | None = MaildirReader(self, profile.reading.path) if profile.reading else None
        self.testbed: TargetBed | None = None
        self.shared = Shared()
        self._emptier = self._make_emptier()

    # -- facts ----------------------------------------------------------------------------------

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where the target listens; empty before `start`."""
        return self._endpoints

    @property
    def tuned(self) -> Sequence[TunedSetting]:
        """Settings that the profile lists as changed."""
        return tuple(TunedSetting(**each.model_dump()) for each in self.profile.tuned)

    @property
    def autologout_seconds(self) -> float | None:
        """As the profile says."""
        return self.profile.autologout_seconds

    @property
    def imap_autologout_seconds(self) -> float | None:
        """As the profile says."""
        return self.profile.imap_autologout_seconds

    @property
    def can_restart(self) -> bool:
        """As the profile says."""
        return self.profile.restart != "none"

    def tls_context(self) -> ssl.SSLContext:
        """A context that trusts the profile's authority; without one any certificate is taken."""
        if self.profile.tls.ca_file:
            path = self.profile.directory / self.profile.tls.ca_file
            try:
                return ssl.create_default_context(cafile=str(path))
            except (OSError, ssl.SSLError) as error:
                raise SetupError(f"[tls] ca_file {path} cannot be used: {error}") from error
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    # -- life -----------------------------------------------------------------------------------

    def listen(self, hears: Callable[[str], None]) -> None:
        """Tell each slow step from now on."""
        self.progress = hears

    async def start(self) -> None:
        """Bring the target up until every endpoint greets, then make its accounts."""
        try:
            await self._bring_up()
            await self._greeted()
            await self._learn_version()
            await self._make_accounts()
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    @abstractmethod
    async def _bring_up(self) -> None:
        """Start what is to be started and fill `_endpoints`. Raises SetupError."""

    @abstractmethod
    async def stop(self) -> None:
        """Take down what was started. May be called again; never raises."""

    @abstractmethod
    async def alive(self) -> TargetState:
        """Whether the target still runs."""

    @abstractmethod
    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command where the target runs. Raises SetupError."""

    async def empty(self, account: Account) -> None:
        """Remove every message of the account."""
        await self._emptier.empty(account)

    def _endpoint(self, name: str, host: str, port: int) -> Endpoint:
        mode = TlsMode.NONE
        if name in IMPLICIT_TLS:
            mode = TlsMode.IMPLICIT
        elif name in self.profile.tls.starttls:
            mode = TlsMode.STARTTLS
        return Endpoint(name, PROTOCOLS[name], host, port, mode)

    async def _learn_version(self) -> None:
        """Ask the server software for its version, as the profile says; a failure leaves what the profile knows."""
        if self.profile.version_command:
            result = await self.run(self.profile.version_command)
            lines = result.output.decode("utf-8", "replace").split("\n")
            if result.status == 0 and lines[0].strip():
                self.version = lines[0].strip()

    async def _make_accounts(self) -> None:
        for account in self.accounts if self.profile.accounts.command else ():
            result = await self.run(filled(self.profile.accounts.command, account))
            if result.status:
                raise SetupError(
                    f"making the account {account.name}: the command ended with {result.status}: {result.said}",
                    mend="check [accounts] command in the profile",
                )

    async def _flush(self) -> None:
        """Make it try everything in its queue, as the profile says; without a command its own clock does."""
        if self.profile.relay is not None and self.profile.relay.flush:
            result = await self.run(self.profile.relay.flush)
            if result.status:
                raise SetupError(
                    f"flushing the queue: the command ended with {result.status}: {result.said}",
                    mend="check [relay] flush in the profile",
                )

    def _relay_facts(self, table: RelayTable) -> RelayFacts:
        return RelayFacts(table.retry_seconds, self._flush)

    # -- readiness ------------------------------------------------------------------------------

    async def _greeted(self) -> None:
        """Return when every endpoint has greeted; an accepted connection alone says nothing."""
        deadline = asyncio.get_running_loop().time() + self.profile.ready_timeout
        for endpoint in self._endpoints.values():
            self.progress(f"waiting for {endpoint} to greet")
            while silence := await self._silence(endpoint, deadline):
                state = await self.alive()
                tail = state.log_tail.strip()[-600:]
                if state.exit_status is not None and not state.running:
                    raise SetupError(
                        f"{self.name} ended before it greeted (exit status {state.exit_status}): "
                        f"{tail or 'its log is empty'}"
                    )
                late = asyncio.get_running_loop().time() > deadline
                if late or not state.running:
                    within = f"did not greet within {self.profile.ready_timeout:g} s" if late else "does not greet"
                    raise SetupError(
                        f"{endpoint} {within}: {silence}" + (f"; its log ends: {tail}" if tail else ""),
                        mend="check that it runs, and [ports], or raise ready_timeout in the profile",
                    )
                await asyncio.sleep(GREETING_PAUSE)

    async def _silence(self, endpoint: Endpoint, deadline: float) -> str:
        """Why no first line came on a new connection, or nothing: POP3, IMAP and SMTP servers speak first."""
        context = self.tls_context() if endpoint.tls is TlsMode.IMPLICIT else None
        tried = max(GREETING_LEAST, min(GREETING_TRY, deadline - asyncio.get_running_loop().time()))
        try:
            async with asyncio.timeout(tried):
                reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
                try:
                    said = (await reader.readline()).strip()
                finally:
                    if context is not None:
                        writer.transport.abort()  # Exim does not answer the end of TLS, and would be waited for
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
        except TimeoutError:
            return "it says nothing"
        except ValueError:
            return "its first line has no end"
        except OSError as error:
            return error.strerror or str(error)
        return "" if said else "it closes the connection without a word"

    # -- ways in and out ------------------------------------------------------------------------

    def _make_loader(self) -> Loader:
        table = self.profile.loading
        via = table.via or self._usual_loading()
        carries = CARRIES[via] if table.carries is None else frozenset(table.carries)
        match via:
            case "smtp" | "lmtp":
                return SmtpLoader(self, via, table.sender, carries)
            case "imap-append":
                return AppendLoader(self, carries)
            case "maildir":
                return MaildirLoader(self, table.path, table.owner, table.line_ends == "crlf", carries)
            case "mbox":
                return MboxLoader(self, table.path, carries)
            case "command":
                return CommandLoader(self, table.command, carries)

    def _usual_loading(self) -> LoadingWay:
        """The way in for a profile that names none: the first that the ports allow."""
        ways: list[tuple[str, LoadingWay]] = [
            ("imap", "imap-append"),
            ("imaps", "imap-append"),
            ("lmtp", "lmtp"),
            ("smtp", "smtp"),
        ]
        for port, way in ways:
            if port in self._ports:
                return way
        raise UsageError(
            f"the target {self.name} has no way to load messages",
            mend="give it an imap, lmtp or smtp port, or [loading] in the profile",
        )

    def _make_emptier(self) -> Emptier:
        table = self.profile.emptying
        usual: EmptyingWay = "pop3" if {"pop3", "pop3s"} & set(self._ports) else "imap"
        match table.via or usual:
            case "pop3":
                return Pop3Emptier(self)
            case "imap":
                return ImapEmptier(self)
            case "command":
                return CommandEmptier(self, table.command)
