"""Whatever a message holds, it is one message: nothing in it ends it early, and nothing in it is a command.

RFC 5321 §2.3.8 and §4.1.1.4: only CRLF ends a line, and only CRLF.CRLF ends mail data.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reference_server.smtp import LmtpSession, SmtpSession, SubmissionSession
from reference_server.tests.smtp_client import Client

LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\r\n", b"\x00\r\n", b"\x85"]
VARIANTS = [
    before + middle + after
    for before in LINE_ENDS
    for middle in (b".", b".\x00", b". ", b"..")
    for after in LINE_ENDS
    if not (before.endswith(b"\r\n") and middle == b"." and after == b"\r\n")
]
SMUGGLED = b"MAIL FROM:<eve@evil.test>\r\nRCPT TO:<eve@postel.test>\r\nDATA\r\nsmuggled\r\n"


def client(make: type[SmtpSession]) -> Client:
    made = Client(make=make)
    if make is SubmissionSession:
        made.logs_in()
    assert made.codes("LHLO c" if make is LmtpSession else "EHLO c") == [250]
    return made


def deliver(talker: Client, data: bytes, size: int) -> None:
    """One transaction, sent in pieces of so many octets."""
    stream = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<bob@postel.test>\r\nDATA\r\n" + data + b"\r\n.\r\nNOOP\r\n"
    sent = b"".join(talker.send(stream[start : start + size]) for start in range(0, len(stream), size))
    assert [line[:3] for line in sent.splitlines()] == [b"250", b"250", b"354", b"250", b"250"]


@pytest.mark.parametrize("make", [SmtpSession, LmtpSession])
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_no_other_line_end_ends_the_data(make: type[SmtpSession], size: int) -> None:
    for variant in VARIANTS:
        talker = client(make)
        data = b"A: b\r\n\r\ntext" + variant + SMUGGLED
        deliver(talker, data, size)
        ((envelope, message),) = talker.delivery.delivered
        assert envelope.reverse_path == "a@b.test"
        expected = (b"\r\n" + data).replace(b"\r\n.", b"\r\n")[2:] + b"\r\n"
        assert message.endswith(b"+0000\r\n" + expected)


@hypothesis_settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*LINE_ENDS, b".", b"..", SMUGGLED, b"x", b"BDAT 5 LAST\r\n"]), max_size=12).map(b"".join),
    st.integers(1, 40),
)
def test_what_is_stuffed_arrives_as_it_was(data: bytes, size: int) -> None:
    talker = client(SmtpSession)
    stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    deliver(talker, stuffed, size)
    ((envelope, message),) = talker.delivery.delivered
    assert [each.address for each in envelope.recipients] == ["bob@postel.test"]
    assert message.partition(b"+0000\r\n")[2] == data + b"\r\n"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\n\r", b"\x00"])
def test_no_other_line_end_ends_a_command(end: bytes) -> None:
    for first in (b"RSET", b"NOOP", b"MAIL FROM:<a@b.test>", b"EHLO x", b"VRFY bob", b"HELP"):
        talker = client(SmtpSession)
        sent = talker.send(first + end + b"QUIT\r\n")
        assert sent[:3] in (b"500", b"501")
        assert sent.count(b"\r\n") == 1
        assert not talker.closed
