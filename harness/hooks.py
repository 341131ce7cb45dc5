"""Hooks that postel's plugin calls, for reports and for the terminal. Runner hooks are called from its own thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.results import CaseResult, Footer, Header
from harness.suite import Suite


@pytest.hookspec(firstresult=True)
def pytest_postel_suite() -> Suite | None:
    """What the suites bring along: the requirement catalogue, the corpus, the rules."""


def pytest_postel_began(header: Header) -> None:
    """The preflight is over (runner's thread)."""


def pytest_postel_settled(result: CaseResult) -> None:
    """A case has its final result (runner's thread)."""


def pytest_postel_said(text: str) -> None:
    """A line for the user about what is going on (runner's thread)."""


def pytest_postel_judged(item: pytest.Item, result: CaseResult) -> None:
    """The test of a case reports its result, inside the test's own call."""


def pytest_postel_finished(log: Path, footer: Footer | None) -> None:
    """The run is over and its log is closed; without a footer it broke."""
