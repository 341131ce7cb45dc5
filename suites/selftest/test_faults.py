"""Every fault is caught under its own requirement, and every case is turned red by some fault."""

from __future__ import annotations

from collections import Counter

import pytest

from harness.requirements.traceability import Citation, Citer, trace
from suites.registry import catalogue
from suites.selftest.faults import FAULTS
from suites.selftest.machine import SelftestResult, every_check, run_selftest
from suites.selftest.outcome import Detection

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def selftest(request: pytest.FixtureRequest) -> SelftestResult:
    """One run of the faults that the chosen tests ask about; of all where a test asks about the whole."""
    mine = [item for item in request.session.items if getattr(item, "fspath", None) == request.node.fspath]
    asked = [item.callspec.params["fault_id"] for item in mine if hasattr(item, "callspec")]
    whole = len(asked) == len(FAULTS) or any(item.name in _WHOLE for item in mine)
    return run_selftest(selectors=() if whole else asked)


@pytest.mark.parametrize("fault_id", [fault.id for fault in FAULTS])
def test_a_fault_is_caught_under_its_own_requirement(fault_id: str, selftest: SelftestResult) -> None:
    result = next(each for each in selftest.faults if each.fault == fault_id)
    assert result.detection is Detection.DETECTED, (
        f"{', '.join(result.requirements)} is broken; red: {dict(result.red) or 'nothing'}; "
        f"not judged: {dict(result.unjudged) or 'nothing'} {result.reason}"
    )


def test_every_case_is_turned_red_by_a_fault(selftest: SelftestResult) -> None:
    assert not selftest.never_red


def test_every_requirement_that_cases_judge_is_broken_by_a_fault(selftest: SelftestResult) -> None:
    broken = {name for each in selftest.faults for named in each.red.values() for name in named}
    broken &= {name for fault in FAULTS for name in fault.requirements}
    judged = {name for check in every_check() for name in check.requirements}
    assert not judged - broken


def test_faults_cite_requirements_that_can_be_broken() -> None:
    traced = trace(catalogue(), [Citation(Citer.FAULT, fault.id, fault.requirements) for fault in FAULTS])
    assert not traced.dangling
    assert not traced.duplicate
    assert not traced.untestable_accused
    assert all(fault.requirements for fault in FAULTS)


def test_fault_ids_are_unique_and_say_their_protocol() -> None:
    assert not [name for name, count in Counter(fault.id for fault in FAULTS).items() if count > 1]
    assert all(fault.id.startswith(f"{fault.protocol}/") and fault.id.count("/") == 2 for fault in FAULTS)


_WHOLE = (
    test_every_case_is_turned_red_by_a_fault.__name__,
    test_every_requirement_that_cases_judge_is_broken_by_a_fault.__name__,
)
