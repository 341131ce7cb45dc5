"""An IMAP session without I/O: octets in, actions out.

Ties grammar, command table and renderer together and holds what a session remembers. RFC 3501 §2.2, §3, §5 and §7.1.
What the commands do is in a file for each group of them; the table is in command_table.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast

from reference_server.actions import Action, Close, Heard, Refusal, Send, SessionContext
from reference_server.backend import StoreFailure
from reference_server.conversation import Await, Conversation, Steps, blocking, with_cause
from reference_server.imap import fragmenter as f
from reference_server.imap.capabilities import CAPABILITIES, Capability
from reference_server.imap.command_table import COMMANDS, CommandTable, name_of, updates_after
from reference_server.imap.commands import Command
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.masking import shown
from reference_server.imap.outcome import AlreadyAnswered, Completion, Improper, Refused
from reference_server.imap.parser import announced, parse
from reference_server.imap.reader import MessageReader
from reference_server.imap.renderer import Renderer
from reference_server.imap.response_codes import Capabilities, Code, HighestModSeq, ResponseCode
from reference_server.imap.responses import Condition, Continue, Response, StatusResponse
from reference_server.imap.state import State, Updates
from reference_server.imap.view import MailboxView, Telling
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.store.mail_store import MailStore
from reference_server.store.rejections import MailboxMissing

_SAVES = re.compile(rb"(?i)\S+ (?:UID )?SEARCH RETURN \([^)]*SAVE")
_PLAINTEXT_MECHANISMS = frozenset({"PLAIN"})


class ImapSession(Conversation):
    """One client's session. Commands, capabilities, renderer and mechanisms can be exchanged for faulty ones."""

    state: State
    account: str
    """From the AUTHENTICATED state on."""
    view: MailboxView | None
    """The selected mailbox."""

    def __init__(
        self,
        context: SessionContext,
        store: MailStore,
        reader: MessageReader,
        *,
        commands: CommandTable = COMMANDS,
        capabilities: tuple[Capability, ...] = CAPABILITIES,
        renderer: Renderer | None = None,
        mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
    ) -> None:
        super().__init__(context)
        self.store = store
        self.reader = reader
        self.commands = commands
        self.capabilities = capabilities
        self.renderer = renderer or Renderer()
        self.mechanisms = mechanisms
        self.failed_logins = 0
        self.limits = GrammarLimits(message=context.settings.limits.message)
        self._fragmenter = f.Fragmenter(self.limits)
        self._wake: Callable[[], None] = lambda: None
        self.forget_client()

    # ---- what the shell calls -------------------------------------------------------------------------------------

    @property
    def idle_limit(self) -> float:
        """The autologout timer, in seconds (RFC 3501 §5.4)."""
        limits = self.context.settings.limits
        return limits.imap_login_idle if self.state is State.NOT_AUTHENTICATED else limits.imap_idle

    def refuse(self, reason: Refusal) -> list[Action]:
        """See `Session`. A BYE may come at any time (RFC 3501 §7.1.5)."""
        text = "The server is shutting down" if reason is Refusal.SHUTTING_DOWN else "Too many connections, try later"
        return [self.send(StatusResponse(Condition.BYE, text, Code.UNAVAILABLE)), Close()]

    def timed_out(self) -> list[Action]:
        """Autologout (RFC 3501 §5.4)."""
        return [self.send(StatusResponse(Condition.BYE, "Autologout, there was no command for too long")), Close()]

    def connection_lost(self) -> None:
        """See `Session`."""
        self.deselect()
        super().connection_lost()

    def attach(self, wake: Callable[[], None]) -> None:
        """See `Wakeable`."""
        self._wake = wake

    def wake(self) -> list[Action]:
        """See `Wakeable`: a selected mailbox has changed, which only IDLE wants to know at once."""
        return [] if self._over or self._pausing else self._take_input()

    # ---- the conversation -----------------------------------------------------------------------------------------

    def converse(self) -> Steps:
        """Greeting, then command after command (RFC 3501 §3)."""
        text = f"{self.context.settings.hostname} is ready"
        yield self.send(StatusResponse(Condition.OK, text, self.capability_code()))
        while True:
            yield from self.answer(cast(f.Fragment, (yield Await(self._fragmenter.take))))

    def answer(self, fragment: f.Fragment) -> Steps:
        """Answer a command, or the announcement of a literal."""
        try:
            match fragment:
                case f.CommandText():
                    yield Heard(shown(fragment))
                    yield from self.carry_out(self.understood(fragment))
                case f.LiteralAnnounced():
                    yield from self.admit(fragment)
                case f.TooLong(tag):
                    yield Heard(b"(a command that is too long)")
                    raise BadCommand(tag, "The command is too long")
                case f.Unskippable():
                    yield from self.hang_up("Too many octets for commands that were refused", Code.TOOBIG)
        except BadCommand as bad:
            yield self.tagged(Condition.BAD, bad.tag, bad.text, bad.code)
        except RefusedCommand as refused:
            yield from self.turn_down(refused)

    def understood(self, text: f.CommandText) -> Command:
        """The command. Raises BadCommand or RefusedCommand."""
        try:
            return parse(text, self.dialect, self.limits)
        except RefusedCommand:
            if self.view is not None and _SAVES.match(text.lines):
                self.view.save(())  # RFC 5182 §2.1: as after any NO to such a SEARCH
            raise

    def admit(self, event: f.LiteralAnnounced) -> Steps:
        """Ask for a literal, unless the command is wrong already (RFC 3501 §7.5)."""
        try:
            begun = announced(event, self.dialect, self.limits)
            if begun.name not in self.commands[self.state]:
                raise BadCommand(begun.tag, "The command is not permitted in this state")
        except (BadCommand, RefusedCommand):
            self._fragmenter.refuse()
            yield Heard(shown(event.text))
            raise
        self._fragmenter.accept()
        if event.synchronizing:
            yield self.send(Continue("Go on with the literal"))

    def turn_down(self, refused: RefusedCommand) -> Steps:
        """NO, but BAD for what is not permitted at all in this state."""
        if refused.name is not None and refused.name not in self.commands[self.state]:
            yield self.tagged(Condition.BAD, refused.tag, "The command is not permitted in this state")
            return
        yield self.tagged(Condition.NO, refused.tag, refused.text, refused.code)

    def carry_out(self, command: Command) -> Steps:
        """Run a command's handler; then the news; then how it ended."""
        name = name_of(command)
        entry = self.commands[self.state].get(name)
        if entry is None:
            raise BadCommand(command.tag, "The command is not permitted in this state")
        ending: Send
        try:
            done: Completion = yield from entry.handler(self, command)
            ending = self.tagged(Condition.OK, command.tag, done.text, done.code)
        except Refused as refused:
            ending = self.tagged(Condition.NO, command.tag, refused.text, refused.code)
        except Improper as improper:
            ending = self.tagged(Condition.BAD, command.tag, improper.text, improper.code)
        except StoreFailure as failure:
            ending = self.explain(command.tag, failure)
        except AlreadyAnswered:
            return
        yield from self.catch_up(updates_after(entry, command), uids=name.startswith("UID "))
        yield ending
        if self.state is State.LOGOUT:
            yield Close()

    def catch_up(self, updates: Updates, *, uids: bool = False) -> Steps:
        """Tell the client what has happened to its mailbox, as far as it may be told now (RFC 3501 §5.2)."""
        view = self.view
        if view is None or updates is Updates.NOTHING:
            return
        if view.subscription.changed or view.behind:
            view.subscription.settle()
            view.behind = True
            try:
                yield from self.refresh(view)
                view.behind = False
            except MailboxMissing:
                yield from self.hang_up("The selected mailbox was deleted")
                return
            except StoreFailure:
                pass  # with the next command
        responses = view.news(self.telling(expunges=updates is Updates.EVERYTHING, uids=uids))
        if view.told_up_to < view.mod_sequence and "QRESYNC" in self.enabled:
            # A client that goes away now must not believe that it knows of the expunged messages (RFC 7162 §3.2).
            told = HighestModSeq(view.told_up_to)
            responses.append(StatusResponse(Condition.OK, "There is more to come", told))
        if responses:
            yield self.send(*responses)

    def refresh(self, view: MailboxView) -> Steps:
        """Learn from the store what is new in the mailbox. Raises MailboxMissing or StoreFailure."""
        changes = yield from blocking(
            lambda: self.store.mail.changes(view.id, view.mod_sequence, claim_recent=not view.read_only)
        )
        view.absorb(changes)

    def explain(self, tag: str, failure: StoreFailure) -> Send:
        """The NO to a command that the server, not the client, made fail (RFC 5530 §3)."""
        code = Code.CORRUPTION if failure.permanent else Code.UNAVAILABLE
        return with_cause(self.tagged(Condition.NO, tag, "The server cannot do this now", code), failure)

    def hang_up(self, text: str, code: ResponseCode | None = None) -> Steps:
        """End the session at once."""
        self.deselect()
        self.state = State.LOGOUT
        yield self.send(StatusResponse(Condition.BYE, text, code))
        yield Close()

    # ---- what handlers use ----------------------------------------------------------------------------------------

    def send(self, *responses: Response) -> Send:
        """Responses, in order."""
        return Send(self.renderer.render(*responses))

    def tagged(self, condition: Condition, tag: str | None, text: str, code: ResponseCode | None = None) -> Send:
        """The response that ends a command; untagged where the tag could not be read."""
        return self.send(StatusResponse(condition, text, code, tag))

    def telling(self, *, expunges: bool, uids: bool) -> Telling:
        """How this client wants to be told of changes."""
        quick = "QRESYNC" in self.enabled
        with_uid = uids or quick or self.dialect.rev2  # [RFC9051-7.5.2-b]
        return Telling(expunges, with_uid, "CONDSTORE" in self.enabled, quick, not self.dialect.rev2)

    def required_view(self) -> MailboxView:
        """The selected mailbox, in a state in which there is one."""
        assert self.view is not None
        return self.view

    def select(self, view: MailboxView) -> None:
        """A mailbox has been opened."""
        self.view = view
        self.state = State.SELECTED

    def deselect(self) -> None:
        """There is no selected mailbox any more, if there was one; nothing is expunged."""
        if self.view is not None:
            self.store.hub.cancel(self.view.subscription)
            self.view = None
            self.state = State.AUTHENTICATED

    def wake_later(self) -> None:
        """The selected mailbox has changed; called in any thread."""
        self._wake()

    @property
    def mail_changed(self) -> bool:
        """Whether there is something about the selected mailbox that the client may not know yet."""
        return self.view is not None and self.view.subscription.changed

    @property
    def plaintext_permitted(self) -> bool:
        """Whether a password may cross the connection as it is (RFC 3501 §6.2.3)."""
        return self.encrypted or self.context.settings.plaintext_logins

    @property
    def tls_possible(self) -> bool:
        """Whether STARTTLS would be followed."""
        return self.context.can_start_tls and not self.encrypted and self.state is State.NOT_AUTHENTICATED

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        """The SASL mechanisms that can be used on the connection as it is, by name, best first."""
        offered = [name for name in self.context.settings.mechanisms if name in self.mechanisms]
        return {
            name: self.mechanisms[name]
            for name in offered
            if self.plaintext_permitted or name not in _PLAINTEXT_MECHANISMS
        }

    def capability_names(self) -> tuple[str, ...]:
        """Everything that is announced now; mechanisms only as long as they are of use."""
        names = [each.name for each in self.capabilities if each.announced(self)]
        if self.state is State.NOT_AUTHENTICATED:
            names += [f"AUTH={name}" for name in self.permitted_mechanisms()]
        return tuple(names)

    def capability_code(self) -> Capabilities:
        """The same for a response code."""
        return Capabilities(self.capability_names())

    def forget_client(self) -> None:
        """Begin anew: nothing that was said before is remembered, but how often a login failed (RFC 3501 §6.2.1)."""
        self.state = State.NOT_AUTHENTICATED
        self.account = ""
        self.view = None
        self.enable(frozenset())

    def enter_authenticated(self, account: str) -> None:
        """The login has succeeded."""
        self.account = account
        self.state = State.AUTHENTICATED

    def enable(self, enabled: frozenset[str]) -> None:
        """Speak with these extensions switched on."""
        self.enabled = enabled
        self.dialect = Dialect(frozenset(each.name for each in self.capabilities), enabled)
        self.renderer.utf8 = self.dialect.utf8

    def use_mod_sequences(self) -> Steps:
        """A CONDSTORE enabling command: the first one with a mailbox selected is told its mod-sequence (RFC 7162
        §3.1)."""
        if "CONDSTORE" in self.enabled:
            return
        self.enable(self.enabled | {"CONDSTORE"})
        if self.view is not None:
            highest = HighestModSeq(self.view.mod_sequence)
            yield self.send(StatusResponse(Condition.OK, "The highest mod-sequence", highest))

    def supports(self, capability: str) -> bool:
        """Whether the server has the extension."""
        return self.dialect.knows(capability)
