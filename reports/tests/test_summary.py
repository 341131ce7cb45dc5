import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.verdicts import Outcome
from reports.summary import write_summary
from reports.tests.factory import LIST_D, a_case, a_run, broken_run, deviation, hostile_case


def written(run: Any, folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(write_summary(run, folder / "summary.json").read_text("ascii"))
    return summary


def test_a_program_finds_counts_reason_deviations_and_coverage(tmp_path: Path) -> None:
    summary = written(a_run(), tmp_path)
    assert (summary["exit_code"], summary["exit_reason"], summary["complete"]) == (1, "2 new deviations", True)
    assert summary["counts"] == {outcome.value: 1 for outcome in Outcome}
    assert summary["cases"] == {"planned": 10, "settled": 10, "judged": 5}
    assert summary["deviations"][0]["signature"] == f"case:{LIST_D.id}:status:ok"
    assert summary["requirements_broken"][0]["cases"] == ["pop3/rfc1939-5/deviates"]
    assert summary["coverage"]["RFC 1939"]["testable"] == 2
    assert summary["coverage"]["RFC 1939"]["sections"]["RFC1939-5.LIST"]["verdicts"]["deviates"] == 1
    assert summary["versions"]["image_digest"].startswith("sha256:")
    assert {one["outcome"] for one in summary["unjudged"]} == {one.value for one in Outcome if not one.judged}


def test_a_broken_run_is_marked(tmp_path: Path) -> None:
    summary = written(broken_run(), tmp_path)
    assert (summary["complete"], summary["exit_code"]) == (False, 130)
    assert summary["cases"]["planned"] == 40
    assert "no footer" in summary["exit_reason"]


def test_two_runs_that_saw_the_same_differ_only_in_times(tmp_path: Path) -> None:
    run = a_run()
    assert run.footer is not None
    later = replace(
        run,
        header=replace(run.header, started="2027-01-01T00:00:00Z"),
        cases=tuple(replace(case, seconds=9.0) for case in run.cases),
        footer=replace(run.footer, finished="2027-01-01T00:01:00Z", seconds=5.0, timing={"playing": 4.0}),
    )
    one, other = written(run, tmp_path), written(later, tmp_path)
    assert one != other
    for summary in (one, other):
        del summary["run"], summary["timing"]
    assert one == other


def test_known_deviations_are_told_from_new_ones(tmp_path: Path) -> None:
    run = a_run([a_case(Outcome.DEVIATES, deviations=[deviation(known="filed"), deviation()])])
    summary = written(run, tmp_path)
    assert [one["known"] for one in summary["deviations"]] == ["filed", ""]
    assert summary["requirements_broken"][0]["new"] == 1


def test_hostile_text_stays_what_it_was(tmp_path: Path) -> None:
    summary = written(a_run([hostile_case()]), tmp_path)
    assert [one["observed"] for one in summary["deviations"]] == [one.observed for one in hostile_case().deviations]
