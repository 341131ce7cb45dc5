"""ReferenceTarget: postel's own server as a target, in a process of its own, always stopped.

It is used as any server is: by its ports alone. It announces them in one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.corpus import Trait
from harness.errors import HarnessError, SetupError
from harness.results import TunedSetting
from harness.targets.emptying import Pop3Emptier
from harness.targets.loaders import SmtpLoader
from harness.targets.local import run_locally
from harness.targets.loopback import loopback_bed
from harness.targets.model import Account, Endpoint, Loader, MailReader, TargetState, TlsMode
from harness.targets.process import ServerProcess, process_state
from harness.targets.profile import BlockedEntry, Profile, RelayTable
from harness.targets.reach import CommandResult
from harness.targets.shared import Shared
from harness.testbed.bed import LoopbackBed
from harness.testbed.case_bed import RelayFacts
from harness.testbed.target_bed import TargetBed, target_bed
from reference_server.queue.control_client import NoServer, Refused, ask

ACCOUNTS = 32
PASSWORD = "correct horse"
#: Seconds to autologout: short enough to be waited for, long enough not to hit a session that works.
AUTOLOGOUT = 5.0
#: The same for IMAP, where cases hold several sessions, one of which may have nothing to say for a while.
IMAP_AUTOLOGOUT = 10.0
START_BUDGET = 30.0
#: Seconds between two tries of a message.
RETRY = 1.0


#: What no SMTP server can be given (RFC 5321 §4.1.1.4).
_NO_FINAL_CRLF = BlockedEntry(
    cases=("pop3/rfc1939-11/size-of-no-final-crlf",),
    reason="messages come in by LMTP, where every message ends in CRLF",
)


class ReferenceTarget:
    """`python -m reference_server` on a directory of its own."""

    name = "reference"
    product = "postel reference"
    image_digest = ""
    can_restart = True

    def __init__(self) -> None:
        relay = RelayTable(retry_seconds=RETRY, flush=("postel", "queue", "flush"))
        self.profile = Profile(name=self.name, blocked=(NOT_BY_LMTP,), roles=("alice", "bob"), relay=relay)
        try:
            self.version = version("postel")
        except PackageNotFoundError:
            self.version = ""
        self.accounts: Sequence[Account] = tuple(
            Account(f"user{number}", PASSWORD, f"user{number}@postel.test", apop=True)
            for number in range(1, ACCOUNTS + 1)
        )
        self.loader: Loader = SmtpLoader(self, "lmtp", "sender@client.test", CARRIED_BY_LMTP)
        self.reader: MailReader | None = None
        self.tuned: Sequence[TunedSetting] = (
            TunedSetting("autologout", f"{AUTOLOGOUT:g} s", "600 s", "so that it can be waited for"),
            TunedSetting("IMAP autologout", f"{IMAP_AUTOLOGOUT:g} s", "1800 s", "so that it can be waited for"),
            TunedSetting("retry", f"{RETRY:g} s", "1800 s", "so that a second try can be waited for"),
            TunedSetting("password hashes", "cheap", "memory-hard", "so that logins cost no time"),
        )
        self._server: ServerProcess | None = None
        self._directory: Path | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._authority = ""
        self._bed: LoopbackBed | None = None
        self.testbed: TargetBed | None = None
        self.shared = Shared()

    def listen(self, hears: Callable[[str], None]) -> None:
        """It is up in no time: there is nothing to tell."""

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Where it listens; empty before `start`."""
        return self._endpoints

    @property
    def strangers(self) -> Mapping[str, tuple[str, int]]:
        """It trusts nobody for his address, so whoever comes is a stranger."""
        return {name: (each.host, each.port) for name, each in self._endpoints.items()}

    @property
    def autologout_seconds(self) -> float | None:
        """Seconds."""
        return AUTOLOGOUT

    @property
    def imap_autologout_seconds(self) -> float | None:
        """Seconds."""
        return IMAP_AUTOLOGOUT

    async def start(self) -> None:
        """Start it with its accounts. Raises HarnessError: the reference is ours."""
        self._directory = Path(tempfile.mkdtemp(prefix="postel-reference-"))
        try:
            self._bed = await loopback_bed()
            await self._serve()
            self.testbed = await target_bed(self._bed, RelayFacts(RETRY, self._flush), self.strangers)
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    async def _serve(self) -> None:
        command = [sys.executable, "-m", "reference_server", "--json", "--test-run", "--data", str(self._directory)]
        command += ["--accounts", str(ACCOUNTS), "--password", PASSWORD, "--autologout", str(AUTOLOGOUT)]
        command += ["--imap-autologout", str(IMAP_AUTOLOGOUT)]
        assert self._bed is not None
        resolver, port = self._bed.resolver
        command += ["--resolver", f"{resolver}:{port}", "--relay-port", str(self._bed.hop_port), "--retry", str(RETRY)]
        self._server = ServerProcess(command, announces=True)
        await self._server.start({})
        line = await self._server.announcement(START_BUDGET)
        try:
            announced: dict[str, Any] = json.loads(line)
            self._authority = announced["ca"]
            self._endpoints = {
                name: Endpoint(name, each["protocol"], each["host"], int(each["port"]), TlsMode(each["tls"]))
                for name, each in announced["endpoints"].items()
            }
        except (ValueError, KeyError, TypeError) as error:
            log = self._server.log.decode("utf-8", "replace").strip()
            raise HarnessError(f"the reference did not start: {log[-400:] or 'it said nothing'}") from error

    async def stop(self) -> None:
        """End the process and remove its directory."""
        await self.shared.stop()
        if self._server is not None:
            await self._server.stop()
        if self._bed is not None:
            await self._bed.stop()
            self._bed = self.testbed = None
        directory, self._directory = self._directory, None
        if directory is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(shutil.rmtree, directory)

    async def restart(self) -> None:
        """Stop and start it on the same directory; its ports change."""
        if self._server is None or self._directory is None:
            raise SetupError("the reference is not running")
        await self._server.stop()
        await self._serve()
        if self.testbed is not None:
            self.testbed.strangers = dict(self.strangers)

    async def empty(self, account: Account) -> None:
        """Remove every message, by POP3."""
        await Pop3Emptier(self).empty(account)

    async def alive(self) -> TargetState:
        """Whether the process runs."""
        return process_state(self._server)

    def log(self) -> bytes:
        """Its connection log."""
        return self._server.log if self._server else b""

    def tls_context(self) -> ssl.SSLContext:
        """A context that trusts the authority that it announced, a path or the certificate itself."""
        if self._authority.startswith("-----BEGIN"):
            return ssl.create_default_context(cadata=self._authority)
        return ssl.create_default_context(cafile=self._authority)

    async def _flush(self) -> None:
        """As `postel queue flush` does. Raises HarnessError: the reference is ours."""
        assert self._directory is not None
        try:
            await asyncio.to_thread(ask, self._directory, {"command": "flush"})
        except (NoServer, Refused) as error:
            raise HarnessError(f"the reference's queue cannot be flushed: {error}") from error

    async def run(self, command: Sequence[str], stdin: bytes = b"") -> CommandResult:
        """Run a command on this machine."""
        return await run_locally(command, stdin, directory=Path.cwd())


#: LMTP carries lines that end in CRLF and puts trace fields before them.
CARRIED_BY_LMTP = frozenset(Trait) - {Trait.EXACT, Trait.NO_FINAL_CRLF}
NOT_BY_LMTP = BlockedEntry(
    cases=("pop3/*-of-no-final-crlf",),
    reason="a message that comes by SMTP or LMTP ends in CRLF (RFC 5321 §4.1.1.4)",
)
