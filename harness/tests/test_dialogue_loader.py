from __future__ import annotations

from pathlib import Path

import pytest

from harness.dialogue.loader import MOST_OCTETS, load_dialogues, read_dialogue
from harness.errors import UsageError

TEXT = "title: t\nprotocol: pop3\n\nC: NOOP\nS: +OK\n"


def put(root: Path, name: str, data: str | bytes = TEXT) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_ids_are_paths_and_sorted(tmp_path: Path) -> None:
    path = put(tmp_path, "pop3/rfc1939-5.list/b.dialogue")
    put(tmp_path, "pop3/rfc1939-5/a-2.dialogue")
    put(tmp_path, "smtp/rfc5321-4.1/a.dialogue", "title: t\nprotocol: smtp\n\nC: NOOP\n")
    put(tmp_path, "pop3/rfc1939-5/notes.txt", "no dialogue")
    found = load_dialogues(tmp_path)
    assert [one.id for one in found] == ["pop3/rfc1939-5.list/b", "pop3/rfc1939-5/a-2", "smtp/rfc5321-4.1/a"]
    assert found[0].path == path
    assert str(found[0].position) == f"{path}:1"


@pytest.mark.parametrize("protocol", ["smtp", "submission", "lmtp"])
def test_all_protocols_that_take_mail_are_one_suite(tmp_path: Path, protocol: str) -> None:
    put(tmp_path, "smtp/rfc5321-4.1/a.dialogue", f"title: t\nprotocol: {protocol}\n\nC: NOOP\n")
    (found,) = load_dialogues(tmp_path)
    assert (found.id, found.protocol) == ("smtp/rfc5321-4.1/a", protocol)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("a.dialogue", TEXT, "its path is not a case id"),
        ("pop3/a.dialogue", TEXT, "its path is not a case id"),
        ("pop3/x/y/a.dialogue", TEXT, "its path is not a case id"),
        ("pop3/RFC1939/a.dialogue", TEXT, "the folder 'RFC1939' is not a section"),
        ("pop3/rfc1939/A.dialogue", TEXT, "the name 'A' is not a slug"),
        ("pop3/rfc1939/a--b.dialogue", TEXT, "the name 'a--b' is not a slug"),
        ("pop3/rfc1939/a.b.dialogue", TEXT, "the name 'a.b' is not a slug"),
        ("smtp/rfc1939/a.dialogue", TEXT, "a dialogue of pop3 lies in smtp/"),
        ("lmtp/rfc2033/a.dialogue", "title: t\nprotocol: lmtp\n\nC: NOOP\n", "a dialogue of lmtp lies in lmtp/"),
        ("pop3/rfc1939/a.dialogue", b"title: \xff\n", "the octet 0xFF is not UTF-8"),
        ("pop3/rfc1939/a.dialogue", b"", "the file is empty"),
        ("pop3/rfc1939/a.dialogue", b"#" * (MOST_OCTETS + 1), "more than"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, data: str | bytes, problem: str) -> None:
    path = put(tmp_path, name, data)
    with pytest.raises(UsageError) as caught:
        load_dialogues(tmp_path)
    assert problem in caught.value.problem
    assert caught.value.mend or problem == "the file is empty"
    assert caught.value.position is not None
    assert caught.value.position.path == path


def test_all_errors_are_listed(tmp_path: Path) -> None:
    one = put(tmp_path, "pop3/rfc1939-5/a.dialogue", "titel: t\n")
    other = put(tmp_path, "pop3/rfc1939-5/b.dialogue", TEXT + "S: +OK  [[x]]\n")
    put(tmp_path, "pop3/rfc1939-5/c.dialogue")
    with pytest.raises(UsageError) as caught:
        load_dialogues(tmp_path)
    first, *rest = str(caught.value).splitlines()
    assert first == "2 dialogues cannot be read:"
    assert [line.split(": ")[0].strip() for line in rest] == [f"{one}:1:1", f"{other}:6:11"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "pop3" / "rfc1939-5" / "a.dialogue").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be read"):
        load_dialogues(tmp_path)


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        load_dialogues(tmp_path / "nowhere")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_dialogue(tmp_path / "a.dialogue")
