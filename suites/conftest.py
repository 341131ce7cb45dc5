"""Hands the catalogue and the corpus to postel's plugin; leaves previews out unless they are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.suite import Suite
from suites.registry import PREVIEW, suite


def pytest_postel_suite() -> Suite:
    """What a run needs of the suites."""
    return suite()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A preview's folder is collected only where an argument names it or something in it."""
    here = Path(__file__).parent
    if collection_path.parent != here or collection_path.name not in PREVIEW:
        return None
    named = [config.invocation_params.dir / argument.split("::")[0] for argument in config.args]
    return None if any(path.resolve().is_relative_to(collection_path) for path in named) else True
