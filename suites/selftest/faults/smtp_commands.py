"""Command lines: what is wrong and taken, right and refused, in which case and with which white space.

RFC 5321 §2.4, §4.1.1, §4.2.4, §4.3.2.
"""

from __future__ import annotations

from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.smtp import commands, replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import fault, handled, hearing, instead, replying, smtp_variant, swap, without


def _instead(slug: str, title: str, requirements: str, pattern: bytes, reply: bytes, *touches: str) -> Fault:
    return fault(f"command/{slug}", title, requirements, instead(pattern, reply), *touches)


def _hears(slug: str, title: str, requirements: str, pattern: bytes, line: bytes, *touches: str) -> Fault:
    return fault(f"command/{slug}", title, requirements, hearing(pattern, line), *touches)


_SENDER = rb"FROM:<sender@client.test>"


class _ResetsOnce(SmtpSession):
    """The second RSET of a session is refused."""

    resets = 0

    def answer(self, line: bytes | Framing) -> Steps:
        self.resets += isinstance(line, bytes) and line.upper() == b"RSET"
        if self.resets == 2:
            self.resets = 0
            raise CommandRefused(replies.BAD_SEQUENCE)
        yield from super().answer(line)


class _ListsVrfy(SmtpSession):
    """VRFY is listed, and not implemented."""

    def announcements(self) -> list[str]:
        return [*super().announcements(), "VRFY"]

    def answer(self, line: bytes | Framing) -> Steps:
        if isinstance(line, bytes) and line.upper().startswith(b"VRFY"):
            raise CommandRefused(replies.NOT_IMPLEMENTED)
        yield from super().answer(line)


