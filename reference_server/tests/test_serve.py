"""The command: what it prints, how it stops, what it says when it cannot start."""

from __future__ import annotations

import json
import os
import poplib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

DEADLINE = 30.0


@contextmanager
def running(*options: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "reference_server", "--test-run", *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **(env or {})},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def failing(*options: str) -> tuple[int, str]:
    """Exit status and standard error of a command that does not start."""
    command: Sequence[str] = [sys.executable, "-m", "reference_server", "--test-run", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def login(port: int, password: str) -> None:
    peer = poplib.POP3("127.0.0.1", port, timeout=DEADLINE)
    peer.user("user1")
    peer.pass_(password)
    peer.quit()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_person_reads_endpoints_accounts_and_a_log(number: signal.Signals) -> None:
    with running("--accounts=2") as process:
        assert process.stdout is not None
        announced = [first_line(process)]
        while not announced[-1].startswith("stop with"):
            announced.append(first_line(process))
        port = next(int(line.split()[3]) for line in announced if line.strip().startswith("pop3 "))
        password = next(line.split()[2] for line in announced if line.strip().startswith("user1"))
        peer = socket.create_connection(("127.0.0.1", port), DEADLINE)
        peer.sendall(f"\x1b[2J\r\nUSER user1\r\nPASS {password}\r\nQUIT\r\n".encode())
        while peer.recv(4096):
            pass
        peer.close()
        process.send_signal(number)
        log, errors = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert errors == ""
    assert password not in log
    assert "C: PASS ***" in log
    assert "\\x1b[2J" in log
    assert all(line.isprintable() for line in log.splitlines())
    assert log.splitlines()[-1] == "stopped"


def test_a_program_reads_one_line_of_json() -> None:
    with running("--json", "--accounts=3", "--domain=b.test") as process:
        announced = json.loads(first_line(process))
        assert set(announced["endpoints"]) == {
            *("pop3", "pop3s", "smtp", "submission", "submissions", "lmtp", "imap", "imaps")
        }
        pop3 = announced["endpoints"]["pop3"]
        assert (pop3["protocol"], pop3["host"], pop3["tls"]) == ("pop3", "127.0.0.1", "starttls")
        assert [account["address"] for account in announced["accounts"]] == [f"user{n}@b.test" for n in (1, 2, 3)]
        assert "BEGIN CERTIFICATE" in Path(announced["ca"]).read_text()
        login(pop3["port"], announced["accounts"][0]["password"])
        process.terminate()
        rest, log = process.communicate(timeout=DEADLINE)
    assert (process.returncode, rest) == (0, "")
    assert "S: +OK" in log
    assert not Path(announced["ca"]).exists()


def test_accounts_stay_with_the_data(tmp_path: Path) -> None:
    passwords: list[str | None] = []
    for options in ((), (), ("--password=given",)):
        with running("--json", "--quiet", f"--data={tmp_path}", "--accounts=1", *options) as process:
            announced = json.loads(first_line(process))
            passwords.append(announced["accounts"][0]["password"])
            login(announced["endpoints"]["pop3"]["port"], passwords[-1] or str(passwords[0]))
            process.terminate()
            assert process.wait(DEADLINE) == 0
    assert passwords[1:] == [None, "given"]


def test_nobody_reads_the_log() -> None:
    """A reader that goes away (`| head`) does not stop the server, or make it fail at the end."""
    with running() as process:
        assert process.stdout is not None
        lines = [first_line(process) for _ in range(2)]
        process.stdout.close()
        peer = socket.create_connection(("127.0.0.1", int(lines[1].split()[3])), DEADLINE)
        for _ in range(3):
            peer.sendall(b"NOOP\r\n")
            assert peer.recv(4096)
        peer.close()
        process.terminate()
        assert process.wait(DEADLINE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_cannot_be_shown_is_escaped() -> None:
    with running(env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}) as process:
        assert process.stdout is not None
        lines = [first_line(process) for _ in range(2)]
        peer = socket.create_connection(("127.0.0.1", int(lines[1].split()[3])), DEADLINE)
        peer.sendall("GRÜSSE\r\nQUIT\r\n".encode())
        while peer.recv(4096):
            pass
        peer.close()
        process.terminate()
        log, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert "\\xdc" in log


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, message = failing(f"--pop3-port={port}")
    assert status == 2
    assert message.startswith(f"error: cannot listen on 127.0.0.1 port {port} for pop3: ")
    assert message.count("\n") == 1


def test_a_data_directory_that_cannot_be() -> None:
    status, message = failing("--data=/proc/nowhere")
    assert status == 2
    assert message.startswith("error: cannot use the data directory /proc/nowhere: ")
    assert message.count("\n") == 1


def test_a_password_that_cannot_be() -> None:
    status, message = failing("--password=\x07")
    assert (status, message) == (2, "error: the password holds a prohibited character (RFC 4013 §2.3)\n")


def test_options_are_checked() -> None:
    status, message = failing("--autologout=0")
    assert status == 2
    assert "autologout" in message
