"""Who is a recipient: postmaster, mailboxes, strangers, source routes, and who must not be one.

RFC 5321 §3.3, §3.6, §4.1.1.3, §4.5.1, §7.9.
"""

from __future__ import annotations

from dataclasses import replace

from reference_server.backend import Envelope, Recipient
from reference_server.conversation import Steps
from reference_server.lines import Framing
from reference_server.smtp import replies
from reference_server.smtp.replies import CommandRefused
from reference_server.smtp.session import SmtpSession
from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import enveloping, fault, instead, replying, sessions, smtp_variant, swap

_ADD = SmtpSession.add_recipient


def _refuses(slug: str, title: str, requirements: str, pattern: bytes, seen_in: str = "") -> Fault:
    build = instead(rb"^RCPT TO:" + pattern, b"550 5.1.1 no such user")
    return fault(f"recipient/{slug}", title, requirements, build, "RCPT", seen_in=seen_in)


def _takes(slug: str, title: str, requirements: str, pattern: bytes, seen_in: str = "") -> Fault:
    build = instead(rb"^RCPT TO:" + pattern, b"250 2.1.5 ok")
    return fault(f"recipient/{slug}", title, requirements, build, "RCPT", seen_in=seen_in)


def _only(envelope: Envelope, number: int) -> Envelope:
    return replace(envelope, recipients=envelope.recipients[number:][:1])


def _add_one(session: SmtpSession, recipient: Recipient) -> None:
    if session.envelope.recipients:
        raise CommandRefused(replies.TOO_MANY_RECIPIENTS)
    _ADD(session, recipient)


def _add_new(session: SmtpSession, recipient: Recipient) -> None:
    if recipient.address in {each.address for each in session.envelope.recipients}:
        raise CommandRefused(replies.NO_SUCH_MAILBOX, path=recipient.address)
    _ADD(session, recipient)


class _Forgets(SmtpSession):
    """A recipient that is refused takes those before it along."""

    def check_recipient(self, address: str) -> Steps:
        try:
            yield from super().check_recipient(address)
        except CommandRefused:
            self.envelope = replace(self.envelope, recipients=())
            raise


class _Routes(SmtpSession):
    """The message goes to the host of a source route, which is not there, and nobody is told."""

    pattern = b"RCPT TO:<@"

    def answer(self, line: bytes | Framing) -> Steps:
        routed = isinstance(line, bytes) and line.upper().startswith(self.pattern)
        yield from super().answer(line)
        if routed:
            self.envelope = replace(self.envelope, recipients=(Recipient("postmaster"),))


class _Quotes(_Routes):
    """A quoted local-part is the mailbox of nobody, and the message goes nowhere."""

    pattern = b'RCPT TO:<"'


