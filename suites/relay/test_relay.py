"""Plays every case about relaying against the target."""

from __future__ import annotations

from collections.abc import Callable

from harness.cases import Case
from suites.registry import suite_cases

CASES = suite_cases("relay")


def test_case(postel_case: Case, postel_report: Callable[[str], None]) -> None:
    postel_report(postel_case.id)
