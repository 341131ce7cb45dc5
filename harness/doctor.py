"""Doctor: what was tried on a target, what was seen, and what to change; every run begins and ends with it.

Greetings and TLS on every endpoint, capabilities (RFC 2449 §5, RFC 3501 §6.1.1, RFC 5321 §4.1.1.1), a login, a message
that is loaded and read back byte for byte, and the clock as far as trace fields (RFC 5321 §4.4) show it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial

from harness.arrival import read_mailbox
from harness.clients.imap import ImapSession, exists
from harness.clients.pop3 import Pop3Session
from harness.clients.smtp import LmtpSession, SmtpSession
from harness.corpus import CorpusMessage, Trait
from harness.doctor_mail import ARRIVING, RECIPIENT_MEND, SUBMISSION_MEND, SUBMITTING, try_recipient, try_submission
from harness.doctor_relay import RELAY_MEND, STRANGER_MEND, try_relay, try_stranger
from harness.errors import PostelError, SetupError, TargetLost, TargetProtocolError
from harness.results import DoctorLine
from harness.targets.emptying import pop3_login
from harness.targets.model import Account, Endpoint, Target, TlsMode
from harness.targets.reach import imap_session, open_session

#: Protocol -> capability, keyword or extension -> its parameters.
Capabilities = Mapping[str, Mapping[str, Sequence[str]]]

#: Seconds that a target's clock may differ from ours before it is worth a word.
CLOCK_TOLERANCE = 120.0
#: Accounts that are tried before the login counts as failed.
ACCOUNTS_TRIED = 3

_TROUBLE = (PostelError, TargetLost, TargetProtocolError, OSError)
_RECEIVED_DATE = re.compile(rb"^Received:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*?;\s*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Examination:
    """What the doctor found. `capabilities` are those before and after login; `greeting` is POP3's, else the first."""

    lines: tuple[DoctorLine, ...]
    ok: bool
    capabilities: Capabilities = field(default_factory=dict)
    greeting: str = ""


async def examine(target: Target, *, timeout: float) -> Examination:
    """Examine a started target; `timeout` is seconds for one answer. Never raises for what the target does."""
    return await _Doctor(target, timeout).examine()


