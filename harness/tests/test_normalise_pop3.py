"""Canonical POP3 answers: which message the bytes are, and which differences from the oracle are licensed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.corpus import CorpusMessage
from harness.normalise.pop3 import RULES, canonical
from harness.normalise.rules import Difference, RuleSet
from harness.verdicts import Facet

MESSAGES = tuple(
    CorpusMessage("plain", b"Subject: %d\r\nMessage-ID: <plain.%d@test>\r\n\r\nText.\r\n" % (n, n)) for n in (1, 2)
)


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes | None
    status: str = "+OK"
    code: str | None = None
    words: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[bytes, ...] | None:
        return None if self.body is None else tuple(self.body.split(b"\r\n")[:-1])


def content(body: bytes) -> object:
    return canonical(b"RETR 1", Reply(body), MESSAGES)[Facet.CONTENT.value]


def test_a_message_is_known_with_trace_fields_before_it() -> None:
    assert content(b"Received: from x\r\n" + MESSAGES[1].data) == "message 2"


def test_a_message_with_added_fields_is_still_that_message() -> None:
    assert content(MESSAGES[0].data.replace(b"\r\n\r\n", b"\r\nStatus: RO\r\n\r\n")) == "message 1"


def test_another_message_is_told_by_its_digest() -> None:
    strange = content(b"Message-ID: <strange@test>\r\n\r\n" + MESSAGES[0].data + b"and more\r\n")
    assert strange not in ("message 1", "message 2", content(b"something else\r\n"))


@pytest.mark.parametrize(("verb", "licensed"), [("USER", True), ("PASS", False), ("STAT", False)])
def test_user_may_say_either(verb: str, licensed: bool) -> None:
    difference = Difference("pop3", verb, Facet.STATUS, "+OK", "-ERR")
    assert (RuleSet(RULES).licence(difference) is not None) is licensed
