"""The strict validator of SMTP and LMTP: judges every reply of a transcript, whatever the case was about.

It accuses only where the transcript alone proves the fault. A session's replies are no longer taken for answers to
their commands once that could be wrong: after a reply that ended early, after what came unasked, after a line with
octets that no command has, and after a message with a bare CR or LF, in which a server may have seen commands.
RFC 5321, RFC 2033, RFC 2034 and the keywords of the extensions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.transcript import Exchange
from harness.verdicts import Facet
from harness.wire import smtp_codes, smtp_lines, smtp_names
from harness.wire.findings import Findings, Report, Violation
from harness.wire.smtp import MESSAGE, ODD_MESSAGE
from harness.wire.smtp_codes import check_code, check_enhanced
from harness.wire.smtp_lines import Line, Place, take_lines
from harness.wire.smtp_names import check_announcement, check_greeting

__all__ = ["PROTOCOLS", "REQUIREMENTS", "Report", "Violation", "validate"]

#: The protocols whose exchanges are judged.
PROTOCOLS = ("smtp", "lmtp")
#: The modules that judge beside this one.
PARTS = (smtp_lines, smtp_names, smtp_codes)

#: Every requirement that the validator judges.
REQUIREMENTS = frozenset(
    (
        "RFC5321-3.2-a",
        "RFC5321-4.2-a",
        "RFC4954-4-h",
        *smtp_lines.REQUIREMENTS,
        *smtp_names.REQUIREMENTS,
        *smtp_codes.REQUIREMENTS,
    )
)

_CHALLENGE = b"334"
_AUTHENTICATED = 235
_ORDINARY = re.compile(rb"[\t -~\x80-\xff]*")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
#: Octets of a command line that every server takes, AUTH's responses apart (RFC 5321 §4.5.3.1.4).
_USUAL_LINE = 510


@dataclass(slots=True)
class _Session:
    """What is known of one session of the transcript."""

    begun: bool = False
    trusted: bool = True  # its replies are answers to the commands that they seem to answer
    in_sasl: bool = False
    enhanced: bool = False
    utf8: bool = False
    authenticated: bool = False


@dataclass(slots=True)
class _Validation:
    """One transcript being judged."""

    findings: Findings = field(default_factory=Findings)
    sessions: dict[int, _Session] = field(default_factory=dict)

    def take(self, index: int, exchange: Exchange) -> None:
        session = self.sessions.setdefault(exchange.session, _Session())
        place = (index, exchange)
        if not exchange.complete or (exchange.command is None and session.begun):
            if exchange.complete and session.trusted:
                self._unasked(place)
            session.trusted = False
            return
        command = _name(exchange.command, in_sasl=session.in_sasl)
        session.utf8 = session.utf8 or b"SMTPUTF8" in (exchange.command or b"").upper()
        lines = take_lines(place, self.findings, utf8=session.utf8)
        if lines:
            self._reply(place, lines, command, session)
        if session.begun and command not in ("AUTH", "response", "message"):
            self._answered_once(place, holds=True)
        session.begun = True
        session.in_sasl = bool(lines) and lines[-1].code == _CHALLENGE
        session.trusted = session.trusted and bool(lines) and _knowable(exchange.command, command)

    def _reply(self, place: Place, lines: Sequence[Line], command: str, session: _Session) -> None:
        last = lines[-1]
        code, submitting = int(last.code), session.authenticated
        check_code(place, code, command, self.findings, certain=session.trusted, submitting=submitting)
        session.authenticated = submitting or code == _AUTHENTICATED
        if not session.trusted:
            return
        if command == "greeting":
            check_greeting(place, lines, self.findings)
        if command == "HELO" and last.code == b"250":
            self.findings.check(
                "RFC5321-3.2-a",
                len(lines) == 1,
                place,
                expected="one line",
                observed=place[1].reply,
                kind="extended-helo",
            )
        if session.enhanced:
            check_enhanced(place, lines, command, self.findings)
        if command in ("EHLO", "LHLO") and last.code == b"250":
            session.enhanced = "ENHANCEDSTATUSCODES" in check_announcement(place, lines, self.findings)
        if command == "STARTTLS" and last.code == b"220":
            session.enhanced = False  # forgotten with all else (RFC 3207 §4.2)
        if last.code == _CHALLENGE and command in ("AUTH", "response"):
            self._challenge(place, last)

    def _challenge(self, place: Place, line: Line) -> None:
        self.findings.check(
            "RFC4954-4-h",
            _BASE64.fullmatch(line.text) is not None,
            place,
            expected="base64, or nothing",
            observed=line.raw,
            kind="not-base64",
        )

    def _unasked(self, place: Place) -> None:
        """A reply to nothing. One by 421 says that the server ends the session (RFC 5321 §3.8)."""
        self._answered_once(place, holds=place[1].reply.startswith(b"421"))

    def _answered_once(self, place: Place, *, holds: bool) -> None:
        self.findings.check(
            "RFC5321-4.2-a",
            holds,
            place,
            expected="one reply to each command",
            observed=place[1].reply,
            kind="unasked",
            facet=Facet.ORDER,
        )


def _name(command: bytes | None, *, in_sasl: bool) -> str:
    """What a reply answers: a verb in upper case, `greeting`, `message`, or the `response` to a challenge."""
    if command is None:
        return "greeting"
    if in_sasl:
        return "response"
    if command in (MESSAGE, ODD_MESSAGE):
        return "message"
    return command.split(b" ")[0].decode("latin-1").upper()


def _knowable(command: bytes | None, name: str) -> bool:
    """Whether a line is one command to every server, so that the replies behind it can be counted."""
    if command is None or name == "response":
        return True
    short = len(command) <= _USUAL_LINE or name == "AUTH"
    return command != ODD_MESSAGE and short and _ORDINARY.fullmatch(command) is not None


def validate(exchanges: Sequence[Exchange], capabilities: Mapping[str, Sequence[str]] | None = None) -> Report:
    """Judge every exchange of SMTP and LMTP in a transcript.

    What is announced is taken from each session's own EHLO, since it changes within a session; `capabilities`, which
    other validators need, is not read.
    """
    del capabilities
    validation = _Validation()
    for index, exchange in enumerate(exchanges):
        if exchange.protocol in PROTOCOLS:
            validation.take(index, exchange)
    return validation.findings.report()
