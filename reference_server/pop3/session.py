"""A POP3 session without I/O: octets in, actions out.

Ties grammar, command table and renderer together and holds what a session remembers. RFC 1939 §3 and §4; limits and
response codes of RFC 2449 and RFC 3206. What the commands do is in authorization.py, transaction.py and extensions.py.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Iterable, Mapping

from reference_server.actions import Action, Close, Heard, Refusal, Send, SessionContext
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, Conversation, Steps, blocking, next_line, with_cause
from reference_server.lines import Framing
from reference_server.pop3 import grammar
from reference_server.pop3.extensions import CAPABILITIES, Capability
from reference_server.pop3.open_maildrop import OpenMaildrop
from reference_server.pop3.responses import CommandRefused, Renderer, ResponseCode
from reference_server.pop3.state import COMMANDS, CommandTable, State, known
from reference_server.pop3.texts import LANGUAGES, Language, Text
from reference_server.sasl import MECHANISMS, MechanismFactory

_LIKE_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")
_PLAINTEXT_MECHANISMS = frozenset({"PLAIN"})


class Pop3Session(Conversation):
    """One client's session. Commands, capabilities, renderer and mechanisms can be exchanged for faulty ones."""

    state: State
    user_name: str
    """The name of the last USER; of use only to the PASS right after it."""
    utf8_mode: bool
    language: Language
    maildrop: OpenMaildrop
    """From the TRANSACTION state on."""

    def __init__(
        self,
        context: SessionContext,
        *,
        commands: CommandTable = COMMANDS,
        capabilities: tuple[Capability, ...] = CAPABILITIES,
        renderer: Renderer | None = None,
        mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
    ) -> None:
        super().__init__(context)
        self.commands = commands
        self.capabilities = capabilities
        self.renderer = renderer or Renderer()
        self.mechanisms = mechanisms
        self.failed_logins = 0
        self.timestamp = self.make_timestamp()
        self._greeted = False
        self._lock = threading.Lock()
        self._lost = False
        self._held: OpenMaildrop | None = None
        self.forget_client()

    # ---- what the shell calls -------------------------------------------------------------------------------------

    @property
    def idle_limit(self) -> float:
        """The autologout timer, in seconds; the same in every state [RFC1939-3-u]."""
        return self.context.settings.limits.pop3_idle

    def refuse(self, reason: Refusal) -> list[Action]:
        """See `Session`. Once the client was greeted, nothing may be said that answers no command."""
        if self._greeted:
            return [Close()]
        text = Text.TEMPORARY_FAILURE if reason is Refusal.SHUTTING_DOWN else Text.TOO_MANY_SESSIONS
        return [self.negative(text, ResponseCode.SYS_TEMP), Close()]

    def timed_out(self) -> list[Action]:
        """Autologout: close without a word; `connection_lost` removes nothing [RFC1939-3-w] [RFC1939-3-y]."""
        return [Close()]

    def connection_lost(self) -> None:
        """See `Session`. However the session ended, no message is removed but by QUIT [RFC1939-6-b]."""
        with self._lock:
            self._lost = True
            held, self._held = self._held, None
        if held is not None:
            held.release()
        super().connection_lost()

    # ---- the conversation -----------------------------------------------------------------------------------------

    def converse(self) -> Steps:
        """Greeting, then command after command [RFC1939-3-b]."""
        self._greeted = True
        text = f"{self.context.settings.hostname} {self.language.texts[Text.READY]}"
        yield Send(self.renderer.greeting(text, self.timestamp if self.context.settings.apop else None))
        while True:
            line = yield from next_line(self.context.settings.limits.pop3_line)  # [RFC2449-4-a]
            try:
                yield from self.answer(line)
            except CommandRefused as refused:
                yield self.negative(refused.text, refused.code, **refused.values)
            except grammar.BadArguments:
                yield self.negative(Text.BAD_ARGUMENTS)
            except StoreFailure as failure:
                yield from self.explain(failure)

    def answer(self, line: bytes | Framing) -> Steps:
        """Answer one line. Raises CommandRefused, BadArguments or StoreFailure for what is answered with -ERR."""
        state = self.state
        if state is State.PASSWORD_EXPECTED:
            self.state = State.AUTHORIZATION  # whatever comes now, only it was "immediately after" USER
        if isinstance(line, Framing):
            yield Heard(b"(a line that is too long)")
            raise CommandRefused(Text.LINE_TOO_LONG)
        keyword, rest = (command_line := grammar.command_line(line)).keyword, command_line.rest
        yield Heard(self.shown(keyword, line))
        command = self.commands[state].get(keyword)
        if command is None:
            text = Text.UNKNOWN_COMMAND if known(self.commands, keyword) is None else Text.WRONG_STATE
            raise CommandRefused(text)  # [RFC1939-3-p] [RFC1939-3-s]
        arguments = command.arguments(rest)
        if command.condition is not None and not command.condition.holds(self):
            raise CommandRefused(command.condition.otherwise)
        yield from command.handler(self, arguments)

    def explain(self, failure: StoreFailure) -> Steps:
        """Answer a command that the server, not the client, made fail [RFC3206-4-d]."""
        if failure.permanent:
            response = self.negative(Text.PERMANENT_FAILURE, ResponseCode.SYS_PERM)
        else:
            response = self.negative(Text.TEMPORARY_FAILURE, ResponseCode.SYS_TEMP)
        yield with_cause(response, failure)

    def shown(self, keyword: str, line: bytes) -> bytes:
        """The line as the log may have it."""
        command = known(self.commands, keyword)
        if command is None:  # maybe a SASL response whose AUTH was refused
            return b"***" if _LIKE_BASE64.fullmatch(line) else line
        if command.shown is None:
            return line
        words = line.split(b" ", command.shown + 1)
        return b" ".join([*words[: command.shown + 1], b"***"]) if len(words) > command.shown + 1 else line

    # ---- what handlers use ----------------------------------------------------------------------------------------

    def positive(self, text: Text, **values: object) -> Send:
        """A response that is one line, in the client's language."""
        return Send(self.renderer.positive(self.say(text, values)))

    def negative(self, text: Text, code: ResponseCode | None = None, **values: object) -> Send:
        """The response to a command that failed."""
        return Send(self.renderer.negative(self.say(text, values), code))

    def figures(self, text: str) -> Send:
        """A positive response whose text the RFC fixes, for programs to read."""
        return Send(self.renderer.positive(text))

    def listing(self, text: Text, lines: Iterable[str], **values: object) -> Send:
        """A multi-line response of the server's own lines."""
        return Send(self.renderer.listing(self.say(text, values), lines))

    def message(self, text: Text, message: bytes, **values: object) -> Send:
        """A multi-line response that holds a message."""
        return Send(self.renderer.message(self.say(text, values), message))

    def challenge(self, data: bytes) -> Send:
        """A challenge of a SASL exchange."""
        return Send(self.renderer.challenge(data), logged="+ ***")

    def say(self, text: Text, values: Mapping[str, object]) -> str:
        """A text in the client's language."""
        return self.language.texts[text].format(**values)

    @property
    def plaintext_permitted(self) -> bool:
        """Whether a password may cross the connection as it is [RFC2595-2.3-a] [RFC5034-4.AUTH-aa]."""
        return self.encrypted or self.context.settings.plaintext_logins

    @property
    def tls_possible(self) -> bool:
        """Whether STLS would be followed: once only, and not after UTF8 [RFC2595-4.STLS-b] [RFC6856-2.1-m]."""
        return self.context.can_start_tls and not self.encrypted and not self.utf8_mode

    def permits(self, keyword: str) -> bool:
        """Whether the command is valid in the present state and its condition holds."""
        command = self.commands[self.state].get(keyword)
        return command is not None and (command.condition is None or command.condition.holds(self))

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        """The SASL mechanisms that can be used on the connection as it is, by name, best first."""
        offered = [name for name in self.context.settings.mechanisms if name in self.mechanisms]
        return {
            name: self.mechanisms[name]
            for name in offered
            if self.plaintext_permitted or name not in _PLAINTEXT_MECHANISMS
        }

    def make_timestamp(self) -> str:
        """A msg-id that no other greeting has had, nor will have [RFC1939-7.APOP-d] [RFC1939-7.APOP-e]."""
        return f"<{self.context.random_bytes(12).hex()}.{self.context.number}@{self.context.settings.hostname}>"

    def forget_client(self) -> None:
        """Begin anew: nothing that was said before is remembered, but how often a login failed (RFC 2595 §4)."""
        self.state = State.AUTHORIZATION
        self.user_name = ""
        self.utf8_mode = False
        self.language = LANGUAGES[0]

    def expect_password(self, name: str) -> None:
        """USER has succeeded: PASS may follow, immediately."""
        self.user_name = name
        self.state = State.PASSWORD_EXPECTED

    def open_maildrop(self, account: str) -> Generator[Action | Await, object, OpenMaildrop]:
        """Lock and open a maildrop. Raises MaildropLocked or StoreFailure; then no lock is left [RFC1939-4-h]."""
        return (yield from blocking(lambda: self._lock_maildrop(account)))

    def _lock_maildrop(self, account: str) -> OpenMaildrop:
        """Runs in a worker. The client may have gone meanwhile, and then nobody else would give the lock back."""
        maildrop = OpenMaildrop(self.context.maildrops.open(account))
        with self._lock:
            if not self._lost:
                self._held = maildrop
                return maildrop
        maildrop.release()
        return maildrop

    def enter_transaction(self, maildrop: OpenMaildrop) -> None:
        """The login has succeeded."""
        self.maildrop = maildrop
        self.state = State.TRANSACTION

    def enter_update(self) -> OpenMaildrop:
        """QUIT was given: from here on the UPDATE state's work gives the lock back, even if the client goes."""
        with self._lock:
            self._held = None
        self.state = State.UPDATE
        return self.maildrop
