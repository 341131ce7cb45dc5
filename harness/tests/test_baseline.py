"""The ledger of known deviations: listed, new, stale, and what cannot be listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.baseline import Baseline, KnownDeviation, load_baseline
from harness.errors import BaselineError, ExitCode
from harness.results import CaseResult, Deviation
from harness.verdicts import Facet, Level, Outcome, Verdict

CASE = "pop3/rfc1939-5/x"


def deviating(kind: str = "status:+OK", case_id: str = CASE) -> CaseResult:
    signature = f"{case_id} RFC1939-5-a status {kind}"
    deviation = Deviation(
        signature, "RFC1939-5-a", Level.MUST, Verdict.DEVIATES, Facet.STATUS, "-ERR", "+OK whatever", kind
    )
    return CaseResult(case_id, "t", "pop3", Outcome.DEVIATES, (), 0.1, deviations=(deviation,))


ENTRY = KnownDeviation(CASE, Verdict.DEVIATES, r"status:\+OK", "accepted upstream", issue="#1", since="1.2")


def test_a_listed_deviation_gets_its_reason() -> None:
    baseline = Baseline([ENTRY])
    marked = baseline.apply(deviating())
    assert marked.deviations[0].known == "accepted upstream"
    assert baseline.stale([marked]) == ()


def test_failing_differently_is_new_and_the_entry_is_stale() -> None:
    baseline = Baseline([ENTRY])
    marked = baseline.apply(deviating("closed"))
    assert marked.deviations[0].known == ""
    assert baseline.stale([marked]) == (f"{CASE}: {ENTRY.matches}",)


def test_passing_makes_the_entry_stale() -> None:
    baseline = Baseline([ENTRY])
    passing = CaseResult(CASE, "t", "pop3", Outcome.CONFORMS, (), 0.1)
    assert baseline.stale([baseline.apply(passing)])


def test_a_case_that_did_not_run_leaves_its_entry_alone() -> None:
    assert Baseline([ENTRY]).stale([]) == ()
    blocked = CaseResult(CASE, "t", "pop3", Outcome.BLOCKED, (), 0.1)
    assert Baseline([ENTRY]).stale([blocked]) == ()


def test_an_entry_is_about_its_own_case() -> None:
    other = deviating(case_id="pop3/rfc1939-5/y")
    assert Baseline([ENTRY]).apply(other).deviations[0].known == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[known]]\ncase='a/b/c'\nverdict='deviates'\nmatches='x'\nreason=' '\n", "no reason"),
        ("[[known]]\ncase='a/b/c'\nverdict='conforms'\nmatches='x'\nreason='r'\n", "only deviates and warns"),
        ("[[known]]\ncase='a/b/c'\nverdict='target_lost'\nmatches='x'\nreason='r'\n", "verdict"),
        ("[[known]]\ncase='a/b/c'\nverdict='warns'\nmatches='('\nreason='r'\n", "no regular expression"),
        ("[[known]]\ncase='a/b/c'\n", "verdict"),
        ("[[known]]\ncase='a/b/c'\nverdict='warns'\nmatches='x'\nreason='r'\nresaon='r'\n", "resaon"),
        ("[[knwon]]\n", "unknown key 'knwon'"),
        ("[[known]\n", "not valid TOML"),
    ],
)
def test_a_bad_baseline_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(BaselineError, match=says) as caught:
        load_baseline(path)
    assert "known.toml" in str(caught.value)
    assert caught.value.exit_code is ExitCode.BASELINE


def test_a_missing_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="cannot be read"):
        load_baseline(tmp_path / "none.toml")


def test_a_good_baseline_loads(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text("[[known]]\ncase='a/b/c'\nverdict='warns'\nmatches='x'\nreason='r'\nissue='#2'\n")
    assert load_baseline(path) == (KnownDeviation("a/b/c", Verdict.WARNS, "x", "r", issue="#2"),)
