"""The `postel` command as its users meet it: what it prints, what it writes, how it exits."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.results import read_run
from harness.verdicts import Outcome

POSTEL = [sys.executable, "-m", "harness.cli.main"]
BUDGET = 120


def postel(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*POSTEL, *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", **environment},
        capture_output=True,
        text=True,
        timeout=BUDGET,
        check=False,
    )


# -- what users get wrong ----------------------------------------------------------------------------


def write_profile(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "reference", "pop3/rfc1939-6/quti"], 2, "did you mean"),
        (["run", "reference", "--suite", "pop4"], 2, "no suite 'pop4'"),
        (["run", "dovecto"], 2, "dovecot"),
        (["run", "host:"], 2, "host:"),
        (["run", "reference", "--baseline", "none.toml"], 5, "none.toml"),
        (["run", "./none.toml"], 2, "none.toml"),
        (["run", "host:127.0.0.1?pop3=1", "--profile", "none"], 2, "none"),
        (["doctor", "dovecto"], 2, "dovecot"),
        (["replay", "pop3/none"], 2, "no case matches"),
        (["list", "nothing"], 2, "no case matches"),
        (["explain", "RFC1939-6-zz"], 2, "RFC1939-6"),
        (["report", "none.ndjson"], 2, "none.ndjson"),
        (["selftest", "no-such-fault"], 2, "no-such-fault"),
    ],
)
def test_one_clear_error(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    done = postel(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('host = "127.0.0.1"\nprots = { pop3 = 110 }\n', 2, "ports"),
        ('host = "127.0.0.1"\n[ports]\npop3 = "x"\n', 3, "ports"),
        ("host = 127.0.0.1\n", 1, "TOML"),
    ],
)
def test_a_broken_profile_names_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    done = postel("run", write_profile(tmp_path, text), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert f"mine.toml:{line}" in done.stderr
    assert says in done.stderr


UNREACHABLE = 'host = "127.0.0.1"\ndisposable = true\n[ports]\npop3 = 1\n[accounts]\nusers = ["a"]\npassword = "b"\n'


def test_an_unreachable_host_exits_with_three_and_leaves_a_report(tmp_path: Path) -> None:
    profile = write_profile(tmp_path, UNREACHABLE + '[loading]\nvia = "smtp"\n')
    done = postel("run", profile, "--suite", "pop3", "--out", "out", "--timeout", "2", cwd=tmp_path)
    assert done.returncode == 3, done.stderr + done.stdout
    run = read_run(tmp_path / "out" / "run.ndjson")
    assert run.footer is not None
    assert not run.complete
    assert (tmp_path / "out" / "index.html").exists()


def test_no_engine_is_said(tmp_path: Path) -> None:
    done = postel("run", "dovecot", "smoke", cwd=tmp_path, DOCKER_HOST="tcp://127.0.0.1:1")
    assert done.returncode == 3
    assert "Docker" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_an_unwritable_directory_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = postel("run", "reference", "smoke", "--out", "file/out", cwd=tmp_path)
    assert done.returncode == 2
    assert "file/out" in done.stderr


# -- a run -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run of a few cases on the reference."""
    directory = tmp_path_factory.mktemp("run")
    return directory, postel("run", "reference", "pop3/rfc1939-6", "smoke", cwd=directory)


def test_a_conforming_run(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    directory, done = finished
    assert done.returncode == 0, done.stderr
    assert "conforms" in done.stdout
    assert str(directory / "out" / "reference" / "index.html") in done.stdout.replace("\n", "")
    written = {path.name for path in (directory / "out" / "reference").iterdir()}
    assert {"run.ndjson", "index.html", "junit.xml", "summary.md", "summary.json", "allure-results"} <= written
    assert list((directory / "out" / "reference" / "allure-results").glob("*-result.json"))


def test_each_case_line_has_its_keys(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    lines = (finished[0] / "out" / "reference" / "run.ndjson").read_text().splitlines()
    cases = [record for record in map(json.loads, lines) if record["type"] == "case"]
    assert cases
    for record in cases:
        assert {"type", "id", "outcome", "requirements", "deviations", "seconds"} <= set(record)


def test_no_colour_where_none_is_wanted(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert "\x1b" not in finished[1].stdout + finished[1].stderr


def test_a_log_makes_its_reports_again(finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    log = finished[0] / "out" / "reference" / "run.ndjson"
    torn = tmp_path / "run.ndjson"
    torn.write_text("\n".join(log.read_text().splitlines()[:3]))
    done = postel("report", str(torn), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "incomplete" in (tmp_path / "index.html").read_text().lower()


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    done = postel("run", "reference", "smoke", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)


def test_replay_shows_both_transcripts(tmp_path: Path) -> None:
    done = postel("replay", "pop3/postel-line/noop-with-argument", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "NOOP" in done.stdout
    assert "oracle" in done.stdout
    assert "PASS ********" in done.stdout


def test_bare_pytest_runs_the_suites(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "suites",
            "-q",
            "--target",
            "reference",
            "--select",
            "smoke",
            "--out",
            tmp_path,
        ],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=BUDGET,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_run(tmp_path / "run.ndjson").counts[Outcome.CONFORMS]
    assert (tmp_path / "index.html").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_a_report(tmp_path: Path, how: signal.Signals) -> None:
    asyncio.run(_interrupt(tmp_path, how))
    run = read_run(tmp_path / "out" / "run.ndjson")
    assert run.footer is not None
    assert (run.footer.exit_code, run.complete) == (130, False)
    assert (tmp_path / "out" / "index.html").exists()
    assert not _references_of(tmp_path)


async def _interrupt(tmp_path: Path, how: signal.Signals) -> None:
    """Start a whole run and interrupt it once its first case is settled."""
    log = tmp_path / "out" / "run.ndjson"
    process = await asyncio.create_subprocess_exec(
        *POSTEL, "run", "reference", "--suite", "pop3", "--out", str(tmp_path / "out"),
        cwd=tmp_path, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(BUDGET):
            # Another process tells how far it is only through its file.
            while not (log.exists() and log.read_text().count("\n") > 2):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            process.send_signal(how)
            assert await process.wait() == 130
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _references_of(directory: Path) -> list[str]:
    """Command lines of reference servers that still work below a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "reference_server" in line and str(directory) in line:
                found.append(line)
    return found


# -- what programs read ------------------------------------------------------------------------------


def test_requirements_as_json(tmp_path: Path) -> None:
    counts = json.loads(postel("requirements", "--json", cwd=tmp_path).stdout)
    assert set(counts) >= {"rfcs", "total"}
    for row in (counts["rfcs"]["1939"], counts["total"]):
        assert set(row) == {"statements", "testable", "covered", "faulted"}
    assert counts["rfcs"]["1939"]["covered"] == counts["rfcs"]["1939"]["testable"]


def test_list_as_json(tmp_path: Path) -> None:
    listed = json.loads(postel("list", "--json", cwd=tmp_path).stdout)
    assert len([each for each in listed if each["id"].startswith("pop3/")]) >= 150


def test_explain_names_cases(tmp_path: Path) -> None:
    done = postel("explain", "RFC1939-6-b", cwd=tmp_path)
    assert "pop3/rfc1939-6/lost-connection-removes-nothing" in done.stdout


@pytest.mark.parametrize(
    "command",
    ["run", "targets", "doctor", "list", "replay", "explain", "requirements", "selftest", "report", "serve", "bench"],
)
def test_each_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = postel(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.split()) > 40
