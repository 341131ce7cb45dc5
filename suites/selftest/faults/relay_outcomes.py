"""Faults in what replies and lost connections come to (RFC 5321 §3.8, §4.2, §4.5.3 and §4.5.4; RFC 1047)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_server.queue.client import Broken, SmtpClient, Steps, Transaction, Unusable, Write
from reference_server.queue.commands import encoded
from reference_server.queue.courier import Line
from reference_server.queue.entries import Kind, Outcome
from reference_server.queue.hops import NextHop
from reference_server.queue.parcel import Parcel
from reference_server.queue.replies import Reply
from reference_server.queue.schedule import RetrySchedule
from reference_server.queue.spool import Spool
from reference_server.settings import Relay, RelayTimeouts
from reference_server.store.database import Database
from suites.selftest.fault import Fault
from suites.selftest.relay_variants import client, relay_fault, relay_variant, relaying, transacting

_RETRIED = "RFC5321-4.2.1-b RFC5321-4.5.4.1-a RFC5321-4.2.5-c RFC1870-6.2-a"
_GIVEN_UP = "RFC5321-4.2.1-c RFC5321-4.2.5-d RFC1870-6.2-b"
_KNOWN = {250, 354, 220, 221, 421, 450, 451, 452, 455, 500, 501, 502, 503, 550, 551, 552, 553, 554}


def _as(outcome: Outcome, kind: Kind) -> Outcome:
    digit = {Kind.SENT: "2", Kind.TEMPORARY: "4", Kind.PERMANENT: "5"}[kind]
    return replace(outcome, kind=kind, status=digit + outcome.status[1:], elsewhere=False)


def _never_again(self: SmtpClient, reply: Reply) -> Outcome:
    outcome = SmtpClient.outcome(self, reply)
    return _as(outcome, Kind.PERMANENT) if outcome.kind is Kind.TEMPORARY else outcome


def _for_ever(self: SmtpClient, reply: Reply) -> Outcome:
    outcome = SmtpClient.outcome(self, reply)
    return _as(outcome, Kind.TEMPORARY) if outcome.kind is Kind.PERMANENT else outcome


def _forgotten(self: SmtpClient, reply: Reply) -> Outcome:
    outcome = SmtpClient.outcome(self, reply)
    return outcome if outcome.kind is Kind.TEMPORARY else _as(outcome, Kind.SENT)


def _by_the_text(self: SmtpClient, reply: Reply) -> Outcome:
    outcome = SmtpClient.outcome(self, reply)
    text = str(reply)[4:].lower()
    if "later" in text and reply.code not in (450, 451):
        return _as(outcome, Kind.TEMPORARY)
    return _as(outcome, Kind.PERMANENT) if "permanent" in text else outcome


def _unknown_codes_fail(self: SmtpClient, reply: Reply) -> Outcome:
    outcome = SmtpClient.outcome(self, reply)
    if reply.code in _KNOWN:
        return outcome
    return _as(outcome, Kind.TEMPORARY if reply.permanent else Kind.PERMANENT)


def _takes_known_recipients(self: Transaction, position: int, reply: Reply) -> None:
    if reply.code in (251, 252, 299):
        self.settled[position] = self.client.outcome(replace(reply, code=550))
    else:
        Transaction.take_recipient(self, position, reply)


def _wants_text(self: SmtpClient, seconds: float) -> Steps[Reply]:
    reply = yield from SmtpClient.reply(self, seconds)
    if not reply.lines[-1]:
        raise Broken("a reply without text", "4.5.0")
    return reply


class _CountsLines(SmtpClient):
    """Each line of a reply answers a command of its own, once a transaction goes on."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._rest: list[Reply] = []

    def reply(self, seconds: float) -> Steps[Reply]:
        """The next line."""
        if not self._rest:
            whole = yield from super().reply(seconds)
            if not self.transactions:
                return whole
            self._rest = [Reply(whole.code, (line,)) for line in whole.lines]
        return self._rest.pop(0)


def _end_is_success(self: Transaction) -> Steps[None]:
    try:
        yield from Transaction.final_reply(self)
    except Broken as broken:
        self.client.usable = False
        self.settle_accepted(Outcome(Kind.SENT, "2.0.0", str(broken)))


def _odd_reply_is_success(self: Transaction) -> Steps[None]:
    try:
        yield from Transaction.final_reply(self)
    except Broken as broken:
        if "not a reply" not in str(broken):
            raise
        self.client.usable = False
        self.settle_accepted(Outcome(Kind.SENT, "2.0.0", str(broken)))


