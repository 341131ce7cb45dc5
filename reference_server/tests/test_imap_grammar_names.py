from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap.names import (
    MailboxName,
    UnusableName,
    canonical_pattern,
    decode_utf7,
    decoded,
    encode_utf7,
)

SPELLINGS = [
    ("", b""),
    ("INBOX", b"INBOX"),
    ("&", b"&-"),
    ("a&b", b"a&-b"),
    ("&&", b"&-&-"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ("Entwürfe", b"Entw&APw-rfe"),
    ("☺!", b"&Jjo-!"),
    ("ÿ/ÿ", b"&AP8-/&AP8-"),
    ("台&", b"&U,A-&-"),
    ("😀", b"&2D3eAA-"),
    ("a\tb", b"a&AAk-b"),
    ("\x7f", b"&AH8-"),
    ("a+b,c", b"a+b,c"),
]


@pytest.mark.parametrize(("text", "octets"), SPELLINGS)
def test_modified_utf7(text: str, octets: bytes) -> None:
    assert encode_utf7(text) == octets
    assert decode_utf7(octets) == text


@pytest.mark.parametrize(
    "octets",
    [
        b"&",
        b"a&",
        b"&AOQ",
        b"&AGE-",
        b"&AOQ-&AOQ-",
        b"&AOR-",
        b"&AOQA-",
        b"&A-",
        b"&AO-",
        b"&AOQ=-",
        b"&AO/-",
        b"&AO Q-",
        b"&2AA-",
        b"&3gA-",
        b"&3gDYAA-",
        b"&ACY-",
        b"\xe4",
        b"\x00",
        b"a\tb",
        b"&AOQ-b&",
        b"&\xe4-",
        b"a\x7f",
        b"&-&",
        b"&,,,-",
    ],
)
def test_other_spellings_are_none(octets: bytes) -> None:
    with pytest.raises(UnusableName):
        decode_utf7(octets)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_modified_utf7_reads_back(text: str) -> None:
    octets = encode_utf7(text)
    assert decode_utf7(octets) == text
    assert all(0x20 <= octet <= 0x7E for octet in octets)


@given(st.binary(), st.booleans())
def test_any_octets_are_a_name_or_unusable(octets: bytes, utf8: bool) -> None:
    try:
        name = MailboxName.of_octets(octets, utf8=utf8)
    except UnusableName:
        return
    assert MailboxName.of_octets(name.octets(utf8=utf8), utf8=utf8) == name


@given(st.lists(st.sampled_from([b"&", b"-", b"A", b"OQ", b",", b"/", b"2D3e", b"\xc3\xa4"])))
def test_each_name_has_one_spelling(pieces: list[bytes]) -> None:
    octets = b"".join(pieces)
    try:
        text = decode_utf7(octets)
    except UnusableName:
        return
    assert encode_utf7(text) == octets


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("inbox", "INBOX"),
        ("InBox/a", "INBOX/a"),
        ("a/inbox", "a/inbox"),
        ("inboxes", "inboxes"),
        ("\u0131nbox", "\u0131nbox"),
        ("inbox/inbox", "INBOX/inbox"),
    ],
)
def test_inbox_is_one_mailbox_in_any_case(text: str, canonical: str) -> None:
    assert MailboxName.of_text(text).text == canonical_pattern(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "/", "/a", "a/", "a//b", "a\nb", "a\x00", "\x85", "\u2028", "\u2029", "\x7f", "\ud800"]
)
def test_text_that_is_no_name(text: str) -> None:
    with pytest.raises(UnusableName):
        MailboxName.of_text(text)


def test_hierarchy() -> None:
    name = MailboxName.of_text("a/b/c")
    assert name.levels == ("a", "b", "c")
    assert name.parent == MailboxName("a/b")
    assert MailboxName("a").parent is None
    assert name.is_inferior_to(MailboxName("a"))
    assert not name.is_inferior_to(name)
    assert not MailboxName("ab").is_inferior_to(MailboxName("a"))
    assert MailboxName("INBOX").is_inbox
    assert not MailboxName("INBOX/a").is_inbox


def test_with_utf8_an_ampersand_is_one() -> None:
    assert decoded("ä&-".encode(), utf8=True) == "ä&-"
    assert MailboxName("ä&-").octets(utf8=True) == "ä&-".encode()
    with pytest.raises(UnusableName):
        decoded(b"\xe4", utf8=True)
