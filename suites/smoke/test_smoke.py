"""Plays the smoke cases: whether a target can be tested at all."""

from __future__ import annotations

from collections.abc import Callable

from harness.cases import Case
from suites.registry import suite_cases

CASES = suite_cases("smoke")


def test_case(postel_case: Case, postel_report: Callable[[str], None]) -> None:
    postel_report(postel_case.id)
