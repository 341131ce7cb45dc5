"""CONDSTORE and QRESYNC (RFC 7162)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.tests.imap_client import Client, Post, post_office


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        made.fill(3)
        yield made


def mod_sequences(client: Client) -> list[int]:
    lines = client.lines("FETCH 1:* MODSEQ")
    return [int(match[1]) for line in lines if (match := re.search(r"MODSEQ \((\d+)\)", line))]


def selected(client: Client, how: str = "") -> dict[str, int]:
    lines = client.lines(f"SELECT INBOX{how}")
    return {match[1]: int(match[2]) for line in lines if (match := re.match(r"OK \[([A-Z]+) (\d+)\]", line))}


def test_mod_sequences_only_grow(post: Post) -> None:
    client = post.user()
    before = selected(client, " (CONDSTORE)")["HIGHESTMODSEQ"]
    first = mod_sequences(client)
    assert max(first) == before
    client.ok(r"STORE 2 +FLAGS (\Seen)")
    second = mod_sequences(client)
    assert second[1] > before
    assert (second[0], second[2]) == (first[0], first[2])
    client.ok(r"STORE 2 +FLAGS (\Seen)")
    assert mod_sequences(client) == second
    assert selected(client)["HIGHESTMODSEQ"] == second[1]


def test_what_enables_condstore(post: Post) -> None:
    for command in (
        "FETCH 1 MODSEQ",
        "SEARCH MODSEQ 1",
        "FETCH 1 FLAGS (CHANGEDSINCE 1)",
        "STATUS INBOX (HIGHESTMODSEQ)",
    ):
        client = post.user("INBOX")
        assert re.match(r"OK \[HIGHESTMODSEQ \d+\]", client.lines(command)[0])
        assert "MODSEQ" in client.lines(r"STORE 1 +FLAGS (\Flagged)")[0]
        assert not [line for line in client.lines(command) if "HIGHESTMODSEQ" in line and "OK" in line]


def test_a_condition_is_about_the_flags_that_are_given(post: Post) -> None:
    first, second = post.user("INBOX", "CONDSTORE"), post.user("INBOX")
    first.lines("FETCH 1:* (FLAGS MODSEQ)")
    known = mod_sequences(first)[0]
    second.ok(r"STORE 1 +FLAGS (\Flagged)")
    assert first.ok(rf"STORE 1 (UNCHANGEDSINCE {known}) +FLAGS (\Flagged)").startswith("[MODIFIED 1] ")
    known = mod_sequences(first)[0]
    second.ok(r"STORE 1 -FLAGS (\Flagged)")
    assert first.ok(rf"STORE 1 (UNCHANGEDSINCE {known}) FLAGS (\Draft)").startswith("[MODIFIED 1] ")
    known = mod_sequences(first)[0]
    second.ok(r"STORE 1 +FLAGS (\Flagged)")
    assert not first.ok(rf"STORE 1 (UNCHANGEDSINCE {known}) +FLAGS (\Draft)").startswith("[MODIFIED")
    assert r"(\Flagged \Draft " in first.lines("FETCH 1 FLAGS")[0]


def test_a_conditional_store(post: Post) -> None:
    first, second = post.user("INBOX", "CONDSTORE"), post.user("INBOX", "CONDSTORE")
    known = max(mod_sequences(first))
    second.ok(r"STORE 2 +FLAGS (\Answered)")
    answer = first.say(rf"STORE 1:3 (UNCHANGEDSINCE {known}) +FLAGS.SILENT (\Deleted)")
    lines = answer.splitlines()
    assert re.fullmatch(r"\* 1 FETCH \(MODSEQ \(\d+\)\)", lines[0])
    assert re.fullmatch(r"\* 2 FETCH \(FLAGS \(\\Answered \\Recent\) MODSEQ \(\d+\)\)", lines[1])
    assert re.fullmatch(r"\* 3 FETCH \(MODSEQ \(\d+\)\)", lines[2])
    assert next(line for line in lines if line.startswith("T ")).startswith("T OK [MODIFIED 2] ")
    assert first.lines("SEARCH DELETED") == ["SEARCH 1 3"]


def test_a_condition_of_zero(post: Post) -> None:
    client = post.user("INBOX")
    assert client.ok(r"UID STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\Seen)").startswith("[MODIFIED 1] ")
    assert not client.ok("UID STORE 1 (UNCHANGEDSINCE 0) +FLAGS ($Sent)").startswith("[MODIFIED")
    assert client.ok("UID STORE 1 (UNCHANGEDSINCE 0) +FLAGS ($Sent)").startswith("[MODIFIED 1] ")


def test_changes_since(post: Post) -> None:
    client = post.user("INBOX", "CONDSTORE")
    known = max(mod_sequences(client))
    client.ok(r"STORE 3 +FLAGS (\Seen)")
    (line,) = client.lines(f"FETCH 1:* FLAGS (CHANGEDSINCE {known})")
    assert re.fullmatch(r"3 FETCH \(MODSEQ \(\d+\) FLAGS \(\\Seen \\Recent\)\)", line)


def test_search_tells_the_highest(post: Post) -> None:
    client = post.user("INBOX", "CONDSTORE")
    known = mod_sequences(client)
    assert client.lines(f"SEARCH MODSEQ {known[1]}") == [f"SEARCH 2 3 (MODSEQ {known[2]})"]
    assert client.lines("SEARCH MODSEQ 99999") == ["SEARCH"]
    answer = client.say("SEARCH RETURN (MIN) MODSEQ 1", "t")
    assert answer.startswith(f'* ESEARCH (TAG "t") MIN 1 MODSEQ {known[0]}\r\n')


def test_vanished_instead_of_expunge(post: Post) -> None:
    client, other = post.user("INBOX", "QRESYNC"), post.user("INBOX")
    client.ok(r"STORE 1,3 +FLAGS (\Deleted)")
    answer = client.say("EXPUNGE").splitlines()
    assert answer[0] == "* VANISHED 1,3"
    assert re.match(r"T OK \[HIGHESTMODSEQ \d+\]", answer[1])
    assert other.lines("NOOP")[:2] == ["1 EXPUNGE", "2 EXPUNGE"]


def test_what_is_kept_back_is_not_counted_as_known(post: Post) -> None:
    client, other = post.user("INBOX", "QRESYNC"), post.user("INBOX")
    other.ok(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    client.ok("NOOP")
    known = selected(post.user())["HIGHESTMODSEQ"]
    other.ok("EXPUNGE")
    other.ok(r"STORE 1 +FLAGS.SILENT (\Seen)")
    lines = client.lines("FETCH 1 UID")
    assert lines[-1].startswith(f"OK [HIGHESTMODSEQ {known}] ")
    searched = client.lines("UID SEARCH NOT 1")  # numbers: nothing may vanish yet (§3.2.10.2)
    assert searched[0] == "SEARCH 3"
    assert not [line for line in searched if line.startswith("VANISHED")]
    assert client.lines("NOOP") == ["VANISHED 2"]


def test_quick_resynchronization(post: Post) -> None:
    client = post.user()
    told = selected(client)
    known = f"{told['UIDVALIDITY']} {told['HIGHESTMODSEQ']}"
    client.ok(r"STORE 1 +FLAGS.SILENT (\Deleted)")
    client.ok("EXPUNGE")
    client.ok(r"STORE 2 +FLAGS.SILENT (\Flagged)")
    again = post.user(None, "QRESYNC")
    lines = again.lines(f"SELECT INBOX (QRESYNC ({known}))")
    assert "VANISHED (EARLIER) 1" in lines
    assert re.fullmatch(r"2 FETCH \(UID 3 FLAGS \(\\Flagged\) MODSEQ \(\d+\)\)", lines[-1])
    assert not [line for line in again.lines(f"SELECT INBOX (QRESYNC ({known} 2:3))") if line.startswith("VANISHED")]
    elsewhere = again.lines(f"SELECT INBOX (QRESYNC (1 {told['HIGHESTMODSEQ']}))")
    assert not [line for line in elsewhere if line.startswith(("VANISHED", "2 FETCH"))]


def test_numbers_that_match_need_no_vanished(post: Post) -> None:
    client = post.user()
    told = selected(client)
    client.ok(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    client.ok("EXPUNGE")
    again = post.user(None, "QRESYNC")
    known = f"{told['UIDVALIDITY']} {told['HIGHESTMODSEQ']} 1:3"
    lines = again.lines(f"SELECT INBOX (QRESYNC ({known} (1:2 1,3)))")
    assert not [line for line in lines if line.startswith("VANISHED")]
    lines = again.lines(f"SELECT INBOX (QRESYNC ({known} (1:2 1,2)))")
    assert "VANISHED (EARLIER) 2" in lines


def test_vanished_in_uid_fetch(post: Post) -> None:
    client = post.user("INBOX", "QRESYNC")
    known = max(mod_sequences(client))
    client.ok(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    client.ok("EXPUNGE")
    assert client.lines(f"UID FETCH 1:3 FLAGS (CHANGEDSINCE {known} VANISHED)") == ["VANISHED (EARLIER) 2"]


def test_qresync_must_be_enabled(post: Post) -> None:
    client = post.user("INBOX")
    client.bad("SELECT INBOX (QRESYNC (1 1))")
    client.bad("UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)")
    client.ok("CHECK")
