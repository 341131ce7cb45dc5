"""The directions of docs/architecture.md: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("harness", "suites", "reference_server", "reports")

#: Modules that may import the reference, beside the reference itself; tests of whole runs play against variants of it.
REFERENCE_USERS = (
    "harness/oracle.py",
    "harness/targets/reference.py",
    "harness/cli/",
    "harness/tests/",
    "suites/selftest/",
)
#: What of the harness reports may import: data types, nothing that talks to a server.
REPORTS_MAY = ("harness.results", "harness.requirements", "harness.verdicts", "harness.transcript", "harness.errors")


def imports_of(path: Path) -> set[str]:
    """Absolute names of the modules of ours that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return {name for name in found if name.split(".", maxsplit=1)[0] in PACKAGES}


def allowed(path: str, module: str) -> bool:
    """Whether the file may import the module."""
    ours, theirs = path.split("/", maxsplit=1)[0], module.split(".", maxsplit=1)[0]
    if path.startswith("harness/cli/") or ours == theirs:
        return not f"{module}.".startswith("harness.cli.") or path.startswith(("harness/cli/", "harness/tests/"))
    if theirs == "reference_server":
        return path.startswith(REFERENCE_USERS)
    if ours == "suites":
        return theirs == "harness"
    if ours == "reports":
        return module.startswith(REPORTS_MAY)
    return False


FILES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES)
def test_imports_go_one_way(path: str) -> None:
    wrong = sorted(module for module in imports_of(ROOT / path) if not allowed(path, module))
    assert not wrong, f"{path} may not import {', '.join(wrong)} (docs/architecture.md)"


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("harness/runner.py", "suites.pop3"),
        ("harness/runner.py", "reports.html"),
        ("harness/player.py", "reference_server.server"),
        ("reference_server/shell.py", "harness.errors"),
        ("reports/html.py", "harness.runner"),
        ("suites/pop3/cases.py", "reference_server.server"),
        ("harness/runner.py", "harness.cli.main"),
    ],
)
def test_a_wrong_direction_is_seen(path: str, module: str) -> None:
    assert not allowed(path, module)
