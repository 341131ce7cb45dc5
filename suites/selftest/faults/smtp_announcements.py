"""What EHLO lists, and VRFY, EXPN, HELP. RFC 5321 §2.2.2, §3.5, §4.1.1.1, §7.3, Appendix F.6."""

from __future__ import annotations

from dataclasses import replace

from suites.selftest.fault import Build, Fault
from suites.selftest.smtp_variants import Change, announcing, fault, instead, relisted, replying, swap


def _lists(slug: str, title: str, requirements: str, line: str, seen_in: str = "") -> Fault:
    build = announcing(lambda lines: [*lines, line])
    return fault(f"announced/{slug}", title, requirements, build, "EHLO", seen_in=seen_in)


def _says(slug: str, title: str, requirements: str, pattern: bytes, reply: bytes, seen_in: str = "") -> Fault:
    build = instead(rb"^" + pattern, reply)
    return fault(f"verify/{slug}", title, requirements, build, "VRFY", "EXPN", seen_in=seen_in)


def _names(slug: str, title: str, requirements: str, change: Change) -> Fault:
    """A mailbox that was found is told in another way."""
    return fault(f"verify/{slug}", title, requirements, replying(rb"^(VRFY|EXPN) ", change), "VRFY", "EXPN")


def _disabled(build: Build) -> Build:
    """The variant, with nothing verified."""
    return lambda given: build(replace(given, verification=False))


FAULTS = (
    # ---- keywords
    _lists("equals-sign", "AUTH is listed with an equals sign too", "4.1.1.1-c", "AUTH=PLAIN LOGIN", "Exchange 5.5"),
    _lists("unregistered", "A keyword is listed that is not registered", "2.2.2-a", "POSTEL"),
    fault("announced/no-expn", "EXPN works and is not listed", "3.5.2-e 4.1.1.1-d", relisted("EXPN"), "EXPN"),
    _says("etrn", "ETRN works and is not listed", "4.1.1.1-d", rb"ETRN", b"250 2.0.0 queued"),
    _says("send", "SEND, SOML and SAML work and are not listed", "F.6-a", rb"(SEND|SOML|SAML)", b"250 2.0.0 ok"),
    # ---- VRFY and EXPN of what is there
    _says("no-mailbox", "No mailbox is known", "3.5.1-a 3.5.1-i 3.5.1-j", rb"(VRFY|EXPN)", b"551 5.1.1 no such user"),
    _says("no-user-name", "VRFY wants a domain", "3.5.1-i", rb"VRFY [^@]*$", b"501 5.5.4 no domain"),
    _says("expn-is-out-of-order", "EXPN is out of order", "3.5.1-a", rb"EXPN user", b"503 5.5.1 not now"),
    _names("no-address", "A full name stands for the mailbox", "3.5.1-c 3.5.2-a", swap(rb"<.*>", b"Lena Fischer")),
    _names("no-domain", "The mailbox has no domain", "3.5.1-c 3.5.2-a", swap(rb"@[^>]*>", b">")),
    _names("no-brackets", "The mailbox has no brackets", "3.5.2-b", swap(rb"<(.*)>", rb"\1")),
    _names("route", "The mailbox has a source route", "3.5.2-d", swap(rb"<", b"<@mail.postel.test:")),
    _names("elsewhere", "The mailbox is one that is not here", "3.5.2-c", swap(rb"@[^>]*>", b"@internal.test>")),
    _names(
        "two-on-a-line",
        "Two mailboxes stand on one line",
        "3.5.1-e 3.5.1-h",
        swap(rb"(<.*>)", rb"\1, <postmaster@postel.test>"),
    ),
    # ---- of what is not
    _says(
        "everybody",
        "VRFY confirms everybody",
        "7.3-a",
        rb"VRFY (?!user|<user)(\S+)",
        b"250 2.1.5 <somebody@postel.test>",
    ),
    _says("every-list", "EXPN confirms every list", "7.3-a", rb"EXPN \S*list", b"250 2.1.5 <somebody@postel.test>"),
    # ---- where VRFY is disabled
    _says("disabled", "VRFY is disabled, and refuses", "7.3-b", rb"VRFY", b"550 5.7.1 disabled"),
    fault(
        "verify/apart",
        "VRFY is disabled, and fails for those that are not there",
        "3.5.3-c",
        _disabled(instead(rb"^VRFY no-such-user@", b"451 4.3.0 try again later")),
        "VRFY",
    ),
)