class _GivesUpAtOnce(SmtpClient):
    """A lost connection is a failure for good."""

    def open(self) -> Steps[None]:
        """As ever, without a second try."""
        try:
            yield from super().open()
        except Broken as broken:
            raise Unusable(Outcome(Kind.PERMANENT, "5.4.2", str(broken), self.remote)) from broken

    def transmit(self, parcel: Parcel) -> Steps[tuple[Outcome, ...]]:
        """As ever, without a second try."""
        outcomes = yield from super().transmit(parcel)
        return tuple(each if each.is_reply else _as(each, Kind.PERMANENT) for each in outcomes)


class _NobodyIsFinal(Line):
    """A host that nobody answers at is a failure for good."""

    async def _connected(self, hop: NextHop) -> Any:
        found = await super()._connected(hop)
        return replace(found, kind=Kind.PERMANENT, status="5.4.1") if isinstance(found, Outcome) else found


class _WantsFarewell(SmtpClient):
    """A message counts as sent only once QUIT was answered by 221."""

    def transmit(self, parcel: Parcel) -> Steps[tuple[Outcome, ...]]:
        """With QUIT behind it."""
        outcomes = yield from super().transmit(parcel)
        if any(each.kind is Kind.SENT for each in outcomes):
            self.usable = False
            try:
                yield Write(b"QUIT\r\n")
                fine = (yield from self.reply(self.timeouts.command)).code == 221
            except Broken:
                fine = False
            if not fine:
                return tuple(_as(each, Kind.TEMPORARY) for each in outcomes)
        return outcomes


def _never_too_many(self: Transaction, position: int, reply: Reply) -> None:
    if reply.positive:
        self.accepted.append(position)
    else:
        outcome = self.client.outcome(reply)
        self.settled[position] = _as(outcome, Kind.PERMANENT) if reply.code == 452 else outcome


class _OneByOne(Line):
    """A transaction for each recipient."""

    async def send(self, parcel: Parcel) -> tuple[Outcome, ...]:
        """One after the other."""
        outcomes: list[Outcome] = []
        for each in parcel.recipients:
            outcomes += await super().send(replace(parcel, recipients=(each,)))
        return tuple(outcomes)


class _Hundred(Line):
    """What comes behind a hundred recipients is forgotten."""

    async def send(self, parcel: Parcel) -> tuple[Outcome, ...]:
        """The first hundred."""
        some = await super().send(replace(parcel, recipients=parcel.recipients[:100]))
        return (*some, *([some[0]] * (len(parcel.recipients) - len(some))))


class _AllOrNone(Line):
    """All recipients of a transaction share one fate."""

    kind = Kind.SENT

    async def send(self, parcel: Parcel) -> tuple[Outcome, ...]:
        """The fate of the first recipient who has this one."""
        outcomes = await super().send(parcel)
        found = [each for each in outcomes if each.kind is self.kind]
        return (found[0],) * len(outcomes) if found else outcomes


class _AllAgain(_AllOrNone):
    """Where one recipient is put off, all are."""

    kind = Kind.TEMPORARY


class _AllFail(_AllOrNone):
    """Where one recipient is refused, all are."""

    kind = Kind.PERMANENT


class _Remembers(Line):
    """A domain that refused a message is not asked again."""

    refused: dict[str, tuple[Outcome, ...]] = {}  # noqa: RUF012 (shared on purpose: that is the fault)

    async def send(self, parcel: Parcel) -> tuple[Outcome, ...]:
        """What it said before."""
        known = self.refused.get(self._domain)
        if known is not None:
            return known[:1] * len(parcel.recipients)
        outcomes = await super().send(parcel)
        if all(each.kind is Kind.PERMANENT for each in outcomes):
            self.refused[self._domain] = outcomes
        return outcomes


class _Wiped(Spool):
    """The queue is lost when the server starts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        database.write(lambda connection: connection.execute("DELETE FROM queue_recipients").rowcount)
        database.write(lambda connection: connection.execute("DELETE FROM queue").rowcount)


class _Anonymous(Spool):
    """Nothing is remembered of what was done when the server starts: everything is tried again, from nobody."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        database.write(lambda connection: connection.execute("UPDATE queue SET reverse_path = ''").rowcount)


def _schedule(**changes: Any) -> Any:
    return lambda relay: RetrySchedule.of(replace(relay, **changes))


def _timeouts(**seconds: float) -> Any:
    return relay_variant(
        settings=relaying(lambda relay: replace(relay, timeouts=replace(relay.timeouts, **seconds))),
    )


def _patient(relay: Relay) -> Relay:
    endless = 1e9
    return replace(relay, timeouts=RelayTimeouts(endless, endless, endless, endless, endless, endless, 5.0))


