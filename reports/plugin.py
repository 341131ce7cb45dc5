"""A pytest plugin beside the harness's: tells Allure of each case during the run, writes the other reports after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.results import CaseResult, Header, read_run
from reports.allure import record
from reports.write import write_reports


def pytest_configure(config: pytest.Config) -> None:
    """Register what listens to a run."""
    config.pluginmanager.register(_Reports(allure=bool(config.getoption("allure_report_dir", None))), "postel-reports")


class _Reports:
    """Keeps the run's header for Allure, and makes the files of a finished run."""

    def __init__(self, *, allure: bool) -> None:
        self._allure = allure
        self._header: Header | None = None

    def pytest_postel_began(self, header: Header) -> None:
        """The header says what the requirement ids mean."""
        self._header = header

    def pytest_postel_judged(self, result: CaseResult) -> None:
        """Inside the test of a case: Allure files what is said now under it."""
        if self._allure and self._header is not None:
            record(result, self._header)

    def pytest_postel_finished(self, log: Path) -> None:
        """Every report is a view of the log."""
        write_reports(read_run(log), log.parent)
