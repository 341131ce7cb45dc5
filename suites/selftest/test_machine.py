"""The machine itself: what it calls detected, misattributed and undetected, and when a case was never red."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from reference_server.actions import Action, Close
from reference_server.conversation import Steps
from reference_server.pop3.session import Pop3Session
from suites.selftest.fault import Fault
from suites.selftest.laboratory import Check
from suites.selftest.machine import SelftestResult, every_check, examine, run_selftest
from suites.selftest.outcome import Detection, FaultResult
from suites.selftest.variants import handled, variant

#: One case about STAT, one about NOOP, and the validator of STAT's form.
STAT = "pop3/rfc1939-5/stat-of-an-empty-maildrop"
NOOP = "pop3/rfc1939-5/noop-changes-nothing"
FORM = "pop3/validator/rfc1939-5.stat-b"


def _stat(figures: str) -> Any:
    def stat(session: Pop3Session, _: None) -> Steps:
        yield session.figures(figures)

    return variant(commands=handled(STAT=stat))


class _Closes(Pop3Session):
    """Closes every connection at once."""

    def greeting(self) -> list[Action]:
        return [Close()]


def _checks(*ids: str) -> list[Check]:
    known = {check.id: check for check in every_check()}
    return [known[check_id] for check_id in ids]


def _examined(fault: Fault, *ids: str, full: bool = False) -> FaultResult:
    results: list[FaultResult] = []
    examine([fault], _checks(*ids), results.append, full=full)
    (result,) = results
    return result


def test_a_fault_is_detected_by_a_case_that_names_its_requirement() -> None:
    result = _examined(Fault("pop3/x/y", "", ("RFC1939-5.STAT-c",), _stat("1 0"), touches=("STAT",)), STAT, NOOP)
    assert result.detection is Detection.DETECTED
    assert "RFC1939-5.STAT-c" in result.red[STAT]
    assert result.played == 1  # the other case neither cites the requirement nor was needed


def test_a_fault_is_detected_by_a_validator() -> None:
    result = _examined(Fault("pop3/x/y", "", ("RFC1939-5.STAT-b",), _stat("0  0"), touches=("STAT",)), STAT, FORM)
    assert result.detection is Detection.DETECTED
    assert result.red[FORM] == ("RFC1939-5.STAT-b",)


def test_a_fault_that_breaks_nothing_is_undetected() -> None:
    result = _examined(Fault("pop3/x/y", "", ("RFC1939-5.STAT-c",), variant(), touches=("STAT",)), STAT, NOOP, FORM)
    assert result.detection is Detection.UNDETECTED
    assert not result.red
    assert result.played > 1  # where its own cases see nothing, others are asked


def test_a_fault_that_shows_under_another_requirement_is_misattributed() -> None:
    result = _examined(Fault("pop3/x/y", "", ("RFC1939-5.NOOP-b",), _stat("1 0"), touches=("STAT",)), STAT)
    assert result.detection is Detection.MISATTRIBUTED
    assert set(result.red) == {STAT}


def test_a_lost_case_is_no_detection() -> None:
    fault = Fault("pop3/x/y", "", ("RFC1939-5.STAT-c",), variant(session=_Closes), touches=("STAT",))
    result = _examined(fault, STAT)
    assert result.detection is Detection.UNDETECTED


def test_full_plays_every_case() -> None:
    fault = Fault("pop3/x/y", "", ("RFC1939-5.STAT-c",), _stat("1 0"), touches=("STAT",))
    assert _examined(fault, STAT, NOOP, full=True).played == 2


def _result(fault: str, detection: Detection, **red: tuple[str, ...]) -> FaultResult:
    return FaultResult(fault, ("RFC1939-5.STAT-c",), detection, red, 1, 0.1)


def test_a_case_that_turns_red_under_another_requirement_was_never_red() -> None:
    results = (
        _result("b", Detection.DETECTED, own=("RFC1939-5.STAT-c", "RFC1939-3-h"), other=("RFC1939-3-h",)),
        _result("a", Detection.UNDETECTED),
        _result("c", Detection.MISATTRIBUTED, other=("RFC1939-3-h",)),
    )
    whole = SelftestResult(results, {"own": (), "other": (), "green": ()})
    assert whole.never_red == ("other", "green")
    assert not whole.ok
    told = whole.to_json()
    assert (told["faults"], told["detected"], told["misattributed"], told["cases"]) == (3, 1, 1, 3)
    assert told["undetected"] == ["a"]
    matrix = told["results"]
    assert isinstance(matrix, list)
    assert [each["fault"] for each in matrix] == ["a", "b", "c"]


def test_a_second_look_adds_to_what_was_seen() -> None:
    first = SelftestResult((_result("a", Detection.DETECTED, own=("RFC1939-5.STAT-c",)),), {"own": (), "late": ()})
    assert first.never_red == ("late",)
    both = first.with_more([_result("a", Detection.DETECTED, late=("RFC1939-5.STAT-c",))])
    assert both.never_red == ()
    assert both.faults[0].red.keys() == {"own", "late"}


def test_of_some_faults_nothing_is_said_about_green_cases() -> None:
    part = SelftestResult((_result("a", Detection.DETECTED, own=("RFC1939-5.STAT-c",)),), {"green": ()}, complete=False)
    assert part.never_red == ()
    assert part.ok


def test_a_selector_that_chooses_nothing_is_an_error() -> None:
    with pytest.raises(UsageError):
        run_selftest(selectors=["pop3/no-such-theme"])
