"""Which octets go to which next hop, and what can never go."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.backend import BodyType, Recipient
from reference_server.queue.content import CannotSend, Content, is_binary, needs_utf8, prepare, stuffed
from reference_server.queue.parcel import Parcel

HEAD = b"Subject: x\r\n\r\n"
ALL = dict.fromkeys(("8BITMIME", "CHUNKING", "BINARYMIME", "SMTPUTF8", "SIZE"), "")


def parcel(octets: bytes, *, utf8: bool = False, sender: str = "a@a.test", recipient: str = "b@b.test") -> Parcel:
    return Parcel(sender, (Recipient(recipient),), octets, utf8)


def test_plain_text_needs_nothing() -> None:
    assert prepare(parcel(HEAD + b"x\r\n"), {}) == Content(HEAD + b"x\r\n", BodyType.SEVEN_BIT)
    assert prepare(parcel(HEAD + b"x\r\n"), ALL) == Content(HEAD + b"x\r\n", BodyType.SEVEN_BIT)


def test_a_line_of_any_length_goes_as_it_is() -> None:
    octets = HEAD + b"x" * 5000 + b"\r\n"
    assert prepare(parcel(octets), {}).octets == octets


def test_an_unfinished_last_line() -> None:
    assert prepare(parcel(HEAD + b"x"), {}) == Content(HEAD + b"x\r\n", BodyType.SEVEN_BIT)
    assert prepare(parcel(HEAD + b"x"), ALL) == Content(HEAD + b"x", BodyType.SEVEN_BIT, chunked=True)
    assert prepare(parcel(b""), ALL) == Content(b"\r\n", BodyType.SEVEN_BIT)


@pytest.mark.parametrize("octet", [b"a\rb", b"a\nb", b"\0", b"\r\r\n", b"\n\r\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"])
def test_what_is_no_line_end_never_becomes_one(octet: bytes) -> None:
    message = HEAD + b"before" + octet + b"after\r\n"
    assert is_binary(message)
    assert prepare(parcel(message), ALL) == Content(message, BodyType.BINARY, chunked=True)
    encoded = prepare(parcel(message), {"8BITMIME": "", "CHUNKING": ""})
    assert encoded.body is BodyType.SEVEN_BIT
    assert not is_binary(encoded.octets)
    with pytest.raises(CannotSend, match="header") as caught:
        prepare(parcel(b"Subject: x\r\nX: a" + octet + b"b\r\n\r\n"), {"8BITMIME": ""})
    assert caught.value.status == "5.6.3"


@pytest.mark.parametrize(
    ("offered", "status"),
    [
        ({"SIZE": "15"}, None),
        ({"SIZE": "0"}, None),
        ({"SIZE": ""}, None),
        ({"SIZE": "big"}, None),
        ({"SIZE": "13"}, "5.3.4"),
    ],
)
def test_size(offered: dict[str, str], status: str | None) -> None:
    message = parcel(HEAD)  # 14 octets
    if status is None:
        assert prepare(message, offered).octets == HEAD
        return
    with pytest.raises(CannotSend) as caught:
        prepare(message, offered)
    assert caught.value.status == status


def test_who_needs_internationalised_mail() -> None:
    assert not needs_utf8(parcel(HEAD + "ü".encode(), utf8=True))
    assert not needs_utf8(parcel(HEAD, utf8=True, recipient="b@bücher.test"))
    assert not needs_utf8(parcel("Subject: ü\r\n\r\n".encode()))
    for message in (
        parcel("Subject: ü\r\n\r\n".encode(), utf8=True),
        parcel(HEAD, utf8=True, recipient="ü@b.test"),
        parcel(HEAD, utf8=True, sender="ü@b.test"),
    ):
        assert needs_utf8(message)
        with pytest.raises(CannotSend) as caught:
            prepare(message, {"8BITMIME": ""})
        assert caught.value.status == "5.6.7"


@settings(max_examples=200)
@given(st.lists(st.sampled_from([b".", b"..", b"\r\n", b"x", b"\r", b"\n"]), max_size=12).map(b"".join))
def test_byte_stuffing_is_undone_by_any_receiver_and_hides_the_end(octets: bytes) -> None:
    message = octets + b"\r\n"
    sent = stuffed(message)
    assert not sent.startswith(b".\r\n")
    assert b"\r\n.\r\n" not in sent
    assert re.sub(rb"(?:^|(?<=\r\n))\.", b"", sent) == message


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b".", b"\r\n", b"x", b"\r", b"\n", b"\0", b"\xff"]), max_size=12).map(b"".join))
def test_within_data_only_whole_line_ends_are_sent(body: bytes) -> None:
    for offered in ({}, {"8BITMIME": ""}, ALL):
        content = prepare(parcel(HEAD + body), offered)
        if not content.chunked:
            assert not is_binary(content.octets)
            assert content.octets.endswith(b"\r\n")
        if content.body is BodyType.SEVEN_BIT:
            assert content.octets.isascii()
