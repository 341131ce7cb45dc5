"""Stage: what a case's script sees. It opens sessions, loads messages, and takes down what was expected and seen.

A stage belongs to one performance of one case, on one leased account of one target. Everything that it opens it
closes. Scripts never see the target itself, so the same script plays against target, oracle and faulty variant.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.accounts import AccountPool
from harness.arrival import arrived, settled
from harness.cases import Case
from harness.clients.imap import ImapSession
from harness.clients.imap_names import MailboxNames
from harness.clients.opening import OpenedSession
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import LmtpSession, SmtpSession
from harness.corpus import Corpus, CorpusMessage, Trait
from harness.errors import PostelError, TargetLost
from harness.mail_session import SENDER, logged_in
from harness.notebook import Notebook, shown
from harness.targets.model import Account, Endpoint, Target, TlsMode
from harness.targets.profile import Role
from harness.testbed.case_bed import CaseBed
from harness.transcript import EventKind, Recorder
from harness.wire.connection import Connection

if TYPE_CHECKING:
    from harness.partner import Partner
    from harness.time_lapse import TimeLapse

__all__ = ["Blocked", "Capabilities", "Enough", "Facts", "NotApplicable", "Stage", "shown"]

S = TypeVar("S", bound=OpenedSession)

#: Times the timeout in which a message that was accepted must lie in its mailbox.
ARRIVAL = 3.0

#: Capability tags and their parameters, as the preflight found them: protocol -> TAG -> parameters.
Capabilities = Mapping[str, Mapping[str, Sequence[str]]]


class NotApplicable(Exception):
    """The target lacks a capability that the case is about."""


class Blocked(Exception):
    """A prerequisite of the case failed; the text names it."""


class Enough(Exception):
    """What was seen settles the case; playing on would only accuse of consequences."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a script may know of the target. `exact`: nothing is put before or behind a loaded message's bytes."""

    autologout_seconds: float | None
    imap_autologout_seconds: float | None
    exact: bool
    can_restart: bool
    roles: frozenset[Role]
    capabilities: Mapping[str, Sequence[str]]


