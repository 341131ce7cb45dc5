"""Building faulty variants of the SMTP reference: what is replaced, with everything else left as it is.

A variant exchanges an entry of a table, the renderer, the reader of mail data, methods of all three kinds of session,
local delivery, or a part of the queue. Lines are told by regular expressions without regard to case. Commands and
states are those of reference_server/smtp/state.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Send, SessionContext
from reference_server.backend import Credentials, Delivery, Envelope, Recipient, StoreFailure
from reference_server.conversation import Await, Steps, with_cause
from reference_server.lines import Framing
from reference_server.queue import QueueParts
from reference_server.queue.notification import notification
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.server import LocalDeliveryFactory, MailServer, SessionFactories
from reference_server.settings import Settings
from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession, replies
from reference_server.smtp.extensions import EXTENSIONS, Extension
from reference_server.smtp.mail_data import MailData
from reference_server.smtp.parameters import MAIL_PARAMETERS, RCPT_PARAMETERS, Parameter
from reference_server.smtp.replies import CommandRefused, Renderer
from reference_server.smtp.state import Command, CommandTable, State
from reference_server.store.delivery import LocalDelivery
from suites.selftest.fault import Build, Fault

#: Octets of the longest end of mail data that a fault knows, and of what it looks back at.
_LONGEST_END = 16
#: What a change makes of the octets of a reply; no octets, no reply.
Change = Callable[[bytes], bytes]
Tables = Callable[[CommandTable], CommandTable]

#: Where no transaction is open, and where one is.
IDLE = (State.CONNECTED, State.READY)
OPEN = (State.SENDER_GIVEN, State.RECIPIENTS_GIVEN)


def smtp_variant(
    session: type[SmtpSession] | None = None,
    *,
    commands: Tables = lambda table: table,
    renderer: type[Renderer] = Renderer,
    extensions: Sequence[Extension] = EXTENSIONS,
    mail_parameters: Mapping[str, Parameter[Envelope]] = MAIL_PARAMETERS,
    rcpt_parameters: Mapping[str, Parameter[Recipient]] = RCPT_PARAMETERS,
    mechanisms: Mapping[str, MechanismFactory] = MECHANISMS,
    mail_data: Callable[[int], MailData] = MailData,
    credentials: Callable[[Credentials], Credentials] = lambda credentials: credentials,
    delivery: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    local_delivery: LocalDeliveryFactory = LocalDelivery,
    queue: QueueParts | None = None,
    settings: Callable[[Settings], Settings] = lambda settings: settings,
    server: type[MailServer] = MailServer,
) -> Build:
    """The reference with these things exchanged; `session` changes methods of every kind of session."""

    def factory(base: type[SmtpSession]) -> Callable[[SessionContext], SmtpSession]:
        kind = type("Faulty", (session, base), {}) if session else base
        statuses = any(each.keyword == "ENHANCEDSTATUSCODES" for each in extensions)
        return lambda context: kind(
            context,
            commands=commands(base.default_commands),
            renderer=renderer(enhanced_status_codes=statuses),
            extensions=extensions,
            mail_parameters=mail_parameters,
            rcpt_parameters=rcpt_parameters,
            mechanisms=mechanisms,
            mail_data=mail_data,
        )

    def build(given: Settings) -> MailServer:
        factories = SessionFactories(
            smtp=factory(SmtpSession),
            submission=factory(SubmissionSession),
            lmtp=factory(LmtpSession),
            credentials=credentials,
            delivery=delivery,
            local_delivery=local_delivery,
            queue=queue or QueueParts(),
        )
        return server(settings(given), sessions=factories)

    return build


def sessions(**methods: Callable[..., Any]) -> Build:
    """A variant in which these methods of every kind of session do something else."""
    return smtp_variant(type("Altered", (SmtpSession,), methods))


# ---- command tables -------------------------------------------------------------------------------------------------


def table(changes: Callable[[State, str, Command[Any]], Command[Any] | None]) -> Tables:
    """Each entry passed through `changes`; None removes it."""
    return lambda commands: {
        state: {
            verb: changed for verb, command in entries.items() if (changed := changes(state, verb, command)) is not None
        }
        for state, entries in commands.items()
    }


def without(*verbs: str) -> Build:
    """The verbs are unknown."""
    return smtp_variant(commands=table(lambda _, verb, command: None if verb in verbs else command))


def unconditional(*verbs: str) -> Build:
    """The verbs are permitted on any condition, in the states that have them."""
    return smtp_variant(
        commands=table(lambda _, verb, command: replace(command, conditions=()) if verb in verbs else command)
    )


def handled(handler: Callable[..., Steps], *verbs: str) -> Build:
    """The verbs are handled in another way, in the states that have them."""
    return smtp_variant(
        commands=table(lambda _, verb, command: replace(command, handler=handler) if verb in verbs else command)
    )


def accepted_in(states: Collection[State], verb: str) -> Build:
    """A verb is taken in states where it is out of order; it does there what it does elsewhere."""

    def changed(commands: CommandTable) -> CommandTable:
        before = commands[State.CONNECTED].get(verb)
        entry = next(
            entries[verb]
            for entries in commands.values()
            if verb in entries and (before is None or entries[verb].handler is not before.handler)
        )
        return {state: {**entries, verb: entry} if state in states else entries for state, entries in commands.items()}

    return smtp_variant(commands=changed)


# ---- lines and their replies ----------------------------------------------------------------------------------------


def _matches(pattern: bytes, line: bytes | Framing) -> bool:
    return isinstance(line, bytes) and re.search(pattern, line, re.IGNORECASE | re.DOTALL) is not None


def as_replies(session: SmtpSession, steps: Steps) -> Steps:
    """The steps, with what they raise turned into the reply that it means."""
    try:
        yield from steps
    except CommandRefused as refused:
        yield session.reply(refused.reply, **refused.values)
    except StoreFailure as failure:
        yield with_cause(session.reply(replies.FAILED if failure.permanent else replies.LOCAL_ERROR), failure)


def altered(steps: Steps, change: Callable[[Action | Await], list[Action | Await]]) -> Steps:
    """The steps, with each thing that they yield replaced by those that `change` makes of it; the answer to the last
    of these is theirs."""
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
            except Exception as error:  # what a Work raised is theirs to deal with
                answer = error


def sends(change: Change) -> Callable[[Action | Await], list[Action | Await]]:
    """For `altered`: changes the octets that are sent."""

    def changed(wanted: Action | Await) -> list[Action | Await]:
        if not isinstance(wanted, Send):
            return [wanted]
        data = change(wanted.data)
        return [replace(wanted, data=data)] if data else []

    return changed


def hearing(pattern: bytes, replacement: bytes) -> Build:
    """A variant that reads another line where one matches: what matches is replaced."""

    class Hearing(SmtpSession):
        def answer(self, line: bytes | Framing) -> Steps:
            if isinstance(line, bytes):
                line = re.sub(pattern, replacement, line, flags=re.IGNORECASE | re.DOTALL)
            yield from super().answer(line)

    return smtp_variant(Hearing)


def replying(pattern: bytes, change: Change, *, at: Collection[State] = tuple(State)) -> Build:
    """A variant whose replies to matching lines are changed."""

    class Replying(SmtpSession):
        def answer(self, line: bytes | Framing) -> Steps:
            steps = super().answer(line)
            if _matches(pattern, line) and self.state in at:
                steps = altered(as_replies(self, steps), sends(change))
            yield from steps

    return smtp_variant(Replying)


def instead(pattern: bytes, reply: bytes, *, at: Collection[State] = tuple(State)) -> Build:
    """A variant that says this to matching lines, and does nothing."""

    class Instead(SmtpSession):
        def answer(self, line: bytes | Framing) -> Steps:
            if _matches(pattern, line) and self.state in at:
                yield Send(reply + b"\r\n")
            else:
                yield from super().answer(line)

    return smtp_variant(Instead)


def behind(pattern: bytes, act: Callable[[SmtpSession], object], *, at: Collection[State] = tuple(State)) -> Build:
    """A variant that does something more behind matching lines, whatever it has answered."""

    class Behind(SmtpSession):
        def answer(self, line: bytes | Framing) -> Steps:
            acts = _matches(pattern, line) and self.state in at
            yield from as_replies(self, super().answer(line)) if acts else super().answer(line)
            if acts:
                act(self)

    return smtp_variant(Behind)


def says(change: Change) -> Build:
    """A variant in which everything that is sent is changed, greeting included."""

    class Saying(SmtpSession):
        def converse(self) -> Steps:
            yield from altered(super().converse(), sends(change))

    return smtp_variant(Saying)


def greeting(change: Change) -> Build:
    """A variant that greets in another way."""

    class Greeting(SmtpSession):
        def greeting(self) -> list[Action]:
            return [
                replace(each, data=change(each.data)) if isinstance(each, Send) else each for each in super().greeting()
            ]

    return smtp_variant(Greeting)


def swap(pattern: bytes, replacement: bytes) -> Change:
    """A change of octets: every match is replaced."""
    return lambda data: re.sub(pattern, replacement, data)


def with_texts(change: Callable[[str], str]) -> Build:
    """A variant in which each line of a reply, code included, is another before it is made into octets."""

    class Texts(Renderer):
        def line(self, line: str) -> bytes:
            return super().line(change(line))

    return smtp_variant(renderer=Texts)


# ---- extensions -----------------------------------------------------------------------------------------------------


def announcing(change: Callable[[list[str]], list[str]]) -> Build:
    """A variant that announces something else, and does what it did."""

    class Announcing(SmtpSession):
        def announcements(self) -> list[str]:
            return change(super().announcements())

    return smtp_variant(Announcing)


def relisted(keyword: str, line: str = "") -> Build:
    """A variant that lists a keyword in another way, or, without a line, not at all; else it does what it did."""

    def change(lines: list[str]) -> list[str]:
        kept = [line if each.split()[0] == keyword else each for each in lines]
        return [each for each in kept if each]

    return announcing(change)


def lacking(*keywords: str) -> Build:
    """A variant without these extensions."""
    return smtp_variant(extensions=[each for each in EXTENSIONS if each.keyword not in keywords])


# ---- messages -------------------------------------------------------------------------------------------------------


def keeping(change: Change) -> Build:
    """A variant that makes something else of every message before it adds its trace."""

    class Keeping(SmtpSession):
        def prepared(self, envelope: Envelope, message: bytes) -> bytes:
            return super().prepared(envelope, change(message))

    return smtp_variant(Keeping)


def stamping(change: Change) -> Build:
    """A variant with another Received field."""

    class Stamping(SmtpSession):
        def stamp(self, envelope: Envelope) -> bytes:
            return change(super().stamp(envelope))

    return smtp_variant(Stamping)


def filing(change: Callable[[Envelope, bytes], bytes]) -> Build:
    """A variant that puts something else into mailboxes; the change sees the message without Return-Path."""

    class Filing(LocalDelivery):
        def final_form(self, envelope: Envelope, message: bytes) -> bytes:
            return change(envelope, super().final_form(envelope, message))

    return smtp_variant(local_delivery=Filing)


def enveloping(change: Callable[[Envelope], Envelope | None]) -> Build:
    """A variant that delivers by another envelope; where there is none, nothing is delivered, and nobody is told."""

    class Enveloping:
        def __init__(self, inner: Delivery) -> None:
            self._inner = inner

        def accepts(self, recipient: str) -> bool:
            return self._inner.accepts(recipient)

        def deliver(self, envelope: Envelope, message: bytes) -> Sequence[StoreFailure | None]:
            changed = change(envelope)
            if changed is not None:
                self._inner.deliver(changed, message)
            return [None] * len(envelope.recipients)

    return smtp_variant(delivery=Enveloping)


def _undotted(octets: bytes) -> bytes:
    return octets.replace(b"\r\n.", b"\r\n")


def reading(*, end: bytes = rb"\r\n\.\r\n", unstuffed: Change = _undotted) -> Build:
    """A variant that finds the end of mail data by another expression, and undoes dot-stuffing in another way. The
    octets of the end up to its dot belong to the message."""
    expression = re.compile(end)

    class Reading(MailData):
        def take(self, buffer: Any) -> Any:
            begin_at = max(0, len(self._octets) - _LONGEST_END)
            self._octets += buffer.take_all()
            found = expression.search(self._octets, begin_at)
            if found is None:
                return None
            buffer.give_back(bytes(self._octets[found.end() :]))
            dot = found[0].find(b".")
            return self._unstuffed(bytes(self._octets[: found.start() + (dot if dot >= 0 else 0)]))

        def _unstuffed(self, octets: bytes) -> bytes:
            return unstuffed(octets)[2:]  # without the CRLF of the DATA command

    return smtp_variant(mail_data=Reading)


def notifying(change: Callable[..., bytes]) -> Build:
    """A variant whose delivery status notifications are changed; the change sees the octets and the report."""
    return smtp_variant(queue=QueueParts(notification=lambda report: change(notification(report), report)))


# ---- faults ---------------------------------------------------------------------------------------------------------


def fault(
    slug: str, title: str, requirements: str, build: Build, *touches: str, seen_in: str = "", alone: bool = False
) -> Fault:
    """A fault of SMTP. `slug` is theme and name; a requirement without a document is one of RFC 5321."""
    named = tuple(each if each.startswith(("RFC", "POSTEL")) else f"RFC5321-{each}" for each in requirements.split())
    return Fault(f"smtp/{slug}", title, named, build, seen_in=seen_in, protocol="smtp", touches=touches, alone=alone)
