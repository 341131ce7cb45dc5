"""Where a key of a profile stands, and what a misspelt one may have meant."""

from __future__ import annotations

import pytest

from harness.targets.profile_text import line_of, suggestion, toml_place

TEXT = """\
image = "x"

[accounts]          # a comment
users = ["a"]
[[accounts.each]]
name = "b"
[[tuned]]
setting = "s"
[[tuned]]
setting = "t"
value = "1"
environment.A = "b"
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("image",), 1),
        (("accounts",), 3),
        (("accounts", "users"), 4),
        (("accounts", "users", 0), 4),
        (("accounts", "missing"), 3),
        (("accounts", "each", 0, "name"), 6),
        (("tuned", 0, "setting"), 8),
        (("tuned", 1, "value"), 11),
        (("tuned", 1, "environment", "A"), 12),
        (("nothing",), 0),
        ((), 0),
    ],
)
def test_the_line_of_a_place(place: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, place) == line


def test_a_syntax_error_names_its_place() -> None:
    assert toml_place("Expected '=' (at line 3, column 7)") == (3, 7)
    assert toml_place("something else") == (0, 0)


def test_a_suggestion_is_near_or_the_whole_list() -> None:
    assert suggestion("pasword", ["password", "users"]) == "did you mean password?"
    assert suggestion("zzz", ["b", "a"]) == "known here: a, b"
