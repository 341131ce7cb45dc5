"""Which suites there are, and what each checks: its cases, and the validators that judge every exchange of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from harness.cases import Case
from harness.requirements.catalogue import Catalogue
from harness.requirements.model import Requirement
from harness.suite import Suite
from harness.validation import VALIDATORS, ValidatorCase
from suites.corpus import message

#: The suites that run unless others are named, in their order.
SUITES = ("smoke", "pop3", "imap")
#: Suites that run when they are named. The reference meets them, but their faults have not all been detected in one
#: run, and what they say of other servers has not all been confirmed clause by clause.
PREVIEW = ("smtp", "relay")
#: All of them.
EVERY = (*SUITES, *PREVIEW)

_HERE = Path(__file__).parent


@cache
def suite_cases(name: str) -> tuple[Case, ...]:
    """The cases of a suite, by id. Raises UsageError for one that cannot be read."""
    cases: tuple[Case, ...] = import_module(f"suites.{name}.cases").CASES
    return cases


def all_checks(name: str) -> tuple[Case | ValidatorCase, ...]:
    """Cases of a suite and, for a protocol's suite, its validators."""
    return (*suite_cases(name), *VALIDATORS.get(name, ()))


def suites_for(selectors: Sequence[str]) -> tuple[str, ...]:
    """The suites that selectors are about: those that all of them begin with; else those that run by default, and
    previews that one begins with."""
    named = {selector.split("/")[0] for selector in selectors}
    if named and named <= set(EVERY):
        return tuple(name for name in EVERY if name in named)
    return (*SUITES, *(name for name in PREVIEW if name in named))


@cache
def catalogue() -> Catalogue:
    """Every requirement."""
    return Catalogue.load(_HERE / "requirements")


def requirements() -> Mapping[str, Requirement]:
    """Every requirement, by id."""
    return {requirement.id: requirement for requirement in catalogue()}


def suite() -> Suite:
    """What a run needs of the suites."""
    return Suite(requirements(), message)
