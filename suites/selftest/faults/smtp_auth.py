"""AUTH: who is let in, how the exchange goes, and what is said of it (RFC 4954)."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

from reference_server.actions import Action, Send, SessionContext
from reference_server.conversation import Await, Steps
from reference_server.lines import Framing, LineBuffer
from reference_server.sasl import MECHANISMS, MechanismFactory
from reference_server.sasl.plain import Plain
from reference_server.settings import Settings
from reference_server.smtp import replies
from reference_server.smtp.replies import Renderer
from reference_server.smtp.session import SmtpSession
from reference_server.smtp.state import State
from suites.selftest.credentials import judging
from suites.selftest.fault import Build, Fault
from suites.selftest.mechanisms import PlainAsks, PlainAsksForNothing, PlainByStart, PlainUnprepared, ScramWithoutProof
from suites.selftest.smtp_variants import (
    accepted_in,
    altered,
    announcing,
    behind,
    fault,
    hearing,
    instead,
    lacking,
    replying,
    says,
    smtp_variant,
    swap,
    unconditional,
)

_NO_BASE64 = "RFC4954-4-m RFC4954-4-o"


def _auth(slug: str, title: str, requirements: str, build: Build, seen_in: str = "") -> Fault:
    return fault(f"auth/{slug}", title, requirements, build, "AUTH", "PLAIN", seen_in=seen_in)


def _limited(given: Settings, **limits: int) -> Settings:
    return replace(given, limits=replace(given.limits, **limits))


class _Keeps(SmtpSession):
    """Whoever has tried is in."""

    def answer(self, line: bytes | Framing) -> Steps:
        try:
            yield from super().answer(line)
        finally:
            if isinstance(line, bytes) and line.upper().startswith(b"AUTH"):
                self.account = self.account or "user1"


class _AsInTheClear(Renderer):
    """Challenges are not encoded."""

    def challenge(self, data: bytes) -> bytes:
        return b"334 " + data + b"\r\n"


class _WithWords(Renderer):
    """Challenges have words in front."""

    def challenge(self, data: bytes) -> bytes:
        return b"334 go on: " + base64.b64encode(data) + b"\r\n"


def _lenient(text: bytes) -> bytes:
    """Base64 read as far as it goes."""
    cleaned = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    return base64.b64decode(cleaned + b"=" * (-len(cleaned) % 4))


class _Lenient(SmtpSession):
    """Responses are decoded as far as they go."""

    asked = False

    def converse(self) -> Steps:
        yield from altered(super().converse(), self._mended)

    def _mended(self, wanted: Action | Await) -> list[Action | Await]:
        asked = self.asked and isinstance(wanted, Await)
        if isinstance(wanted, (Send, Await)):
            self.asked = isinstance(wanted, Send) and wanted.data.startswith(b"334")
        if not isinstance(wanted, Await) or not asked:
            return [wanted]

        def take(buffer: LineBuffer) -> object | None:
            line = wanted.take(buffer)
            return base64.b64encode(_lenient(line)) if isinstance(line, bytes) and line != b"*" else line

        return [Await(take)]


class _TellsNamesApart(SmtpSession):
    """A name that nobody has is told from a wrong password."""

    def reply(self, reply: replies.Reply, **values: object) -> Send:
        sent = super().reply(reply, **values)
        if reply is replies.WRONG_CREDENTIALS and not self.known:
            return replace(sent, data=b"535 5.7.8 no such user\r\n")
        return sent

    known = True

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper().startswith(b"AUTH PLAIN "):
            self.known = b"no-such-user" not in _lenient(line[11:])
        yield from super().answer(line)


def _with_plain(mechanism: type[Plain]) -> Build:
    return smtp_variant(mechanisms={**MECHANISMS, "PLAIN": mechanism})


class _ShortResponses(SmtpSession):
    """Responses may have 512 octets; the status of a longer one is that of a long command."""

    longest = 512

    def __init__(self, context: SessionContext, **parts: Any) -> None:
        limits = replace(context.settings.limits, sasl_line=self.longest)
        super().__init__(replace(context, settings=replace(context.settings, limits=limits)), **parts)

    def reply(self, reply: replies.Reply, **values: object) -> Send:
        return super().reply(replies.LINE_TOO_LONG if reply is replies.RESPONSE_TOO_LONG else reply, **values)


class _ShortishResponses(_ShortResponses):
    """The same, with 4096 octets."""

    longest = 4096


class _NoPlainInside(SmtpSession):
    """PLAIN is offered in the clear only."""

    def permitted_mechanisms(self) -> dict[str, MechanismFactory]:
        return {
            name: each for name, each in super().permitted_mechanisms().items() if name != "PLAIN" or not self.encrypted
        }


class _UnlistedPlain(SmtpSession):
    """In the clear PLAIN is not listed, and taken all the same."""

    def announcements(self) -> list[str]:
        return [each if self.encrypted else each.replace(" PLAIN", "") for each in super().announcements()]


FAULTS = (
    # ---- who is let in
    _auth(
        "anybody",
        "Any password is right",
        "RFC4954-4-t RFC4954-4-y RFC6409-4.3-a RFC4954-4-s",
        smtp_variant(credentials=judging(password=lambda inner, account, given: True)),
    ),
    _auth(
        "beginning",
        "Only the beginning of a password counts",
        "RFC4954-4-t",
        smtp_variant(
            credentials=judging(
                password=lambda inner, account, given: inner.inner.verify_password(
                    account, given.removesuffix(" and more")
                )
            )
        ),
    ),
    _auth(
        "nobody",
        "Nobody is let in by PLAIN",
        "RFC4954-4-u RFC4954-4-a RFC4954-8-a RFC4954-4-ab",
        replying(rb"^AUTH PLAIN ", swap(rb"^235.*", b"535 5.7.8 no\r")),
    ),
    _auth(
        "wrong-is-550",
        "Wrong credentials are refused by 550",
        "RFC4954-4-t",
        says(swap(rb"^535 5\.7\.8", b"550 5.7.8")),
    ),
    _auth(
        "success-is-250", "Success is told by 250", "RFC4954-4-u RFC4954-4-a RFC4954-8-a", says(swap(rb"^235", b"250"))
    ),
    _auth("in-anyhow", "Whoever has tried AUTH is in", "RFC4954-4-y RFC6409-4.3-a RFC4954-6-e", smtp_variant(_Keeps)),
    _auth(
        "not-in",
        "After AUTH nothing is permitted that was not before",
        "RFC4954-4-u",
        behind(rb"^AUTH", lambda session: setattr(session, "account", None)),
    ),
    _auth(
        "once",
        "AUTH can be tried once",
        "RFC4954-4-y RFC4954-9-b",
        smtp_variant(settings=lambda given: _limited(given, failed_logins=1)),
    ),
    _auth(
        "for-ever",
        "AUTH can be tried for ever",
        "POSTEL-smtp_auth-a",
        smtp_variant(settings=lambda given: _limited(given, failed_logins=10**9)),
    ),
    _auth(
        "names-apart",
        "A name that nobody has is told from a wrong password",
        "POSTEL-smtp_auth-b",
        smtp_variant(_TellsNamesApart),
        "many servers",
    ),
    _auth("octets", "Names are compared octet by octet", "RFC4954-4-r RFC4954-4-s", _with_plain(PlainUnprepared)),
    _auth(
        "forgives",
        "A message that is none of PLAIN is answered by a challenge",
        "POSTEL-smtp_auth-c",
        replying(rb"^AUTH PLAIN (bm9ib2R5|AG5v)", lambda data: b"334 \r\n"),
    ),
    # ---- the exchange
    _auth(
        "no-initial-response",
        "An initial response is passed over, and asked for again",
        "RFC4954-4-a RFC4954-4-u",
        _with_plain(PlainAsks),
    ),
    _auth(
        "needs-an-initial-response",
        "PLAIN needs an initial response",
        "RFC4954-4-j RFC4954-4-u",
        _with_plain(PlainByStart),
    ),
    _auth(
        "nothing-is-none",
        "An empty initial response is taken for none",
        "RFC4954-4-b",
        _with_plain(PlainAsksForNothing),
    ),
    _auth("unencoded", "Challenges are not encoded", "RFC4954-4-h RFC4954-4-g", smtp_variant(renderer=_AsInTheClear)),
    _auth(
        "words",
        "Challenges have words in front",
        "RFC4954-4-h RFC4954-4-g RFC4954-4-j",
        smtp_variant(renderer=_WithWords),
    ),
    _auth(
        "scram-proof",
        "SCRAM does not prove the server",
        "RFC4954-4-x RFC4954-4-u",
        smtp_variant(mechanisms={**MECHANISMS, "SCRAM-SHA-256": ScramWithoutProof}),
    ),
    _auth(
        "cancelled-by-535",
        "A cancelled exchange is answered by 535",
        "RFC4954-4-i",
        says(swap(rb"^501 5\.7\.0", b"535 5.7.0")),
    ),
    _auth("loose-base64", "Responses are decoded as far as they go", _NO_BASE64, smtp_variant(_Lenient)),
    _auth(
        "loose-initial-base64",
        "An initial response that is no base64 is taken for wrong credentials",
        "RFC4954-4-m",
        instead(rb"^AUTH PLAIN not", b"535 5.7.8 wrong"),
    ),
    _auth(
        "base64-status",
        "What is no base64 is refused with another status",
        "RFC4954-4-n",
        says(swap(rb"^501 5\.5\.2", b"501 5.5.4")),
    ),
    _auth(
        "case",
        "Mechanisms are known in upper case only",
        "RFC4954-8-a",
        hearing(rb"^AUTH (?-i:(?![A-Z0-9-]+(?: |$)))[A-Z0-9-]+", b"AUTH XYZ"),
    ),
    _auth(
        "case-of-the-verb",
        "AUTH is known in upper case only",
        "RFC4954-8-a",
        hearing(rb"^(?-i:(?!AUTH))AUTH ", b"XYZ "),
    ),
    _auth(
        "unknown-mechanism",
        "A mechanism that nobody knows is refused by 535",
        "RFC4954-4-e",
        replying(rb"^AUTH POSTEL", swap(rb"^504", b"535")),
    ),
    _auth(
        "unknown-mechanism-status",
        "A mechanism that nobody knows is refused with another status",
        "RFC4954-4-f",
        replying(rb"^AUTH POSTEL", swap(rb"5\.5\.4", b"5.7.8")),
    ),
    _auth("again", "AUTH is taken again after it succeeded", "RFC4954-4-c", unconditional("AUTH")),
    _auth(
        "again-is-501",
        "A second AUTH is refused by 501",
        "RFC4954-4-c RFC4954-4-d",
        replying(rb"^AUTH", swap(rb"^503", b"501")),
    ),
    _auth(
        "in-a-transaction", "AUTH is taken in a transaction", "RFC4954-4-d", accepted_in((State.SENDER_GIVEN,), "AUTH")
    ),
    _auth(
        "reset",
        "RSET ends the login",
        "4.1.1.5-c",
        behind(rb"^RSET", lambda session: setattr(session, "account", None)),
    ),
    _auth(
        "too-long-status",
        "Responses may have 512 octets",
        "RFC4954-4-p",
        smtp_variant(_ShortResponses),
    ),
    _auth(
        "short-parameter",
        "A MAIL command with AUTH may have 512 octets",
        "RFC4954-3-c",
        instead(rb"^MAIL.*AUTH=.{400}", b"500 5.5.2 line too long"),
    ),
    _auth(
        "long-response-status",
        "A response that is too long is refused with the status of a long command",
        "RFC4954-4-q",
        smtp_variant(_ShortishResponses),
    ),
    # ---- what is listed and said
    _auth("statuses", "AUTH has other statuses", "RFC4954-6-a", says(swap(rb"(\d)\.7\.[08] ", rb"\1.0.0 "))),
    _auth(
        "list-with-an-equals-sign",
        "AUTH is listed with an equals sign",
        "RFC4954-3-a RFC4954-3-d RFC6409-7-a",
        announcing(lambda lines: [each.replace("AUTH ", "AUTH=") for each in lines]),
        "Outlook's servers of 1998",
    ),
    _auth(
        "list-with-commas",
        "Mechanisms are listed with commas",
        "RFC4954-3-a",
        announcing(lambda lines: [each.replace(" PLAIN", ", PLAIN") for each in lines]),
    ),
    _auth("not-offered", "AUTH is not offered", "RFC6409-7-a RFC4954-3-d", lacking("AUTH")),
    _auth("no-plain-inside", "PLAIN is not offered inside TLS", "RFC4954-4-ab", smtp_variant(_NoPlainInside)),
    _auth(
        "listed-not-taken",
        "A mechanism is listed, and refused for want of encryption",
        "RFC4954-6-d 4.2.4-c",
        instead(rb"^AUTH PLAIN$", b"538 5.7.11 encryption required"),
    ),
    _auth(
        "plain-in-the-clear", "PLAIN is not listed in the clear, and taken", "RFC4954-6-e", smtp_variant(_UnlistedPlain)
    ),
)
