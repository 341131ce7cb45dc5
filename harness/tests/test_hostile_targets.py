"""Hostile servers, end to end: whatever a target does, a run ends in bounded time with its outcome, code and report."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from harness.cases import Case
from harness.errors import ExitCode
from harness.judge.judging import Bench
from harness.oracle import PASSWORD, ReferenceInProcess
from harness.requirements.model import Requirement
from harness.results import CaseResult, Footer, RunResult, read_run
from harness.runner import Runner
from harness.suite import RULES
from harness.targets.spec import parse_target
from harness.tests.peers import Peer, PeerSession
from harness.tests.proxy import Proxy
from harness.tests.test_runner import CASES, REQUIREMENT, Quiet, case, settings
from harness.validation import VALIDATORS
from harness.verdicts import Level, Outcome

#: The validator that counts answers, and the requirement that it judges by.
ONE_ANSWER = next(each for each in VALIDATORS["pop3"] if each.requirements == ("RFC1939-5-b",))
ONE_ANSWER_EACH = Requirement("RFC1939-5-b", Level.STATEMENT, "server", "Answers each command once")
TIMEOUT = 0.5
#: Seconds within which each run must have ended, on a busy machine too.
BUDGET = 30.0
MIB = 1024 * 1024

#: What no terminal, page or log may get as it is: escapes, HTML, and controls that turn text round.
NASTY = (
    "\x1b]0;owned\x07\x1b[31m<script>alert(1)</script><img src=x onerror=alert(1)>\u202eover\u2066 | `x` [a](b)\x9b2J"
)
#: Cases of the suite that see it.
NASTY_CASES = ("pop3/rfc1939-5/noop-before-login", "pop3/rfc1939-5/rset-without-marks", "smoke")

PROFILE = """\
host = "127.0.0.1"
disposable = true
ready_timeout = 1
[ports]
{ports}
[accounts]
users = ["user1", "user2", "user3", "user4"]
password = "{password}"
address = "{{user}}@postel.test"
"""
#: Nothing is loaded or emptied on servers that are no servers at all.
UNTOUCHED = """\
[loading]
via = "command"
command = ["true"]
[emptying]
via = "command"
command = ["true"]
"""


def profile(directory: Path, ports: dict[str, int], rest: str = "") -> str:
    lines = "\n".join(f"{name} = {port}" for name, port in ports.items())
    path = directory / "hostile.toml"
    path.write_text(PROFILE.format(ports=lines, password=PASSWORD) + rest)
    return str(path)


async def run(spec: str, log: Path, cases: Sequence[Case] = CASES, jobs: int = 4) -> tuple[Footer, RunResult]:
    """A whole run of some small cases against the profile; it must end within the budget."""
    bench = Bench({each.id: each for each in (REQUIREMENT, ONE_ANSWER_EACH)}, RULES)
    how = settings(log, timeout=TIMEOUT, bench=bench, jobs=jobs)
    runner = Runner(parse_target(spec, None), ReferenceInProcess(accounts=4), how, Quiet())
    async with asyncio.timeout(BUDGET):
        footer = await runner.run(cases, [ONE_ANSWER])
    return footer, read_run(log)


def results(result: RunResult) -> dict[str, CaseResult]:
    return {each.id.rsplit("/", maxsplit=1)[-1]: each for each in result.cases}


# ---- servers that are none ------------------------------------------------------------------------------------------


async def closes(_: PeerSession) -> None:
    return


async def resets(peer: PeerSession) -> None:
    peer.reset()


async def trickles_for_ever(peer: PeerSession) -> None:
    await peer.drip(b"+", 0.01)


async def floods(peer: PeerSession) -> None:
    await peer.flood(100 * MIB)


async def greets_twice_and_floods(peer: PeerSession) -> None:
    with contextlib.suppress(ConnectionError):
        await peer.send(b"+OK\r\n+OK\r\n")
        while await peer.line():
            await peer.flood(100 * MIB, chunk=b"+OK \r\n" * 8192)


async def greets_and_is_silent(peer: PeerSession) -> None:
    await peer.send(b"+OK\r\n")
    await peer.hang()


async def refuses_with_escapes(peer: PeerSession) -> None:
    await peer.send(f"-ERR {NASTY}\r\n".encode())
    await peer.hang()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "script",
    [
        PeerSession.hang,
        closes,
        resets,
        trickles_for_ever,
        floods,
        greets_twice_and_floods,
        greets_and_is_silent,
        refuses_with_escapes,
    ],
)
async def test_a_target_that_cannot_be_used(tmp_path: Path, script: Callable[[PeerSession], Awaitable[None]]) -> None:
    async with Peer(script) as (_, port):
        footer, result = await run(profile(tmp_path, {"pop3": port}, UNTOUCHED), tmp_path / "run.ndjson")
    assert (footer.exit_code, footer.complete) == (ExitCode.TARGET, False)
    assert footer.exit_reason
    assert result.cases == ()
    assert printable_only((tmp_path / "run.ndjson").read_bytes())


# ---- a server that works, but for one command -----------------------------------------------------------------------


@pytest_asyncio.fixture
async def reference() -> AsyncIterator[ReferenceInProcess]:
    target = ReferenceInProcess(accounts=4)
    await target.start()
    try:
        yield target
    finally:
        await target.stop()


def at(reference: ReferenceInProcess, name: str) -> tuple[str, int]:
    endpoint = reference.endpoints[name]
    return endpoint.host, endpoint.port


async def run_behind(
    proxy: Proxy, reference: ReferenceInProcess, directory: Path, cases: Sequence[Case] = CASES, jobs: int = 4
) -> tuple[Footer, RunResult]:
    async with proxy as (_, port):
        spec = profile(directory, {"pop3": port, "lmtp": at(reference, "lmtp")[1]})
        return await run(spec, directory / "run.ndjson", cases, jobs)


async def hangs(client: PeerSession) -> None:
    await client.hang()


async def drops(client: PeerSession) -> None:
    client.writer.close()


async def breaks_off(client: PeerSession) -> None:
    await client.send(b"+O")
    client.writer.close()


async def resets_it(client: PeerSession) -> None:
    client.reset()


async def floods_it(client: PeerSession) -> None:
    await client.flood(100 * MIB)


async def trickles_too_slowly(client: PeerSession) -> None:
    await client.drip(b"+", 0.02)


async def escapes(client: PeerSession) -> None:
    await client.send(f"{NASTY}\r\n".encode())


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (hangs, "silent"),
        (drops, "closed"),
        (breaks_off, "closed"),
        (resets_it, "reset"),
        (floods_it, "flooded"),
        (trickles_too_slowly, "silent"),
        (escapes, "status"),
    ],
)
async def test_one_bad_answer_is_a_finding_and_the_run_goes_on(
    tmp_path: Path, reference: ReferenceInProcess, answer: Callable[[PeerSession], Awaitable[None]], kind: str
) -> None:
    async def mischief(line: bytes, client: PeerSession) -> bool:
        if line.startswith(b"NOOP"):
            await answer(client)
        return line.startswith(b"NOOP")

    footer, result = await run_behind(Proxy(at(reference, "pop3"), mischief), reference, tmp_path)
    assert (footer.exit_code, footer.complete) == (ExitCode.DEVIATIONS, True)
    found = results(result)
    assert found["stat"].outcome is Outcome.CONFORMS
    assert found["noop"].outcome is Outcome.DEVIATES
    assert kind in found["noop"].deviations[0].signature
    assert found["noop"].deviations[0].observed.isprintable()
    assert printable_only((tmp_path / "run.ndjson").read_bytes())


@pytest.mark.asyncio
async def test_octet_by_octet_is_no_fault(tmp_path: Path, reference: ReferenceInProcess) -> None:
    async def mischief(line: bytes, client: PeerSession) -> bool:
        if line.startswith(b"NOOP"):
            await client.trickle(b"+OK nothing was done\r\n")
        return line.startswith(b"NOOP")

    footer, _ = await run_behind(Proxy(at(reference, "pop3"), mischief), reference, tmp_path)
    assert (footer.exit_code, footer.counts) == (ExitCode.OK, {"conforms": 3})


@pytest.mark.asyncio
async def test_a_second_answer_is_not_taken_for_the_next(tmp_path: Path, reference: ReferenceInProcess) -> None:
    async def mischief(line: bytes, client: PeerSession) -> bool:
        if line.startswith(b"NOOP"):
            await client.send(b"+OK\r\n+OK 7 7\r\n")
        return line.startswith(b"NOOP")

    text = "title: x\nprotocol: pop3\n\nC: NOOP\nS: +OK\nC: STAT\nS: +OK 0 0 [[RFC1939-5.NOOP-b]]\n"
    cases = [*CASES, case(text, "after-noop")]
    footer, result = await run_behind(Proxy(at(reference, "pop3"), mischief), reference, tmp_path, cases=cases)
    assert results(result)["after-noop"].outcome is Outcome.CONFORMS
    assert results(result)["stat"].outcome is Outcome.CONFORMS
    validated = results(result)[ONE_ANSWER.id.rsplit("/", maxsplit=1)[-1]]
    assert (footer.exit_code, validated.outcome) == (ExitCode.DEVIATIONS, Outcome.DEVIATES)


@pytest.mark.asyncio
async def test_what_a_case_needs_and_does_not_get_blocks_it(tmp_path: Path, reference: ReferenceInProcess) -> None:
    async def mischief(line: bytes, client: PeerSession) -> bool:
        if line.startswith(b"LIST"):
            await client.send(b"-ERR not today\r\n")
        return line.startswith(b"LIST")

    text = "title: x\nprotocol: pop3\nmessages: 1 plain\n\nC: LIST\nS: +OK\nC: NOOP\nS: +OK [[RFC1939-5.NOOP-b]]\n"
    cases = [*CASES, case(text, "needs-list")]
    footer, result = await run_behind(Proxy(at(reference, "pop3"), mischief), reference, tmp_path, cases=cases)
    assert (footer.exit_code, footer.complete) == (ExitCode.TARGET, True)
    assert results(result)["needs-list"].outcome is Outcome.BLOCKED
    assert results(result)["noop"].outcome is Outcome.CONFORMS


# ---- servers that die -----------------------------------------------------------------------------------------------


def dying(reference: ReferenceInProcess, connections: float) -> tuple[Proxy, Proxy]:
    """POP3 and LMTP of a server that dies at the first NOOP, for so many connections of each."""
    deaths = iter([connections])

    async def mischief(line: bytes, client: PeerSession) -> bool:
        dies = next(deaths, 0.0) if line.startswith(b"NOOP") else 0.0
        if dies:
            pop3.dead = lmtp.dead = dies
            client.reset()
        return dies > 0

    pop3, lmtp = Proxy(at(reference, "pop3"), mischief), Proxy(at(reference, "lmtp"))
    return pop3, lmtp


async def run_dying(
    proxies: tuple[Proxy, Proxy], directory: Path, cases: Sequence[Case] = CASES
) -> tuple[Footer, dict[str, Outcome]]:
    async with proxies[0] as (_, pop3), proxies[1] as (_, lmtp):
        spec = profile(directory, {"pop3": pop3, "lmtp": lmtp})
        footer, result = await run(spec, directory / "run.ndjson", cases, jobs=1)
    return footer, {name: each.outcome for name, each in results(result).items()}


@pytest.mark.asyncio
async def test_a_server_that_comes_back_is_judged_further(tmp_path: Path, reference: ReferenceInProcess) -> None:
    pop3, _ = dying(reference, 2)
    footer, found = await run_dying((pop3, Proxy(at(reference, "lmtp"))), tmp_path)
    assert (footer.exit_code, footer.complete) == (ExitCode.OK, True)
    assert found == {"noop": Outcome.UNSTABLE, "stat": Outcome.CONFORMS, "rfc1939-5-b": Outcome.CONFORMS}


@pytest.mark.asyncio
async def test_what_was_seen_of_a_server_that_died_for_good_is_kept(
    tmp_path: Path, reference: ReferenceInProcess
) -> None:
    early = case("title: x\nprotocol: pop3\n\nC: STAT\nS: +OK 0 0 [[RFC1939-5.NOOP-b]]\n", "early")
    footer, found = await run_dying(dying(reference, float("inf")), tmp_path, [early, *CASES])
    assert (footer.exit_code, footer.complete) == (ExitCode.TARGET, False)
    assert "died" in footer.exit_reason
    assert found == {"early": Outcome.CONFORMS, "noop": Outcome.UNSTABLE, "stat": Outcome.BLOCKED}


@pytest.mark.asyncio
async def test_a_half_dead_server_fails_the_closing_check(tmp_path: Path, reference: ReferenceInProcess) -> None:
    pop3, _ = dying(reference, float("inf"))
    footer, found = await run_dying((pop3, Proxy(at(reference, "lmtp"))), tmp_path)
    assert (footer.exit_code, footer.complete) == (ExitCode.TARGET, False)
    assert "closing check" in footer.exit_reason
    assert (found["noop"], found["stat"]) == (Outcome.UNSTABLE, Outcome.TARGET_LOST)


# ---- what a person or a program gets to read ------------------------------------------------------------------------


def printable_only(octets: bytes) -> bool:
    return all(octet == 0x0A or 0x20 <= octet < 0x7F for octet in octets)


#: Reports, and what may not stand in them: controls, and controls of direction; HTML is looked for apart.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.asyncio
async def test_nothing_nasty_reaches_a_terminal_or_a_report(tmp_path: Path, reference: ReferenceInProcess) -> None:
    nasty = NASTY.encode()

    async def mischief(line: bytes, client: PeerSession) -> bool:
        if not line.startswith((b"NOOP", b"RSET")):
            return False
        await client.send((b"+OK " if line.startswith(b"NOOP") else b"") + nasty + b"\r\n")
        return True

    def rewrite(data: bytes) -> bytes:
        return data.replace(b"+OK mail.postel.test", b"+OK " + nasty, 1)

    async with Proxy(at(reference, "pop3"), mischief, rewrite) as (_, port):
        spec = profile(tmp_path, {"pop3": port, "lmtp": at(reference, "lmtp")[1]})
        code, said = await postel("run", spec, *NASTY_CASES, "--timeout", "2", "--out", "out", cwd=tmp_path)
    assert code == ExitCode.DEVIATIONS, said
    check_reports(tmp_path / "out", said)
    assert "&lt;script&gt;alert(1)" in (tmp_path / "out" / "index.html").read_text()  # it is shown, as text


@pytest.mark.asyncio
async def test_nothing_nasty_reaches_the_doctor(tmp_path: Path) -> None:
    async with Peer(refuses_with_escapes) as (_, port):
        spec = profile(tmp_path, {"pop3": port}, UNTOUCHED)
        code, said = await postel("doctor", spec, cwd=tmp_path)
        assert code == ExitCode.TARGET, said
        assert not _CONTROLS.search(said.replace("\n", ""))
        code, said = await postel("run", spec, "smoke", "--timeout", "1", "--out", "out", cwd=tmp_path)
    assert code == ExitCode.TARGET, said
    check_reports(tmp_path / "out", said)


def check_reports(out: Path, said: str) -> None:
    assert not _CONTROLS.search(said.replace("\n", "")), said
    assert printable_only((out / "run.ndjson").read_bytes())
    for name in ("index.html", "junit.xml", "summary.md", "summary.json"):
        text = (out / name).read_text(encoding="utf-8")
        assert not _CONTROLS.search(text.replace("\n", "").replace("\r", "")), name
        if name != "summary.json":
            assert "<script>alert" not in text, name
            assert "<img src=x" not in text, name


async def postel(*arguments: str, cwd: Path) -> tuple[int, str]:
    """The command's exit code, and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.cli.main", *arguments,
        cwd=cwd, env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(BUDGET * 2):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode("utf-8", "replace")
