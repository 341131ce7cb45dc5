"""SELECT, EXAMINE, CLOSE, UNSELECT, CHECK, and \\Recent (RFC 3501 §2.3.2, §6.3.1, §6.3.2, §6.4.1, §6.4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.tests.imap_client import Post, post_office


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


def codes(lines: list[str]) -> dict[str, str]:
    """The response codes of untagged OKs, by name."""
    found = [match for line in lines if (match := re.match(r"OK \[([A-Z-]+) ?([^\]]*)\]", line))]
    return {match[1]: match[2] for match in found}


def test_what_select_tells(post: Post) -> None:
    post.fill(3)
    client = post.user("INBOX")
    client.ok(r"STORE 1 +FLAGS.SILENT (\Seen $Work)")
    other = post.user()
    answer = other.lines("SELECT inbox")
    assert r"FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)" in answer
    assert "3 EXISTS" in answer
    assert "0 RECENT" in answer
    told = codes(answer)
    assert told["UNSEEN"] == "2"
    assert told["UIDNEXT"] == "4"
    assert int(told["UIDVALIDITY"]) > 0
    assert told["PERMANENTFLAGS"] == r"(\Answered \Flagged \Deleted \Seen \Draft $Work \*)"
    assert other.ok("SELECT INBOX").startswith("[READ-WRITE] ")


def test_no_unseen_where_all_is_seen(post: Post) -> None:
    post.fill(1)
    client = post.user("INBOX")
    client.ok(r"STORE 1 +FLAGS (\Seen)")
    assert "UNSEEN" not in codes(client.lines("SELECT INBOX"))


def test_the_mailbox_is_closed_by_the_next(post: Post) -> None:
    post.fill(1)
    client = post.user("INBOX")
    client.ok(r"STORE 1 +FLAGS (\Deleted)")
    assert client.lines("SELECT INBOX")[0].startswith("OK [CLOSED] ")
    assert "1 EXISTS" in client.lines("SELECT INBOX")


def test_select_of_what_does_not_exist_leaves_nothing_selected(post: Post) -> None:
    client = post.user("INBOX")
    assert client.no("SELECT nowhere").startswith("[NONEXISTENT] ")
    client.bad("CHECK")
    client.ok("CREATE above/below")
    client.no("SELECT above")


def test_examine_changes_nothing(post: Post) -> None:
    post.fill(1)
    client = post.user()
    answer = client.lines("EXAMINE INBOX")
    assert "1 RECENT" in answer
    assert codes(answer)["PERMANENTFLAGS"] == "()"
    assert client.ok("EXAMINE INBOX").startswith("[READ-ONLY] ")
    for command in (r"STORE 1 +FLAGS (\Deleted)", "EXPUNGE", "UID EXPUNGE 1", "MOVE 1 INBOX"):
        client.no(command)
    assert client.lines("FETCH 1 (FLAGS BODY[TEXT])")[0].startswith(r"1 FETCH (FLAGS (\Recent) BODY[TEXT]")
    client.ok("CLOSE")
    assert "1 RECENT" in post.user().lines("SELECT INBOX")


def test_recent_belongs_to_one_session(post: Post) -> None:
    post.fill(2)
    first = post.user("INBOX")
    assert first.lines("FETCH 1:2 FLAGS") == [r"1 FETCH (FLAGS (\Recent))", r"2 FETCH (FLAGS (\Recent))"]
    second = post.user("INBOX")
    assert second.lines("FETCH 1:2 FLAGS") == ["1 FETCH (FLAGS ())", "2 FETCH (FLAGS ())"]
    assert first.lines("SEARCH RECENT") == ["SEARCH 1 2"]
    assert second.lines("SEARCH OLD") == ["SEARCH 1 2"]
    post.fill(1)
    assert first.lines("NOOP") == ["3 EXISTS", "3 RECENT"]
    assert second.lines("NOOP") == ["3 EXISTS", "0 RECENT"]


def test_status_does_not_take_recent_away(post: Post) -> None:
    post.fill(2)
    client = post.user()
    assert client.lines("STATUS INBOX (RECENT)") == ["STATUS INBOX (RECENT 2)"]
    assert client.lines("STATUS INBOX (RECENT)") == ["STATUS INBOX (RECENT 2)"]
    assert "2 RECENT" in client.lines("SELECT INBOX")


def test_close_expunges_without_a_word(post: Post) -> None:
    post.fill(3)
    client = post.user("INBOX")
    client.ok(r"STORE 2 +FLAGS.SILENT (\Deleted)")
    assert client.lines("CLOSE") == []
    client.bad("CLOSE")
    assert client.lines("STATUS INBOX (MESSAGES)") == ["STATUS INBOX (MESSAGES 2)"]


def test_unselect_expunges_nothing(post: Post) -> None:
    post.fill(1)
    client = post.user("INBOX")
    client.ok(r"STORE 1 +FLAGS.SILENT (\Deleted)")
    assert client.lines("UNSELECT") == []
    client.bad("FETCH 1 FLAGS")
    assert client.lines("STATUS INBOX (MESSAGES)") == ["STATUS INBOX (MESSAGES 1)"]


def test_check(post: Post) -> None:
    client = post.user("INBOX")
    post.fill(1)
    assert client.lines("CHECK") == ["1 EXISTS", "1 RECENT"]


def test_numbers_are_those_of_status(post: Post) -> None:
    post.fill(4)
    told = codes(post.user().lines("SELECT INBOX"))
    status = post.user().lines("STATUS INBOX (UIDNEXT UIDVALIDITY HIGHESTMODSEQ)")[-1]
    for name in ("UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ"):
        assert f"{name} {told[name]}" in status


def test_imap4rev2_knows_no_recent(post: Post) -> None:
    post.fill(1)
    client = post.user(None, "IMAP4rev2")
    answer = client.lines("SELECT INBOX")
    assert not any("RECENT" in line or "UNSEEN" in line for line in answer)
    assert r'LIST (\HasNoChildren) "/" INBOX' in answer
    assert client.lines("FETCH 1 FLAGS") == ["1 FETCH (UID 1 FLAGS ())"]
    assert client.lines("SEARCH ALL")[0].startswith("ESEARCH (TAG ")
    post.fill(1)
    assert client.lines("NOOP") == ["2 EXISTS"]
