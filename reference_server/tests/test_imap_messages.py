"""APPEND, FETCH, STORE, EXPUNGE, COPY and MOVE in one session (RFC 3501 §6.3.11, §6.4; RFC 4315, RFC 6851)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_server.tests.imap_client import MESSAGE, Client, Post, post_office


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with post_office(tmp_path) as made:
        yield made


@pytest.fixture
def client(post: Post) -> Client:
    return post.user("INBOX")


def test_append_keeps_flags_and_date(client: Client) -> None:
    code = client.append("INBOX", options=r'(\Seen $Work \Draft) " 7-Feb-1994 21:52:25 -0800"')
    assert code.startswith("[APPENDUID ")
    assert code.partition("]")[0].endswith(" 1")
    flags, date = r"FLAGS (\Seen \Draft $Work \Recent)", 'INTERNALDATE " 7-Feb-1994 21:52:25 -0800"'
    assert client.lines("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)") == [
        f"1 FETCH ({flags} {date} RFC822.SIZE {len(MESSAGE)})"
    ]


def test_append_tells_the_session_that_has_the_mailbox(client: Client) -> None:
    answer = client.send(b"a APPEND INBOX {1+}\r\nx\r\n").decode().splitlines()
    assert answer[:2] == ["* 1 EXISTS", "* 1 RECENT"]
    assert answer[2].startswith("a OK [APPENDUID ")


def test_append_to_nowhere(client: Client) -> None:
    assert client.send(b"a APPEND nowhere {1+}\r\nx\r\n").startswith(b"a NO [TRYCREATE] ")
    assert client.send(b"b APPEND INBOX {0+}\r\n\r\n").startswith(b"b NO ")


def test_several_messages_at_once(client: Client) -> None:
    answer = client.send(b"a APPEND INBOX (\\Seen) {3+}\r\none {3+}\r\ntwo\r\n").decode().splitlines()
    assert answer[0] == "* 2 EXISTS"
    assert answer[-1].partition("]")[0].endswith(" 1:2")
    assert client.lines("FETCH 1:2 (FLAGS BODY.PEEK[])") == [
        r"1 FETCH (FLAGS (\Seen \Recent) BODY[] {3}",
        "one)",
        r"2 FETCH (FLAGS (\Recent) BODY[] {3}",
        "two)",
    ]


def test_octets_are_as_they_came(client: Client) -> None:
    message = b"\n.\r\r\nbare\n\xff\x80" + bytes(range(1, 256))
    client.append("INBOX", message)
    tag = b"t FETCH 1 (RFC822.SIZE BODY.PEEK[])\r\n"
    assert client.send(tag).startswith(
        b"* 1 FETCH (RFC822.SIZE %d BODY[] {%d}\r\n%b)\r\n" % (len(message), len(message), message)
    )


def test_utf8_in_a_header_must_be_enabled(post: Post, client: Client) -> None:
    message = "Subject: Grüße\r\n\r\nx\r\n".encode()
    command = b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(message), message)
    assert client.send(command).startswith(b"a NO [CANNOT] ")
    other = post.user(None, "UTF8=ACCEPT")
    other.append("INBOX", message)
    literal = b"b APPEND INBOX UTF8 (~{%d+}\r\n%b)\r\n" % (len(message), message)
    assert other.send(literal).startswith(b"b OK ")


def test_fetching_the_text_marks_it_seen(client: Client) -> None:
    client.append("INBOX")
    assert client.lines("FETCH 1 BODY.PEEK[TEXT]")[0] == "1 FETCH (BODY[TEXT] {13}"
    assert client.lines("FETCH 1 BODY[TEXT]") == ["1 FETCH (BODY[TEXT] {13}", "Bring cups.", r" FLAGS (\Seen \Recent))"]
    assert client.lines("FETCH 1 BODY[TEXT]")[-1] == ")"
    assert client.lines("FETCH 1 FLAGS") == [r"1 FETCH (FLAGS (\Seen \Recent))"]


@pytest.mark.parametrize("item", ["RFC822", "RFC822.TEXT", "BODY[]", "BODY[1]", "BODY[]<0.4>"])
def test_what_marks_a_message_seen(client: Client, item: str) -> None:
    client.append("INBOX")
    client.ok(f"FETCH 1 {item}")
    assert client.lines("SEARCH SEEN") == ["SEARCH 1"]


@pytest.mark.parametrize("item", ["RFC822.HEADER", "BODY.PEEK[]", "ENVELOPE", "BODY", "BODYSTRUCTURE", "RFC822.SIZE"])
def test_what_does_not(client: Client, item: str) -> None:
    client.append("INBOX")
    client.ok(f"FETCH 1 {item}")
    assert client.lines("SEARCH SEEN") == ["SEARCH"]


def test_sections(client: Client) -> None:
    client.append("INBOX")
    assert client.lines("FETCH 1 BODY.PEEK[HEADER.FIELDS (subject)]") == [
        "1 FETCH (BODY[HEADER.FIELDS (subject)] {24}",
        "Subject: Tea at four",
        "",
        ")",
    ]
    assert client.lines("FETCH 1 BODY.PEEK[2]") == ["1 FETCH (BODY[2] NIL)"]
    assert client.lines("FETCH 1 BODY.PEEK[TEXT]<6.4>") == ["1 FETCH (BODY[TEXT]<6> {4}", "cups)"]
    assert client.lines("FETCH 1 BODY.PEEK[TEXT]<99.4>") == ['1 FETCH (BODY[TEXT]<99> "")']
    assert client.lines("FETCH 1 ENVELOPE")[0].startswith(
        '1 FETCH (ENVELOPE ("Mon, 7 Feb 1994 21:52:25 -0800" "Tea at four" (("Ann" NIL "ann" "a.test"))'
    )


def test_binary(client: Client) -> None:
    client.append("INBOX", b"Content-Transfer-Encoding: base64\r\n\r\nAGhp\r\n")
    assert client.say("FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])").startswith(
        "* 1 FETCH (BINARY[1] ~{3}\r\n\0hi BINARY.SIZE[1] 3)\r\nT OK "
    )
    client.append("INBOX", b"Content-Transfer-Encoding: runes\r\n\r\nx\r\n")
    assert client.no("FETCH 2 BINARY.PEEK[1]").startswith("[UNKNOWN-CTE] ")


def test_nul_comes_back_decoded(client: Client) -> None:
    message = b"Content-Transfer-Encoding: binary\r\n\r\na\0b"
    assert client.send(b"a APPEND INBOX ~{%d+}\r\n%b\r\n" % (len(message), message)).count(b"a OK ") == 1
    assert client.say("FETCH 1 (BINARY.PEEK[1] BODY.PEEK[1])").startswith(
        "* 1 FETCH (BINARY[1] ~{3}\r\na\0b BODY[1] {6}\r\nYQBi\r\n)\r\n"
    )
    assert client.send(b"b APPEND INBOX ~{11+}\r\nX: \0\r\n\r\nabc\r\n").startswith(b"b NO [UNKNOWN-CTE] ")


def test_numbers_that_do_not_exist(client: Client) -> None:
    client.append("INBOX")
    for command in ("FETCH 2 FLAGS", "STORE 2 FLAGS ()", "COPY 2 INBOX", "MOVE 1:2 INBOX"):
        client.bad(command)
    assert client.lines("UID FETCH 2 FLAGS") == []
    assert client.lines("UID FETCH 1:4294967295 FLAGS") == [r"1 FETCH (UID 1 FLAGS (\Recent))"]
    assert client.lines("UID FETCH 9:* FLAGS") == [r"1 FETCH (UID 1 FLAGS (\Recent))"]
    assert client.lines("UID STORE 7 FLAGS ()") == []
    assert client.ok("UID COPY 7 INBOX").startswith("Copied")


def test_store(client: Client) -> None:
    client.append("INBOX")
    client.append("INBOX")
    assert client.lines(r"STORE 1:2 FLAGS (\flagged)") == [
        r"1 FETCH (FLAGS (\Flagged \Recent))",
        r"2 FETCH (FLAGS (\Flagged \Recent))",
    ]
    assert (
        client.lines(r"UID STORE 2 +FLAGS \Seen $Work")[-1] == r"2 FETCH (UID 2 FLAGS (\Flagged \Seen $Work \Recent))"
    )
    assert client.lines(r"STORE 2 -FLAGS (\Flagged $WORK)") == [r"2 FETCH (FLAGS (\Seen \Recent))"]
    assert client.lines(r"STORE 2 FLAGS.SILENT ()") == []
    assert client.lines("FETCH 2 FLAGS") == [r"2 FETCH (FLAGS (\Recent))"]


def test_a_new_keyword_is_announced_before_it_is_used(client: Client) -> None:
    client.append("INBOX")
    flags, permanent, fetch = client.lines("STORE 1 +FLAGS (Later)")
    assert flags == r"FLAGS (\Answered \Flagged \Deleted \Seen \Draft Later)"
    assert permanent.startswith(r"OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft Later \*)]")
    assert fetch == r"1 FETCH (FLAGS (Later \Recent))"
    assert client.lines("STORE 1 +FLAGS (LATER)") == [r"1 FETCH (FLAGS (Later \Recent))"]


def test_expunge_counts_as_it_goes(client: Client) -> None:
    for _ in range(5):
        client.append("INBOX")
    client.ok(r"STORE 1,2,4 +FLAGS.SILENT (\Deleted)")
    assert client.lines("EXPUNGE") == ["1 EXPUNGE", "1 EXPUNGE", "2 EXPUNGE"]
    assert client.lines("EXPUNGE") == []
    assert client.lines("FETCH 1:* UID") == ["1 FETCH (UID 3)", "2 FETCH (UID 5)"]


def test_uid_expunge(client: Client) -> None:
    for _ in range(3):
        client.append("INBOX")
    client.ok(r"STORE 1:2 +FLAGS.SILENT (\Deleted)")
    assert client.lines("UID EXPUNGE 2:3") == ["2 EXPUNGE"]
    assert client.lines("SEARCH DELETED") == ["SEARCH 1"]


def test_copy_keeps_flags_and_dates(client: Client) -> None:
    client.append("INBOX", options=r'(\Answered Old) "17-Jul-1996 02:44:25 -0700"')
    client.ok("CREATE other")
    code = client.ok("COPY 1 other")
    assert code.startswith("[COPYUID ")
    assert code.partition("]")[0].endswith(" 1 1")
    client.ok("SELECT other")
    assert client.lines("FETCH 1 (FLAGS INTERNALDATE)") == [
        r'1 FETCH (FLAGS (\Answered Old \Recent) INTERNALDATE "17-Jul-1996 02:44:25 -0700")'
    ]
    assert client.no("COPY 1 nowhere").startswith("[TRYCREATE] ")


def test_copy_to_the_mailbox_itself(client: Client) -> None:
    client.append("INBOX")
    assert client.lines("COPY 1 INBOX") == ["2 EXISTS", "2 RECENT"]


def test_move(client: Client) -> None:
    for _ in range(3):
        client.append("INBOX")
    client.ok("CREATE other")
    moved = client.lines("UID MOVE 1,3 other")
    assert moved[0].startswith("OK [COPYUID ")
    assert moved[0].partition("]")[0].endswith(" 1,3 1:2")
    assert moved[1:] == ["1 EXPUNGE", "2 EXPUNGE"]
    assert client.lines("STATUS other (MESSAGES)") == ["STATUS other (MESSAGES 2)"]
    assert client.no("MOVE 1 nowhere").startswith("[TRYCREATE] ")
    assert client.lines("UID MOVE 99 other") == []


def test_move_to_the_mailbox_itself(client: Client) -> None:
    client.append("INBOX")
    lines = client.lines("MOVE 1 INBOX")
    assert lines[1:] == ["1 EXPUNGE", "1 EXISTS", "1 RECENT"]
    assert client.lines("FETCH 1 UID") == ["1 FETCH (UID 2)"]


def test_uids_are_not_used_again(client: Client) -> None:
    client.append("INBOX")
    client.ok(r"STORE 1 +FLAGS (\Deleted)")
    client.ok("EXPUNGE")
    assert client.append("INBOX").partition("]")[0].endswith(" 2")


def test_a_large_answer_comes_in_pieces_and_whole(client: Client) -> None:
    message = b"Subject: big\r\n\r\n" + b"0123456789abcde\r\n" * 20_000
    for _ in range(3):
        client.append("INBOX", message)
    assert client.send(b"t FETCH 1:3 BODY.PEEK[]\r\n").count(message) == 3
