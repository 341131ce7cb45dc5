"""Whole runs against the reference in process and variants of it that misbehave: what is settled, how it exits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.baseline import Baseline, KnownDeviation
from harness.cases import Case
from harness.corpus import CorpusMessage
from harness.dialogue import parse_dialogue
from harness.enact import dialogue_case
from harness.errors import ExitCode, HarnessError, SetupError
from harness.judge.judging import Bench
from harness.oracle import ReferenceInProcess
from harness.requirements.model import Requirement
from harness.results import CaseResult, Footer, Header, RunResult, TunedSetting, read_run
from harness.runner import Runner, RunSettings
from harness.suite import RULES
from harness.targets.model import TargetState
from harness.verdicts import Level, Outcome, Verdict
from reference_server.actions import Action, Send
from reference_server.pop3 import Pop3Session
from reference_server.server import MailServer, SessionFactories
from reference_server.settings import Settings

REQUIREMENT = Requirement("RFC1939-5.NOOP-b", Level.STATEMENT, "server", "Answers NOOP with +OK")
HEADER = Header("0", "", "t", "", "", "", ("pop3",), (), 0, "", 0, 4, 1.0, "must", "", "t")

NOOP = "title: NOOP\nprotocol: pop3\n\nC: NOOP\nS: +OK [[RFC1939-5.NOOP-b]]\n"
STAT = "title: STAT\nprotocol: pop3\nmessages: 1 plain\n\nC: STAT\nS: +OK 1 <any> [[RFC1939-5.NOOP-b]]\n"


def case(text: str, slug: str) -> Case:
    return dialogue_case(replace(parse_dialogue(text, slug), id=f"pop3/test/{slug}"))


CASES = [case(NOOP, "noop"), case(STAT, "stat")]


def message(kind: str, number: int) -> CorpusMessage:
    return CorpusMessage(kind, f"Subject: {kind} {number}\r\n\r\nbody\r\n".encode())


class Quiet:
    """Hears everything and says nothing."""

    def __init__(self, on_settled: Callable[[CaseResult], None] = lambda _: None) -> None:
        self.said_lines: list[str] = []
        self._on_settled = on_settled

    def began(self, header: Header) -> None:
        pass

    def settled(self, result: CaseResult) -> None:
        self._on_settled(result)

    def said(self, text: str) -> None:
        self.said_lines.append(text)


def settings(log: Path, **changes: object) -> RunSettings:
    plain = RunSettings(
        log=log,
        corpus=message,
        bench=Bench({REQUIREMENT.id: REQUIREMENT}, RULES),
        header=HEADER,
        baseline=Baseline(),
        excuses={},
        jobs=4,
        timeout=1.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


async def run(
    target: ReferenceInProcess, log: Path, cases: Sequence[Case] = CASES, **changes: object
) -> tuple[Footer, RunResult]:
    footer = await Runner(target, ReferenceInProcess(accounts=4), settings(log, **changes), Quiet()).run(cases)
    return footer, read_run(log)


def variant(change: Callable[[bytes], bytes]) -> ReferenceInProcess:
    """The reference with every answer to NOOP changed on its way out."""

    class Changed(Pop3Session):
        def receive(self, data: bytes) -> list[Action]:
            actions = super().receive(data)
            if data.upper().startswith(b"NOOP"):
                return [Send(change(each.data)) if isinstance(each, Send) else each for each in actions]
            return actions

    def build(settings: Settings) -> MailServer:
        return MailServer(settings, sessions=SessionFactories(pop3=Changed))

    return ReferenceInProcess(build, accounts=4)


def outcomes(result: RunResult) -> dict[str, Outcome]:
    return {each.id.rsplit("/", maxsplit=1)[-1]: each.outcome for each in result.cases}


@pytest.mark.asyncio
async def test_what_a_tuned_setting_takes_away_is_not_judged(tmp_path: Path) -> None:
    target = ReferenceInProcess(accounts=4)
    target.tuned = (TunedSetting("noop", "off", "on", "for speed", (REQUIREMENT.id,)),)
    _, result = await run(target, tmp_path / "run.ndjson")
    assert outcomes(result) == {"noop": Outcome.NOT_APPLICABLE, "stat": Outcome.NOT_APPLICABLE}
    assert result.cases[0].reason == "the profile sets noop to off in place of on"


@pytest.mark.asyncio
async def test_a_conforming_target(tmp_path: Path) -> None:
    footer, result = await run(ReferenceInProcess(accounts=4), tmp_path / "run.ndjson")
    assert (footer.exit_code, footer.complete) == (ExitCode.OK, True)
    assert outcomes(result) == {"noop": Outcome.CONFORMS, "stat": Outcome.CONFORMS}
    assert result.footer == footer
    assert result.header.doctor


@pytest.mark.asyncio
async def test_a_deviation_is_charged_after_a_second_play(tmp_path: Path) -> None:
    footer, result = await run(variant(lambda _: b"-ERR no\r\n"), tmp_path / "run.ndjson")
    assert footer.exit_code == ExitCode.DEVIATIONS
    broken = next(each for each in result.cases if each.id.endswith("noop"))
    assert (broken.outcome, broken.plays) == (Outcome.DEVIATES, 2)
    assert broken.deviations[0].requirement == REQUIREMENT.id
    assert outcomes(result)["stat"] is Outcome.CONFORMS


@pytest.mark.asyncio
async def test_what_happens_once_is_unstable(tmp_path: Path) -> None:
    answers = iter([b"-ERR once\r\n"])
    footer, result = await run(variant(lambda data: next(answers, data)), tmp_path / "run.ndjson")
    assert outcomes(result)["noop"] is Outcome.UNSTABLE
    assert footer.exit_code == ExitCode.OK


@pytest.mark.asyncio
async def test_a_known_deviation_is_not_new(tmp_path: Path) -> None:
    known = KnownDeviation("pop3/test/noop", Verdict.DEVIATES, "status:-ERR", "by design")
    target = variant(lambda _: b"-ERR no\r\n")
    footer, result = await run(target, tmp_path / "run.ndjson", baseline=Baseline([known]))
    assert (footer.exit_code, footer.known) == (ExitCode.OK, 1)
    assert next(each for each in result.cases if each.deviations).deviations[0].known == "by design"


@pytest.mark.asyncio
async def test_a_stale_baseline_exits_with_five(tmp_path: Path) -> None:
    known = KnownDeviation("pop3/test/noop", Verdict.DEVIATES, "status:-ERR", "by design")
    footer, _ = await run(ReferenceInProcess(accounts=4), tmp_path / "run.ndjson", baseline=Baseline([known]))
    assert footer.exit_code == ExitCode.BASELINE
    assert footer.stale


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "observed"),
    [
        (b"", "silent"),
        (b"\x1b]0;owned\x07<script>alert(1)</script>\r\n", "script"),
        (b"+O", "silent"),
        (b"x" * 1_000_000, "flooded"),
        (b"\x00\xff\r\n", "x00"),
    ],
)
async def test_a_hostile_answer_is_a_finding(tmp_path: Path, answer: bytes, observed: str) -> None:
    footer, result = await run(variant(lambda _: answer), tmp_path / "run.ndjson")
    broken = next(each for each in result.cases if each.id.endswith("noop"))
    assert broken.outcome is Outcome.DEVIATES
    assert observed in broken.deviations[0].observed
    assert broken.deviations[0].observed.isprintable()
    assert outcomes(result)["stat"] is Outcome.CONFORMS
    octets = (tmp_path / "run.ndjson").read_bytes()
    assert all(octet == 0x0A or 0x20 <= octet < 0x7F for octet in octets)
    assert footer.exit_code == ExitCode.DEVIATIONS


@pytest.mark.asyncio
async def test_a_target_that_does_not_start(tmp_path: Path) -> None:
    class Dead(ReferenceInProcess):
        async def start(self) -> None:
            raise SetupError("no such image")

    footer, result = await run(Dead(accounts=1), tmp_path / "run.ndjson")
    assert (footer.exit_code, footer.complete) == (ExitCode.TARGET, False)
    assert "no such image" in footer.exit_reason
    assert result.cases == ()


class Mortal(ReferenceInProcess):
    """Dies at the first NOOP; comes back when it is restarted."""

    def __init__(self) -> None:
        super().__init__(self._mortal, accounts=4)
        self.deaths = 0
        self.running = True

    def _mortal(self, settings: Settings) -> MailServer:
        outer = self

        class Dying(Pop3Session):
            def receive(self, data: bytes) -> list[Action]:
                if data.upper().startswith(b"NOOP") and outer.deaths == 0:
                    outer.deaths += 1
                    outer.running = False
                    asyncio.get_running_loop().create_task(outer.server.stop())
                    return []
                return super().receive(data)

        return MailServer(settings, sessions=SessionFactories(pop3=Dying))

    async def alive(self) -> TargetState:
        return TargetState(self.running, None if self.running else 139, "segmentation fault")

    async def restart(self) -> None:
        self.running = True
        await super().restart()


@pytest.mark.asyncio
async def test_a_target_that_dies_is_brought_up_again(tmp_path: Path) -> None:
    target = Mortal()
    footer, result = await run(target, tmp_path / "run.ndjson", jobs=1)
    assert target.deaths == 1
    assert outcomes(result)["stat"] is Outcome.CONFORMS
    assert outcomes(result)["noop"] in (Outcome.UNSTABLE, Outcome.TARGET_LOST)
    assert footer.complete


@pytest.mark.asyncio
async def test_an_interrupted_run_keeps_what_it_measured(tmp_path: Path) -> None:
    log = tmp_path / "run.ndjson"
    target = variant(lambda _: b"")
    one_settled = asyncio.Event()
    listener = Quiet(lambda _: one_settled.set())
    runner = Runner(target, ReferenceInProcess(accounts=4), settings(log, timeout=30.0), listener)
    task = asyncio.create_task(runner.run(CASES))
    async with asyncio.timeout(20):
        await one_settled.wait()
        task.cancel()
        footer = await task
    assert (footer.exit_code, footer.complete) == (ExitCode.INTERRUPTED, False)
    assert outcomes(read_run(log)) == {"stat": Outcome.CONFORMS}
    with pytest.raises(HarnessError):
        _ = target.server


@pytest.mark.asyncio
async def test_a_full_disk_is_one_clear_error() -> None:
    target = ReferenceInProcess(accounts=4)
    runner = Runner(target, ReferenceInProcess(accounts=4), settings(Path("/dev/full")), Quiet())
    with pytest.raises(HarnessError, match="No space left"):
        await runner.run(CASES)
    with pytest.raises(HarnessError):
        _ = target.server


@pytest.mark.asyncio
async def test_a_case_that_cannot_be_done_is_blocked_unless_excused(tmp_path: Path) -> None:
    blocked = case("title: x\nprotocol: pop3\n\nC: NOOP\nS: -ERR\nC: NOOP\nS: +OK [[RFC1939-5.NOOP-b]]\n", "blocked")
    footer, result = await run(variant(lambda data: data), tmp_path / "run.ndjson", [*CASES, blocked])
    assert outcomes(result)["blocked"] is Outcome.HARNESS_ERROR  # the reference does not meet the prerequisite either
    assert footer.exit_code == ExitCode.HARNESS
