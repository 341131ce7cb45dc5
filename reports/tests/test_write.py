from pathlib import Path

import pytest

from harness.results import RunLog, read_run
from reports import WRITERS, write_reports
from reports.tests.factory import a_run, broken_run, every_outcome, hostile_case


def test_every_report_is_written(tmp_path: Path) -> None:
    paths = write_reports(a_run(), tmp_path / "out" / "dovecot")
    assert set(paths) == set(WRITERS) == {"index.html", "junit.xml", "summary.md", "summary.json"}
    assert all(path.is_file() for path in paths.values())


def test_reports_made_later_from_the_log_are_the_same(tmp_path: Path) -> None:
    run = a_run([*every_outcome(), hostile_case()])
    log = tmp_path / "run.ndjson"
    assert run.footer is not None
    with log.open("w", encoding="utf-8") as stream:
        writer = RunLog(stream)
        writer.write(run.header)
        for case in run.cases:
            writer.write(case)
        writer.write(run.footer)
    now, later = write_reports(run, tmp_path / "now"), write_reports(read_run(log), tmp_path / "later")
    for name, path in now.items():
        assert path.read_bytes() == later[name].read_bytes()


@pytest.mark.parametrize("name", ["index.html", "junit.xml", "summary.md", "summary.json"])
def test_no_report_of_a_broken_run_looks_whole(name: str, tmp_path: Path) -> None:
    text = write_reports(broken_run(), tmp_path)[name].read_text("utf-8")
    assert "ncomplete" in text
