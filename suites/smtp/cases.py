"""All SMTP cases: the dialogues of this folder, the dialogues that tables generate, and the cases in Python.

A module `matrix_*` has a function `cases()` that gives its dialogues, as pairs of id and text. Any other module
declares cases in Python when it is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import suites.smtp
from harness.cases import REGISTRY, Case
from suites.gathering import dialogues_of, generated

#: Modules of this package that hold no cases of their own.
_OTHERS = ("cases", "dialogue_text", "test_")


def _modules(*, tables: bool) -> Iterator[str]:
    """Full names of the modules with tables, or of those with cases in Python."""
    for module in iter_modules(suites.smtp.__path__):
        if not module.name.startswith(_OTHERS) and module.name.startswith("matrix_") is tables:
            yield f"suites.smtp.{module.name}"


def _tabled() -> list[Case]:
    """The cases of every table."""
    return [case for name in _modules(tables=True) for case in generated(import_module(name).cases())]


def _declared() -> list[Case]:
    """The cases in Python."""
    for name in _modules(tables=False):
        import_module(name)
    return [case for case_id, case in REGISTRY.cases.items() if case_id.startswith("smtp/")]


CASES: tuple[Case, ...] = tuple(sorted([*dialogues_of("smtp"), *_tabled(), *_declared()], key=lambda case: case.id))
