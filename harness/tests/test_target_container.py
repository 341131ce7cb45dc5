"""Servers in containers: the bundled images, a newcomer's own, and every way for a container to go wrong."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import docker
import docker.errors
import pytest
import pytest_asyncio

from harness.corpus import CorpusMessage, Trait
from harness.doctor import examine
from harness.errors import ExitCode, SetupError
from harness.targets.container import ContainerTarget
from harness.targets.emptying import pop3_login
from harness.targets.engine import LOCK_LABEL, RUN_LABEL, build_image, connect, own_lock
from harness.targets.profile import IMAGES
from harness.targets.spec import parse_target

pytestmark = [pytest.mark.containers, pytest.mark.asyncio]

ACCOUNTS = '[accounts]\nusers = ["user01", "user02"]\npassword = "pw-{user}-7f3a"\naddress = "{user}@dovecot.test"\n'


def message(data: bytes) -> CorpusMessage:
    return CorpusMessage("plain", b"Subject: x\r\n\r\n" + data)


async def bodies(target: ContainerTarget, number: int = 0) -> list[bytes | None]:
    async with await pop3_login(target, target.accounts[number]) as session:
        count = int((await session.command("STAT")).words[0])
        return [(await session.command(f"RETR {index}")).body for index in range(1, count + 1)]


def ours(engine: docker.DockerClient) -> list[str]:
    """Names of the containers of this process."""
    label = f"{RUN_LABEL}={own_lock().run_id}"
    return [str(each.name) for each in engine.containers.list(all=True, filters={"label": label}, ignore_removed=True)]


def started_from(spec: str) -> ContainerTarget:
    target = parse_target(spec)
    assert isinstance(target, ContainerTarget)
    return target


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


@pytest_asyncio.fixture
async def dovecot() -> AsyncIterator[ContainerTarget]:
    target = started_from("dovecot")
    try:
        await target.start()
        yield target
    finally:
        await target.stop()


@pytest.fixture
def image(engine: docker.DockerClient) -> str:
    """A server's image, as a newcomer has one."""
    return str(build_image(engine, IMAGES / "dovecot", "dovecot", lambda _text: None).tags[0])


def mine(directory: Path, text: str) -> str:
    path = directory / "my-server.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["dovecot", "cyrus", "courier", "mailutils"])
async def test_a_bundled_server_is_well_keeps_octets_and_survives_a_restart(
    name: str, engine: docker.DockerClient
) -> None:
    target = started_from(name)
    try:
        await target.start()
        assert target.version
        assert target.image_digest.startswith("sha256:")
        assert {endpoint.host for endpoint in target.endpoints.values()} == {"127.0.0.1"}
        examination = await examine(target, timeout=15)
        assert examination.ok, examination.lines
        assert {Trait.EXACT, Trait.EIGHT_BIT, Trait.BARE_CR} <= target.loader.carries
        mail = [message(b"%d \xff \r x\r\n" % number) for number in range(3)]
        await target.loader.load(target.accounts[0], mail)
        await target.restart()
        assert await bodies(target) == [each.data for each in mail]
        assert target.log()
    finally:
        await target.stop()
    assert not ours(engine)
    assert target.log()
    assert not (await target.alive()).running


async def test_a_dozen_lines_are_enough_for_a_newcomers_server(tmp_path: Path, image: str) -> None:
    target = started_from(mine(tmp_path, f'image = "{image}"\n[ports]\npop3 = 110\nlmtp = 24\n{ACCOUNTS}'))
    try:
        await target.start()
        assert target.name == "my-server"
        examination = await examine(target, timeout=10)
        assert examination.ok, examination.lines
    finally:
        await target.stop()


async def test_an_image_with_a_bundled_profile_and_a_container_that_runs(image: str, tmp_path: Path) -> None:
    target = parse_target(f"image:{image}", "dovecot")
    assert isinstance(target, ContainerTarget)
    try:
        await target.start()
        assert target._container is not None
        path = mine(tmp_path, f"[ports]\npop3 = 110\nlmtp = 24\n{ACCOUNTS}")
        running = parse_target(f"container:{target._container.id}", path)
        await running.start()
        await running.loader.load(running.accounts[1], [message(b"by LMTP\r\n")])
        with pytest.raises(SetupError, match="not restarted"):
            await running.restart()
        await running.stop()
        assert len(await bodies(target, 1)) == 1
    finally:
        await target.stop()


