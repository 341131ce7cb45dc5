"""What EHLO lists, and what VRFY, EXPN and HELP tell (RFC 5321 §3.5, §4.1.1.1, §4.2.4, §7.3)."""

from __future__ import annotations

from dataclasses import replace

from reference_server.actions import Send
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.settings import Settings
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import Change, fault, instead, relisted, replying, smtp_variant, swap


def _says(slug: str, title: str, requirements: str, pattern: bytes, change: Change, *touches: str) -> Fault:
    return fault(f"reply/{slug}", title, requirements, replying(pattern, change), *touches)


def _hides(given: Settings) -> Settings:
    return replace(given, verification=False)


class _ListsLess(SmtpSession):
    """The second EHLO of a session is answered with less."""

    asked = 0

    def announcements(self) -> list[str]:
        self.asked += 1
        return super().announcements()[: None if self.asked == 1 else -2]


class _NoGroups(SmtpSession):
    """A command that does not come by itself is refused."""

    def answer(self, line: bytes | Framing) -> Steps:
        left = self._buffer.take_all()
        self._buffer.give_back(left)
        if left and isinstance(line, bytes) and line.upper().startswith((b"MAIL", b"RSET")):
            raise CommandRefused(replies.BAD_SEQUENCE)
        yield from super().answer(line)


class _HidesHalf(SmtpSession):
    """VRFY is disabled, and tells names that are not here apart."""

    def answer(self, line: bytes | Framing) -> Steps:
        unknown = isinstance(line, bytes) and line.upper().startswith(b"VRFY") and b"no-such-user" in line
        if unknown:
            yield Send(b"450 4.1.1 no such user\r\n")
        elif isinstance(line, bytes) and line.upper().startswith(b"VRFY"):
            yield Send(b"550 5.7.1 not for you\r\n")
        else:
            yield from super().answer(line)


class _HidesBadly(SmtpSession):
    """VRFY is disabled, and temporarily fails for names that are not here."""

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper().startswith(b"VRFY") and b"no-such-user" in line:
            yield Send(b"450 4.1.1 no such user\r\n")
        else:
            yield from super().answer(line)


FAULTS = (
    # ---- VRFY and EXPN
    _says(
        "vrfy-name-alone",
        "VRFY tells a name without its domain",
        "3.5.1-c 3.5.2-a",
        rb"^VRFY",
        swap(rb"@[^>\r]*", b""),
        "VRFY",
    ),
    _says(
        "vrfy-no-brackets", "VRFY tells a mailbox without brackets", "3.5.2-b", rb"^VRFY", swap(rb"[<>]", b""), "VRFY"
    ),
    _says(
        "vrfy-route",
        "VRFY tells a source route",
        "3.5.2-d",
        rb"^VRFY",
        swap(rb"<(user)", rb"<@mail.postel.test:\1"),
        "VRFY",
    ),
    _says(
        "vrfy-other-name",
        "VRFY tells a mailbox that nobody can send to",
        "3.5.2-c",
        rb"^VRFY",
        swap(rb"<(user)", rb"<the-\1"),
        "VRFY",
    ),
    _says(
        "vrfy-214",
        "VRFY and EXPN are answered by 214",
        "3.5.1-a 3.5.1-j 4.1.4-b 3.5.1-i",
        rb"^(VRFY|EXPN)",
        swap(rb"^250", b"214"),
        "VRFY",
        "EXPN",
    ),
    _says(
        "vrfy-needs-a-domain",
        "VRFY of a name without its domain is refused",
        "3.5.1-i",
        rb"^VRFY [^@ ]+$",
        lambda data: b"553 5.1.3 no domain\r\n",
        "VRFY",
    ),
    _says(
        "vrfy-confirms",
        "VRFY and EXPN confirm whatever is asked",
        "3.5.3-a 7.3-a",
        rb"^(VRFY|EXPN) ",
        lambda data: b"250 2.1.5 <postmaster@postel.test>\r\n",
        "VRFY",
        "EXPN",
    ),
    _says(
        "expn-two",
        "EXPN tells all mailboxes on one line",
        "3.5.1-e 3.5.1-h",
        rb"^EXPN",
        swap(rb"(<user[^>]*>)", rb"\1, <postmaster@postel.test>"),
        "EXPN",
    ),
    fault(
        "reply/vrfy-disabled-550",
        "Where VRFY is disabled it is refused by 550",
        "7.3-b",
        smtp_variant(_HidesHalf, settings=_hides),
        "VRFY",
        seen_in="servers set up against address harvesting",
    ),
    fault(
        "reply/vrfy-disabled-badly",
        "Where VRFY is disabled names that are not here fail for the time being",
        "3.5.3-c 7.3-b",
        smtp_variant(_HidesBadly, settings=_hides),
        "VRFY",
    ),
    # ---- what EHLO lists
    fault(
        "reply/grammar",
        "EHLO lists keywords with two spaces, and empty ones",
        "4.1.1.1-c",
        relisted("SIZE", "SIZE  0"),
        "EHLO",
    ),
    fault(
        "reply/unregistered-keyword",
        "EHLO lists a keyword that is registered nowhere",
        "2.2.2-a",
        relisted("HELP", "POSTELIZED"),
        "EHLO",
    ),
    fault("reply/not-the-same", "EHLO lists something else each time", "4.1.4-c", smtp_variant(_ListsLess), "EHLO"),
    fault("reply/expn-is-not-listed", "EXPN is taken, and not listed", "3.5.2-e 4.1.1.1-d", relisted("EXPN"), "EXPN"),
    fault("reply/help-is-not-listed", "HELP is taken, and not listed", "4.1.1.1-d", relisted("HELP"), "HELP"),
    fault(
        "reply/send-is-taken",
        "SEND, SOML and SAML are taken, and not listed",
        "F.6-a",
        instead(rb"^(SEND|SOML|SAML)", b"250 2.0.0 ok"),
        "SEND",
    ),
    fault(
        "reply/vrfy-is-listed",
        "HELP and EXPN are listed, and not implemented",
        "4.2.4-c",
        instead(rb"^(HELP|EXPN)", b"502 5.5.1 not implemented"),
        "HELP",
        "EXPN",
    ),
    fault(
        "reply/dsn-is-listed",
        "SIZE, DSN, SMTPUTF8 and 8BITMIME are listed, and refused",
        "4.2.4-c",
        instead(rb"^MAIL [^>]*> ", b"501 5.5.4 no parameters"),
        "MAIL",
    ),
    fault(
        "reply/pipelining-is-listed",
        "PIPELINING is listed, and a group is a syntax error",
        "4.2.4-c",
        smtp_variant(_NoGroups),
        "RSET",
    ),
)
