"""Hands the catalogue and the corpus to postel's plugin."""

from __future__ import annotations

from harness.suite import Suite
from suites.registry import suite


def pytest_postel_suite() -> Suite:
    """What a run needs of the suites."""
    return suite()