class _Doctor:
    """One examination."""

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._lines: list[DoctorLine] = []
        self._capabilities: dict[str, dict[str, tuple[str, ...]]] = {}
        self._greetings: dict[str, str] = {}

    async def examine(self) -> Examination:
        state = await self._target.alive()
        if not state.running:
            status = "" if state.exit_status is None else f" with exit status {state.exit_status}"
            tail = _shown(state.log_tail[-300:].encode())
            self._add("is it running", f"it has ended{status}; its log ends: {tail}", False, "read its log")
        else:
            for endpoint in self._target.endpoints.values():
                await self._try(f"{endpoint} greets", _GREETING_MEND, partial(self._greet, endpoint))
            if all(line.ok for line in self._lines):
                await self._mailbox()
            if all(line.ok for line in self._lines):
                await self._relay()
        greeting = self._greetings.get("pop3") or next(iter(self._greetings.values()), "")
        ok = all(line.ok for line in self._lines)
        return Examination(tuple(self._lines), ok, self._capabilities, greeting)

    def _add(self, tried: str, saw: str, ok: bool, mend: str = "") -> None:
        self._lines.append(DoctorLine(tried, saw, ok, "" if ok else mend))

    async def _try(self, tried: str, mend: str, step: Callable[[], Awaitable[str]]) -> bool:
        """Take a step, and a line down for it; whatever the target does is something that was seen."""
        try:
            saw = await step()
        except _TROUBLE as error:
            hint = getattr(error, "mend", "") or mend
            problem = getattr(error, "problem", "") or str(error) or type(error).__name__
            self._add(tried, problem, False, hint)
            return False
        self._add(tried, saw, True)
        return True

    # -- endpoints ------------------------------------------------------------------------------

    async def _greet(self, at: Endpoint) -> str:
        """Connect, read the greeting, ask for capabilities, start TLS where it is offered."""
        match at.protocol:
            case "pop3":
                saw, listed = await self._greet_pop3(at)
            case "imap":
                saw, listed = await self._greet_imap(at)
            case _:
                saw, listed = await self._greet_smtp(at)
        self._announced(at, listed)
        self._greetings[at.name] = saw
        return saw + _TLS_WORDS[at.tls]

    def _announced(self, at: Endpoint, listed: Mapping[str, tuple[str, ...]]) -> None:
        """Note what an endpoint announces: each of SMTP's for itself (25 and 587 differ), POP3's and IMAP's in the
        clear."""
        if at.protocol in ("smtp", "lmtp"):
            self._capabilities.setdefault(at.name, {}).update(listed)
        elif at.tls is not TlsMode.IMPLICIT:
            self._capabilities.setdefault(at.protocol, {}).update(listed)

    async def _greet_pop3(self, at: Endpoint) -> tuple[str, dict[str, tuple[str, ...]]]:
        async with await open_session(self._target, Pop3Session, at, self._timeout) as session:
            assert session.greeting is not None
            saw = _shown(session.greeting.raw)
            if not session.greeting.ok:
                raise TargetProtocolError(f"the greeting is {saw}")
            listed = await session.capa()
            if at.tls is TlsMode.STARTTLS:
                _granted((await session.stls(self._target.tls_context())).ok, "STLS")
            await session.quit()
            return saw, listed

    async def _greet_imap(self, at: Endpoint) -> tuple[str, dict[str, tuple[str, ...]]]:
        async with await open_session(self._target, ImapSession, at, self._timeout) as session:
            assert session.greeting is not None
            saw = _shown(session.greeting.raw)
            listed: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(await session.capability()), ())
            if at.tls is TlsMode.STARTTLS:
                _granted((await session.command("STARTTLS")).ok, "STARTTLS")
                await session.connection.start_tls(self._target.tls_context())
            await session.logout()
            return saw, listed

    async def _greet_smtp(self, at: Endpoint) -> tuple[str, dict[str, tuple[str, ...]]]:
        kind = LmtpSession if at.protocol == "lmtp" else SmtpSession
        async with await open_session(self._target, kind, at, self._timeout) as session:
            assert session.greeting is not None
            saw = _shown(session.greeting.raw)
            if not session.greeting.ok:
                raise TargetProtocolError(f"the greeting is {saw}")
            _granted((await session.greet()).ok, session.greets_with)
            listed = _extensions(session)
            if at.tls is TlsMode.STARTTLS:
                _granted((await session.starttls(self._target.tls_context())).ok, "STARTTLS")
                _granted((await session.greet()).ok, f"{session.greets_with} inside TLS")
                listed |= _extensions(session)  # AUTH may be announced only there (RFC 4954 §4)
            await session.quit()
            return saw, listed

    # -- a mailbox ------------------------------------------------------------------------------

    async def _mailbox(self) -> None:
        """Log in, load a message, read it back, and leave the mailbox empty."""
        account = await self._usable_account()
        if account is None:
            return
        if not await self._mail(account):
            return
        names = set(self._target.endpoints)
        if names & {"imap", "imaps"} and not await self._try(
            f"IMAP login as {account.name}", _LOGIN_MEND, lambda: self._login_imap(account)
        ):
            return
        if names & {"pop3", "pop3s"}:
            if not await self._try(f"POP3 login as {account.name}", _LOGIN_MEND, lambda: self._login_pop3(account)):
                return
            read = self._read_pop3
        elif names & {"imap", "imaps"}:
            read = self._read_imap
        elif self._target.reader is not None:
            read = self._read_by_its_own_way
        else:
            return
        message = CorpusMessage("doctor", _MESSAGE % (time.time_ns(), time.time_ns()))
        loaded = await self._try(
            "a message is loaded", "check [loading] in the profile", lambda: self._load(account, message)
        )
        if loaded:
            await self._try("it is read back byte for byte", _READ_MEND, lambda: self._compare(account, message, read))
        await self._try(
            f"the mailbox of {account.name} is emptied", "check [emptying] in the profile", lambda: self._empty(account)
        )

    async def _mail(self, account: Account) -> bool:
        """Log in where mail is submitted, and name the account where mail arrives."""
        tried = []
        for name, at in self._target.endpoints.items():
            if name in SUBMITTING:
                step = partial(try_submission, self._target, at, account, self._timeout)
                tried.append(await self._try(f"{name} login as {account.name}", SUBMISSION_MEND, step))
            elif name in ARRIVING:
                step = partial(try_recipient, self._target, at, account, self._timeout)
                tried.append(await self._try(f"{name} takes mail for {account.name}", RECIPIENT_MEND, step))
        return all(tried)

    async def _relay(self) -> None:
        """Let the target send a message on, and be reached by a stranger; where it has a testbed."""
        bed, table = self._target.testbed, self._target.profile.relay
        if bed is None or table is None:
            return
        step = partial(try_relay, self._target, bed, table, self._target.accounts[0], self._timeout)
        await self._try("it sends mail on", RELAY_MEND, step)
        if "smtp" in bed.strangers:
            await self._try("a stranger reaches smtp", STRANGER_MEND, partial(try_stranger, bed, "smtp", self._timeout))

    async def _usable_account(self) -> Account | None:
        """The first account that can be logged in to and is empty."""
        problem = "there are no accounts"
        mend = "give the profile an [accounts] table"
        for account in self._target.accounts[:ACCOUNTS_TRIED]:
            try:
                await self._target.empty(account)
            except _TROUBLE as error:
                problem, mend = f"{account.name}: {getattr(error, 'problem', error)}", getattr(error, "mend", "")
            else:
                self._add("an account is there, and empty", account.name, True)
                return account
        self._add("an account is there, and empty", problem, False, mend or _LOGIN_MEND)
        return None

    async def _login_pop3(self, account: Account) -> str:
        async with await pop3_login(self._target, account, self._timeout) as session:
            listed = await session.capa()
            found = self._capabilities.setdefault("pop3", {})
            found.update(listed)
            found.update(_implied(session, listed))
            await session.quit()
        tags = " ".join(sorted(self._capabilities.get("pop3", {})))
        return f"logged in; capabilities: {tags}" if tags else "logged in; no CAPA"

    async def _login_imap(self, account: Account) -> str:
        """Log in, and ask again: many servers announce more then (RFC 3501 §7.2.1)."""
        async with await self._imap(account) as session:
            listed = sorted(await session.capability())
            self._capabilities.setdefault("imap", {}).update(dict.fromkeys(listed, ()))
            await session.logout()
        return f"logged in; capabilities: {' '.join(listed)}"

    async def _load(self, account: Account, message: CorpusMessage) -> str:
        began = time.monotonic()
        await self._target.loader.load(account, [message])
        carries = ", ".join(sorted(self._target.loader.carries)) or "7-bit lines only"
        return f"{len(message.data)} octets in {time.monotonic() - began:.2f} s; carries {carries}"

    async def _read_pop3(self, account: Account) -> bytes:
        try:
            login = await pop3_login(self._target, account, self._timeout)
        except SetupError as error:
            raise SetupError(error.problem, mend=_LOADED_MEND) from error
        async with login as session:
            reply = await session.command("RETR 1")
            await self._probe(session)
            await session.quit()
        if reply.body is None:
            raise TargetProtocolError(f"RETR 1 was answered {_shown(reply.raw)}")
        return reply.body

    async def _probe(self, session: Pop3Session) -> None:
        """A server without CAPA may have the optional commands all the same (RFC 1939 §7): they are tried."""
        found = self._capabilities.setdefault("pop3", {})
        for command in ("TOP 1 0", "UIDL") if "CAPA" not in found else ():
            if (await session.command(command)).ok:
                found[command.split(" ")[0]] = ()

    async def _read_imap(self, account: Account) -> bytes:
        async with await self._imap(account) as session:
            selected = await session.select("INBOX")
            if not exists(selected):
                raise TargetProtocolError("INBOX holds no message")
            fetched = await session.command("FETCH 1 BODY.PEEK[]")
            await session.logout()
        raw = b"".join(each.raw for each in fetched.untagged)
        head = re.search(rb"\{(\d+)\}\r\n", raw)
        if head is None:
            raise TargetProtocolError(f"FETCH was answered {_shown(raw)}")
        return raw[head.end() : head.end() + int(head.group(1))]

    async def _read_by_its_own_way(self, account: Account) -> bytes:
        found = await read_mailbox(self._target, account, self._timeout)
        if not found:
            raise TargetProtocolError("the mailbox holds no message")
        return found[0]

    async def _imap(self, account: Account) -> ImapSession:
        session = await imap_session(self._target, self._timeout)
        if not (await session.login(account.name, account.password)).ok:
            await session.close()
            raise TargetProtocolError(f"no IMAP login as {account.name}")
        return session

    async def _compare(
        self, account: Account, message: CorpusMessage, read: Callable[[Account], Awaitable[bytes]]
    ) -> str:
        data = await read(account)
        if not data.endswith(message.data):
            raise TargetProtocolError(f"{len(data)} octets that are not the message: {_shown(data)}")
        before = data[: -len(message.data)]
        if before and Trait.EXACT in self._target.loader.carries:
            raise TargetProtocolError(f"{len(before)} octets stand before the message: {_shown(before)}")
        saw = f"the same {len(message.data)} octets" + (
            f", {len(before)} of trace fields before them" if before else ""
        )
        drift = _clock_drift(before)
        if drift is not None and abs(drift) > CLOCK_TOLERANCE:
            raise TargetProtocolError(f"{saw}; but its clock is {drift:+.0f} s from ours")
        return saw + ("" if drift is None else f"; its clock is {drift:+.0f} s from ours")

    async def _empty(self, account: Account) -> str:
        await self._target.empty(account)
        return "empty"


