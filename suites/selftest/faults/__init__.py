"""All faults: one module per protocol and theme, each with a tuple `FAULTS`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from suites.registry import SUITES
from suites.selftest.fault import Fault


def gathered() -> tuple[Fault, ...]:
    """The faults of every module."""
    found: list[Fault] = []
    for module in iter_modules(__path__):
        faults: tuple[Fault, ...] = import_module(f"{__name__}.{module.name}").FAULTS
        found += faults
    return tuple(found)


FAULTS: tuple[Fault, ...] = tuple(fault for fault in gathered() if fault.protocol in SUITES)
"""Those of the suites that run by default."""