FAULTS = (
    # ---- postmaster
    _refuses("no-bare-postmaster", "Postmaster needs a domain", "4.5.1-c 2.3.5-c", rb"<postmaster>"),
    _refuses("no-postmaster", "There is no postmaster", "4.5.1-b", rb"<postmaster@"),
    _refuses(
        "postmaster-in-lower-case",
        "Postmaster is known in lower case only",
        "2.3.5-c 4.5.1-c 4.5.1-b",
        rb"<(?-i:(?!postmaster))postmaster",
    ),
    # ---- who is there
    _takes(
        "anybody",
        "Any name at our domain is accepted",
        "3.3-e RFC3463-3.2-a",
        rb"<no-such-user@",
        "catch-all domains that bounce later",
    ),
    fault(
        "recipient/unknown-is-5.1.0",
        "An unknown mailbox gets the status 5.0.0",
        "RFC3463-3.2-a",
        replying(rb"^RCPT", swap(rb"5\.1\.1", b"5.0.0")),
        "RCPT",
    ),
    fault(
        "recipient/only-to-be-tried",
        "A local mailbox is refused for the time being",
        "3.3-d",
        instead(rb"^RCPT TO:<user", b"450 4.2.1 later"),
        "RCPT",
    ),
    fault(
        "recipient/no-second-recipient",
        "A message may have one recipient",
        "3.3-d 4.5.3.1.8-a 4.5.3.1-a RFC2920-3.2-i",
        sessions(add_recipient=_add_one),
        "RCPT",
    ),
    fault(
        "recipient/not-twice",
        "A recipient that was named before is refused",
        "3.3-d RFC2033-4.2-c",
        sessions(add_recipient=_add_new),
        "RCPT",
    ),
    fault(
        "recipient/case-of-the-domain",
        "Mail for our domain in upper case is accepted, and is for nobody",
        "2.4-e",
        enveloping(lambda envelope: None if "POSTEL.TEST" in envelope.recipients[0].address else envelope),
        "RCPT",
    ),
    # ---- where it goes
    fault(
        "recipient/first-alone",
        "Only the first recipient gets the message",
        "4.1.1.4-j 3.3-d",
        enveloping(lambda envelope: _only(envelope, 0)),
        "RCPT",
    ),
    fault(
        "recipient/last-alone",
        "Only the last recipient gets the message",
        "4.1.1.4-j",
        enveloping(lambda envelope: _only(envelope, -1)),
        "RCPT",
    ),
    fault(
        "recipient/refused-is-the-last",
        "A refused recipient takes the one before with it",
        "4.1.1.4-j",
        smtp_variant(_Forgets),
        "RCPT",
    ),
    fault(
        "recipient/quoted-is-another",
        "A message for a quoted local-part goes to another mailbox",
        "4.1.2-e",
        smtp_variant(_Quotes),
        "RCPT",
    ),
    # ---- source routes
    _refuses("no-route", "A source route is a mailbox that is not here", "3.3-g 4.1.1.3-b 3.6.1-c", rb"<@"),
    fault(
        "recipient/route-is-syntax",
        "A source route is a syntax error",
        "3.3-f 4.1.1.3-a",
        instead(rb"^RCPT TO:<@", b"501 5.1.3 bad address"),
        "RCPT",
    ),
    fault(
        "recipient/two-hosts",
        "A source route may have one host",
        "4.1.1.3-a",
        instead(rb"^RCPT TO:<@[^:]*,", b"501 5.1.3 bad address"),
        "RCPT",
    ),
    fault(
        "recipient/route-is-followed",
        "A message along a source route is lost on the way",
        "3.6.1-c 4.1.1.3-b",
        smtp_variant(_Routes),
        "RCPT",
    ),
    # ---- relaying
    _takes(
        "open-relay",
        "Mail for anywhere is taken from anybody",
        "POSTEL-smtp_relay-a POSTEL-smtp_relay-b 7.9-a 3.6.2-a 7.9-b RFC3463-3.8-a",
        rb"<[^@]*@(?!postel\.test)",
        "servers as they were installed until 1998",
    ),
    fault(
        "recipient/stranger-is-501",
        "Relaying is refused as a syntax error",
        "3.6.2-a 7.9-b",
        replying(rb"^RCPT", swap(rb"^550 5\.7\.1", b"501 5.7.1")),
        "RCPT",
    ),
    fault(
        "recipient/stranger-is-5.1.1",
        "Relaying is refused with the status of an unknown mailbox",
        "RFC3463-3.8-a",
        replying(rb"^RCPT", swap(rb"^550 5\.7\.1", b"550 5.1.1")),
        "RCPT",
    ),
    _takes(
        "percent-hack",
        "A percent sign, an exclamation mark or a second @ leads on to another host",
        "POSTEL-smtp_relay-b",
        rb"<\"?[^|/]*[%!@][^>]*@postel|^RCPT TO:<elsewhere",
        "Sendmail 8.8, Lotus Domino (CVE-2001-0052)",
    ),
    _takes(
        "route-relay",
        "A source route that begins with us leads on to another host",
        "POSTEL-smtp_relay-b",
        rb"<@postel[^>]*:[^>]*>|^RCPT TO:<elsewhere\.test!",
    ),
    _takes(
        "bang-relay", "A path without a domain leads along its exclamation marks", "POSTEL-smtp_relay-b", rb"<[^@>]*!"
    ),
    _takes(
        "programs-and-files",
        "A recipient may be a program or a file",
        "POSTEL-smtp_relay-c",
        rb"<\"[|/]",
        "Sendmail 8.6.9 and its debug hole",
    ),
    fault(
        "recipient/turn",
        "Queued mail is handed to anybody who asks",
        "POSTEL-smtp_relay-d F.1-a RFC6409-7-f RFC6409-7-g",
        instead(rb"^(TURN|ETRN|ATRN)", b"250 2.0.0 here it comes"),
        "TURN",
    ),
)
