from __future__ import annotations

import pytest

from harness.dialogue.bindings import Bindings
from harness.dialogue.matchers import Match, Mismatch, Result
from harness.dialogue.model import Expect
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.smtp import match_body, match_reply
from harness.verdicts import Facet
from harness.wire.smtp import SmtpReply, SmtpReplyParser

START = Bindings.start(user="alice", password="x")
EHLO = b"250-a.test at your service\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 HELP\r\n"


def reply(raw: bytes) -> SmtpReply:
    parsed = SmtpReplyParser().feed(raw)
    assert parsed is not None
    return parsed


def expects(steps: str) -> list[Expect]:
    parsed = parse_dialogue(f"title: t\nprotocol: smtp\n\nC: A\n{steps}\n", "a").steps
    return [step for step in parsed if isinstance(step, Expect)]


def status(pattern: str, raw: bytes) -> Result:
    return match_reply(expects(f"S: {pattern}")[0], reply(raw), START)


@pytest.mark.parametrize(
    ("pattern", "raw"),
    [
        ("250", EHLO),
        ("250", b"250\r\n"),
        ("25z", b"251 x\r\n"),
        ("5yz", b"554 5.7.1 no\r\n"),
        ("250 2.1.0", b"250 2.1.0 ok\r\n"),
        ("500 | 502", b"502 x\r\n"),
        ("<any>", b"421 x\r\n"),
        ("<oracle>", b"421 x\r\n"),
    ],
)
def test_codes_that_match(pattern: str, raw: bytes) -> None:
    assert isinstance(status(pattern, raw), Match)


@pytest.mark.parametrize(
    ("pattern", "raw", "facet", "kind"),
    [
        ("250", b"251 x\r\n", Facet.STATUS, "code:251"),
        ("25z", b"261 x\r\n", Facet.STATUS, "code:261"),
        ("5yz", b"450 x\r\n", Facet.STATUS, "code:450"),
        ("250 2.1.0", b"250 2.1.5 ok\r\n", Facet.CODE, "wrong-enhanced-code"),
        ("250 2.1.0", b"250 ok\r\n", Facet.CODE, "no-enhanced-code"),
        ("<eof>", b"250 ok\r\n", Facet.CONNECTION, "open"),
        ("421 | <eof>", b"250 ok\r\n", Facet.STATUS, "code:250"),
    ],
)
def test_codes_that_do_not(pattern: str, raw: bytes, facet: Facet, kind: str) -> None:
    result = status(pattern, raw)
    assert isinstance(result, Mismatch)
    assert (result.facet, result.kind) == (facet, kind)


@pytest.mark.parametrize(
    ("steps", "results"),
    [
        ("S: - 8bitmime\nS: - SIZE $limit", ["line", "line"]),
        ("S: - HELP\nS? - PIPELINING\nS: - SIZE <number 1..> | SIZE", ["line", "absent", "line"]),
        ("S: - PIPELINING", ["missing-line"]),
        ("S: - HELP\nS: - HELP", ["line", "missing-line"]),
        ("S: - SIZE", ["missing-line"]),
    ],
)
def test_lines_in_any_order(steps: str, results: list[str]) -> None:
    steps = steps.replace("| SIZE", "| - SIZE")
    found = match_body(expects(f"S: 250\n{steps}")[1:], reply(EHLO), START)
    assert [result.kind for result in found.results] == results
    if "$limit" in steps:
        assert found.bindings.names["limit"] == b"1000"
