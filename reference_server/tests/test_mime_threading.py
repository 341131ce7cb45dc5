from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.parse import parse
from reference_server.mime.threading import (
    ThreadedMessage,
    ThreadNode,
    by_references,
    ordered_subject,
    threaded_message,
)

START = datetime(2000, 1, 1, tzinfo=UTC)


def message(
    number: int, references: str = "", subject: str = "", *, is_reply: bool = False, minute: int | None = None
) -> ThreadedMessage:
    """A message whose id is its number, and whose references are the numbers of others."""
    return ThreadedMessage(
        number=number,
        subject=subject,
        is_reply=is_reply,
        sent=START + timedelta(minutes=number if minute is None else minute),
        message_id=str(number).encode(),
        references=tuple(references.encode().split()),
    )


def shown(nodes: Iterable[ThreadNode]) -> str:
    """Threads as THREAD shows them (RFC 5256 §5, thread-list)."""
    return "".join(f"({_members(node)})" for node in nodes)


def _members(node: ThreadNode) -> str:
    own = [] if node.number is None else [str(node.number)]
    if len(node.children) == 1 and own:
        return " ".join([*own, _members(node.children[0])])
    return " ".join([*own, shown(node.children)] if node.children else own)


def numbers(nodes: Iterable[ThreadNode]) -> list[int]:
    found: list[int] = []
    pending = list(nodes)
    while pending:
        node = pending.pop()
        found += [] if node.number is None else [node.number]
        pending += node.children
    return sorted(found)


def test_ordered_subject_has_no_grandchildren() -> None:
    messages = [
        message(1, subject="B"),
        message(2, subject="A", minute=0),
        message(3, subject="A"),
        message(4, subject="B"),
        message(5, subject="B"),
        message(6, subject="C", minute=-1),
    ]
    assert shown(ordered_subject(messages)) == "(6)(2 3)(1 (4)(5))"
    assert ordered_subject([]) == ()


def test_ordered_subject_breaks_ties_by_place() -> None:
    messages = [message(9, subject="A", minute=0), message(3, subject="A", minute=0), message(1, subject="B", minute=0)]
    assert shown(ordered_subject(messages)) == "(9 3)(1)"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], ""),
        ([message(1), message(2)], "(1)(2)"),
        ([message(1), message(2, "1"), message(3, "1 2"), message(4, "1")], "(1 (2 3)(4))"),
        # a parent that is not there: one child takes its place, several stay together at the top
        ([message(2, "1")], "(2)"),
        ([message(2, "1"), message(3, "1")], "((2)(3))"),
        ([message(3, "1 2"), message(4, "1 2")], "((3)(4))"),
        # further down it goes, and its children are the parent's
        ([message(1), message(3, "1 2"), message(4, "1 2")], "(1 (3)(4))"),
        ([message(5, "1 2 3"), message(6, "1 2 4")], "((5)(6))"),
        # siblings and threads are in the order of their dates, and of their places
        (
            [message(1, minute=9), message(2, "1", minute=8), message(3, "1", minute=7), message(4, minute=1)],
            "(4)(1 (3)(2))",
        ),
        ([message(2, "1", minute=5), message(3, "1", minute=2), message(4, minute=3)], "((3)(2))(4)"),
        ([message(3, minute=0), message(2, minute=0)], "(3)(2)"),
        # the example of RFC 5256 §4
        (
            [
                *(message(2, minute=0), message(3), message(6, "3"), message(4, "6"), message(23, "4", minute=5)),
                *(message(44, "6"), message(7, "44", minute=50), message(96, "7")),
            ],
            "(2)(3 6 (4 23)(44 7 96))",
        ),
    ],
)
def test_references(messages: list[ThreadedMessage], expected: str) -> None:
    assert shown(by_references(messages)) == expected


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        # neither is a reply, or both are: siblings below a dummy
        ([message(1, subject="S"), message(2, subject="S")], "((1)(2))"),
        ([message(1, subject="S", is_reply=True), message(2, subject="S", is_reply=True)], "((1)(2))"),
        ([message(n, subject="S") for n in (1, 2, 3)], "((1)(2)(3))"),
        # a reply is a child of what it replies to, though that be later
        ([message(1, subject="S"), message(2, subject="S", is_reply=True)], "(1 2)"),
        ([message(1, subject="S", is_reply=True), message(2, subject="S")], "(2 1)"),
        (
            [message(1, subject="S"), message(2, subject="S", is_reply=True), message(3, subject="S", is_reply=True)],
            "(1 (2)(3))",
        ),
        # a dummy takes all in, whichever comes first
        ([message(2, "1", "S"), message(3, "1", "T"), message(4, subject="S")], "((2)(3)(4))"),
        ([message(1, subject="S"), message(3, "2", "S"), message(4, "2", "T")], "((1)(3)(4))"),
        ([message(3, "1", "S"), message(4, "1"), message(5, "2", "S"), message(6, "2")], "((3)(4)(5)(6))"),
        # the subject of a thread is that of its first message; an empty one gathers nothing
        ([message(1, subject="S"), message(2, "1", "T"), message(3, subject="T")], "(1 2)(3)"),
        ([message(1), message(2)], "(1)(2)"),
        # what is merged is put among the children by its date
        ([message(5, subject="S", minute=0), message(6, "5"), message(1, subject="S", is_reply=True)], "(5 (1)(6))"),
    ],
)
def test_threads_of_one_subject_are_merged(messages: list[ThreadedMessage], expected: str) -> None:
    assert shown(by_references(messages)) == expected


