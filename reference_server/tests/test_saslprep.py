"""SASLprep: RFC 4013's own examples, each prohibition, and idempotence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.sasl import SaslprepError, saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # RFC 4013 §3, example 1: soft hyphen goes
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),  # a space that is not ASCII
        ("a\u200bb", "a b"),  # in both mapping tables; the space wins, as in RFC 4013's order
        ("\u0627\u0031\u0628", "\u0627\u0031\u0628"),  # right-to-left at both ends
        ("pass word", "pass word"),
        ("", ""),
    ],
)
def test_prepares(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "\u0007",  # RFC 4013 §3, example 6: control character
        "\u0627\u0031",  # example 7: right-to-left, and ends with a digit
        "\u0627a\u0627",  # mixed directions
        "a\x7f",
        "\ue000",  # private use
        "\ufdd0",  # non-character
        "\ufffd",  # inappropriate for plain text
        "\u2ff0",  # inappropriate for canonical representation
        "\u200e",  # changes display
        "\U000e0041",  # tag
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(SaslprepError) as caught:
        saslprep(text)
    assert text not in str(caught.value)


def test_unassigned_code_points_only_in_queries() -> None:
    assert saslprep("\u0221", query=True) == "\u0221"  # assigned after Unicode 3.2
    with pytest.raises(SaslprepError, match="unassigned"):
        saslprep("\u0221")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=8))
def test_what_is_prepared_stays_as_it_is(text: str) -> None:
    try:
        prepared = saslprep(text, query=True)
    except SaslprepError:
        return
    assert saslprep(prepared, query=True) == prepared
