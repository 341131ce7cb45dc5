"""What a scripted next hop shall do: data that can be written as JSON, so that a sidecar can be told it too.

A `HopPlan` has an `AttemptPlan` for each connection, the last of which holds for all later ones. An attempt's plan
names the points of an SMTP session at which the hop does something else than a good server would (RFC 5321 §4.3.2
has the replies that may stand at each), its extensions, and what it says to single recipients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Point(StrEnum):
    """Where in a session a plan may step in. CONTENT is inside the message, DOT behind its end (or BDAT's LAST)."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "handshake"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BDAT = "BDAT"
    CONTENT = "content"
    DOT = "dot"
    RSET = "RSET"
    QUIT = "QUIT"
    OTHER = "other"


class Then(StrEnum):
    """What follows what the hop says: the session, the connection's end, its reset, or nothing for ever."""

    GO_ON = "go on"
    CLOSE = "close"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at a point.

    `reply` is sent with a CRLF behind it, octet for octet (characters stand for octets, as in Latin-1; more lines of a
    reply are separated by CRLF); "" says nothing; None is the usual reply. `pause` is seconds before it is said.
    """

    reply: str | None = None
    then: Then = Then.GO_ON
    pause: float = 0.0


#: What a hop announces unless its plan says otherwise; STARTTLS is among it only where the plan says so.
EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True, slots=True)
class AttemptPlan:
    """What the hop does on one connection; without arguments, what a good server does.

    `steps` by point; `recipients` gives the reply to RCPT by local part, and goes before the step at RCPT. With an
    announced `SIZE n`, a larger declared size is refused with 552 (RFC 1870 §6). A step at CONTENT happens after
    `content_limit` octets of the message. A slow reader (`octets_a_second` above 0) reads no faster than that.
    """

    steps: Mapping[Point, Step] = field(default_factory=dict)
    recipients: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = EXTENSIONS
    content_limit: int = 0
    octets_a_second: int = 0

    def at(self, point: Point, reply: str | None = None, then: Then = Then.GO_ON, pause: float = 0.0) -> AttemptPlan:
        """The same plan with one step more."""
        return replace(self, steps={**self.steps, point: Step(reply, then, pause)})

    def without(self, *keywords: str) -> AttemptPlan:
        """The same plan without these extensions."""
        left = tuple(each for each in self.extensions if each.split(" ")[0] not in keywords)
        return replace(self, extensions=left)

    def announcing(self, *extensions: str) -> AttemptPlan:
        """The same plan with these extensions announced, in place of others with the same keyword."""
        keywords = {each.split(" ")[0] for each in extensions}
        kept = tuple(each for each in self.extensions if each.split(" ")[0] not in keywords)
        return replace(self, extensions=(*kept, *extensions))

    def answering(self, local_part: str, reply: str) -> AttemptPlan:
        """The same plan with this reply to RCPT for a local part."""
        return replace(self, recipients={**self.recipients, local_part: reply})


@dataclass(frozen=True, slots=True)
class HopPlan:
    """What the hop does on each connection: the first has the first plan, the last plan holds for all later ones."""

    attempts: tuple[AttemptPlan, ...] = (AttemptPlan(),)

    def of(self, number: int) -> AttemptPlan:
        """The plan of a connection, counted from 1."""
        return self.attempts[min(number, len(self.attempts)) - 1]


GOOD = AttemptPlan()

#: A temporary and a permanent refusal for each point, as RFC 5321 §4.3.2 has them.
_TEMPORARY = {
    Point.GREETING: "421 4.3.2 not now",
    Point.STARTTLS: "454 4.7.0 TLS is not to be had now",
    Point.MAIL: "451 4.3.0 try again later",
    Point.RCPT: "451 4.7.1 try again later",
    Point.DATA: "451 4.3.0 try again later",
    Point.DOT: "451 4.3.0 try again later",
    Point.EHLO: "421 4.3.2 not now",
    Point.BDAT: "451 4.3.0 try again later",
}
_PERMANENT = {
    Point.GREETING: "554 5.3.2 no mail service here",
    Point.EHLO: "550 5.7.1 not welcome",
    Point.STARTTLS: "501 5.5.4 no",
    Point.MAIL: "550 5.7.1 this sender is not welcome",
    Point.RCPT: "550 5.1.1 no such user",
    Point.DATA: "554 5.6.0 no mail today",
    Point.DOT: "554 5.6.0 the message is not wanted",
    Point.BDAT: "554 5.6.0 the message is not wanted",
}


def _coming_to(point: Point, plan: AttemptPlan) -> AttemptPlan:
    """The plan by which a target comes to that point: with CHUNKING announced, some never say DATA (RFC 3030 §2)."""
    return plan.without("CHUNKING", "BINARYMIME") if point is Point.DATA else plan


def deferring(point: Point, plan: AttemptPlan = GOOD) -> AttemptPlan:
    """A temporary refusal (4yz) at a point. For DATA, CHUNKING is not announced; so in the three that follow."""
    return _coming_to(point, plan).at(
        point, _TEMPORARY[point], Then.CLOSE if _TEMPORARY[point].startswith("421") else Then.GO_ON
    )


def refusing(point: Point, plan: AttemptPlan = GOOD) -> AttemptPlan:
    """A permanent refusal (5yz) at a point."""
    return _coming_to(point, plan).at(point, _PERMANENT[point])


def dropping(point: Point, *, reset: bool = False, plan: AttemptPlan = GOOD) -> AttemptPlan:
    """The connection ends at a point, where a reply would be due. At CONTENT: as soon as content comes."""
    dropped = _coming_to(point, plan).at(point, "", Then.RESET if reset else Then.CLOSE)
    return replace(dropped, content_limit=max(plan.content_limit, 1)) if point is Point.CONTENT else dropped


def silent(point: Point, plan: AttemptPlan = GOOD) -> AttemptPlan:
    """Nothing is said any more at a point, and the connection stays."""
    return _coming_to(point, plan).at(point, "", Then.SILENCE)


def without_ehlo(plan: AttemptPlan = GOOD) -> AttemptPlan:
    """A server of RFC 821's time: EHLO is not known (RFC 5321 §3.2)."""
    return plan.at(Point.EHLO, "502 command not implemented")


def offering_tls(plan: AttemptPlan = GOOD) -> AttemptPlan:
    """STARTTLS is announced, and works."""
    return plan.announcing("STARTTLS")


def breaking_tls(plan: AttemptPlan = GOOD) -> AttemptPlan:
    """STARTTLS is announced and granted, and then what comes is no handshake."""
    return offering_tls(plan).at(Point.HANDSHAKE, "500 this is not TLS", Then.CLOSE)


def greylisting(times: int = 1, plan: AttemptPlan = GOOD) -> HopPlan:
    """Each recipient is put off on the first connections, and taken on later ones."""
    return HopPlan((*(deferring(Point.RCPT, plan) for _ in range(times)), plan))


def always(plan: AttemptPlan) -> HopPlan:
    """The same on every connection."""
    return HopPlan((plan,))


def in_turn(*plans: AttemptPlan) -> HopPlan:
    """One plan for each connection; the last one holds for all later ones."""
    return HopPlan(plans)
