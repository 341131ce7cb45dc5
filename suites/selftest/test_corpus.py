"""The corpus says of each message what it is: unique, repeatable, and honest about what it asks of the way in."""

from __future__ import annotations

import re

import pytest

from harness.corpus import Trait
from suites.corpus import KINDS, message

ALL = sorted(KINDS)
#: Messages without a header cannot be told apart by one; `empty` not even by its text.
WITHOUT_IDENTITY = {"empty"}


@pytest.mark.parametrize("kind", ALL)
def test_a_message_is_the_same_each_time(kind: str) -> None:
    message.cache_clear()
    first = message(kind, 2)
    message.cache_clear()
    assert message(kind, 2) == first
    assert first.kind == kind


@pytest.mark.parametrize("kind", sorted(set(ALL) - WITHOUT_IDENTITY))
def test_two_messages_of_a_kind_differ(kind: str) -> None:
    assert message(kind, 1).data != message(kind, 2).data


def test_message_ids_and_subjects_are_unique() -> None:
    heads = [message(kind, number).data.partition(b"\r\n\r\n")[0] for kind in ALL for number in (1, 2, 61, 3601)]
    for name in (rb"Message-ID", rb"Subject"):
        values = [found[1] for head in heads if (found := re.search(rb"(?m)^%s: (.*?)\r?$" % name, head))]
        assert len(values) == len(set(values)) > len(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_traits_are_what_the_bytes_show(kind: str) -> None:
    found = message(kind, 1)
    data = found.data
    lines = data.split(b"\r\n")
    shown = {
        Trait.EIGHT_BIT: any(octet > 127 for octet in data),
        Trait.NUL: b"\0" in data,
        Trait.BARE_CR: re.search(rb"\r(?!\n)", data) is not None,
        Trait.BARE_LF: re.search(rb"(?<!\r)\n", data) is not None,
        Trait.LONG_LINE: any(len(line) > 998 for line in lines),
        Trait.NO_FINAL_CRLF: bool(data) and not data.endswith(b"\r\n"),
        Trait.NO_HEADER: re.match(rb"[!-9;-~]+:", data) is None,
        Trait.FROM_LINE: re.search(rb"(?m)^>*From ", data) is not None,
        Trait.LARGE: len(data) >= 1024 * 1024,
    }
    assert found.traits == {trait for trait, present in shown.items() if present}


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        message("no-such-kind", 1)


@pytest.mark.parametrize(("kind", "octets"), [("line-998", 998), ("line-999", 999), ("line-2000", 2000)])
def test_long_lines_have_the_length_of_their_name(kind: str, octets: int) -> None:
    assert max(map(len, message(kind, 1).data.split(b"\r\n"))) == octets


def test_stuffing_has_work_to_do_where_the_kind_says_so() -> None:
    for kind in [name for name in ALL if "dot" in name and name not in {"dot-in-line"}]:
        assert re.search(rb"(?m)^\.", message(kind, 1).data), kind