FAULTS = (
    # ---- arguments
    _instead(
        "mail-any",
        "MAIL with whatever is taken",
        "4.1.1-b 4.2.2-a 4.1.2-c",
        rb"^MAIL(?! FROM:<[^<> ]*>(?: [^<]|$))",
        b"250 2.1.0 ok",
        "MAIL",
    ),
    _instead(
        "mail-loose-brackets",
        "Missing and doubled brackets are mended",
        "3.3-b",
        rb"^MAIL(?: FROM:<+[^>]*(?:>>)?)?$",
        b"250 2.1.0 ok",
        "MAIL",
    ),
    _instead(
        "rcpt-any",
        "RCPT with whatever is taken",
        "4.1.1-b 4.2.2-a 4.1.2-c",
        rb"^RCPT(?! TO:<[^<> ]+>(?: [^<]|$))",
        b"250 2.1.5 ok",
        "RCPT",
    ),
    _instead("auth-alone", "AUTH without a mechanism begins PLAIN", "4.1.1-b", rb"^AUTH$", b"334 ", "AUTH"),
    _instead(
        "ehlo-without-a-name",
        "EHLO and HELO need no name",
        "4.1.4-d 4.1.1.1-f 4.1.1-b",
        rb"^(EHLO|HELO)$",
        b"250 mail.postel.test",
        "EHLO",
    ),
    _hears(
        "surplus-arguments",
        "What follows DATA, RSET and QUIT is not looked at",
        "4.3.2-d",
        rb"^(DATA|RSET|QUIT) .*$",
        rb"\1",
        "DATA",
        "RSET",
        "QUIT",
    ),
    _hears(
        "starttls-argument",
        "What follows STARTTLS is not looked at",
        "RFC3207-4-c",
        rb"^(STARTTLS) .*$",
        rb"\1",
        "STARTTLS",
    ),
    _instead(
        "vrfy-of-nobody",
        "VRFY without a name is confirmed",
        "3.5.3-a",
        rb"^VRFY$",
        b"250 2.1.5 <nobody@postel.test>",
        "VRFY",
    ),
    # ---- white space
    _hears("space-first", "White space in front of a verb is skipped", "POSTEL-smtp_line-j", rb"^ +", b"", "NOOP"),
    _instead(
        "space-at-the-end",
        "A space at the end of a line is a syntax error",
        "4.1.1-a",
        rb" $",
        b"501 5.5.2 trailing space",
    ),
    _instead(
        "tab-at-the-end", "A tab at the end of a line is a syntax error", "4.1.1-a", rb"\t$", b"501 5.5.2 trailing tab"
    ),
    # ---- case
    fault(
        "command/case-of-verbs",
        "Verbs are understood in upper case only",
        "2.4-a",
        hearing(rb"^(?-i:(?![A-Z]+( |$))[A-Za-z]+)(?= |$)", b"XYZ"),
        "NOOP",
        "EHLO",
        "MAIL",
        "RCPT",
        "DATA",
        "RSET",
        "QUIT",
        "BDAT",
    ),
    fault(
        "command/case-of-keywords",
        "FROM and TO are understood in upper case only",
        "2.4-b",
        hearing(rb"^(MAIL|RCPT) (?-i:(?!FROM|TO))(?:FROM|TO):", rb"\1 X:"),
        "MAIL",
        "RCPT",
    ),
    fault(
        "command/case-of-parameters",
        "Parameters are understood in upper case only",
        "2.4-b",
        hearing(rb" (?-i:size)=", b" xsize="),
        "MAIL",
    ),
    # ---- unknown verbs
    fault(
        "command/unknown-is-taken",
        "Verbs that nobody knows are taken for NOOP",
        "4.2.4-b 4.2.2-a 4.1.5-a",
        hearing(
            rb"^(?!(?:EHLO|HELO|MAIL|RCPT|DATA|RSET|NOOP|QUIT|VRFY|EXPN|HELP|STARTTLS|AUTH|BDAT)(?: |$))[A-Z0-9]+.*$",
            b"NOOP",
        ),
        "NOOP",
    ),
    fault(
        "command/first-letters",
        "Verbs are told by their first three letters",
        "4.2.4-b",
        hearing(rb"^NOO[A-Z]*", b"NOOP"),
        "NOOP",
        seen_in="servers with tables of abbreviations",
    ),
    _hears("private-verb", "A private verb is taken", "4.1.5-a", rb"^X[A-Z]+", b"NOOP"),
    fault(
        "command/unknown-is-502",
        "An unknown verb is said to be not implemented",
        "4.2.4-b 4.2.2-a 4.1.5-a",
        replying(rb"", swap(rb"^500 5\.5\.1", b"502 5.5.1")),
        "NOOP",
    ),
    fault("command/lhlo", "LHLO is taken for EHLO", "4.2.4-b", hearing(rb"^LHLO", b"EHLO"), "LHLO"),
    fault("command/rset-once", "RSET can be said once", "4.1.1.5-c 4.1.1.5-b", smtp_variant(_ResetsOnce), "RSET"),
    fault("command/vrfy-is-listed", "VRFY is listed, and not implemented", "4.2.4-c", smtp_variant(_ListsVrfy), "VRFY"),
    # ---- required commands
    fault(
        "command/no-helo",
        "HELO is not implemented",
        "2.2.1-b 4.1.1.1-g 4.5.1-a 4.3.2-c",
        handled(commands.not_implemented, "HELO"),
        "HELO",
        seen_in="servers for ESMTP alone",
    ),
    fault(
        "command/no-ehlo",
        "EHLO is not implemented",
        "2.2.1-a 4.5.1-a 3.1-a",
        handled(commands.not_implemented, "EHLO"),
        "EHLO",
        seen_in="firewalls that fix up SMTP",
    ),
    fault(
        "command/no-vrfy",
        "VRFY is unknown",
        "4.5.1-a 4.3.2-c",
        without("VRFY"),
        "VRFY",
        seen_in="servers set up against address harvesting",
    ),
    fault("command/no-help", "HELP is listed, and unknown", "4.1.1.8-b 4.2.4-c 4.1.4-b", without("HELP"), "HELP"),
    fault(
        "command/help-250",
        "HELP is answered by 250",
        "4.1.1.8-b 4.1.4-b",
        replying(rb"^HELP", swap(rb"(?m)^214", b"250")),
        "HELP",
    ),
    _instead("noop-argument", "NOOP takes no string", "4.1.1.9-b", rb"^NOOP .", b"501 5.5.4 no arguments", "NOOP"),
    _instead("noop-refused", "NOOP is not implemented", "4.1.1.9-a", rb"^NOOP", b"502 5.5.1 no", "NOOP"),
    _instead(
        "rset-refused",
        "RSET is refused where there is nothing to reset",
        "4.1.1.5-c 4.1.1.5-b 4.1.1.5-a",
        rb"^RSET",
        b"503 5.5.1 nothing to reset",
        "RSET",
    ),
    _instead("quit-refused", "QUIT is refused", "4.1.1.10-a 4.1.1.10-e", rb"^QUIT", b"503 5.5.1 stay", "QUIT"),
    fault(
        "command/quit-250",
        "QUIT is answered by 250",
        "4.1.1.10-e 4.1.1.10-a",
        replying(rb"^QUIT", swap(rb"^221", b"250")),
        "QUIT",
    ),
)
