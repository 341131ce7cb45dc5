from __future__ import annotations

import time

import pytest

from reference_server.mime.message_ids import message_id, message_ids, references
from reference_server.mime.parse import parse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", ()),
        (b"<a@b>", (b"a@b",)),
        (b" junk <a@b><c@d> (comment), <e@[1.2.3.4]>", (b"a@b", b"c@d", b"e@[1.2.3.4]")),
        (b'<"01KF8JCEOCBS0045PS"@xxx.yyy.com>', (b"01KF8JCEOCBS0045PS@xxx.yyy.com",)),
        (b'<"a\\"b".c@d>', (b'a"b.c@d',)),
        (b'<"a>b"@d>', (b"a>b@d",)),
        (b"<A@b> <a@B>", (b"A@b", b"a@B")),
        (b"<a@b> at <no id> <@b> <a@> a@b <a@b@c>", (b"a@b",)),
        (b"<<a@b>>", (b"a@b",)),
    ],
)
def test_ids_are_found_and_normalized(value: bytes, expected: tuple[bytes, ...]) -> None:
    assert message_ids(value) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"References: <a@b>\r\n <c@d>\r\nIn-Reply-To: <e@f>\r\n", (b"a@b", b"c@d")),
        (b"References: none\r\nIn-Reply-To: Ann <ann@x> of <e@f>\r\n", (b"ann@x",)),
        (b"In-Reply-To: <e@f> <g@h>\r\n", (b"e@f",)),
        (b"In-Reply-To: your message\r\n", ()),
        (b"", ()),
    ],
)
def test_what_a_message_refers_to(header: bytes, expected: tuple[bytes, ...]) -> None:
    assert references(parse(header + b"\r\n")) == expected


def test_the_id_of_a_message() -> None:
    assert message_id(parse(b"Message-ID: <a@b> <c@d>\r\n\r\n")) == b"a@b"
    assert message_id(parse(b"Message-ID: none\r\n\r\n")) is None
    assert message_id(parse(b"\r\n")) is None


@pytest.mark.parametrize("piece", [b"<", b'<"', b'<"a', b'<"<""', b"<a@", b"<a@b>", b'"', b"<\\"])
def test_time_grows_with_the_value(piece: bytes) -> None:
    started = time.process_time()
    message_ids(piece * 15_000)
    assert time.process_time() - started < 5  # what grows with the square takes minutes
