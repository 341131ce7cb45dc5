"""Stage: what a case's script sees. It opens sessions, loads messages, and takes down what was expected and seen.

A stage belongs to one performance of one case, on one leased account of one target. Everything that it opens it
closes. Scripts never see the target itself, so the same script plays against target, oracle and faulty variant.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.accounts import AccountPool
from harness.cases import Case, Observation
from harness.clients.imap import ImapReply, ImapSession
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import SmtpSession
from harness.corpus import Corpus, CorpusMessage, Trait
from harness.dialogue import compare_message
from harness.errors import TargetLost
from harness.normalise.imap import canonical as imap_canonical
from harness.normalise.pop3 import canonical
from harness.targets.model import Account, Endpoint, Target
from harness.transcript import EventKind, Recorder
from harness.verdicts import Facet
from harness.wire.connection import Connection
from harness.wire.pop3 import Pop3Reply

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
    exact: bool
    can_restart: bool
    capabilities: Mapping[str, Sequence[str]]


class Stage:
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
    ) -> None:
        self.case = case
        self.account = account
        self.timeout = timeout
        self.messages: tuple[CorpusMessage, ...] = ()
        self.uids: dict[int, str] = {}  # names of loaded messages by UID, as far as the case knows them
        self.observations: list[Observation] = []
        self.notes: list[str] = []
        self.recorder = Recorder([account.password] if masked else [])
        self.facts = Facts(
            autologout_seconds=target.autologout_seconds,
            exact=Trait.EXACT in target.loader.carries,
            can_restart=target.can_restart,
            capabilities=capabilities.get(case.protocol, {}),
        )
        self.neighbours: list[Account] = []  # further accounts that the case has leased
        self._target = target
        self._pool = pool
        self._masked = masked
        self._corpus = corpus
        self._sessions: list[Pop3Session | SmtpSession | ImapSession | Connection] = []

    # -- bringing things about ------------------------------------------------------------------

    def lease(self, users: int) -> tuple[Account, ...]:
        """So many accounts, the case's own first; all are emptied and given back when the case is over.

        Only for cases with `isolation: target`: it takes what is free and waits for nobody, so that two cases can
        never wait for each other. Raises NotApplicable where the target has fewer accounts, Blocked where too few are
        free.
        """
        if len(self._target.accounts) < users:
            given = len(self._target.accounts)
            raise NotApplicable(f"{users} accounts are needed at the same time, and the profile names {given}")
        wanted = users - 1 - len(self.neighbours)
        self.neighbours += self._pool.lease_free(wanted) if self._pool is not None else ()
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
        numbers = range(len(self.messages) + 1, len(self.messages) + len(kinds) + 1)
        fresh = tuple(self._corpus(kind, number) for kind, number in zip(kinds, numbers, strict=True))
        carries = self._target.loader.carries
        for message in fresh:
            missing = message.traits - carries
            if missing:
                traits = ", ".join(sorted(missing))
                raise Blocked(f"the way in cannot carry a {message.kind} message unharmed ({traits})")
        await self._target.loader.load(account or self.account, fresh)
        self.messages += fresh
        return fresh

    async def pop3(self, *, login: bool = True, tls: bool = False, greeting: bool = True) -> Pop3Session:
        """Open the next POP3 session: inside TLS from the start (`pop3s`) or not, greeted and logged in or not.

        Raises NotApplicable where the target has no such endpoint, TargetLost, Blocked when the login fails.
        """
        endpoint = self._endpoint("pop3s" if tls else "pop3")
        session = await Pop3Session.open(
            endpoint.host,
            endpoint.port,
            recorder=self.recorder,
            session=len(self._sessions) + 1,
            timeout=self.timeout,
            tls=self._target.tls_context() if tls else None,
            read_greeting=greeting or login,
        )
        self._sessions.append(session)
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
        endpoint = self._endpoint("imaps" if tls else "imap")
        session = await ImapSession.open(
            endpoint.host,
            endpoint.port,
            recorder=self.recorder,
            session=len(self._sessions) + 1,
            timeout=self.timeout,
            tls=self._target.tls_context() if tls else None,
            read_greeting=greeting or login or select is not None,
        )
        self._sessions.append(session)
        if login or select is not None:
            reply = await session.login(self.account.name, self.account.password)
            self.require(reply.ok, f"a login as {self.account.name}; the answer was {shown(reply.tagged.raw)}")
        if select is not None:
            reply = await session.select(select, examine=examine)
            self.require(reply.ok, f"the mailbox {select}; the answer was {shown(reply.tagged.raw)}")
        return session

    async def smtp(self) -> SmtpSession:
        """Open an SMTP session with its greeting read. Raises NotApplicable, TargetLost."""
        return await self._smtp("smtp")

    async def lmtp(self) -> SmtpSession:
        """Open an LMTP session with its greeting read. Raises NotApplicable, TargetLost."""
        return await self._smtp("lmtp")

    async def _smtp(self, name: str) -> SmtpSession:
        endpoint = self._endpoint(name)
        session = await SmtpSession.open(
            endpoint.host,
            endpoint.port,
            recorder=self.recorder,
            session=len(self._sessions) + 1,
            timeout=self.timeout,
            lmtp=name == "lmtp",
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

    # -- taking down ----------------------------------------------------------------------------

    def expect(
        self,
        *requirements: str,
        holds: bool,
        facet: Facet,
        expected: str,
        observed: str,
        kind: str,
        event: int | None = None,
    ) -> bool:
        """Take down one expectation that cites requirements; returns whether it holds."""
        self.observe(Observation(requirements, facet, holds, expected, observed, kind, event=self._event(event)))
        return holds

    def expect_status(self, reply: Pop3Reply, status: str, *requirements: str, command: bytes | None = None) -> bool:
        """Expect a POP3 reply's status indicator."""
        return self.expect(
            *requirements,
            holds=reply.status == status,
            facet=Facet.STATUS,
            expected=status,
            observed=shown(reply.raw),
            kind=f"status:{_class(reply)}",
            event=reply.event,
        )

    def expect_tagged(self, reply: ImapReply, condition: str, *requirements: str) -> bool:
        """Expect how an IMAP command ends: `OK`, `NO`, `BAD`, or one of several (`NO|BAD`)."""
        return self.expect(
            *requirements,
            holds=reply.condition in condition.split("|"),
            facet=Facet.STATUS,
            expected=condition,
            observed=shown(reply.tagged.raw),
            kind=f"status:{reply.condition if reply.condition in ('OK', 'NO', 'BAD') else 'other'}",
            event=reply.tagged.event,
        )

    def expect_code(self, reply: ImapReply, name: str, *requirements: str) -> bool:
        """Expect a response code of this name in the tagged response or the untagged ones before it."""
        found = reply.coded(name)
        return self.expect(
            *requirements,
            holds=found is not None,
            facet=Facet.CODE,
            expected=f"the response code {name}",
            observed=shown(reply.tagged.raw),
            kind="code" if found is not None else "no-code",
            event=reply.tagged.event,
        )

    def expect_message(self, reply: Pop3Reply, message: CorpusMessage, *requirements: str) -> bool:
        """Expect the body of a reply to RETR to be this message, byte for byte, but for trace fields before it."""
        difference = (
            compare_message(message.data, reply.body, exact=self.facts.exact) if reply.body is not None else None
        )
        holds = reply.body is not None and difference is None
        return self.expect(
            *requirements,
            holds=holds,
            facet=Facet.CONTENT,
            expected=f"the {message.kind} message of {len(message.data)} octets",
            observed="the message" if holds else (difference.text if difference else shown(reply.raw)),
            kind="same" if holds else (f"content:{difference.kind}" if difference else f"status:{_class(reply)}"),
            event=reply.event,
        )

    def require(self, holds: bool, what: str) -> None:
        """Take down a prerequisite. Raises Blocked where it fails."""
        if not holds:
            raise Blocked(self.recorder.mask_text(f"the case needs {what}"))

    def not_applicable(self, why: str) -> None:
        """End the case: the target lacks what it is about."""
        raise NotApplicable(why)

    def note(self, text: str) -> None:
        """Add a remark to the result."""
        self.notes.append(text)

    def observe(self, observation: Observation) -> None:
        """Take down a ready observation (dialogues do), without secrets."""
        masked = self.recorder.mask_text(observation.observed)
        self.observations.append(replace(observation, observed=masked))

    def canonical(self, command: bytes | None, reply: Pop3Reply) -> dict[str, object]:
        """A reply's canonical form, for the comparison with the oracle."""
        return canonical(command, reply, self.messages)

    def imap_canonical(self, command: bytes | None, reply: ImapReply) -> dict[str, object]:
        """An IMAP reply's canonical form, for the comparison with the oracle."""
        return imap_canonical(command, reply, self.messages, self.uids)

    def _event(self, event: int | None) -> int | None:
        events = len(self.recorder.transcript.events)
        return event if event is not None else (events - 1 if events else None)

    async def close(self) -> None:
        """Close every session that is still open."""
        for session in self._sessions:
            try:
                await session.close()
            except (OSError, TargetLost):
                continue


def _class(reply: Pop3Reply) -> str:
    return reply.status if reply.status in ("+OK", "-ERR") else "other"


def shown(raw: bytes, limit: int = 120) -> str:
    """Bytes of a target as printable text, for a sentence: control and non-ASCII octets as escapes, long ones cut."""
    text = raw[:limit].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f"`{text}`" + (f" … ({len(raw)} octets)" if len(raw) > limit else "")
