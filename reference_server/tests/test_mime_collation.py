from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.collation import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello", "hELLO"),
        ("É", "é"),
        ("é", "e\u0301"),
        ("Сергей", "сЕРГЕЙ"),
        ("\u0131", "i"),
        ("ﬁ", "Fi"),
        ("ŉ", "\u02bcN"),
        ("Ǆ", "ǆ"),
        ("\uff41", "A"),
        ("\u03a3", "\u03c3"),
        ("\u03a3", "\u03c2"),
        ("[a]{b}", "[A]{B}"),
    ],
)
def test_texts_that_differ_in_case_only_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("é", "e"), ("ß", "ss"), ("a b", "ab"), ("\udcff", "\udcfe")])
def test_other_texts_do_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(), st.text(), st.text())
def test_a_substring_folds_to_a_substring(before: str, text: str, after: str) -> None:
    assert fold(text) in fold(before + text + after)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_has_no_case_but_nothing_else_changes(text: str) -> None:
    assert fold(text) == fold(text.swapcase())
    assert len(fold(text)) == len(text)
    assert fold(text).lower() == text.lower()
