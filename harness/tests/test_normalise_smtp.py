"""Canonical forms of SMTP's replies, and which differences from the oracle are licensed."""

from __future__ import annotations

import pytest

from harness.normalise.rules import Difference, RuleSet
from harness.normalise.smtp import RULES, canonical
from harness.verdicts import Facet
from harness.wire.smtp import MESSAGE, ODD_MESSAGE, SmtpReply, SmtpReplyParser


def reply(raw: bytes) -> SmtpReply:
    parsed = SmtpReplyParser().feed(raw)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        (None, "greeting"),
        (b"mail FROM:<>", "MAIL"),
        (MESSAGE, "message"),
        (ODD_MESSAGE, "message"),
        (b"FOO", "line"),
        (b"", "line"),
    ],
)
def test_what_a_reply_answers(command: bytes | None, verb: str) -> None:
    assert canonical(command, reply(b"250 2.0.0 any text\r\n")) == {"verb": verb, "status": "250"}


def test_extensions_are_named_without_parameters_and_order() -> None:
    one = canonical(b"EHLO x", reply(b"250-mx\r\n250-SIZE 1\r\n250 HELP\r\n"))
    other = canonical(b"ehlo y", reply(b"250-other\r\n250-help\r\n250 size 99\r\n"))
    assert one == other
    assert canonical(b"EHLO x", reply(b"550 no\r\n"))["status"] == "550"


@pytest.mark.parametrize(
    ("verb", "facet", "target", "oracle", "rule"),
    [
        ("RCPT", Facet.STATUS, "251", "250", "smtp-code-of-same-severity"),
        ("RCPT", Facet.STATUS, "450", "550", "smtp-local-policy"),
        ("message", Facet.STATUS, "550", "250", "smtp-local-policy"),
        ("DATA", Facet.STATUS, "554", "354", "smtp-data-without-recipients"),
        ("EHLO", Facet.STATUS, "501", "250", "smtp-name-of-the-client"),
        ("line", Facet.STATUS, "421", "500", "smtp-shutdown"),
        ("line", Facet.STATUS, "000", "000", ""),
        ("RSET", Facet.STATUS, "501", "250", ""),
        ("VRFY", Facet.STATUS, "502", "252", "smtp-verification-policy"),
        ("HELP", Facet.STATUS, "502", "214", "smtp-optional-command"),
        ("STARTTLS", Facet.STATUS, "220", "502", "smtp-optional-command"),
        ("NOOP", Facet.STATUS, "502", "250", ""),
        ("EHLO", Facet.DATA, None, "announced", "smtp-extensions"),
        ("NOOP", Facet.DATA, None, "announced", ""),
    ],
)
def test_licences(verb: str, facet: Facet, target: str | None, oracle: str, rule: str) -> None:
    found = RuleSet(RULES).licence(Difference("smtp", verb, facet, target, oracle))
    assert (found.id if found else "") == rule
    assert RuleSet(RULES).licence(Difference("pop3", verb, facet, target, oracle)) is None
