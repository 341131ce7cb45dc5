"""Container tests need a Docker engine: without one they are skipped and say why, or fail where they are required.

`POSTEL_REQUIRE_ALL=1` requires them, so that no automatic run can pass by leaving them out.
"""

from __future__ import annotations

import os

import pytest

from harness.errors import SetupError
from harness.targets.engine import connect


def _no_engine() -> str:
    """Why no engine answers; empty when one does."""
    try:
        connect().close()
    except SetupError as error:
        return str(error)
    return ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("containers")]
    if not needing or os.environ.get("POSTEL_REQUIRE_ALL") == "1":
        return
    reason = _no_engine()
    if not reason:
        return
    for item in needing:
        item.add_marker(pytest.mark.skip(reason=reason))
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"{len(needing)} container tests are skipped: {reason}")
