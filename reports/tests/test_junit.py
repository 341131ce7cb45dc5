from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from harness.errors import ExitCode
from harness.results import CaseResult, RunResult
from harness.verdicts import Outcome
from reports.junit import write_junit
from reports.tests.factory import (
    CAPA_B,
    HOSTILE_TEXT,
    LIST_D,
    TOP_A,
    a_case,
    a_run,
    broken_run,
    deviation,
    every_outcome,
    hostile_case,
    long_case,
)

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "schemas" / "junit.xsd")


def written(run: RunResult, folder: Path) -> ET.Element:
    """The file, which must hold to the schema, parsed."""
    path = write_junit(run, folder / "junit.xml")
    SCHEMA.validate(path)
    return ET.parse(path).getroot()


def tag_of(case: CaseResult, folder: Path, *, fail_on: str = "must") -> str:
    testcase = written(a_run([case], fail_on=fail_on), folder).find(".//testcase")
    assert testcase is not None
    return next((child.tag for child in testcase if child.tag in ("failure", "error", "skipped")), "")


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        (Outcome.CONFORMS, ""),
        (Outcome.VARIES, ""),
        (Outcome.REVIEW, ""),
        (Outcome.WARNS, ""),
        (Outcome.DEVIATES, "failure"),
        (Outcome.NOT_APPLICABLE, "skipped"),
        (Outcome.BLOCKED, "error"),
        (Outcome.TARGET_LOST, "error"),
        (Outcome.UNSTABLE, "error"),
        (Outcome.HARNESS_ERROR, "error"),
    ],
)
def test_what_each_outcome_becomes(outcome: Outcome, tag: str, tmp_path: Path) -> None:
    case = a_case(outcome, requirement=CAPA_B if outcome is Outcome.WARNS else LIST_D)
    assert tag_of(case, tmp_path) == tag


def test_a_warning_fails_only_where_the_run_fails_on_should(tmp_path: Path) -> None:
    case = a_case(Outcome.WARNS, requirement=CAPA_B)
    assert tag_of(case, tmp_path, fail_on="should") == "failure"
    assert "Below the threshold of this run" in output(a_run([case]), tmp_path)


def test_a_known_deviation_does_not_fail_but_is_said(tmp_path: Path) -> None:
    known = a_case(Outcome.DEVIATES, deviations=[deviation(known="filed as 77")])
    assert tag_of(known, tmp_path) == ""
    assert "Known deviation, not counted: filed as 77" in output(a_run([known]), tmp_path)


def test_a_new_deviation_beside_a_known_one_fails(tmp_path: Path) -> None:
    assert tag_of(a_case(Outcome.DEVIATES, deviations=[deviation(known="x"), deviation(TOP_A)]), tmp_path) == "failure"


def test_a_deviating_case_without_a_recorded_deviation_is_not_green(tmp_path: Path) -> None:
    assert tag_of(a_case(Outcome.DEVIATES, deviations=[]), tmp_path) == "failure"


def test_an_excused_block_is_skipped(tmp_path: Path) -> None:
    case = replace(a_case(Outcome.BLOCKED), excused="no second account on this host")
    assert tag_of(case, tmp_path) == "skipped"
    message = written(a_run([case]), tmp_path).find(".//skipped")
    assert message is not None
    assert "no second account on this host" in message.get("message", "")


def output(run: RunResult, folder: Path) -> str:
    return written(run, folder).findtext(".//system-out", "")


def test_a_failure_says_everything(tmp_path: Path) -> None:
    root = written(a_run([a_case(Outcome.DEVIATES)]), tmp_path)
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("type") == LIST_D.id
    assert failure.get("message") == "RFC 1939 §5 (LIST): expected -ERR, observed +OK 1 120"
    assert "postel replay pop3/rfc1939-5/deviates --target dovecot" in (failure.text or "")
    testcase = root.find(".//testcase")
    assert testcase is not None
    assert testcase.get("name") == "pop3/rfc1939-5/deviates"
    assert testcase.get("classname") == "postel.pop3.rfc1939-5"
    properties = [(one.get("name"), one.get("value")) for one in testcase.findall("properties/property")]
    assert properties == [("outcome", "deviates"), ("requirement", LIST_D.id)]
    assert "S: +OK 1 120␍␊" in output(a_run([a_case(Outcome.DEVIATES)]), tmp_path)
    assert "S: -ERR no such message␍␊" in output(a_run([a_case(Outcome.DEVIATES)]), tmp_path)


def test_the_counts_are_those_of_the_cases(tmp_path: Path) -> None:
    root = written(
        a_run([*every_outcome(), replace(a_case(Outcome.CONFORMS), id="imap/x/y", protocol="imap")]), tmp_path
    )
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "11", "failures": "1", "errors": "4", "skipped": "1"}
    assert [suite.get("name") for suite in root] == ["postel.imap", "postel.pop3"]


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    root = written(a_run([hostile_case()], target=HOSTILE_TEXT), tmp_path)
    assert {element.tag for element in root.iter()} <= {
        *("testsuites", "testsuite", "testcase", "properties", "property", "failure", "system-out"),
    }
    everything = "".join(root.itertext())
    assert "</script><script>alert(1)</script>" in everything
    assert "\\u{202e}gnp.exe" in everything
    assert "[[ATTACHMENT|" not in (tmp_path / "junit.xml").read_text("utf-8")


def test_long_transcripts_are_cut(tmp_path: Path) -> None:
    assert "the rest of the transcript is in run.ndjson" in output(a_run([long_case(exchanges=100)]), tmp_path)
    assert (tmp_path / "junit.xml").stat().st_size < 20_000


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (broken_run(), "The run is incomplete: interrupted"),
        (
            a_run([a_case(Outcome.CONFORMS)], code=ExitCode.BASELINE, reason="1 stale entry"),
            "exit code 5: 1 stale entry",
        ),
        (a_run([a_case(Outcome.CONFORMS)], code=ExitCode.TARGET, reason="lost"), "exit code 3: lost"),
        (a_run([], code=ExitCode.OK), "Nothing was judged"),
        (a_run([a_case(Outcome.NOT_APPLICABLE)], code=ExitCode.OK), "Nothing was judged"),
    ],
)
def test_a_run_that_did_not_end_well_is_never_green(run: RunResult, message: str, tmp_path: Path) -> None:
    root = written(run, tmp_path)
    error = root.find("testsuite[@name='postel.run']/testcase/error")
    assert error is not None
    assert message in error.get("message", "")
    assert int(root.get("errors", "0")) >= 1


def test_a_good_run_has_no_testcase_of_its_own(tmp_path: Path) -> None:
    root = written(a_run([a_case(Outcome.CONFORMS)], code=ExitCode.OK), tmp_path)
    assert [suite.get("name") for suite in root] == ["postel.pop3"]


def test_the_schema_refuses_what_readers_choke_on(tmp_path: Path) -> None:
    path = write_junit(a_run(), tmp_path / "junit.xml")
    good = path.read_text("utf-8")
    for bad in (
        good.replace(' name="pop3/rfc1939-5/conforms"', ""),
        good.replace('<failure message="', '<failure massage="'),
        good.replace("<skipped", "<ignored"),
        good.replace('time="0.012"', 'time="fast"'),
    ):
        assert bad != good
        assert not SCHEMA.is_valid(bad)
