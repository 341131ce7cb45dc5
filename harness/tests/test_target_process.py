"""Targets without a container, tried on the reference: its own process, a command to start, a server at an address."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from harness.corpus import CorpusMessage
from harness.doctor import examine
from harness.errors import SetupError
from harness.targets.emptying import pop3_login
from harness.targets.engine import RunLock, content_digest, lock_is_free
from harness.targets.model import TlsMode
from harness.targets.process import ProcessTarget, ServerProcess
from harness.targets.reference import ReferenceTarget
from harness.targets.spec import parse_target

MESSAGE = CorpusMessage("plain", b"Subject: x\r\n\r\nhello\r\n")

SERVER = f"""\
process = ["{sys.executable}", "-m", "reference_server", "--test-run", "--data", "data", "--accounts", "2",
           "--password", "pw", "--pop3-port", "{{pop3}}", "--lmtp-port", "{{lmtp}}"]
[ports]
pop3 = 0
lmtp = 0
[accounts]
users = ["user1", "user2"]
password = "pw"
address = "{{user}}@postel.test"
"""


def profile(directory: Path, text: str) -> str:
    path = directory / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


async def count(target: ReferenceTarget | ProcessTarget, number: int = 0) -> int:
    async with await pop3_login(target, target.accounts[number]) as session:
        return int((await session.command("STAT")).words[0])


@pytest_asyncio.fixture
async def reference() -> AsyncIterator[ReferenceTarget]:
    target = ReferenceTarget()
    try:
        await target.start()
        yield target
    finally:
        await target.stop()


@pytest.mark.asyncio
async def test_the_reference_starts_keeps_its_mail_over_a_restart_and_stops() -> None:
    target = ReferenceTarget()
    await target.start()
    try:
        assert target.endpoints["pop3s"].tls is TlsMode.IMPLICIT
        assert (await target.alive()).running
        await target.loader.load(target.accounts[0], [MESSAGE, MESSAGE])
        await target.restart()
        assert await count(target) == 2
        await target.empty(target.accounts[0])
        assert await count(target) == 0
        assert target.log()
    finally:
        await target.stop()
        await target.stop()
    assert (await target.alive()).exit_status is not None


@pytest.mark.asyncio
async def test_the_doctor_finds_the_reference_well(reference: ReferenceTarget) -> None:
    examination = await examine(reference, timeout=10)
    assert examination.ok, examination.lines
    assert "UIDL" in examination.capabilities["pop3"]
    assert "its clock is" in next(line.saw for line in examination.lines if "read back" in line.tried)
    assert examination.greeting.startswith("+OK")


@pytest.mark.asyncio
async def test_a_command_is_started_on_free_ports(tmp_path: Path) -> None:
    target = parse_target(profile(tmp_path, SERVER))
    assert isinstance(target, ProcessTarget)
    try:
        await target.start()
        await target.loader.load(target.accounts[0], [MESSAGE])
        before = dict(target.endpoints)
        await target.restart()
        assert dict(target.endpoints) == before
        assert await count(target) == 1
        assert (await examine(target, timeout=10)).ok
    finally:
        await target.stop()
    assert not (await target.alive()).running


@pytest.mark.asyncio
async def test_a_command_that_ends_or_is_not_there_is_a_setup_error(tmp_path: Path) -> None:
    text = 'process = {}\n[ports]\npop3 = 0\nlmtp = 0\n[accounts]\nusers = ["a"]\npassword = "x"\n'
    target = parse_target(profile(tmp_path, text.format('["sh", "-c", "echo broken; exit 7"]')))
    with pytest.raises(SetupError, match=r"exit status 7\): broken"):
        await target.start()
    target = parse_target(profile(tmp_path, text.format('["./none"]')))
    with pytest.raises(SetupError, match="could not be started"):
        await target.start()


@pytest.mark.asyncio
async def test_a_server_that_never_greets_is_given_up(tmp_path: Path) -> None:
    text = 'process = ["sleep", "60"]\nready_timeout = 0.3\n[ports]\npop3 = 0\nlmtp = 0\n[accounts]\nusers = ["a"]\n'
    target = parse_target(profile(tmp_path, text + 'password = "x"\n'))
    with pytest.raises(SetupError, match=r"did not greet within 0\.3 s"):
        await target.start()
    assert not (await target.alive()).running


@pytest.mark.asyncio
async def test_a_process_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.targets.process.STOP_GRACE", 0.2)
    server = ServerProcess(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], announces=True)
    await server.start({})
    assert await server.announcement(5) == b"ready\n"
    await server.stop()
    assert server.exit_status == -9


def host_profile(directory: Path, more: str = "") -> str:
    text = more + '[accounts]\nusers = ["user1", "user2"]\npassword = "correct horse"\naddress = "{user}@postel.test"\n'
    return profile(directory, text)


def host_spec(reference: ReferenceTarget) -> str:
    return "host:127.0.0.1?" + "&".join(f"{name}={reference.endpoints[name].port}" for name in ("pop3", "lmtp"))


@pytest.mark.asyncio
async def test_a_host_is_used_and_left_as_it_is(reference: ReferenceTarget, tmp_path: Path) -> None:
    target = parse_target(host_spec(reference), host_profile(tmp_path))
    await target.start()
    assert (await examine(target, timeout=10)).ok
    with pytest.raises(SetupError, match="not restarted"):
        await target.restart()
    await target.stop()
    assert (await reference.alive()).running


@pytest.mark.asyncio
async def test_mail_on_a_host_is_refused_and_never_removed(reference: ReferenceTarget, tmp_path: Path) -> None:
    target = parse_target(host_spec(reference), host_profile(tmp_path))
    await target.start()
    await target.loader.load(target.accounts[0], [MESSAGE])
    await reference.loader.load(reference.accounts[0], [MESSAGE])  # somebody else's
    with pytest.raises(SetupError, match="not loaded by this run"):
        await target.empty(target.accounts[0])
    assert await count(reference) == 2
    again = parse_target(host_spec(reference), host_profile(tmp_path))
    with pytest.raises(SetupError, match="holds 2 messages") as caught:
        await again.start()
    assert "disposable" in caught.value.mend


@pytest.mark.asyncio
async def test_mail_on_a_disposable_host_is_removed(reference: ReferenceTarget, tmp_path: Path) -> None:
    await reference.loader.load(reference.accounts[1], [MESSAGE])
    target = parse_target(host_spec(reference), host_profile(tmp_path, "disposable = true\n"))
    await target.start()
    assert await count(reference, 1) == 0


def test_a_runs_lock_is_held_while_it_lives(tmp_path: Path) -> None:
    lock = RunLock()
    assert not lock_is_free(lock.path)
    assert lock.labels()["postel.lock"] == str(lock.path)
    lock.release()
    assert lock_is_free(lock.path)
    left = tmp_path / "left.lock"
    left.touch()
    assert lock_is_free(left)


def test_a_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = content_digest(tmp_path)
    assert first == content_digest(tmp_path)
    (tmp_path / "a").write_bytes(b"2")
    second = content_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, content_digest(tmp_path)}) == 3


SENDER = f"""\
process = ["{sys.executable}", "-m", "reference_server", "--test-run", "--data", "data", "--accounts", "2",
           "--password", "pw", "--pop3-port", "{{pop3}}", "--lmtp-port", "{{lmtp}}", "--smtp-port", "{{smtp}}",
           "--submission-port", "{{submission}}", "--resolver", "{{resolver}}", "--relay-port", "{{hop_port}}"]
roles = ["alice"]
[ports]
pop3 = 0
lmtp = 0
smtp = 0
submission = 0
[accounts]
users = ["user1", "user2"]
password = "pw"
address = "{{user}}@postel.test"
[relay]
retry_seconds = 1800
"""


@pytest.mark.asyncio
async def test_a_command_is_told_where_its_testbed_is(tmp_path: Path) -> None:
    target = parse_target(profile(tmp_path, SENDER))
    try:
        await target.start()
        lines = {line.tried: line for line in (await examine(target, timeout=10)).lines}
        assert lines["it sends mail on"].ok, lines
        assert lines["a stranger reaches smtp"].ok
        assert target.testbed is not None
    finally:
        await target.stop()
    assert target.testbed is None