async def test_a_container_that_dies_is_noticed_and_brought_back(dovecot: ContainerTarget) -> None:
    assert dovecot._container is not None
    await dovecot.loader.load(dovecot.accounts[0], [message(b"kept\r\n")])
    await asyncio.to_thread(dovecot._container.kill)
    await asyncio.to_thread(dovecot._container.wait)
    state = await dovecot.alive()
    assert (state.running, state.exit_status) == (False, 137)
    assert "dovecot" in state.log_tail.lower()
    with pytest.raises(SetupError):
        await dovecot.loader.load(dovecot.accounts[0], [message(b"lost\r\n")])
    await dovecot.restart()
    assert await bodies(dovecot) == [message(b"kept\r\n").data]


async def test_commands_in_a_container(dovecot: ContainerTarget) -> None:
    big = bytes(range(256)) * 4000
    assert (await dovecot.run(["wc", "-c"], big)).output.strip() == b"%d" % len(big)
    assert (await dovecot.run(["false"], big)).status == 1  # leaves its input unread
    assert (await dovecot.run(["cat"], big)).output == big
    assert (await dovecot.run(["sh", "-c", "exit 5"])).status == 5
    assert (await dovecot.run(["printf", "%s", 'a\'b "c" $d'])).output == b'a\'b "c" $d'
    assert (await dovecot.run(["printf", "%s", "two\nlines"])).output == b"two\nlines"
    results = await asyncio.gather(*(dovecot.run(["echo", str(number)]) for number in range(12)))
    assert [result.output for result in results] == [b"%d\n" % number for number in range(12)]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('command = ["sh", "-c", "echo broken; exit 7"]\n', r"exit status 7\).*broken"),
        ('command = ["sleep", "60"]\nready_timeout = 1\n', "did not greet within 1 s"),
        ('command = ["./none"]\n', "exit status 127"),
    ],
)
async def test_a_server_that_does_not_come_up(
    tmp_path: Path, image: str, more: str, problem: str, engine: docker.DockerClient
) -> None:
    target = started_from(mine(tmp_path, f'image = "{image}"\n{more}[ports]\npop3 = 110\nlmtp = 24\n{ACCOUNTS}'))
    with pytest.raises(SetupError, match=problem) as caught:
        await target.start()
    assert caught.value.exit_code is ExitCode.TARGET
    assert not ours(engine)


async def test_an_image_that_is_nowhere(tmp_path: Path) -> None:
    target = started_from(mine(tmp_path, f'image = "127.0.0.1:1/none:1"\n[ports]\npop3 = 110\nlmtp = 24\n{ACCOUNTS}'))
    with pytest.raises(SetupError, match=r"no image 127\.0\.0\.1:1/none:1"):
        await target.start()


async def test_a_build_that_fails_shows_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN echo about to fail && false\n", "utf-8")
    target = started_from(mine(tmp_path, f'build = "."\n[ports]\npop3 = 110\nlmtp = 24\n{ACCOUNTS}'))
    with pytest.raises(SetupError, match=r"(?s)could not be built.*\n  about to fail\n"):
        await target.start()


async def test_no_engine_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SetupError, match="no Docker engine answers") as caught:
        await started_from("dovecot").start()
    assert "docker info" in caught.value.mend


START = """
import asyncio, os, sys
from harness.targets.spec import parse_target
target = parse_target("dovecot")
asyncio.run(target.start())
print(target._container.id, flush=True)
{ending}
"""


def start_elsewhere(ending: str) -> str:
    """Start a target in a process of its own that ends so; the container's id."""
    run = subprocess.run(
        [sys.executable, "-c", START.format(ending=ending)], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.stdout, run.stderr
    return run.stdout.split()[0]


async def test_a_crashed_run_is_cleared_away_by_the_next(engine: docker.DockerClient, dovecot: ContainerTarget) -> None:
    left = await asyncio.to_thread(start_elsewhere, "os.kill(os.getpid(), 9)")
    container = engine.containers.get(left)
    assert container.status == "running"
    other = started_from("dovecot")
    try:
        await other.start()
        with pytest.raises(docker.errors.NotFound):
            engine.containers.get(left)
        assert (await dovecot.alive()).running  # its run still lives
    finally:
        await other.stop()
    assert not await asyncio.to_thread(Path(container.labels[LOCK_LABEL]).exists)


async def test_a_run_that_ends_without_stop_leaves_nothing(engine: docker.DockerClient) -> None:
    left = await asyncio.to_thread(start_elsewhere, "sys.exit('an error nobody caught')")
    with pytest.raises(docker.errors.NotFound):
        engine.containers.get(left)


async def test_a_start_that_is_cancelled_leaves_nothing(engine: docker.DockerClient) -> None:
    target = started_from("dovecot")
    task = asyncio.create_task(target.start())
    while target._container is None:
        await asyncio.wait({task}, timeout=0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (await target.alive()).running
    assert not ours(engine)
