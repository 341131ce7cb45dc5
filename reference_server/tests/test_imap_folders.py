"""Mailboxes by name (RFC 3501 §5.1, §6.3.3 to §6.3.10; RFC 5258, RFC 5819, RFC 6154, RFC 9208)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.imap.quota import NO_LIMIT
from reference_server.tests.imap_client import MESSAGE, Client, Post, post_office


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


@pytest.fixture
def client(post: Post) -> Client:
    return post.user()


def names(client: Client, command: str) -> list[str]:
    """The names of LIST or LSUB responses, `!` behind those that are no mailboxes."""
    found = [re.fullmatch(r"L(?:IST|SUB) \(([^)]*)\) \"/\" (\S+)(?: \(.*\))?", line) for line in client.lines(command)]
    assert all(found)
    return [match[2].strip('"') + ("!" if "Noselect" in match[1] else "") for match in found if match]


def validity(client: Client, name: str) -> int:
    return int(client.lines(f"STATUS {name} (UIDVALIDITY)")[0].rpartition(" ")[2].rstrip(")"))


def test_create(client: Client) -> None:
    client.ok("CREATE work")
    assert client.no("CREATE work").startswith("[ALREADYEXISTS] ")
    assert client.no("CREATE inbox").startswith("[ALREADYEXISTS] ")
    client.ok("CREATE play/")
    client.ok("CREATE play/chess/open")
    client.ok("CREATE INBOX/old")
    assert names(client, 'LIST "" *') == ["INBOX", "INBOX/old", "play", "play/chess!", "play/chess/open", "work"]


@pytest.mark.parametrize("name", ['""', "/x", "a//b", '"a&b"', '"&AGE-"'])
def test_names_that_cannot_be(client: Client, name: str) -> None:
    assert client.say(f"CREATE {name}").startswith(("NO ", "BAD "))
    client.ok("NOOP")


def test_names_in_modified_utf7(client: Client) -> None:
    client.ok('CREATE "&ZeVnLIqe-/&-"')
    assert names(client, 'LIST "" "&ZeVnLIqe-/%"') == ["&ZeVnLIqe-/&-"]


def test_delete(client: Client) -> None:
    for name in ("a", "a/b", "c"):
        client.ok(f"CREATE {name}")
    client.append("a")
    client.ok("DELETE c")
    assert client.no("DELETE c").startswith("[NONEXISTENT] ")
    assert client.no("DELETE INBOX").startswith("[CANNOT] ")
    client.ok("DELETE a")
    assert names(client, 'LIST "" *') == ["INBOX", "a!", "a/b"]
    client.no("DELETE a")
    client.no("SELECT a")
    client.ok("DELETE a/b")
    assert names(client, 'LIST "" *') == ["INBOX"]


def test_a_name_that_comes_back_has_a_higher_uidvalidity(client: Client) -> None:
    client.ok("CREATE a")
    first = validity(client, "a")
    client.ok("DELETE a")
    client.ok("CREATE a")
    second = validity(client, "a")
    assert second > first
    client.ok("CREATE b")
    client.ok("DELETE b")
    client.ok("RENAME a b")
    assert validity(client, "b") > second + 1  # than the one that b had


def test_a_new_name_keeps_the_uidvalidity(client: Client) -> None:
    client.ok("CREATE a")
    client.append("a")
    before = validity(client, "a")
    client.ok("RENAME a b")
    assert validity(client, "b") == before
    client.ok("SELECT b")
    assert client.lines("FETCH 1 UID") == ["1 FETCH (UID 1)"]


def test_rename_takes_along_what_lies_below(client: Client) -> None:
    for name in ("a", "a/b", "a/b/c", "ab"):
        client.ok(f"CREATE {name}")
    client.ok("RENAME a x/y")
    assert names(client, 'LIST "" *') == ["INBOX", "ab", "x!", "x/y", "x/y/b", "x/y/b/c"]
    client.ok("RENAME x z")
    assert names(client, 'LIST "" *') == ["INBOX", "ab", "z!", "z/y", "z/y/b", "z/y/b/c"]
    assert client.no("RENAME z/y ab").startswith("[ALREADYEXISTS] ")
    assert client.no("RENAME nowhere q").startswith("[NONEXISTENT] ")
    client.no("RENAME ab INBOX")
    client.ok("RENAME z/y z/y/deep")
    assert names(client, 'LIST "" z*') == ["z!", "z/y!", "z/y/deep", "z/y/deep/b", "z/y/deep/b/c"]


def test_rename_of_inbox_moves_its_messages(post: Post, client: Client) -> None:
    client.ok("CREATE INBOX/below")
    post.fill(2)
    client.ok("SELECT INBOX")
    client.ok(r"STORE 2 +FLAGS (\Flagged)")
    client.ok("RENAME INBOX old")
    assert names(client, 'LIST "" *') == ["INBOX", "INBOX/below", "old"]
    client.ok("SELECT old")
    assert client.lines("FETCH 1:2 FLAGS") == [r"1 FETCH (FLAGS (\Recent))", r"2 FETCH (FLAGS (\Flagged \Recent))"]
    assert "0 EXISTS" in client.lines("SELECT INBOX")
    post.fill(1)
    assert client.lines("UID SEARCH ALL") == ["SEARCH", "1 EXISTS", "1 RECENT"]
    assert client.lines("UID SEARCH ALL") == ["SEARCH 3"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("%", ["INBOX", "a!", "b"]),
        ("a/%", ["a/x", "a/y!"]),
        ("a/*", ["a/x", "a/y!", "a/y/z"]),
        ("%/%", ["a/x", "a/y!"]),
        ("*z", ["a/y/z"]),
        ("i%", []),
        ("inbox", ["INBOX"]),
        ("%%b", ["b"]),
        ("nothing", []),
    ],
)
def test_wildcards(client: Client, pattern: str, expected: list[str]) -> None:
    for name in ("a/x", "a/y/z", "b"):
        client.ok(f"CREATE {name}")
    assert names(client, f'LIST "" "{pattern}"') == expected


def test_a_reference_goes_in_front(client: Client) -> None:
    client.ok("CREATE a/x")
    assert names(client, 'LIST a/ "%"') == ["a/x"]
    assert names(client, "LIST a/x *") == ["a/x"]


def test_the_delimiter(client: Client) -> None:
    assert client.lines('LIST "" ""') == [r'LIST (\Noselect) "/" ""']


def test_many_wildcards_cost_nothing(client: Client) -> None:
    client.ok(f"CREATE {'a' * 200}")
    assert names(client, f'LIST "" "{"%*" * 100}b"') == []


def test_subscriptions_outlive_their_mailbox(client: Client) -> None:
    client.ok("CREATE a/b")
    client.ok("SUBSCRIBE a/b")
    client.ok("SUBSCRIBE a/b")
    client.ok("SUBSCRIBE later")
    client.ok("DELETE a/b")
    assert names(client, 'LSUB "" *') == ["a/b", "later"]
    assert names(client, 'LSUB "" %') == ["a!", "later"]
    client.ok("UNSUBSCRIBE a/b")
    client.ok("UNSUBSCRIBE a/b")
    assert names(client, 'LSUB "" *') == ["later"]


def test_children(client: Client) -> None:
    client.ok("CREATE a/b")
    assert client.lines('LIST "" *') == [
        r'LIST (\HasNoChildren) "/" INBOX',
        r'LIST (\Noselect \HasChildren) "/" a',
        r'LIST (\HasNoChildren) "/" a/b',
    ]


def test_extended_selection(client: Client) -> None:
    for name in ("a/b", "c"):
        client.ok(f"CREATE {name}")
        client.ok(f"SUBSCRIBE {name}")
    client.ok("SUBSCRIBE gone")
    assert client.lines('LIST (SUBSCRIBED) "" *') == [
        r'LIST (\HasNoChildren \Subscribed) "/" a/b',
        r'LIST (\HasNoChildren \Subscribed) "/" c',
        r'LIST (\NonExistent \HasNoChildren \Subscribed) "/" gone',
    ]
    assert client.lines('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"')[0] == (
        r'LIST (\NonExistent \HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))'
    )
    assert client.lines('LIST (SUBSCRIBED RECURSIVEMATCH) "" (a a/b)') == [
        r'LIST (\HasNoChildren \Subscribed) "/" a/b',
    ]
    client.ok("SUBSCRIBE a")
    assert client.lines('LIST (SUBSCRIBED RECURSIVEMATCH) "" (a a/b)')[0] == (
        r'LIST (\NonExistent \HasChildren \Subscribed) "/" a ("CHILDINFO" ("SUBSCRIBED"))'
    )
    assert client.lines('LIST "" (INBOX c) RETURN (SUBSCRIBED)') == [
        r'LIST (\HasNoChildren) "/" INBOX',
        r'LIST (\HasNoChildren \Subscribed) "/" c',
    ]


def test_list_with_status(client: Client) -> None:
    client.ok("CREATE a/b")
    client.append("a/b")
    assert client.lines('LIST "" a* RETURN (STATUS (MESSAGES UNSEEN SIZE))') == [
        r'LIST (\NonExistent \HasChildren) "/" a',
        r'LIST (\HasNoChildren) "/" a/b',
        f"STATUS a/b (MESSAGES 1 UNSEEN 1 SIZE {len(MESSAGE)})",
    ]


def test_special_uses(client: Client) -> None:
    client.ok(r"CREATE Bin (USE (\Trash))")
    assert client.lines('LIST (SPECIAL-USE) "" *') == [r'LIST (\HasNoChildren \Trash) "/" Bin']
    assert client.no(r"CREATE Other (USE (\Trash))").startswith("[USEATTR] ")
    assert client.no(r"CREATE Any (USE (\All))").startswith("[USEATTR] ")
    assert client.no(r"CREATE Any (USE (\Tropical))").startswith("[USEATTR] ")


def test_status(post: Post, client: Client) -> None:
    client.ok("CREATE a")
    assert client.append("a", options=r"(\Seen \Deleted)").startswith("[APPENDUID ")
    client.append("a")
    answer = client.lines("STATUS a (MESSAGES UIDNEXT UNSEEN RECENT DELETED DELETED-STORAGE SIZE)")
    assert answer == [
        f"STATUS a (MESSAGES 2 UIDNEXT 3 UNSEEN 1 RECENT 2 DELETED 1 DELETED-STORAGE 1 SIZE {2 * len(MESSAGE)})"
    ]
    assert client.no("STATUS nowhere (MESSAGES)").startswith("[NONEXISTENT] ")


def test_quota(client: Client) -> None:
    assert client.lines('GETQUOTA ""') == [f'QUOTA "" (STORAGE 0 {NO_LIMIT} MESSAGE 0 {NO_LIMIT})']
    assert client.lines('SETQUOTA "" (STORAGE 10 MESSAGE 2)') == ['QUOTA "" (STORAGE 0 10 MESSAGE 0 2)']
    client.append("INBOX")
    assert client.lines("GETQUOTAROOT INBOX") == ['QUOTAROOT INBOX ""', 'QUOTA "" (STORAGE 1 10 MESSAGE 1 2)']
    big = b"x" * 10_240
    answer = client.send(b"q APPEND INBOX {10240+}\r\n" + big + b"\r\n")
    assert answer.startswith(b"q NO [OVERQUOTA] ")
    client.ok("SELECT INBOX")
    client.ok("COPY 1 INBOX")
    assert client.no("COPY 1 INBOX").startswith("[OVERQUOTA] ")
    client.ok("MOVE 1 INBOX")
    assert client.no("GETQUOTA other").startswith("[NONEXISTENT] ")
    assert client.no('SETQUOTA "" (CAKE 3)').startswith("[CANNOT] ")


def test_mailboxes_are_their_owners(post: Post, client: Client) -> None:
    client.ok("CREATE mine")
    other = post.client()
    other.session.enter_authenticated("somebody else")
    assert names(other, 'LIST "" *') == ["INBOX"]
    other.no("SELECT mine")
