"""Building faulty variants of the IMAP reference: what is replaced, with everything else left as it is.

A variant exchanges an entry of the command table, the renderer, what is said or heard, how a command ends, the view of
the store, or the session class. Commands and states are those of reference_server/imap/command_table.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference_server.actions import SessionContext
from reference_server.backend import Credentials
from reference_server.conversation import Steps
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.capabilities import CAPABILITIES, Capability
from reference_server.imap.command_table import COMMANDS, CommandTable, Entry, name_of
from reference_server.imap.errors import BadCommand
from reference_server.imap.fragmenter import CommandText
from reference_server.imap.outcome import Completion, Handling, Improper, Refused
from reference_server.imap.reader import MessageReader
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.session import ImapSession
from reference_server.imap.state import State
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Settings
from reference_server.store.folders import Folders
from reference_server.store.mail_store import MailStore
from reference_server.store.open_mailbox import Mail
from suites.selftest.fault import Build, Fault

Handler = Callable[[ImapSession, Any], Handling]

#: RFC 3501 §6.1, §6.2, §6.3 and §6.4.
ANY_STATE = ("CAPABILITY", "NOOP", "LOGOUT")
LOGINS = ("LOGIN", "AUTHENTICATE", "STARTTLS")
AUTHENTICATED = tuple(sorted(set(COMMANDS[State.AUTHENTICATED]) - set(ANY_STATE)))
SELECTED = tuple(sorted(set(COMMANDS[State.SELECTED]) - set(COMMANDS[State.AUTHENTICATED])))


def imap_variant(
    *,
    session: type[ImapSession] = ImapSession,
    commands: CommandTable = COMMANDS,
    capabilities: tuple[Capability, ...] = CAPABILITIES,
    renderer: Callable[[], Renderer] = Renderer,
    mail: type[AlteredMail] | None = None,
    folders: type[AlteredFolders] | None = None,
    server: type[MailServer] = MailServer,
    credentials: Callable[[Credentials], Credentials] = lambda credentials: credentials,
    mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
) -> Build:
    """The reference with these things exchanged."""

    def make_session(context: SessionContext, store: MailStore, reader: MessageReader) -> ImapSession:
        seen = replace(
            store,
            mail=mail(store.mail) if mail else store.mail,
            folders=folders(store.folders) if folders else store.folders,
        )
        return session(
            context,
            seen,
            reader,
            commands=commands,
            capabilities=capabilities,
            renderer=renderer(),
            mechanisms=mechanisms,
        )

    def build(given: Settings) -> MailServer:
        return server(given, sessions=SessionFactories(imap=make_session, credentials=credentials))

    return build


# ---- the store ------------------------------------------------------------------------------------------------------


class AlteredMail(Mail):
    """The messages of all mailboxes, for faults in what sessions make of them."""

    def __init__(self, inner: Mail) -> None:
        vars(self).update(vars(inner))


class AlteredFolders(Folders):
    """The mailboxes of all accounts, for faults in what sessions make of them."""

    def __init__(self, inner: Folders) -> None:
        vars(self).update(vars(inner))


def storing(**methods: Callable[..., Any]) -> Build:
    """A variant in which methods of `Mail` do something else."""
    return imap_variant(mail=type("Storing", (AlteredMail,), methods))


def keeping(**methods: Callable[..., Any]) -> Build:
    """A variant in which methods of `Folders` do something else."""
    return imap_variant(folders=type("Keeping", (AlteredFolders,), methods))


# ---- command tables -------------------------------------------------------------------------------------------------


def table(changes: Callable[[State, str, Entry], Entry | None]) -> CommandTable:
    """The reference's table with each entry passed through `changes`; None removes it."""
    return {
        state: {
            name: changed for name, entry in entries.items() if (changed := changes(state, name, entry)) is not None
        }
        for state, entries in COMMANDS.items()
    }


def handled(**handlers: Handler) -> CommandTable:
    """Other handlers for these commands, in every state that has them. `UID__COPY` is UID COPY."""
    named = {name.replace("__", " "): handler for name, handler in handlers.items()}
    return table(lambda _, name, entry: replace(entry, handler=named.get(name, entry.handler)))


