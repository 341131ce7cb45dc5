"""Plays every SMTP case against the target, and judges every exchange of the run by the strict validator."""

from __future__ import annotations

from collections.abc import Callable

from harness.cases import Case
from harness.validation import VALIDATORS as ALL_VALIDATORS
from harness.validation import ValidatorCase
from suites.registry import suite_cases

CASES = suite_cases("smtp")
VALIDATORS = ALL_VALIDATORS.get("smtp", ())


def test_case(postel_case: Case, postel_report: Callable[[str], None]) -> None:
    postel_report(postel_case.id)


def test_validator(postel_validator: ValidatorCase, postel_report: Callable[[str], None]) -> None:
    postel_report(postel_validator.id)
