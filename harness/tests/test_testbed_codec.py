"""Plans and attempts as JSON and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.testbed.attempt import Attempt, Fate, HopRecipient, Said, Side, Transaction
from harness.testbed.codec import from_json, to_json
from harness.testbed.plan import AttemptPlan, HopPlan, Point, Step, Then

texts = st.text(st.characters(max_codepoint=255), max_size=20)
steps = st.builds(Step, st.none() | texts, st.sampled_from(Then), st.floats(0, 10))
plans = st.builds(
    AttemptPlan,
    st.dictionaries(st.sampled_from(Point), steps, max_size=4),
    st.dictionaries(texts, texts, max_size=3),
    st.lists(texts, max_size=4).map(tuple),
    st.integers(0, 10),
    st.integers(0, 10),
)


@given(st.lists(plans, min_size=1, max_size=3).map(tuple))
def test_a_plan_comes_back_as_it_was(attempts: tuple[AttemptPlan, ...]) -> None:
    plan = HopPlan(attempts)
    assert from_json(HopPlan, json.loads(json.dumps(to_json(plan)))) == plan


@given(st.binary(max_size=40), st.none() | st.floats(0, 10))
def test_an_attempt_comes_back_octet_for_octet(octets: bytes, ended: float | None) -> None:
    recipient = HopRecipient("bob@b.test", ("NOTIFY=NEVER",), 250)
    transaction = Transaction("", (), 250, (recipient,), octets, octets, 250, True)
    said = (Said(Side.TARGET, octets, 0.5), Said(Side.HOP, b"250 ok\r\n", 1, True))
    attempt = Attempt(1, "mx1.hops.test", "[::1]:9", 0.0, ended, "", Fate.OPEN, said, (transaction,), ("MAIL",))
    assert from_json(Attempt, json.loads(json.dumps(to_json(attempt)))) == attempt


@pytest.mark.parametrize("value", [{"attempts": 3}, {"tries": []}, {"attempts": [{"extensions": [1]}]}])
def test_other_json_is_an_error(value: object) -> None:
    with pytest.raises((TypeError, ValueError, KeyError, AttributeError)):
        from_json(HopPlan, value)
