"""What the oracle showed is kept between runs, by case, and never believed when it could be somebody else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases import Case, Ending, Observation, Performance
from harness.errors import Position, SetupError
from harness.kept import MOST_FILES, KeptPerformances, signature
from harness.oracle import Oracle, worth_keeping
from harness.player import Player
from harness.transcript import Event, EventKind, Exchange, Transcript
from harness.verdicts import Facet


async def script(_stage: object) -> None:
    """Never played here."""


CASE = Case("pop3/a/b", "t", "pop3", ("RFC1939-3-a",), script, Position("x", 1), "digest")
SEEN = Observation((), Facet.STATUS, True, "+OK", "+OK", "status:+OK", canonical={"data": ("1", {2})})
EVENT = Event(1, EventKind.RECEIVED, 0.1, b"+OK\r\n\xff")
TRANSCRIPT = Transcript([EVENT], [Exchange(1, "pop3", None, b"+OK\r\n", 0, 0)])
PERFORMANCE = Performance(CASE.id, Ending.FINISHED, "", TRANSCRIPT, (SEEN,), 0.1)


def filled(path: Path) -> KeptPerformances:
    kept = KeptPerformances(path)
    kept.put(CASE, PERFORMANCE)
    kept.save()
    return kept


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder / "oracle-x.pickle"


def test_inverse_but_for_exchanges(path: Path) -> None:
    filled(path)
    found = KeptPerformances(path).get(CASE)
    assert found is not None
    assert found.observations == PERFORMANCE.observations
    assert found.transcript.events == [EVENT]
    assert found.transcript.exchanges == []


def test_another_digest_is_another_case(path: Path) -> None:
    filled(path)
    assert KeptPerformances(path).get(replace(CASE, digest="other")) is None


@pytest.mark.parametrize("octets", [b"", b"garbage", b"\x80\x05]q."])
def test_a_damaged_file_counts_as_not_there(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)
    path.chmod(0o600)
    assert len(KeptPerformances(path)) == 0


def test_a_file_that_others_can_write_counts_as_not_there(path: Path) -> None:
    filled(path)
    path.chmod(0o666)
    assert len(KeptPerformances(path)) == 0
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert len(KeptPerformances(path)) == 0


def test_a_cache_that_cannot_be_written_is_no_loss(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    filled(tmp_path / "file" / "oracle-x.pickle")


def test_old_files_go(path: Path) -> None:
    for number in range(MOST_FILES + 2):
        filled(path.with_name(f"oracle-{number}.pickle"))
    assert len(list(path.parent.glob("oracle-*.pickle"))) == MOST_FILES


def test_the_signature_is_stable() -> None:
    assert signature() == signature()


@pytest.mark.parametrize(
    ("performance", "keep"),
    [
        (PERFORMANCE, True),
        (replace(PERFORMANCE, ending=Ending.NOT_APPLICABLE), True),
        (replace(PERFORMANCE, ending=Ending.LOST), False),
        (replace(PERFORMANCE, observations=(replace(SEEN, holds=False),)), False),
    ],
)
def test_only_what_the_reference_should_show_is_kept(performance: Performance, keep: bool) -> None:
    assert worth_keeping(performance) is keep


@pytest.mark.asyncio
async def test_the_reference_is_not_brought_up_for_what_is_kept(path: Path) -> None:
    async def never() -> Player:
        raise AssertionError("brought up")

    assert (await Oracle(never, filled(path)).perform(CASE)).observations == PERFORMANCE.observations


@pytest.mark.asyncio
async def test_a_reference_that_cannot_be_brought_up_is_our_error(path: Path) -> None:
    async def fails() -> Player:
        raise SetupError("no port")

    performance = await Oracle(fails, KeptPerformances(path)).perform(CASE)
    assert performance.ending is Ending.ERROR
    assert "no port" in performance.reason
