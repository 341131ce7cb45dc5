"""All cases about relaying: whatever the other modules of this package declare when they are imported."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import suites.relay
from harness.cases import REGISTRY, Case

#: Modules of this package that hold no cases of their own.
_OTHERS = ("cases", "exchange", "report", "test_")


def _declared() -> list[Case]:
    for module in iter_modules(suites.relay.__path__):
        if not module.name.startswith(_OTHERS):
            import_module(f"suites.relay.{module.name}")
    return [case for case_id, case in REGISTRY.cases.items() if case_id.startswith("relay/")]


CASES: tuple[Case, ...] = tuple(sorted(_declared(), key=lambda case: case.id))