def _goes_on_regardless(self: Transaction) -> Steps[None]:
    """The message follows DATA whatever was answered."""
    client = self.client
    reply = yield from client.reply(client.timeouts.data_initiation)
    if reply.code // 100 not in (2, 3):
        self.settle_accepted(client.outcome(reply))
        return
    yield Write(client.stuffed(self.content.octets) + b".\r\n")
    yield from self.final_reply()


def _in_one_go(self: Transaction) -> Steps[None]:
    """The message is sent right behind DATA."""
    client = self.client
    yield Write(client.stuffed(self.content.octets) + b".\r\n")
    reply = yield from client.reply(client.timeouts.data_initiation)
    if reply.code != 354:
        self.settle_accepted(client.outcome(reply))
        client.usable = False
        return
    yield from self.final_reply()


def _recipients_first(self: Transaction) -> Steps[None]:
    mail, recipients = self.client.envelope(self.parcel, self.content)
    for position, line in enumerate(recipients):
        yield Write(encoded(line))
        yield from self.client.reply(self.client.timeouts.command)
        self.accepted.append(position)
    yield Write(encoded(mail))
    yield from self.client.reply(self.client.timeouts.command)
    yield Write(b"DATA\r\n")
    yield from self.data()


def _always_pipelined(self: Transaction) -> Steps[None]:
    yield from self.pipelined(*self.client.envelope(self.parcel, self.content))


def _without_quit(self: SmtpClient) -> Steps[None]:
    self.usable = False
    yield from ()


