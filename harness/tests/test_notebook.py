"""What a case takes down about mail: codes of replies, and whether what was delivered is what was sent."""

from __future__ import annotations

import pytest

from harness.corpus import CorpusMessage
from harness.notebook import Notebook, has_code
from harness.transcript import EventKind, Exchange, Recorder
from harness.wire.smtp import SmtpReply

TRACE = b"Return-Path: <a@b.test>\r\nReceived: from x\r\n by y; today\r\n"
ONE, TWO = b"Subject: one\r\n\r\n.dot\r\n", b"Subject: two\r\n\r\nbody\r\n"


def notebook() -> Notebook:
    return Notebook(Recorder(), exact=False)


@pytest.mark.parametrize(
    ("found", "sent", "kind"),
    [
        ([TRACE + ONE], [ONE], "same"),
        ([TWO, TRACE + ONE], [ONE, TWO], "same"),
        ([ONE, ONE], [ONE, ONE], "same"),
        ([], [], "same"),
        ([], [ONE], "not-delivered"),
        ([ONE], [ONE, ONE], "not-delivered"),
        ([ONE, TWO], [ONE], "too-many"),
        ([ONE], [], "too-many"),
        ([ONE.replace(b".dot", b"..dot")], [ONE], "content:dot-stuffed-twice"),
        ([b"not a field\r\n" + ONE], [ONE], "content:prefix-not-header"),
    ],
)
def test_what_was_delivered(found: list[bytes], sent: list[bytes], kind: str) -> None:
    book = notebook()
    assert book.expect_delivered(found, sent, "RFC5321-4.4-a") is (kind == "same")
    assert book.expect_delivered(found, [CorpusMessage("plain", each) for each in sent]) is (kind == "same")
    assert {observation.kind for observation in book.observations} == {kind}


def test_a_reply_is_compared_as_the_answer_to_its_command() -> None:
    book = notebook()
    event = book.recorder.record(1, EventKind.RECEIVED, b"250 ok\r\n")
    book.recorder.exchange(Exchange(1, "smtp", b"RSET", b"250 ok\r\n", event, event))
    reply = SmtpReply(250, None, (b"ok",), b"250 ok\r\n", event)
    assert book.expect_reply(reply, "250", "RFC5321-4.1.1.5-a")
    assert not book.expect_reply(reply, "5yz|354", "RFC5321-4.1.1.5-a")
    right, wrong = book.observations
    assert (right.holds, right.canonical, right.event) == (True, {"verb": "RSET", "status": "250"}, event)
    assert (wrong.holds, wrong.kind, wrong.observed) == (False, "code:250", "`250 ok\\r\\n`")


@pytest.mark.parametrize(
    ("code", "codes", "holds"),
    [
        (250, "250", True),
        (250, "25z", True),
        (251, "2yz", True),
        (550, "250|5yz", True),
        (550, "25z", False),
        (0, "5yz", False),
    ],
)
def test_codes(code: int, codes: str, holds: bool) -> None:
    assert has_code(SmtpReply(code, None, (b"",), b""), codes) is holds
