"""The files that allure-pytest writes are read back from a small pytest run of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.verdicts import Outcome
from reports.allure import attachments, labels, links, steps
from reports.tests.factory import CAPA_B, HOSTILE_OCTETS, a_case, a_run, dialogue, hostile_case

HEADER = a_run().header
TEST = """
from harness.verdicts import Outcome
from reports.allure import record
from reports.tests.factory import a_case, a_run

def test_case():
    record(a_case(Outcome.DEVIATES), a_run().header)
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Allure was told of one deviating case."""
    folder = tmp_path_factory.mktemp("allure")
    (folder / "test_one.py").write_text(TEST)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, "--noconftest", "--alluredir", str(folder / "results"), str(folder / "test_one.py")],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (folder / "results").glob("*-result.json")
    written: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return written


def test_allure_files_the_case_under_protocol_and_section(result: dict[str, Any]) -> None:
    found = {(label["name"], label["value"]) for label in result["labels"]}
    assert {("epic", "pop3"), ("feature", "RFC 1939 §5 (LIST)"), ("severity", "critical")} <= found
    assert {("tag", "RFC1939-5.LIST-d"), ("tag", "deviates")} <= found
    assert result["name"] == "LIST of a deleted message (deviates)"
    assert result["links"][0]["url"] == "https://www.rfc-editor.org/rfc/rfc1939#section-5"


def test_allure_shows_the_step_that_broke(result: dict[str, Any]) -> None:
    assert [(step["name"], step["status"]) for step in result["steps"]][3:5] == [
        ("C1: DELE 1 | S1: +OK deleted", "passed"),
        ("C1: LIST 1 | S1: +OK 1 120", "failed"),
    ]
    assert result["status"] == "passed"


def test_allure_has_the_texts(result: dict[str, Any]) -> None:
    names = [attachment["name"] for attachment in result["attachments"]]
    assert names == ["verdict", "target transcript", "reference transcript", "source", "replay"]


def test_severity_is_that_of_the_strongest_requirement() -> None:
    both = replace(a_case(Outcome.CONFORMS), requirements=(CAPA_B.id, "RFC1939-7.TOP-a"))
    assert labels(both, HEADER).severity == "critical"
    assert labels(replace(both, requirements=(CAPA_B.id,)), HEADER).severity == "normal"
    assert labels(replace(both, requirements=()), HEADER).feature == "pop3"
    assert [link.name for link in links(both, HEADER)] == ["RFC 2449 §5", "RFC 1939 §7 (TOP)"]


def test_very_many_steps_are_cut() -> None:
    case = replace(a_case(Outcome.CONFORMS), transcript=dialogue(*[("NOOP\r\n", "+OK\r\n")] * 500))
    assert steps(case)[-1].title == "301 more steps: see the transcript"


def test_empty_texts_are_not_attached() -> None:
    case = replace(a_case(Outcome.NOT_APPLICABLE), source="")
    assert [one.name for one in attachments(case, HEADER)] == ["verdict", "replay"]


def test_nothing_hostile_reaches_allure() -> None:
    case = replace(hostile_case(), transcript=dialogue((HOSTILE_OCTETS, HOSTILE_OCTETS)))
    for text in (*(step.title for step in steps(case)), *(one.text for one in attachments(case, HEADER))):
        assert text.replace("\n", "").isprintable()
