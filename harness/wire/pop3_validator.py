"""The strict validator of POP3: judges every reply of a transcript, whatever the case was about.

It accuses only where the transcript alone proves the fault. A session is left alone once its replies might no longer
belong to the commands they seem to belong to: after a reply that ended early, after what came unasked, and after a
command that is not as the RFCs write it. RFC 1939, RFC 2449, RFC 3206, RFC 5034, RFC 6856.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.transcript import Exchange
from harness.verdicts import Facet
from harness.wire import pop3_answer, pop3_laws, pop3_lines, pop3_listings
from harness.wire.findings import Findings, Report, Violation
from harness.wire.pop3_answer import Pop3Answer, take_apart
from harness.wire.pop3_laws import Maildrop
from harness.wire.pop3_lines import Setting, check_lines
from harness.wire.pop3_listings import capability_tags, check_listings

__all__ = ["REQUIREMENTS", "Capabilities", "Report", "Violation", "validate"]

#: What a target announces: parameters by tag in upper case.
Capabilities = Mapping[str, Sequence[str]]

#: The modules that judge beside this one.
PARTS = (pop3_answer, pop3_laws, pop3_lines, pop3_listings)

_OWN_REQUIREMENTS = ("RFC1939-4-a", "RFC1939-5-b", "RFC1939-7.APOP-e")

#: Every requirement that the validator judges.
REQUIREMENTS = frozenset(
    _OWN_REQUIREMENTS + pop3_lines.REQUIREMENTS + pop3_listings.REQUIREMENTS + pop3_laws.REQUIREMENTS
)


@dataclass(slots=True)
class _Session:
    """What is known of one session of the transcript."""

    maildrop: Maildrop
    begun: bool = False
    commands: int = 0
    in_sasl: bool = False
    language: bool = False
    trusted: bool = True


@dataclass(slots=True)
class _Validation:
    """One transcript being judged."""

    capabilities: Capabilities | None
    findings: Findings = field(default_factory=Findings)
    sessions: dict[int, _Session] = field(default_factory=dict)
    timestamps: dict[bytes, int] = field(default_factory=dict)

    def take(self, index: int, exchange: Exchange) -> None:
        session = self.sessions.setdefault(
            exchange.session, _Session(Maildrop(self.findings, surrogates="UTF8" in (self.capabilities or {})))
        )
        if not session.trusted or not exchange.complete:
            session.trusted = False
            return
        if exchange.command is None and session.begun:
            self._unasked(index, exchange, session)
            session.trusted = False
            return
        answer = take_apart(index, exchange, in_sasl=session.in_sasl)
        check_lines(answer, Setting(self.capabilities, session.language), self.findings)
        if exchange.command is None:
            self._greeting(answer)
        elif answer.knowable:
            check_listings(answer, self.findings)
            session.maildrop.follow(answer)
        session.begun = True
        session.commands += exchange.command is not None
        self._answered_once(answer.place, session, holds=True)
        session.in_sasl = answer.challenge
        session.language = session.language or (answer.keyword == "LANG" and answer.positive and bool(answer.arguments))
        session.trusted = answer.knowable

    def _unasked(self, index: int, exchange: Exchange, session: _Session) -> None:
        """A second positive answer. A farewell of a server that ends the session is negative, or says nothing."""
        surplus = exchange.reply.upper().startswith(b"+OK")
        self._answered_once((index, exchange), session, holds=not surplus)

    def _answered_once(self, place: tuple[int, Exchange], session: _Session, *, holds: bool) -> None:
        self.findings.check(
            "RFC1939-5-b" if session.commands else "RFC1939-4-a",
            holds,
            place,
            expected="one response to each command" if session.commands else "a greeting of one line",
            observed=place[1].reply,
            kind="unasked",
            facet=Facet.ORDER,
        )

    def _greeting(self, answer: Pop3Answer) -> None:
        """Each greeting has a timestamp of its own (RFC 1939 §7, APOP)."""
        timestamp = pop3_lines.timestamp_of(answer.line)
        if timestamp is None:
            return
        before = self.timestamps.setdefault(timestamp, answer.index)
        self.findings.check(
            "RFC1939-7.APOP-e",
            before == answer.index,
            answer.place,
            expected="another timestamp than in any other greeting",
            observed=timestamp,
            kind="timestamp:again",
            facet=Facet.DATA,
        )


def validate(exchanges: Sequence[Exchange], capabilities: Capabilities | None = None) -> Report:
    """Judge every POP3 exchange of a transcript.

    `capabilities` is what the target announced elsewhere; with None, what the transcript's own answers to CAPA say.
    Where neither is known, requirements that bind only servers with CAPA are not judged.
    """
    own = [(index, exchange) for index, exchange in enumerate(exchanges) if exchange.protocol == "pop3"]
    validation = _Validation(_announced([exchange for _, exchange in own], capabilities))
    for index, exchange in own:
        validation.take(index, exchange)
    return validation.findings.report()


def _announced(exchanges: Sequence[Exchange], known: Capabilities | None) -> Capabilities | None:
    """What is announced in any state: a tag that one answer to CAPA has is announced."""
    announced: dict[str, Sequence[str]] = dict(known or {})
    seen = bool(known)
    for exchange in exchanges:
        if exchange.complete and (exchange.command or b"").upper() == b"CAPA":
            answer = take_apart(0, exchange, in_sasl=False)
            if answer.positive and answer.body is not None:
                announced.update(capability_tags(answer))
                seen = True
    return announced if seen else None