_MESSAGE = st.builds(
    ThreadedMessage,
    number=st.just(0),
    subject=st.sampled_from(["", "A", "B"]),
    is_reply=st.booleans(),
    sent=st.integers(0, 5).map(lambda minute: START + timedelta(minutes=minute)),
    message_id=st.none() | st.sampled_from([b"a", b"b", b"c", b"d"]),
    references=st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"]), max_size=4).map(tuple),
)


@given(st.lists(_MESSAGE, max_size=10))
def test_every_message_is_shown_once(messages: list[ThreadedMessage]) -> None:
    numbered = [replace(message, number=number) for number, message in enumerate(messages, 1)]
    for algorithm in (ordered_subject, by_references):
        threads = algorithm(numbered)
        assert numbers(threads) == list(range(1, len(messages) + 1))
        for root in threads:
            assert root.number is not None or len(root.children) > 1
            pending = list(root.children)
            while pending:
                node = pending.pop()
                assert node.number is not None
                pending += node.children


@pytest.mark.parametrize(("order", "length"), [("forwards", 10_000), ("backwards", 10_000), ("shuffled", 50_000)])
def test_a_thread_as_long_as_a_mailbox(order: str, length: int) -> None:
    chain = [message(number, str(number - 1) if number > 1 else "") for number in range(1, length + 1)]
    if order == "backwards":
        chain.reverse()
    elif order == "shuffled":
        random.Random(5256).shuffle(chain)
    (node,) = by_references(chain)
    for number in range(1, length):
        assert node.number == number
        (node,) = node.children
    assert node.children == ()


def test_a_message_that_refers_to_many_that_are_not_there() -> None:
    missing = [f"m{number}" for number in range(10_000)]
    messages = [message(0, " ".join(missing)), *[message(n, missing[n], minute=n) for n in range(1, 10_000)]]
    (root,) = by_references(messages)
    assert len(root.children) == 10_000


def test_what_threading_needs_is_read_from_a_message() -> None:
    internal = datetime(1999, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    octets = (
        b"Subject: Re: [x] Caf=?utf-8?q?=C3=A9?=\r\nDate: 1 Jan 2000 00:00:00 +0100\r\n"
        b'Message-ID: <"a"@b>\r\nReferences: <c@d>\r\n <e@f>\r\n\r\n'
    )
    assert threaded_message(parse(octets), 7, internal) == ThreadedMessage(
        7, "CAFE\u0301", True, datetime(1999, 12, 31, 23, tzinfo=UTC), b"a@b", (b"c@d", b"e@f")
    )
    assert threaded_message(parse(b""), 8, internal) == ThreadedMessage(8, "", False, internal)