FAULTS: tuple[Fault, ...] = (
    relay_fault("outcomes/never-again", "4yz is a failure for good", _RETRIED, client=client(outcome=_never_again)),
    relay_fault("outcomes/for-ever", "5yz is tried again and again", _GIVEN_UP, client=client(outcome=_for_ever)),
    relay_fault(
        "outcomes/forgotten",
        "5yz is taken for a success: the message vanishes",
        "RFC5321-6.1-b RFC5321-3.6.3-a RFC5321-6.2-a RFC5321-4.4-q RFC5321-5.1-d",
        client=client(outcome=_forgotten),
    ),
    relay_fault("outcomes/by-the-text", "the text decides", "RFC5321-4.2-h", client=client(outcome=_by_the_text)),
    relay_fault(
        "outcomes/unknown-codes",
        "a code that is not in the list is a failure, or never one",
        "RFC5321-4.2-j RFC5321-4.3.2-a",
        client=client(outcome=_unknown_codes_fail),
    ),
    relay_fault(
        "outcomes/only-250",
        "only 250 accepts a recipient",
        "RFC5321-4.2-i RFC5321-4.2-j",
        client=transacting(take_recipient=_takes_known_recipients),
    ),
    relay_fault(
        "outcomes/wants-text",
        "a reply without a text breaks the session",
        "RFC5321-4.2-m RFC5321-4.2.1-g",
        client=client(reply=_wants_text),
    ),
    relay_fault(
        "outcomes/counts-lines",
        "each line of a reply is counted as a reply",
        "RFC2920-3.1-d RFC2920-3.1-c RFC5321-4.2.5-e RFC5321-4.2.1-b RFC5321-4.2.1-c",
        client=_CountsLines,
    ),
    relay_fault(
        "outcomes/end-is-success",
        "a connection that ends behind the dot counts as success",
        "RFC5321-3.8-c RFC1047-3-b",
        client=transacting(final_reply=_end_is_success),
    ),
    relay_fault(
        "outcomes/odd-reply-is-success",
        "whatever comes behind the dot is taken for a success",
        "RFC5321-4.2-l RFC5321-3.8-c",
        client=transacting(final_reply=_odd_reply_is_success),
    ),
    relay_fault(
        "outcomes/gives-up-at-once",
        "a lost connection is a failure for good",
        "RFC5321-3.8-c RFC5321-4.5.4.1-a RFC1047-3-b RFC5321-5.1-j",
        client=_GivesUpAtOnce,
    ),
    relay_fault(
        "outcomes/nobody-is-final",
        "a host that nobody answers at is a failure for good",
        "RFC5321-4.5.4.1-a RFC5321-3.8-c RFC5321-6.1-a",
        line=_NobodyIsFinal,
    ),
    relay_fault(
        "outcomes/wants-farewell",
        "a message is sent again where QUIT was not answered by 221",
        "RFC5321-4.2.5-e RFC1047-3-b",
        "qmail and others, where the reply to QUIT was lost",
        client=_WantsFarewell,
    ),
    relay_fault(
        "outcomes/too-many-is-a-failure",
        "recipients beyond the next hop's limit fail",
        "RFC5321-4.5.3.1.8-d RFC5321-4.5.3.1.10-a",
        client=transacting(take_recipient=_never_too_many),
    ),
    relay_fault(
        "outcomes/one-by-one",
        "each recipient gets a copy of his own",
        "RFC5321-4.5.4.1-j RFC5321-4.4-r",
        line=_OneByOne,
    ),
    relay_fault(
        "outcomes/a-hundred", "recipients beyond a hundred are forgotten", "RFC5321-4.5.3.1.8-c", line=_Hundred
    ),
    relay_fault(
        "outcomes/one-success-for-all",
        "where one recipient is accepted, all count as sent",
        "RFC5321-4.4-q RFC5321-6.1-b RFC5321-4.4-r RFC5321-4.2.5-e RFC2920-3.1-c RFC2920-3.1-d",
        line=_AllOrNone,
    ),
    relay_fault(
        "outcomes/all-again",
        "where one recipient is put off, all are sent to again",
        "RFC5321-4.2.5-e RFC5321-4.2.1-b",
        line=_AllAgain,
    ),
    relay_fault(
        "outcomes/all-fail",
        "where one recipient is refused, all are reported",
        "RFC5321-4.4-r RFC5321-4.4-q RFC2920-3.1-c",
        line=_AllFail,
    ),
    relay_fault(
        "outcomes/remembers-refusals",
        "a domain that refused one message is not asked about the next",
        "RFC5321-4.5.4.1-i",
        line=_Remembers,
    ),
    relay_fault("outcomes/wiped", "the queue is lost at a restart", "RFC5321-6.1-a RFC5321-6.1-b", spool=_Wiped),
    relay_fault("outcomes/anonymous", "senders are lost at a restart", "RFC5321-6.1-a", spool=_Anonymous),
    relay_fault(
        "schedule/never",
        "what was put off is never tried again",
        "RFC5321-4.5.4.1-a RFC5321-4.2.1-b RFC5321-3.8-c RFC5321-4.5.4.1-d RFC5321-6.1-a RFC5321-5.1-e",
        schedule=_schedule(retry_intervals=(1e7,), give_up=1e8),
    ),
    relay_fault(
        "schedule/at-once",
        "what was put off is tried again at once",
        "RFC5321-4.5.4.1-b RFC5321-4.5.4.1-c",
        schedule=_schedule(retry_intervals=(0.02, 0.02, 0.02, 60.0)),
    ),
    relay_fault(
        "schedule/a-day",
        "mail is given up after a day",
        "RFC5321-4.5.4.1-d RFC5321-4.5.4.1-a",
        schedule=_schedule(give_up=86_400.0),
    ),
    relay_fault(
        "schedule/never-given-up",
        "mail is never given up",
        "RFC5321-6.1-b RFC5321-3.6.3-a RFC5321-6.2-a",
        schedule=_schedule(give_up=1e9),
    ),
    relay_fault(
        "timeouts/greeting",
        "the greeting is waited for a minute",
        "RFC5321-4.5.3.2.1-a",
        build=_timeouts(greeting=60.0),
    ),
    relay_fault(
        "timeouts/commands",
        "replies to commands are waited for a minute",
        "RFC5321-4.5.3.2.2-a RFC5321-4.5.3.2.3-a",
        build=_timeouts(command=60.0),
    ),
    relay_fault(
        "timeouts/data", "354 is waited for a minute", "RFC5321-4.5.3.2.4-a", build=_timeouts(data_initiation=60.0)
    ),
    relay_fault(
        "timeouts/dot",
        "the reply to the dot is waited for five minutes",
        "RFC5321-4.5.3.2.6-a",
        build=_timeouts(data_termination=300.0),
    ),
    relay_fault(
        "timeouts/none", "a silent next hop is waited for for ever", "RFC5321-4.5.3.2-a", settings=relaying(_patient)
    ),
    relay_fault(
        "commands/message-whatever",
        "the message is sent whatever DATA was answered",
        "RFC5321-3.3-m",
        client=transacting(data=_goes_on_regardless),
    ),
    relay_fault(
        "commands/message-at-once",
        "the message is sent right behind DATA",
        "RFC2920-3.1-b RFC5321-3.3-m RFC2920-3.1-c",
        client=transacting(data=_in_one_go),
    ),
    relay_fault(
        "commands/recipients-first",
        "RCPT comes before MAIL",
        "RFC5321-3.3-r",
        client=transacting(run=_recipients_first),
    ),
    relay_fault(
        "commands/always-pipelined",
        "commands are sent in one go where PIPELINING is not offered",
        "RFC5321-4.3.1-a RFC2920-3.1-a",
        client=transacting(run=_always_pipelined),
    ),
    relay_fault(
        "commands/without-quit",
        "the connection is dropped without QUIT",
        "RFC5321-4.1.4-m RFC5321-4.1.1.10-c RFC1870-6.2-c",
        client=client(close=_without_quit),
    ),
)
