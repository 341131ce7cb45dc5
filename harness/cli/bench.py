"""`postel bench`: what playing and judging costs, beside the same bytes over raw sockets in the same run."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import rich_click as click
from rich.text import Text

from harness.cases import Case, Ending, Isolation
from harness.cli.console import OUT, failing
from harness.doctor import examine
from harness.errors import SetupError
from harness.judge.judging import Bench, judge
from harness.oracle import Oracle, ReferenceInProcess
from harness.player import Player, PlayerSettings
from harness.raw_replay import Recording, faithful, octets, replay_all, replayable
from harness.suite import RULES
from harness.targets.model import Target
from harness.targets.spec import parse_target
from suites.registry import suite, suite_cases


@dataclass(frozen=True, slots=True)
class Measurement:
    """Seconds for the same cases: `played` with judging, `raw` over bare sockets; the best of each. `of` counts the
    cases of the suite, those included that could not be measured."""

    cases: int
    of: int
    octets: int
    played: float
    raw: float

    @property
    def ratio(self) -> float:
        """How many times longer playing and judging takes."""
        return self.played / self.raw


@click.command(short_help="Measure playing and judging beside the same bytes over raw sockets.")
@click.argument("target", default="reference")
@click.option("--suite", "suite_name", default="pop3", show_default=True, help="The suite whose cases are played.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=8, show_default=True, help="Cases at once.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="The best round counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(target: str, suite_name: str, jobs: int, rounds: int, as_json: bool) -> None:
    """Play the suite's linear cases against TARGET, the oracle's answers being kept, then send the same bytes raw.

    Left out are cases that wait on purpose, use TLS or a challenge, need the target to themselves, or whose bytes do
    not get the same answers a second time.
    """
    with failing():
        measured = asyncio.run(_measure(parse_target(target, None), suite_name, jobs, rounds))
        if as_json:
            counts = {"cases": measured.cases, "of": measured.of, "octets": measured.octets}
            OUT.print_json(json.dumps({**counts, "played": measured.played, "raw": measured.raw}))
            return
        OUT.print(
            Text(
                f"{measured.cases} of {measured.of} cases of {suite_name}, {measured.octets} octets: "
                f"played and judged in {measured.played:.2f} s, "
                f"raw in {measured.raw:.2f} s, ratio {measured.ratio:.2f}"
            )
        )


async def _measure(target: Target, suite_name: str, jobs: int, rounds: int) -> Measurement:
    reference = ReferenceInProcess()
    try:
        await asyncio.gather(target.start(), reference.start())
        examination = await examine(target, timeout=10)
        if not examination.ok:
            raise SetupError("the target cannot be tested", mend="see `postel doctor`")
        brought = suite()
        settings = PlayerSettings(10.0, brought.corpus)
        player = Player(target, examination.capabilities, settings)
        oracle = Oracle(Player(reference, (await examine(reference, timeout=10)).capabilities, settings))
        cases = suite_cases(suite_name)
        recorded = await _recordings(cases, player, oracle, jobs)
        recordings = await faithful(recorded, target, brought.corpus, jobs)
        judging = Bench(brought.requirements, RULES)
        played = [await _timed_play(recordings, player, oracle, judging, jobs) for _ in range(rounds)]
        raw = []
        for _ in range(rounds):
            began = time.perf_counter()
            await replay_all(recordings, target, brought.corpus, jobs)
            raw.append(time.perf_counter() - began)
        return Measurement(len(recordings), len(cases), octets(recordings), min(played), min(raw))
    finally:
        await asyncio.gather(target.stop(), reference.stop())


async def _recordings(cases: Sequence[Case], player: Player, oracle: Oracle, jobs: int) -> list[Recording]:
    """Every case that ended in order and can be replayed; playing it also fills the oracle's memory."""
    places = asyncio.Semaphore(jobs)
    found: list[Recording] = []

    async def one(case: Case) -> None:
        async with places:
            performance, accounts = await player.play_unmasked(case)
            await oracle.perform(case)
        recording = Recording(case, accounts, performance.transcript)
        if performance.ending is Ending.FINISHED and performance.seconds < 1 and replayable(recording):
            found.append(recording)

    async with asyncio.TaskGroup() as group:
        for case in cases:
            if case.isolation is Isolation.ACCOUNT:
                group.create_task(one(case))
    return found


async def _timed_play(
    recordings: Sequence[Recording], player: Player, oracle: Oracle, judging: Bench, jobs: int
) -> float:
    places = asyncio.Semaphore(jobs)

    async def one(case: Case) -> None:
        async with places:
            judge(case, await player.play(case), await oracle.perform(case), judging)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for recording in recordings:
            group.create_task(one(recording.case))
    return time.perf_counter() - began