def handler_of(name: str) -> Handler:
    """The reference's own handler of a command."""
    return next(entries[name] for entries in COMMANDS.values() if name in entries).handler


def doing(name: str, handler: Handler) -> Build:
    """A variant in which one command is handled in another way."""
    return imap_variant(commands=handled(**{name.replace(" ", "__"): handler}))


def without_in(state: State, *names: str) -> Build:
    """The commands are refused in one state."""
    return imap_variant(commands=table(lambda at, name, entry: None if at is state and name in names else entry))


def accepted_in(states: Sequence[State], name: str, handler: Handler) -> Build:
    """A command is taken in states where it is not valid."""
    entries = {
        state: {**COMMANDS[state], name: Entry(handler)} if state in states else COMMANDS[state] for state in State
    }
    return imap_variant(commands=entries)


def claiming(session: ImapSession, command: c.Command) -> Handling:
    """A handler that does nothing, and says that it has."""
    yield from ()
    return Completion("Done")


def refusing(session: ImapSession, command: c.Command) -> Handling:
    """A handler that does nothing, and says so."""
    yield from ()
    raise Refused("No")


# ---- how commands end -----------------------------------------------------------------------------------------------

Outcome = Completion | Refused | Improper
Ending = Callable[[ImapSession, Any, Outcome], Outcome]


def ending(change: Ending, *names: str) -> Build:
    """A variant in which these commands end in another way; all where none is named."""

    def other(inner: Handler) -> Handler:
        def handler(session: ImapSession, command: c.Command) -> Handling:
            outcome: Outcome
            try:
                outcome = yield from inner(session, command)
            except (Refused, Improper) as error:
                outcome = error
            outcome = change(session, command, outcome)
            if isinstance(outcome, Completion):
                return outcome
            raise outcome

        return handler

    return imap_variant(
        commands=table(
            lambda _, name, entry: replace(entry, handler=other(entry.handler)) if not names or name in names else entry
        )
    )


def succeeding(*names: str) -> Build:
    """Commands that fail are completed with OK."""
    return ending(
        lambda _session, _command, outcome: outcome if isinstance(outcome, Completion) else Completion("OK"), *names
    )


def failing(*names: str) -> Build:
    """Commands that succeed are completed with NO."""
    return ending(
        lambda _session, _command, outcome: Refused("No") if isinstance(outcome, Completion) else outcome, *names
    )


# ---- what is said ---------------------------------------------------------------------------------------------------

Change = Callable[[r.Response], Iterable[r.Response]]


def saying(change: Change) -> Build:
    """A variant in which each response is replaced by those that `change` makes of it."""

    class Changed(Renderer):
        def pieces(self, responses: Iterable[r.Response]) -> Pieces:
            return super().pieces([each for response in responses for each in change(response)])

    return imap_variant(renderer=Changed)


def said(kind: type[Any], change: Callable[[Any], Any]) -> Build:
    """A variant in which responses of one kind are changed; what becomes None is not sent."""

    def changed(response: r.Response) -> Iterable[r.Response]:
        other = change(response) if isinstance(response, kind) else response
        return () if other is None else (other,)

    return saying(changed)


def coded(kind: type[Any], change: Callable[[Any], Any]) -> Build:
    """A variant in which response codes of one kind are changed; an untagged response whose code becomes None is not
    sent, a tagged one is sent without code."""

    def changed(response: r.StatusResponse) -> r.StatusResponse | None:
        if not isinstance(response.code, kind):
            return response
        code = change(response.code)
        return None if code is None and response.tag is None else replace(response, code=code)

    return said(r.StatusResponse, changed)


def rendered(**methods: Callable[..., Any]) -> Build:
    """A variant whose renderer has other methods."""
    return imap_variant(renderer=type("Rendered", (Renderer,), methods))


def fetched(kind: type[Any], change: Callable[[Any], Any]) -> Build:
    """A variant in which data items of FETCH of one kind are changed; what becomes None is left out."""

    def changed(response: r.FetchResponse) -> r.FetchResponse:
        data = [change(each) if isinstance(each, kind) else each for each in response.data]
        return replace(response, data=tuple(each for each in data if each is not None))

    return said(r.FetchResponse, changed)


