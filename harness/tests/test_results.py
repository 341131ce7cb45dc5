"""The log: what is written can be read, a broken run is read as far as it goes, anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.results import CaseResult, EventRecord, Footer, Header, RunLog, read_run
from harness.transcript import KEEP_HEAD, Event, EventKind, Recorder
from harness.verdicts import Outcome

HEADER = Header(
    "0.1", "2026-01-01T00:00:00Z", "reference", "", "", "", ("pop3",), (), 1, "sig", 0, 8, 10.0, "must", "", "reference"
)  # fmt: skip
CASE = CaseResult(
    "pop3/a/b", "t", "pop3", Outcome.CONFORMS, ("RFC1939-3-a",), 0.25,
    transcript=(EventRecord(1, "received", 0.1, data="\x1b[31m\x00\xff\r\n"),),
)  # fmt: skip
FOOTER = Footer("2026-01-01T00:00:01Z", 1.0, True, 0, "nothing new", {"conforms": 1})


def write(path: Path, *lines: Header | CaseResult | Footer) -> Path:
    with path.open("w") as stream:
        log = RunLog(stream)
        for line in lines:
            log.write(line)
    return path


def test_inverse(tmp_path: Path) -> None:
    run = read_run(write(tmp_path / "run.ndjson", HEADER, CASE, FOOTER))
    assert (run.header, run.cases, run.footer) == (HEADER, (CASE,), FOOTER)
    assert run.complete


def test_no_control_octet_is_in_the_log(tmp_path: Path) -> None:
    octets = write(tmp_path / "run.ndjson", HEADER, CASE).read_bytes()
    assert all(octet == 0x0A or 0x20 <= octet < 0x7F for octet in octets)


def test_no_footer_is_a_broken_run(tmp_path: Path) -> None:
    run = read_run(write(tmp_path / "run.ndjson", HEADER, CASE))
    assert run.footer is None
    assert not run.complete
    assert run.counts[Outcome.CONFORMS] == 1


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "run.ndjson", HEADER, CASE, FOOTER)
    path.write_text(path.read_text()[:-20])
    run = read_run(path)
    assert run.cases == (CASE,)
    assert run.footer is None


@pytest.mark.parametrize("number", [0, 1])
def test_a_torn_line_elsewhere_is_refused_by_number(tmp_path: Path, number: int) -> None:
    path = write(tmp_path / "run.ndjson", HEADER, CASE, FOOTER)
    lines = path.read_text().splitlines()
    lines[number] = lines[number][:-20]
    path.write_text("\n".join(lines))
    with pytest.raises(UsageError, match=rf"run.ndjson:{number + 1}"):
        read_run(path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "run.ndjson", HEADER, CASE)
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(UsageError, match="schema 2"):
        read_run(path)


def test_a_log_without_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no header"):
        read_run(write(tmp_path / "run.ndjson", CASE, FOOTER))


def test_secrets_are_masked_also_in_base64() -> None:
    recorder = Recorder(["s3cret"])
    recorder.record(1, EventKind.SENT, b"PASS s3cret\r\nczNjcmV0\r\n")
    assert b"s3cret" not in recorder.transcript.events[0].data
    assert b"czNjcmV0" not in recorder.transcript.events[0].data


def test_long_data_keeps_head_tail_and_digest() -> None:
    data = b"a" * KEEP_HEAD + b"b" * 100_000 + b"end"
    event = Event.trimmed(1, EventKind.RECEIVED, 0.0, data)
    assert event.data.startswith(b"a" * KEEP_HEAD)
    assert event.data.endswith(b"end")
    assert event.omitted + len(event.data) == len(data)
    assert len(event.sha256) == 64
