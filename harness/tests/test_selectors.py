"""Selectors choose by id, by its beginning at a slash, or by pattern; what chooses nothing is an error."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.selectors import select

IDS = ["pop3/rfc1939-5/list", "pop3/rfc1939-5/list-of-deleted", "pop3/rfc1939-6/quit", "smoke/pop3/login"]


@pytest.mark.parametrize(
    ("selectors", "chosen"),
    [
        ([], IDS),
        (["pop3"], IDS[:3]),
        (["pop3/"], IDS[:3]),
        (["pop3/rfc1939-5"], IDS[:2]),
        (["pop3/rfc1939-5/list"], IDS[:1]),
        (["*/quit", "smoke"], IDS[2:]),
        (["pop3/rfc1939-?/list*"], IDS[:2]),
    ],
)
def test_selection(selectors: list[str], chosen: list[str]) -> None:
    assert select(selectors, IDS) == chosen


@pytest.mark.parametrize("selector", ["pop", "pop3/rfc1939", "pop3/rfc1939-5/lis", "nothing*", ""])
def test_what_chooses_nothing_is_an_error(selector: str) -> None:
    with pytest.raises(UsageError, match="no case matches"):
        select([selector], IDS)


def test_the_nearest_ids_are_suggested() -> None:
    with pytest.raises(UsageError, match="did you mean pop3/rfc1939-6/quit"):
        select(["pop3/rfc1939-6/quti"], IDS)
