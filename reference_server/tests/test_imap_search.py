"""SEARCH, SORT and THREAD (RFC 3501 §6.4.4; RFC 4731, RFC 5032, RFC 5182, RFC 5256)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.tests.imap_client import Client, Post, post_office

MESSAGES = [
    (
        r'(\Seen $Work) " 1-Feb-1994 23:30:00 -0800"',
        b"From: Ann Bee <ann@a.test>\r\nTo: bob@b.test\r\nSubject: Tea\r\nDate: Sun, 30 Jan 1994 23:59:00 -0800\r\n"
        b"Message-ID: <1@a.test>\r\n\r\nBring cups.\r\n",
    ),
    (
        r'(\Answered \Flagged) " 2-Feb-1994 08:00:00 +0000"',
        b"From: bob@b.test\r\nTo: Ann <ann@a.test>\r\nCc: carl@c.test\r\nSubject: Re: Tea\r\n"
        b"Date: Mon, 31 Jan 1994 10:00:00 +0000\r\nIn-Reply-To: <1@a.test>\r\nMessage-ID: <2@b.test>\r\n\r\n"
        b"Which cups? " + b"x" * 500 + b"\r\n",
    ),
    (
        r'(\Draft \Deleted) " 3-Feb-1994 00:10:00 +0100"',
        b"From: carl@c.test\r\nBcc: dora@d.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        b"X-Mood: fine\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"U2Now7ZuZXIgVGVl\r\n",
    ),
]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


@pytest.fixture
def client(post: Post) -> Client:
    client = post.user("INBOX")
    for options, message in MESSAGES:
        client.append("INBOX", message, options)
    return client


def found(client: Client, program: str) -> list[int]:
    (line,) = client.lines(f"SEARCH {program}")
    return [int(word) for word in line.split()[1:]]


KEYS = {
    "ALL": [1, 2, 3],
    "2": [2],
    "2:*": [2, 3],
    "7": [],
    "UID 3": [3],
    "ANSWERED": [2],
    "DELETED": [3],
    "DRAFT": [3],
    "FLAGGED": [2],
    "NEW": [2, 3],
    "OLD": [],
    "RECENT": [1, 2, 3],
    "SEEN": [1],
    "KEYWORD $work": [1],
    "KEYWORD other": [],
    "UNKEYWORD $Work": [2, 3],
    "BCC dora": [3],
    "CC CARL": [2],
    "FROM bee": [1],
    "FROM a.test": [1],
    "TO ann": [2],
    "SUBJECT tea": [1, 2],
    "HEADER X-Mood fi": [3],
    'HEADER X-Mood ""': [3],
    "HEADER X-Mood bad": [],
    "BODY cups": [1, 2],
    "BODY tea": [],
    "TEXT tea": [1, 2],
    "CHARSET UTF-8 BODY {8+}\r\nsch\u00f6ner": [3],
    "CHARSET UTF-8 SUBJECT {7+}\r\ngr\u00fc\u00dfe": [3],
    "BEFORE 2-Feb-1994": [1],
    "ON 2-Feb-1994": [2],
    "SINCE 2-Feb-1994": [2, 3],
    "SENTBEFORE 31-Jan-1994": [1],
    "SENTON 31-Jan-1994": [2],
    "SENTSINCE 30-Jan-1994": [1, 2],
    "LARGER 500": [2],
    "SMALLER 10": [],
}


@pytest.mark.parametrize(("key", "expected"), KEYS.items())
def test_each_key_and_its_opposite(client: Client, key: str, expected: list[int]) -> None:
    assert found(client, key) == expected
    charset, space, rest = key.partition("UTF-8 ") if key.startswith("CHARSET") else ("", "", key)
    assert found(client, f"{charset}{space}NOT {rest}") == [number for number in (1, 2, 3) if number not in expected]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("SEEN SUBJECT tea", [1]),
        ("OR SEEN SUBJECT tea", [1, 2]),
        ("OR BODY which DELETED", [2, 3]),
        ("NOT (SUBJECT tea SEEN)", [2, 3]),
        ("NOT OR SUBJECT tea DELETED", []),
        ("(OR (SEEN) (ANSWERED)) NOT BODY which", [1]),
        ("NOT NOT SUBJECT tea", [1, 2]),
        (" ".join(["ALL"] * 2000) + " SEEN", [1]),
        ("OR 1 " * 90 + "2", [1, 2]),
        ("NOT OR SUBJECT x " * 45 + "2", [1, 3]),
        ("NOT OR 3 " * 45 + "2", [1]),
    ],
)
def test_combinations(client: Client, program: str, expected: list[int]) -> None:
    assert found(client, program) == expected


def test_size_is_strict(client: Client) -> None:
    size = len(MESSAGES[0][1])
    assert 1 not in found(client, f"LARGER {size}")
    assert 1 not in found(client, f"SMALLER {size}")
    assert 1 in found(client, f"LARGER {size - 1}")


def test_within(post: Post) -> None:
    post.fill(1)
    post.clock.advance(100)
    client = post.user("INBOX")
    assert client.lines("SEARCH YOUNGER 100") == ["SEARCH 1"]
    assert client.lines("SEARCH YOUNGER 99") == ["SEARCH"]
    assert client.lines("SEARCH OLDER 100") == ["SEARCH 1"]
    assert client.lines("SEARCH OLDER 101") == ["SEARCH"]


def test_uids(client: Client) -> None:
    client.ok("EXPUNGE")
    client.append("INBOX")
    assert client.lines("UID SEARCH ALL") == ["SEARCH 1 2 4"]
    assert client.lines("SEARCH ALL") == ["SEARCH 1 2 3"]
    assert client.lines("SEARCH UID 4:*") == ["SEARCH 3"]


def test_charsets(client: Client) -> None:
    assert client.no("SEARCH CHARSET KLINGON SUBJECT x").startswith("[BADCHARSET ")
    client.bad("SEARCH SENTON nonsense")


def test_nothing_is_read_for_what_the_columns_tell(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise AssertionError("a message was read")

    monkeypatch.setattr(type(client.session.store.mail), "octets", refuse)
    monkeypatch.setattr(type(client.session.store.mail), "beginning", refuse)
    found(client, "OR SEEN (SINCE 1-Feb-1994 LARGER 3 NOT KEYWORD x) UNDELETED 1:*")
    client.ok("FETCH 1:* (FLAGS UID INTERNALDATE RFC822.SIZE)")
    client.ok(r"STORE 1:* +FLAGS (\Seen)")
    client.ok("STATUS INBOX (MESSAGES UNSEEN SIZE)")
    client.ok("SELECT INBOX")


def test_esearch(client: Client) -> None:
    assert client.say("SEARCH RETURN (MIN MAX COUNT) ALL", "t1").startswith(
        '* ESEARCH (TAG "t1") MIN 1 MAX 3 COUNT 3\r\n'
    )
    assert client.say("UID SEARCH RETURN () 1:2", "t2").startswith('* ESEARCH (TAG "t2") UID ALL 1:2\r\n')
    assert client.say("SEARCH RETURN (MIN ALL COUNT) KEYWORD no", "t3").startswith('* ESEARCH (TAG "t3") COUNT 0\r\n')


def test_a_saved_result(client: Client) -> None:
    assert client.lines("SEARCH RETURN (SAVE) SUBJECT tea") == []
    assert client.lines("FETCH $ UID") == ["1 FETCH (UID 1)", "2 FETCH (UID 2)"]
    assert client.lines("UID SEARCH UID $ SEEN") == ["SEARCH 1"]
    client.ok("UID COPY $ INBOX")
    client.ok("SEARCH RETURN (SAVE MAX) ALL")
    assert client.lines("FETCH $ UID") == ["5 FETCH (UID 5)"]
    client.ok("SEARCH RETURN (SAVE) KEYWORD no")
    assert client.lines("FETCH $ UID") == []
    client.ok("SELECT INBOX")
    assert client.lines("SEARCH $") == ["SEARCH"]


def test_a_failed_search_saves_nothing(client: Client) -> None:
    client.ok("SEARCH RETURN (SAVE) ALL")
    client.no("SEARCH RETURN (SAVE) CHARSET KLINGON SUBJECT x")
    assert client.lines("SEARCH $") == ["SEARCH"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ("ARRIVAL", "1 2 3"),
        ("REVERSE ARRIVAL", "3 2 1"),
        ("SIZE", "1 3 2"),
        ("FROM", "1 2 3"),
        ("TO", "3 2 1"),
        ("CC", "1 3 2"),
        ("SUBJECT", "3 1 2"),
        ("SUBJECT REVERSE ARRIVAL", "3 2 1"),
        ("DATE", "1 2 3"),
    ],
)
def test_sort(client: Client, criteria: str, expected: str) -> None:
    assert client.lines(f"SORT ({criteria}) UTF-8 ALL") == [f"SORT {expected}"]


def test_thread(client: Client) -> None:
    assert client.lines("THREAD REFERENCES UTF-8 ALL") == ["THREAD (1 2)(3)"]
    assert client.lines("UID THREAD ORDEREDSUBJECT UTF-8 SUBJECT tea") == ["THREAD (1 2)"]
    assert client.lines("THREAD REFERENCES UTF-8 KEYWORD no") == ["THREAD"]
    client.bad("THREAD CHESS UTF-8 ALL")