class Stage(Notebook):
    """One performance's stage."""

    def __init__(
        self,
        case: Case,
        target: Target,
        account: Account,
        *,
        corpus: Corpus,
        capabilities: Capabilities,
        timeout: float,
        masked: bool = True,
        pool: AccountPool | None = None,
        neighbours: Sequence[Account] = (),
    ) -> None:
        self.case = case
        self.account = account
        self.timeout = timeout
        exact = Trait.EXACT in target.loader.carries
        secrets = [each.password for each in (account, *neighbours)]
        super().__init__(Recorder(secrets if masked else []), exact=exact)
        self.facts = Facts(
            autologout_seconds=target.autologout_seconds,
            imap_autologout_seconds=target.imap_autologout_seconds,
            exact=exact,
            can_restart=target.can_restart,
            roles=frozenset(target.profile.roles),
            capabilities=capabilities.get(case.endpoint or case.protocol, {}),
        )
        self.neighbours = list(neighbours)  # further accounts that the case has leased
        self._target = target
        self._pool = pool
        self._masked = masked
        self._corpus = corpus
        self.mailbox_names: MailboxNames | None = None  # where the user's mailboxes have a prefix
        self._sessions: list[OpenedSession | Connection] = []
        self._bed: CaseBed | None = None
        self._shares: list[Partner | TimeLapse | CaseBed] = []

    # -- bringing things about ------------------------------------------------------------------

    def lease(self, users: int) -> tuple[Account, ...]:
        """So many accounts, the case's own first; all are emptied and given back when the case is over.

        Those that the case asked for (`users`) are there. More are only for cases with `isolation: target`: what is
        free is taken and nobody waited for, so that two cases can never wait for each other. Raises NotApplicable
        where the target has fewer accounts, Blocked where too few are free.
        """
        if len(self._target.accounts) < users:
            given = len(self._target.accounts)
            raise NotApplicable(f"{users} accounts are needed at the same time, and the profile names {given}")
        wanted = users - 1 - len(self.neighbours)
        self.neighbours += self._pool.lease_free(max(wanted, 0)) if self._pool is not None else ()
        aside = (
            "; ".join(f"{name}: {why}" for name, why in list(self._pool.set_aside.items())[:2]) if self._pool else ""
        )
        self.require(len(self.neighbours) >= users - 1, f"{users} accounts; some were set aside ({aside})")
        if self._masked:
            for each in self.neighbours:
                self.recorder.add_secret(each.password)
        return (self.account, *self.neighbours[: users - 1])

    async def load(self, *kinds: str, account: Account | None = None) -> tuple[CorpusMessage, ...]:
        """Put one message of each kind into a mailbox, in order; the case's own unless another is named.

        Raises Blocked, SetupError.
        """
        if not kinds:
            return ()
        fresh = self.compose(*kinds)
        carries = self._target.loader.carries
        for message in fresh:
            missing = message.traits - carries
            if missing:
                traits = ", ".join(sorted(missing))
                raise Blocked(f"the way in cannot carry a {message.kind} message unharmed ({traits})")
        await self._target.loader.load(account or self.account, fresh)
        return fresh

    def compose(self, *kinds: str) -> tuple[CorpusMessage, ...]:
        """Make one message of each kind, for the case to send; they are not loaded."""
        numbers = range(len(self.messages) + 1, len(self.messages) + len(kinds) + 1)
        fresh = tuple(self._corpus(kind, number) for kind, number in zip(kinds, numbers, strict=True))
        self.messages += fresh
        return fresh

    async def pop3(self, *, login: bool = True, tls: bool = False, greeting: bool = True) -> Pop3Session:
        """Open the next POP3 session: inside TLS from the start (`pop3s`) or not, greeted and logged in or not.

        Raises NotApplicable where the target has no such endpoint, TargetLost, Blocked when the login fails.
        """
        session = await self._open(Pop3Session, "pop3s" if tls else "pop3", greeting=greeting or login)
        if login:
            await self.login(session)
        return session

    async def connect(self, name: str) -> Connection:
        """A bare connection to the endpoint of that name (`pop3s`): nothing is read, and TLS is not begun.

        Raises NotApplicable where the target has no such endpoint, TargetUnreachable.
        """
        endpoint = self._endpoint(name)
        connection = await Connection.open(
            endpoint.host,
            endpoint.port,
            recorder=self.recorder,
            session=len(self._sessions) + 1,
            timeout=self.timeout,
        )
        self._sessions.append(connection)
        return connection

    async def login(self, session: Pop3Session) -> None:
        """Log in with USER and PASS as a prerequisite. Raises Blocked with the reply that refused it."""
        reply = await session.login(self.account.name, self.account.password)
        self.require(reply.status == "+OK", f"a login as {self.account.name}; the answer was {shown(reply.raw)}")

    async def imap(
        self,
        *,
        login: bool = True,
        select: str | None = None,
        examine: bool = False,
        tls: bool = False,
        greeting: bool = True,
    ) -> ImapSession:
        """Open the next IMAP session: inside TLS from the start (`imaps`) or not, greeted, logged in, selected.

        `select` names a mailbox; with `examine` it is opened read-only. Raises NotApplicable where the target has no
        such endpoint, TargetLost, Blocked when the login or the selection fails.
        """
        greeting = greeting or login or select is not None
        session = await self._open(ImapSession, "imaps" if tls else "imap", greeting=greeting)
        session.names = self.mailbox_names
        if login or select is not None:
            reply = await session.login(self.account.name, self.account.password)
            self.require(reply.ok, f"a login as {self.account.name}; the answer was {shown(reply.tagged.raw)}")
        if select is not None:
            reply = await session.select(select, examine=examine)
            self.require(reply.ok, f"the mailbox {select}; the answer was {shown(reply.tagged.raw)}")
        return session

    async def smtp(self, *, greeting: bool = True) -> SmtpSession:
        """Open an SMTP session, its greeting read, EHLO not sent. Raises NotApplicable, TargetLost."""
        return await self._open(SmtpSession, "smtp", greeting=greeting)

    async def lmtp(self, *, greeting: bool = True) -> LmtpSession:
        """Open an LMTP session, its greeting read, LHLO not sent. Raises NotApplicable, TargetLost."""
        return await self._open(LmtpSession, "lmtp", greeting=greeting)

    async def submission(self, *, login: bool = True, tls: bool = False, greeting: bool = True) -> SmtpSession:
        """Open a session for submission (RFC 6409), inside TLS from the start (`submissions`) or not.

        With `login` EHLO is sent and the account logged in, after STARTTLS where AUTH is announced only inside TLS.
        Raises NotApplicable, TargetLost, Blocked when the login fails.
        """
        session = await self._open(SmtpSession, "submissions" if tls else "submission", greeting=greeting or login)
        if login:
            reply = await logged_in(session, self.account, self.tls_context())
            self.require(reply.ok, f"a login as {self.account.name}; the answer was {shown(reply.raw)}")
        return session

    async def outgoing(self) -> SmtpSession:
        """A session in which mail to anywhere may be submitted, EHLO sent: as the profile's [relay] says.

        Raises NotApplicable, TargetLost, Blocked when the login fails.
        """
        relay = self._target.profile.relay
        if relay is None:
            raise NotApplicable("the target's profile has no [relay]")
        if relay.submit != "smtp":
            return await self.submission(tls=relay.submit == "submissions")
        session = await self.smtp()
        reply = await session.greet()
        self.require(reply.ok, f"EHLO; the answer was {shown(reply.raw)}")
        return session

    @property
    def testbed(self) -> CaseBed:
        """The case's share of what surrounds the target: see `harness.testbed`. Raises NotApplicable."""
        whole = self._target.testbed
        if whole is None:
            raise NotApplicable("the target has no testbed: its profile has no [relay], or none can be put around it")
        if self._bed is None:
            self._bed = whole.for_case(self._note)
            self._shares.append(self._bed)
        return self._bed

    async def partner(self) -> Partner:
        """An account on the reference as the other server of a chain: see `harness.partner`."""
        from harness.partner import partner_of  # noqa: PLC0415 - the reference as a target needs this module

        partner = await partner_of(self._target, self.timeout)
        self._shares.append(partner)
        return partner

    async def time_lapse(self) -> TimeLapse:
        """A server like the target on a clock that the case moves: see `harness.time_lapse`. Raises NotApplicable."""
        from harness.time_lapse import time_lapse_of  # noqa: PLC0415 - the reference as a target needs this module

        lapse = await time_lapse_of(self._target, self._note, self.timeout)
        self._shares.append(lapse)
        return lapse

    async def stranger(self, name: str = "smtp") -> SmtpSession:
        """An SMTP session of a client whom the target has no reason to trust, its greeting read, EHLO not sent.

        `name` is an endpoint without implicit TLS. Raises NotApplicable, TargetLost.
        """
        whole = self._target.testbed
        if whole is None or name not in whole.strangers:
            raise NotApplicable(f"no stranger can reach the target's {name} endpoint: it has no testbed")
        host, port = whole.strangers[name]
        session = await SmtpSession.open(
            host, port, recorder=self.recorder, session=len(self._sessions) + 1, timeout=self.timeout
        )
        self._sessions.append(session)
        return session

    def _note(self, text: str) -> None:
        self.recorder.record(0, EventKind.NOTE, text=text)

    async def delivered(self, count: int = 1, *, account: Account | None = None) -> tuple[bytes, ...]:
        """Every message in a mailbox, the case's own unless another is named, once there are `count` of them.

        Where fewer come, those that are there after ARRIVAL times the timeout. Raises SetupError where a mailbox of
        the target cannot be read.
        """
        whose, patience = account or self.account, self.timeout * ARRIVAL
        return self._read_back(
            whose, await arrived(self._target, whose, count, patience=patience, timeout=self.timeout)
        )

    async def settled(self, *, account: Account | None = None, via: str = "smtp") -> tuple[bytes, ...]:
        """Every message in a mailbox once all that was accepted before has had its turn: where nothing should come.

        Proved by messages that are sent behind them over a session of its own, `smtp` or `lmtp`. Raises NotApplicable,
        TargetLost, SetupError.
        """
        whose, patience = account or self.account, self.timeout * ARRIVAL
        session = await (self.lmtp() if via == "lmtp" else self.smtp())
        await session.greet()
        found = await settled(self._target, whose, session, SENDER, patience=patience)
        await session.quit()
        return self._read_back(whose, found)

    def _read_back(self, account: Account, found: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Note what was found, for the reader of a report."""
        text = "".join(f"; {len(each)} octets that begin {shown(each, 400)}" for each in found)
        self.recorder.record(0, EventKind.NOTE, text=f"{account.name} holds {len(found)} messages{text}")
        return found

    async def _open(self, kind: type[S], name: str, *, greeting: bool) -> S:
        endpoint = self._endpoint(name)
        session = await kind.open(
            endpoint.host,
            endpoint.port,
            recorder=self.recorder,
            session=len(self._sessions) + 1,
            timeout=self.timeout,
            tls=self._target.tls_context() if endpoint.tls is TlsMode.IMPLICIT else None,
            read_greeting=greeting,
        )
        self._sessions.append(session)
        return session

    def tls_context(self) -> ssl.SSLContext:
        """A client context that accepts the target's certificate."""
        return self._target.tls_context()

    def _endpoint(self, name: str) -> Endpoint:
        endpoint = self._target.endpoints.get(name)
        if endpoint is None:
            raise NotApplicable(f"the target has no {name} endpoint")
        return endpoint

    async def restart(self) -> None:
        """Restart the target with its mail kept. Only for cases with `isolation: target`."""
        if not self.facts.can_restart:
            raise Blocked("the target cannot be restarted through its profile")
        self.recorder.record(0, EventKind.NOTE, text="the target is restarted")
        await self._target.restart()

    async def idle(self, seconds: float, why: str) -> None:
        """Wait on purpose: the one place where a case may, so that waiting can be added up."""
        self.recorder.record(0, EventKind.NOTE, text=f"waiting {seconds:g} s: {why}")
        await asyncio.sleep(seconds)

    def require(self, holds: bool, what: str) -> None:
        """Take down a prerequisite. Raises Blocked where it fails."""
        if not holds:
            raise Blocked(self.recorder.mask_text(f"the case needs {what}"))

    def not_applicable(self, why: str) -> None:
        """End the case: the target lacks what it is about."""
        raise NotApplicable(why)

    async def close(self) -> None:
        """Close every session that is still open, and end what the case had of the testbed."""
        for session in self._sessions:
            try:
                await session.close()
            except (OSError, TargetLost):
                continue
        for share in self._shares:
            try:
                await share.close()
            except PostelError as error:
                self.note(f"the testbed could not be tidied up: {error}")