_GREETING_MEND = "check [ports] and [tls] in the profile, and the server's log"
_LOGIN_MEND = (
    "check [accounts] in the profile; a server that refuses passwords without TLS must be told to allow them in tests"
)
_LOADED_MEND = (
    "it worked before a message was loaded: is the mailbox still one that the server may open? A file that [loading] "
    "makes belongs to whoever makes it, so let [accounts] command make it, with its owner"
)
_READ_MEND = (
    "leave `exact` out of [loading] carries where something is put before messages; else the server changes mail"
)
_MESSAGE = (
    b"From: doctor@client.test\r\nTo: doctor@target.test\r\nSubject: doctor %d\r\n"
    b"Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nMessage-ID: <%d@client.test>\r\n\r\n"
    b".a line that begins with a dot\r\n.\r\nthe end\r\n"
)


#: What the line about an endpoint says of TLS.
_TLS_WORDS = {TlsMode.NONE: "", TlsMode.STARTTLS: ", TLS starts", TlsMode.IMPLICIT: ", inside TLS"}


def _extensions(session: SmtpSession) -> dict[str, tuple[str, ...]]:
    return {keyword: tuple(parameters.split()) for keyword, parameters in session.extensions.items()}


def _granted(ok: bool, command: str) -> None:
    if not ok:
        raise TargetProtocolError(f"{command} was refused")


def _clock_drift(trace: bytes) -> float | None:
    """Seconds by which the newest trace field is ahead of our clock; None without one that can be read."""
    found = _RECEIVED_DATE.search(trace)
    if found is None:
        return None
    try:
        return parsedate_to_datetime(found.group(1).decode("ascii", "replace")).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def _shown(data: bytes) -> str:
    """Bytes of a target as one printable line."""
    text = data.decode("utf-8", "replace").strip()
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)[:160]


def _implied(session: Pop3Session, listed: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """What cases call capabilities although CAPA does not list it: CAPA itself, and APOP, which a greeting announces.

    Without CAPA, a login that USER and PASS opened shows that they are there.
    """
    implied: dict[str, tuple[str, ...]] = {"CAPA": ()} if listed else {"USER": ()}
    if session.timestamp is not None:
        implied["APOP"] = ()
    return implied
