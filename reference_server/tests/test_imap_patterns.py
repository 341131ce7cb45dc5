"""Patterns of LIST against names: known answers, and a pattern that a careless search would never come to an end of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap.listing import Matcher


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("quay", "quay", True),
        ("quay", "quays", False),
        ("*", "quay/crane", True),
        ("%", "quay/crane", False),
        ("%", "quay", True),
        ("quay/%", "quay/crane", True),
        ("quay/%", "quay/crane/hook", False),
        ("%/%", "quay/crane", True),
        ("q*k", "quay/crane/hook", True),
        ("q%k", "quay/crane/hook", False),
        ("quay%*", "quay/crane", True),
        ("*%", "", True),
        ("", "", True),
        ("", "quay", False),
    ],
)
def test_pattern(pattern: str, name: str, matches: bool) -> None:
    assert Matcher(pattern).matches(name) is matches


def test_many_wildcards_are_searched_in_one_pass() -> None:
    assert not Matcher("*a" * 500 + "b").matches("a" * 1000)


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8))
def test_agrees_with_a_regular_expression(pattern: str, name: str) -> None:
    pieces = {"*": ".*", "%": "[^/]*"}
    expression = "".join(pieces.get(character, re.escape(character)) for character in pattern)
    assert Matcher(pattern).matches(name) is (re.fullmatch(expression, name) is not None)
