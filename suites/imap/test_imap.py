"""Plays every IMAP case against the target, and judges every exchange of the run by the strict validator."""

from __future__ import annotations

from collections.abc import Callable

from harness.cases import Case
from suites.registry import suite_cases

CASES = suite_cases("imap")


def test_case(postel_case: Case, postel_report: Callable[[str], None]) -> None:
    postel_report(postel_case.id)
