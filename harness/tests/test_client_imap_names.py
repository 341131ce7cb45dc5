"""Names of mailboxes below a prefix: what is sent, and what a case sees."""

from __future__ import annotations

import pytest

from harness.clients.imap_names import MailboxNames, personal_prefix
from harness.clients.imap_reply import ImapReply, NonSync, Part
from harness.wire.imap import TaggedResponse, UntaggedResponse
from harness.wire.imap_answer import split_responses
from harness.wire.imap_values import Scalar

NAMES = MailboxNames("INBOX.")


def sent(*parts: Part) -> str:
    return "".join(part if isinstance(part, str) else f"<{part!r}>" for part in NAMES.outward(parts))


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("CREATE quay", "CREATE INBOX.quay"),
        ('create "two words"', 'create "INBOX.two words"'),
        ("RENAME quay.crane dock", "RENAME INBOX.quay.crane INBOX.dock"),
        ("SELECT quay (CONDSTORE)", "SELECT INBOX.quay (CONDSTORE)"),
        ("STATUS quay (MESSAGES UNSEEN)", "STATUS INBOX.quay (MESSAGES UNSEEN)"),
        ("COPY 1:* quay", "COPY 1:* INBOX.quay"),
        ("UID MOVE 1,2 quay", "UID MOVE 1,2 INBOX.quay"),
        (
            'APPEND quay (\\Seen) "12-Jun-2024 09:30:00 +0200" ',
            'APPEND INBOX.quay (\\Seen) "12-Jun-2024 09:30:00 +0200" ',
        ),
        ('LIST "" quay*', 'LIST "" INBOX.quay*'),
        ('LIST "" "%uay"', 'LIST "" "INBOX.%uay"'),
        ('LIST "quay." "%"', 'LIST "INBOX.quay." "%"'),
        ('LIST (SUBSCRIBED) "" (quay "two words")', 'LIST (SUBSCRIBED) "" (INBOX.quay "INBOX.two words")'),
        ('LSUB "" quay RETURN (CHILDREN)', 'LSUB "" INBOX.quay RETURN (CHILDREN)'),
    ],
)
def test_names_get_the_prefix(said: str, wanted: str) -> None:
    assert sent(said) == wanted


@pytest.mark.parametrize(
    "said",
    [
        "SELECT INBOX",
        "select inbox",
        "CREATE INBOX.quay",
        "CREATE inbox.quay",
        'LIST "" ""',
        'LIST "" *',
        'LIST "" "%"',
        'LIST "" in%',
        'LIST "" (* %x)',
        'LIST "" INBOX',
        "LIST",
        'LIST ""',
        "CREATE",
        "CREATE ",
        "COPY 1",
        "SEARCH TEXT quay",
        "FETCH 1 (FLAGS)",
        'LOGIN "quay" "quay"',
        "",
        'CREATE "unended',
        "(NOOP)",
    ],
)
def test_what_is_left_as_it_is(said: str) -> None:
    expected = 'CREATE "INBOX.unended' if said.endswith("unended") else said
    assert sent(said) in (said, expected)


def test_literals_are_names_too() -> None:
    assert NAMES.outward(("CREATE ", b"quay")) == ("CREATE", " ", b"INBOX.quay")
    assert NAMES.outward(("CREATE ", NonSync(b"quay"))) == ("CREATE", " ", NonSync(b"INBOX.quay"))
    assert NAMES.outward(("APPEND quay ", b"quay"))[-1] == b"quay"
    assert NAMES.outward(("RENAME ", b"quay", " ", b"dock"))[1:] == (" ", b"INBOX.quay", " ", b"INBOX.dock")


def responses(raw: bytes) -> list[UntaggedResponse]:
    return [each for each in split_responses(raw) if isinstance(each, UntaggedResponse)]


def seen(raw: bytes, at: int) -> bytes:
    (response,) = responses(raw)
    name = NAMES.inward(response).arguments[at]
    assert isinstance(name, Scalar)
    assert NAMES.inward(response).raw == raw
    return name.data


@pytest.mark.parametrize(
    ("raw", "at", "name"),
    [
        (b'* LIST () "." "INBOX.quay.crane"\r\n', 2, b"quay.crane"),
        (b'* LSUB () "." INBOX.quay\r\n', 2, b"quay"),
        (b"* STATUS INBOX.quay (MESSAGES 1)\r\n", 0, b"quay"),
        (b'* LIST () "." INBOX\r\n', 2, b"INBOX"),
        (b'* LIST (\\Noselect) "." ""\r\n', 2, b""),
        (b'* LIST (\\Noselect) "." "INBOX."\r\n', 2, b"INBOX."),
    ],
)
def test_names_lose_the_prefix(raw: bytes, at: int, name: bytes) -> None:
    assert seen(raw, at) == name


def test_the_prefix_of_a_target() -> None:
    def prefix(raw: bytes) -> str:
        *before, tagged = split_responses(raw + b"x OK done\r\n")
        assert isinstance(tagged, TaggedResponse)
        return personal_prefix(ImapReply(tagged, tuple(before)))

    assert prefix(b'* NAMESPACE (("INBOX." ".")) NIL (("#shared." "."))\r\n') == "INBOX."
    assert prefix(b'* NAMESPACE (("" "/")) NIL NIL\r\n') == ""
    assert prefix(b"* NAMESPACE NIL NIL NIL\r\n") == ""
    assert prefix(b"") == ""
