"""Building faulty variants of the reference: what is replaced, with everything else left as it is.

A variant exchanges one thing that the reference takes as a parameter: an entry of the command table, a capability, the
renderer, a mechanism, the session class, the view of the store or of the credentials, or a setting. RFC 1939 commands
and states are those of reference_server/pop3/state.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Send, SessionContext
from reference_server.backend import Credentials, Maildrops
from reference_server.conversation import Await, Steps
from reference_server.pop3.extensions import CAPABILITIES, Capability
from reference_server.pop3.responses import Renderer
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import COMMANDS, Command, CommandTable, State, known
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Settings
from suites.selftest.fault import Build

Handler = Callable[[Pop3Session, Any], Steps]

#: The commands of RFC 1939 §5, and TOP and UIDL of §7.
TRANSACTION = ("STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL")
#: The commands that log in.
LOGINS = ("USER", "PASS", "APOP", "AUTH")
#: Both forms of the AUTHORIZATION state.
BEFORE_LOGIN = (State.AUTHORIZATION, State.PASSWORD_EXPECTED)


def variant(
    *,
    session: type[Pop3Session] = Pop3Session,
    commands: CommandTable = COMMANDS,
    capabilities: tuple[Capability, ...] = CAPABILITIES,
    renderer: Callable[[], Renderer] = Renderer,
    mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
    maildrops: Callable[[Maildrops], Maildrops] = lambda maildrops: maildrops,
    credentials: Callable[[Credentials], Credentials] = lambda credentials: credentials,
    settings: Callable[[Settings], Settings] = lambda settings: settings,
    server: type[MailServer] = MailServer,
) -> Build:
    """The reference with these things exchanged."""

    def make_session(context: SessionContext) -> Pop3Session:
        return session(
            context, commands=commands, capabilities=capabilities, renderer=renderer(), mechanisms=mechanisms
        )

    def build(given: Settings) -> MailServer:
        factories = SessionFactories(pop3=make_session, maildrops=maildrops, credentials=credentials)
        return server(settings(given), sessions=factories)

    return build


# ---- command tables -------------------------------------------------------------------------------------------------


def found(keyword: str) -> Command[Any]:
    """The reference's own command of that keyword."""
    command = known(COMMANDS, keyword)
    assert command is not None, keyword
    return command


def table(changes: Callable[[State, str, Command[Any]], Command[Any] | None]) -> CommandTable:
    """The reference's table with each entry passed through `changes`; None removes it."""
    return {
        state: {
            keyword: changed
            for keyword, command in commands.items()
            if (changed := changes(state, keyword, command)) is not None
        }
        for state, commands in COMMANDS.items()
    }


def handled(**handlers: Handler) -> CommandTable:
    """Other handlers for these keywords, in every state that has them."""
    return table(lambda _, keyword, command: replace(command, handler=handlers.get(keyword, command.handler)))


def parsed(**parsers: Callable[[bytes | None], Any]) -> CommandTable:
    """Other parsers of arguments for these keywords."""
    return table(lambda _, keyword, command: replace(command, arguments=parsers.get(keyword, command.arguments)))


def without(*keywords: str) -> CommandTable:
    """The keywords are unknown."""
    return table(lambda _, keyword, command: None if keyword in keywords else command)


def without_in(state: State, *keywords: str) -> CommandTable:
    """The keywords are refused in one state."""
    return table(lambda at, keyword, command: None if at is state and keyword in keywords else command)


def added(states: tuple[State, ...], **commands: Command[Any]) -> CommandTable:
    """More commands in these states."""
    return {state: {**entries, **commands} if state in states else entries for state, entries in COMMANDS.items()}


def accepted_in(keyword: str, *states: State, handler: Handler | None = None) -> CommandTable:
    """A command is taken in states where it is not valid; what it does there is its own or `handler`."""
    command = found(keyword)
    return added(states, **{keyword: replace(command, handler=handler or command.handler)})


# ---- steps of a conversation ----------------------------------------------------------------------------------------


def altered(handler: Handler, change: Callable[[Action | Await], list[Action | Await]]) -> Handler:
    """The handler, with each thing that it yields replaced by those that `change` makes of it.

    Where `change` makes several, the handler goes on with the answer to the last.
    """

    def changed(session: Pop3Session, arguments: Any) -> Steps:
        steps = handler(session, arguments)
        answer: object = None
        while True:
            try:
                wanted = steps.throw(answer) if isinstance(answer, BaseException) else steps.send(answer)
            except StopIteration:
                return
            answer = None
            for each in change(wanted):
                try:
                    answer = yield each
                except Exception as error:  # what a Work raised is the handler's to deal with
                    answer = error

    return changed


def sends(change: Callable[[bytes], bytes]) -> Callable[[Action | Await], list[Action | Await]]:
    """For `altered`: changes the octets that are sent; no octets, no response."""

    def changed(wanted: Action | Await) -> list[Action | Await]:
        if not isinstance(wanted, Send):
            return [wanted]
        data = change(wanted.data)
        return [replace(wanted, data=data)] if data else []

    return changed


def answering(keyword: str, change: Callable[[bytes], bytes]) -> Build:
    """A variant whose responses to one command are changed octet by octet."""
    return variant(commands=handled(**{keyword: altered(found(keyword).handler, sends(change))}))


def says(change: Callable[[bytes], bytes]) -> Build:
    """A variant in which everything that is sent is changed, greeting included."""

    class Changed(Pop3Session):
        def converse(self) -> Steps:
            return altered(lambda session, _: Pop3Session.converse(session), sends(change))(self, None)

    return variant(session=Changed)


def offering(**changes: Capability | None) -> tuple[Capability, ...]:
    """The reference's capabilities, with some replaced (None: left out) or, for new tags, added at the end.

    A dash in a tag is written as `__`.
    """
    wanted = {tag.replace("__", "-"): capability for tag, capability in changes.items()}
    kept = [wanted.pop(each.tag) if each.tag in wanted else each for each in CAPABILITIES]
    return tuple(each for each in [*kept, *wanted.values()] if each is not None)