def wired(change: Callable[[bytes], bytes]) -> Build:
    """A variant in which the octets of all responses are changed."""

    class Changed(Renderer):
        def render(self, *responses: r.Response) -> bytes:
            return change(super().render(*responses))

    return imap_variant(renderer=Changed)


# ---- what is heard --------------------------------------------------------------------------------------------------


def hearing(change: Callable[[bytes], bytes]) -> Build:
    """A variant that takes other octets for the command line. A line with literals is left as it is."""

    class Hearing(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            return super().understood(text if text.literals else replace(text, lines=change(text.lines)))

    return imap_variant(session=Hearing)


def meaning(kind: type[Any], change: Callable[[Any], c.Command]) -> Build:
    """A variant that takes commands of one kind for others."""

    class Meaning(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            command = super().understood(text)
            return change(command) if isinstance(command, kind) else command

    return imap_variant(session=Meaning)


#: How the harness and the cases learn which messages there are: faults that would hinder every case spare it.
_TAKING_STOCK = re.compile(rb"(?i)\S+ FETCH 1:\* \(UID\)$")


def mistaking(kind: type[Any] | tuple[type[Any], ...], change: Callable[[Any], c.Command]) -> Build:
    """As `meaning`, but for `FETCH 1:* (UID)`, which is carried out as it should be."""

    class Mistaking(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            command = super().understood(text)
            taken = isinstance(command, kind) and _TAKING_STOCK.match(text.lines) is None
            return change(command) if taken else command

    return imap_variant(session=Mistaking)


def replying(change: Callable[[r.FetchResponse], Iterable[r.FetchResponse]]) -> Build:
    """A variant that sends other FETCH responses, but for the answer to `FETCH 1:* (UID)`."""

    class Replying(Renderer):
        spared = False

        def pieces(self, responses: Iterable[r.Response]) -> Pieces:
            return super().pieces([each for response in responses for each in self._changed(response)])

        def _changed(self, response: r.Response) -> Iterable[r.Response]:
            return change(response) if isinstance(response, r.FetchResponse) and not self.spared else (response,)

    class Session(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            if isinstance(self.renderer, Replying):
                self.renderer.spared = _TAKING_STOCK.match(text.lines) is not None
            return super().understood(text)

    return imap_variant(session=Session, renderer=Replying)


def tolerating(tolerated: Callable[[str, bytes], bool]) -> Build:
    """A variant that completes with OK what it should answer with BAD, for such reasons and lines."""

    class Tolerating(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            try:
                return super().understood(text)
            except BadCommand as bad:
                if bad.tag is None or not tolerated(bad.text, text.lines):
                    raise
                return c.Noop(bad.tag)

    return imap_variant(session=Tolerating)


def refusing_lines(refused: Callable[[bytes], bool]) -> Build:
    """A variant that answers lines that are right with BAD; the octets have the announcements of literals in them."""

    class Refusing(ImapSession):
        def understood(self, text: CommandText) -> c.Command:
            command = super().understood(text)
            if refused(text.lines):
                raise BadCommand(command.tag, "I do not like that", name=name_of(command))
            return command

    return imap_variant(session=Refusing)


def around(
    name: str,
    before: Callable[[ImapSession, Any], Any] | None = None,
    after: Callable[[ImapSession, Any], Any] | None = None,
) -> Build:
    """A variant that does something more before or after a command has done its work; what it gives is sent."""
    inner = handler_of(name)

    def handler(session: ImapSession, command: c.Command) -> Handling:
        if before is not None:
            yield from _sent(session, before(session, command))
        done = yield from inner(session, command)
        if after is not None:
            yield from _sent(session, after(session, command))
        return done

    return doing(name, handler)


def _sent(session: ImapSession, given: Any) -> Steps:
    if isinstance(given, tuple) and given:
        yield session.send(*given)


# ---- faults ---------------------------------------------------------------------------------------------------------


def fault(
    slug: str, title: str, requirements: str, build: Build, *touches: str, seen_in: str = "", alone: bool = False
) -> Fault:
    """A fault of IMAP. `slug` is theme and name; a requirement without a document is one of RFC 3501."""
    named = tuple(each if each[0].isalpha() else f"RFC3501-{each}" for each in requirements.split())
    return Fault(f"imap/{slug}", title, named, build, seen_in=seen_in, protocol="imap", touches=touches, alone=alone)
