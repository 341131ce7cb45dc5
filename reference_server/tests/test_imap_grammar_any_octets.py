"""Whatever a client sends, the parser answers with a command or with the documented errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.imap.commands import Command
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import CommandError
from reference_server.imap.fragmenter import CommandText, LiteralAnnounced, TooLong, Unskippable
from reference_server.imap.parser import RULES, UID_RULES, Announced, announced, parse
from reference_server.tests.imap_dialects import BARE, RESYNCING, REV2, UTF8, fragments

NAMES = [name.encode() for name in RULES] + [b"UID " + name.encode() for name in UID_RULES]
WORDS = [
    b" ", b" ", b" ", b"(", b")", b'"', b"\\", b"{3}\r\n", b"{1+}\r\n", b"~{2}\r\n", b"\r\n", b"\r", b"\x00", b"\xff",
    b"\xc3\xa4",
    b"1", b"0", b"*", b":", b",", b"$", b"1:*", b"99999999999", b"inbox", b"foo/", b"&", b"&AOQ-", b"NIL", b"ALL",
    b"NOT", b"OR",
    b"FROM", b"HEADER", b"CHARSET", b"UTF-8", b"RETURN", b"SAVE", b"MIN", b"BODY[", b"BINARY[", b"]",
    b"HEADER.FIELDS", b"<0.1>", b"FLAGS",
    b".SILENT", b"+", b"-", b"\\Seen", b"\\Recent", b"UTF8", b"MODSEQ", b"CHANGEDSINCE", b"UNCHANGEDSINCE",
    b"VANISHED", b"CONDSTORE",
    b"QRESYNC", b"STATUS", b"MESSAGES", b"SUBSCRIBED", b"USE", b"1-Jan-2024", b'" 1-Jan-2024 00:00:00 +0000"',
    b"REVERSE", b"DATE", b"%",
    b"REFERENCES", b"PLAIN", b"=", b"AGEAYg==", b"STORAGE",
]  # fmt: skip
DIALECTS = st.sampled_from([BARE, RESYNCING, REV2, UTF8])


def outcome(octets: bytes, dialect: Dialect) -> None:
    for fragment in fragments(octets, step=None):
        if isinstance(fragment, (TooLong, Unskippable)):
            continue
        found: object
        try:
            found = announced(fragment, dialect) if isinstance(fragment, LiteralAnnounced) else parse(fragment, dialect)
        except CommandError as error:
            found = error
        assert isinstance(found, (Announced, Command, CommandError))
        assert found.tag != ""


@given(st.binary(), DIALECTS)
def test_any_octets(octets: bytes, dialect: Dialect) -> None:
    outcome(octets + b"\r\n", dialect)


@given(st.sampled_from(NAMES), st.binary(), DIALECTS)
def test_any_octets_behind_a_command(name: bytes, octets: bytes, dialect: Dialect) -> None:
    outcome(b"a " + name + b" " + octets + b"\r\n", dialect)


@settings(max_examples=400)
@given(st.sampled_from(NAMES), st.lists(st.sampled_from(WORDS), max_size=20), DIALECTS)
def test_any_words_behind_a_command(name: bytes, words: list[bytes], dialect: Dialect) -> None:
    outcome(b"a " + name + b" " + b"".join(words) + b"\r\n", dialect)


@pytest.mark.parametrize(
    "character", [b"(", b"0", b"9", b'"', b"\\", b"{", b"1,", b"1.", b"NOT ", b"OR ", b"[", b"&", b"\\\\", b" "]
)
@pytest.mark.parametrize(
    "name",
    [b"SEARCH ", b"FETCH ", b"FETCH 1 BODY[", b"LOGIN ", b'LOGIN "', b"LIST (", b'SELECT "&', b"STORE 1 FLAGS ("],
)
def test_a_long_run_of_one_thing_ends_quickly(name: bytes, character: bytes) -> None:
    with pytest.raises(CommandError):
        parse(CommandText(b"a " + name + character * (60_000 // len(character)) + b"\xff"), RESYNCING)
