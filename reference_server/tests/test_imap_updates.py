"""What a session hears of others, and when (RFC 3501 §5.2, §5.5, §7.3, §7.4.1; RFC 2177, RFC 2180)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.backend import StoreFailure
from reference_server.tests.imap_client import Client, Post, post_office


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


@pytest.fixture
def pair(post: Post) -> tuple[Client, Client]:
    """Two sessions on an INBOX of four messages."""
    post.fill(4)
    return post.user("INBOX"), post.user("INBOX")


def expunge(client: Client, numbers: str) -> None:
    client.ok(rf"STORE {numbers} +FLAGS.SILENT (\Deleted)")
    client.ok("EXPUNGE")


def test_flags_that_another_has_changed(pair: tuple[Client, Client]) -> None:
    first, second = pair
    second.ok(r"STORE 2 +FLAGS.SILENT (\Answered)")
    assert first.lines("NOOP") == [r"2 FETCH (FLAGS (\Answered \Recent))"]
    assert first.lines("NOOP") == []
    assert second.lines("NOOP") == []


def test_only_the_last_of_several_changes(pair: tuple[Client, Client]) -> None:
    first, second = pair
    second.ok(r"STORE 2 +FLAGS.SILENT (\Answered)")
    second.ok(r"STORE 2 FLAGS.SILENT (\Draft)")
    assert first.lines("NOOP") == [r"2 FETCH (FLAGS (\Draft \Recent))"]


def test_silence_is_for_ones_own_changes(pair: tuple[Client, Client]) -> None:
    first, second = pair
    second.ok(r"STORE 2 +FLAGS.SILENT (\Answered)")
    assert first.lines(r"STORE 2:3 +FLAGS.SILENT (\Flagged)") == [r"2 FETCH (FLAGS (\Answered \Flagged \Recent))"]
    assert first.lines("NOOP") == []
    assert second.lines("NOOP") == [r"2 FETCH (FLAGS (\Answered \Flagged))", r"3 FETCH (FLAGS (\Flagged))"]


@pytest.mark.parametrize(
    "command",
    [
        "FETCH 1 UID",
        "STORE 1 +FLAGS.SILENT ()",
        "SEARCH ALL",
        "SORT (SIZE) UTF-8 ALL",
        "UID SEARCH 1",  # RFC 7162 §3.2.10.2 asks it of VANISHED, and EXPUNGE may as well wait
        "UID SORT (SIZE) UTF-8 NOT 1",
    ],
)
def test_no_expunge_in_a_command_that_goes_by_number(pair: tuple[Client, Client], command: str) -> None:
    first, second = pair
    expunge(second, "2")
    assert not [line for line in first.lines(command) if "EXPUNGE" in line]
    assert first.lines("NOOP") == ["2 EXPUNGE"]


@pytest.mark.parametrize(
    "command", ["UID FETCH 1 UID", "UID STORE 1 +FLAGS.SILENT ()", "UID SEARCH UID 1", "CHECK", "NOOP"]
)
def test_expunge_where_it_may_be_told(pair: tuple[Client, Client], command: str) -> None:
    first, second = pair
    expunge(second, "2")
    assert first.lines(command)[-1] == "2 EXPUNGE"


def test_numbers_stay_until_the_client_was_told(post: Post, pair: tuple[Client, Client]) -> None:
    first, second = pair
    expunge(second, "2")
    post.fill(1)
    assert first.lines("FETCH 3 UID") == ["3 FETCH (UID 3)", "5 EXISTS", "5 RECENT"]
    assert first.lines("SEARCH ALL") == ["SEARCH 1 3 4 5"]
    assert first.lines("NOOP") == ["2 EXPUNGE"]
    assert first.lines("FETCH 2:* UID") == ["2 FETCH (UID 3)", "3 FETCH (UID 4)", "4 FETCH (UID 5)"]


def test_exists_comes_before_anything_about_the_new_message(post: Post, pair: tuple[Client, Client]) -> None:
    first, second = pair
    post.fill(1)
    second.ok("NOOP")
    assert first.lines("NOOP") == ["5 EXISTS", "4 RECENT"]
    second.ok(r"STORE 5 +FLAGS.SILENT (\Seen)")
    post.fill(1)
    assert first.lines("NOOP") == ["6 EXISTS", "5 RECENT", r"5 FETCH (FLAGS (\Seen))"]


def test_an_arrival_that_is_gone_again_is_never_told(post: Post, pair: tuple[Client, Client]) -> None:
    first, second = pair
    post.fill(1)
    second.ok("NOOP")
    expunge(second, "5")
    assert first.lines("NOOP") == []
    post.fill(1)
    assert first.lines("NOOP") == ["5 EXISTS", "5 RECENT"]
    assert first.lines("FETCH 5 UID") == ["5 FETCH (UID 6)"]


def test_a_message_that_is_gone(pair: tuple[Client, Client]) -> None:
    first, second = pair
    expunge(second, "2")
    for command in ("FETCH 1:2 BODY.PEEK[]", r"STORE 2 +FLAGS (\Seen)", "COPY 1:2 INBOX", "MOVE 1:2 INBOX"):
        first.session.required_view().subscription.settle()  # hold the news back
        assert first.no(command).startswith("[EXPUNGEISSUED] ")
    assert first.lines("STATUS INBOX (MESSAGES)")[0] == "STATUS INBOX (MESSAGES 3)"


def test_two_expunge_the_same(pair: tuple[Client, Client]) -> None:
    first, second = pair
    first.ok(r"STORE 1:2 +FLAGS.SILENT (\Deleted)")
    assert second.lines("EXPUNGE") == ["1 EXPUNGE", "1 EXPUNGE"]
    assert first.lines("EXPUNGE") == ["1 EXPUNGE", "1 EXPUNGE"]


def test_new_keywords_of_others_are_announced(pair: tuple[Client, Client]) -> None:
    first, second = pair
    second.ok("STORE 1 +FLAGS (Later)")
    assert first.lines("NOOP") == [
        r"FLAGS (\Answered \Flagged \Deleted \Seen \Draft Later)",
        r"OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft Later \*)] Flags that can be kept",
        r"1 FETCH (FLAGS (Later \Recent))",
    ]


def test_in_a_uid_command_news_have_uids(pair: tuple[Client, Client]) -> None:
    first, second = pair
    second.ok(r"STORE 2 +FLAGS.SILENT (\Answered)")
    assert first.lines("UID SEARCH 1") == ["SEARCH 1", r"2 FETCH (UID 2 FLAGS (\Answered \Recent))"]


def test_pop3_and_imap_on_one_inbox(post: Post, pair: tuple[Client, Client]) -> None:
    first, _ = pair
    maildrop = post.maildrops.open("mrose")
    assert first.lines("NOOP") == []
    maildrop.commit(maildrop.messages[1:3])
    maildrop.release()
    assert first.lines("NOOP") == ["2 EXPUNGE", "2 EXPUNGE"]
    expunge(first, "1")
    again = post.maildrops.open("mrose")
    assert [message.uid for message in again.messages] == [4]
    again.release()


def test_idle(post: Post, pair: tuple[Client, Client]) -> None:
    first, second = pair
    assert first.send(b"i IDLE\r\n").startswith(b"+ ")
    post.fill(1)
    assert first.wake() == "* 5 EXISTS\r\n* 5 RECENT\r\n"
    second.ok(r"STORE 1 +FLAGS.SILENT (\Deleted)")
    assert first.wake() == "* 1 FETCH (FLAGS (\\Deleted \\Recent))\r\n"
    second.ok("EXPUNGE")
    assert first.wake() == "* 1 EXPUNGE\r\n"
    assert first.send(b"done\r\n").startswith(b"i OK ")
    first.ok("NOOP")


def test_idle_tells_what_is_there_already(post: Post, pair: tuple[Client, Client]) -> None:
    post.fill(1)
    answer = pair[0].send(b"i IDLE\r\n").decode().splitlines()
    assert answer[0].startswith("+ ")
    assert answer[1:] == ["* 5 EXISTS", "* 5 RECENT"]


def test_idle_without_a_mailbox(post: Post) -> None:
    client = post.user()
    assert client.send(b"i IDLE\r\n").startswith(b"+ ")
    assert client.send(b"DONE\r\n").startswith(b"i OK ")


def test_idle_is_ended_by_nothing_else(pair: tuple[Client, Client]) -> None:
    client = pair[0]
    client.send(b"i IDLE\r\n")
    assert client.send(b"x NOOP\r\n").startswith(b"i BAD ")
    client.ok("NOOP")


def test_a_session_that_does_not_idle_is_not_woken_for_nothing(post: Post, pair: tuple[Client, Client]) -> None:
    post.fill(1)
    assert pair[0].wake() == ""
    assert pair[0].lines("NOOP") == ["5 EXISTS", "5 RECENT"]


def test_a_mailbox_that_another_deletes(post: Post) -> None:
    owner = post.user()
    owner.ok("CREATE short")
    visitor = post.user("short")
    idler = post.user("short")
    idler.send(b"i IDLE\r\n")
    owner.ok("DELETE short")
    assert idler.wake().startswith("* BYE ")
    assert visitor.say("NOOP").startswith("* BYE ")
    assert idler.closed
    assert visitor.closed


def test_a_mailbox_that_one_deletes_oneself(post: Post) -> None:
    client = post.user()
    client.ok("CREATE short")
    client.ok("SELECT short")
    client.ok("DELETE short")
    client.bad("FETCH 1 FLAGS")
    client.ok("SELECT INBOX")


def test_a_mailbox_that_gets_another_name_stays_selected(post: Post) -> None:
    owner = post.user()
    owner.ok("CREATE short")
    owner.append("short")
    visitor = post.user("short")
    owner.ok("RENAME short long")
    owner.append("long")
    assert visitor.lines("NOOP") == ["2 EXISTS", "2 RECENT"]


def test_pipelined_commands_answer_in_order(pair: tuple[Client, Client]) -> None:
    first, _ = pair
    talk = rb"a STORE 1 +FLAGS.SILENT (\Deleted)" b"\r\nb FETCH 1 FLAGS\r\nc EXPUNGE\r\nd FETCH 1 UID\r\n"
    assert [line.decode() for line in first.send(talk).splitlines()] == [
        "a OK Stored",
        r"* 1 FETCH (FLAGS (\Deleted \Recent))",
        "b OK Fetched",
        "* 1 EXPUNGE",
        "c OK Expunged",
        "* 1 FETCH (UID 2)",
        "d OK Fetched",
    ]


def test_a_store_that_fails_is_asked_again_with_the_next_command(
    post: Post, pair: tuple[Client, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = pair
    first.send(b"i IDLE\r\n")

    def fail(*_: object, **__: object) -> None:
        raise StoreFailure("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(type(post.store.mail), "changes", fail)
        post.fill(1)
        assert first.wake() == ""
    assert first.send(b"DONE\r\n").startswith(b"* 5 EXISTS\r\n")


def test_nobody_listens_when_all_have_gone(post: Post, pair: tuple[Client, Client]) -> None:
    for client in pair:
        client.leave()
    waiting = post.user()
    waiting.holding = True
    waiting.send(b"s SELECT INBOX\r\n")
    waiting.leave()
    assert waiting.release() == b""
    assert post.store.hub.listeners == 0
