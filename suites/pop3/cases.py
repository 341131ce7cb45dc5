"""All POP3 cases: the dialogues of this folder, the dialogues that tables generate, and the cases in Python."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import suites.pop3
from harness.cases import REGISTRY, Case
from suites.gathering import dialogues_of, generated
from suites.pop3 import matrix

#: Modules of this package that declare no cases of their own.
_OTHERS = ("cases", "dialogue_text", "matrix", "test_")


def _declared() -> list[Case]:
    for module in iter_modules(suites.pop3.__path__):
        if not module.name.startswith(_OTHERS):
            import_module(f"suites.pop3.{module.name}")
    return [case for case_id, case in REGISTRY.cases.items() if case_id.startswith("pop3/")]


CASES: tuple[Case, ...] = tuple(
    sorted([*dialogues_of("pop3"), *generated(matrix.cases()), *_declared()], key=lambda case: case.id)
)
