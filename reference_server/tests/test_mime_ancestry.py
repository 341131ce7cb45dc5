from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.ancestry import NONE, Ancestry, ancestry


def parents(*messages: tuple[str | None, str]) -> list[int]:
    """The parents of messages, each given as its id and its references, one letter each."""
    ids = [None if name is None else name.encode() for name, _ in messages]
    return ancestry(ids, [[letter.encode() for letter in references] for _, references in messages]).parents


def test_references_make_a_chain() -> None:
    assert parents(("a", ""), ("b", "a"), ("c", "ab")) == [NONE, 0, 1]
    assert parents(("c", "ab"), ("b", "a"), ("a", "")) == [1, 2, NONE]


def test_what_is_missing_gets_a_place() -> None:
    assert parents(("c", "ab")) == [2, NONE, 1]
    assert parents(("c", "a"), ("d", "a")) == [2, 2, NONE]


def test_a_link_of_references_does_not_change_a_parent() -> None:
    assert parents(("b", "a"), ("a", ""), ("x", ""), ("c", "xb")) == [1, NONE, NONE, 0]


def test_a_message_decides_on_its_own_parent() -> None:
    # c's references make b a child of x; b itself says that its parent is a, or that it has none.
    assert parents(("c", "xb"), ("b", "a"))[:2] == [1, 4 - 1]
    assert parents(("c", "xb"), ("b", ""))[:2] == [1, NONE]


def test_the_first_of_two_messages_has_the_id() -> None:
    assert parents(("a", ""), ("a", ""), ("b", "a")) == [NONE, NONE, 0]
    assert parents((None, ""), (None, "a"), ("a", "")) == [NONE, 2, NONE]


def test_no_loop_is_closed() -> None:
    assert parents(("a", "a")) == [NONE]
    assert parents(("a", "b"), ("b", "a")) == [1, NONE]
    assert parents(("a", "b"), ("b", "c"), ("c", "a")) == [1, 2, NONE]
    assert parents(("a", "bab")) == [1, NONE]


def test_unlinked_messages_may_be_linked_the_other_way_round() -> None:
    forest = Ancestry(2)
    forest.link(0, 1)
    forest.link(1, 0)
    assert forest.parents == [NONE, 0]
    forest.unlink(1)
    forest.link(1, 0)
    assert forest.parents == [1, NONE]


_LETTER = st.sampled_from("abcdefg")


@given(st.lists(st.tuples(st.none() | _LETTER, st.text(_LETTER, max_size=5)), max_size=8))
def test_every_message_has_a_last_ancestor(messages: list[tuple[str | None, str]]) -> None:
    found = parents(*messages)
    for index in range(len(found)):
        ancestor, steps = index, 0
        while ancestor != NONE:
            ancestor, steps = found[ancestor], steps + 1
            assert steps <= len(found)
