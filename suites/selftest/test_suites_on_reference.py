"""Every case of the suites, played once on the reference: it must hold there, and judge only what it declares.

A case that the reference does not meet can accuse nobody; one that cites more than it declares is not traced.
"""

from __future__ import annotations

import asyncio

import pytest

from harness.cases import Case, Ending, Isolation, Performance
from harness.oracle import ReferenceInProcess
from harness.player import Player, PlayerSettings
from suites.corpus import message
from suites.registry import EVERY, suite_cases
from suites.selftest.preflight import capabilities_of

CASES: tuple[Case, ...] = tuple(case for name in EVERY for case in suite_cases(name))
#: Cases about what the reference does not have.
WITHOUT_REFERENCE = {
    "imap/rfc2342-5/users-are-not-listed",
    "imap/rfc3501-2.3.2/what-is-not-permanent-stays-in-its-session",
    "imap/rfc3501-7.1/store-of-what-is-not-permanent",
    "imap/rfc3501-7.2.1/logindisabled",
    "imap/rfc6855-6/only-once-enabled",
    "imap/rfc7162-3.1.2/nomodseq",
    "imap/rfc7888-5/asked-for-it-is-taken",
    "imap/rfc7888-5/more-than-literal-minus-takes",
    "imap/rfc9051-11.5/users-are-not-listed",
    "imap/rfc9208-5.3/mailboxes-are-counted",
    "pop3/rfc2449-6/login-delay",
    "pop3/rfc2449-6/login-delay-is-enforced",
    "pop3/rfc5034-4/initial-response-where-the-server-speaks-first",
    "smtp/rfc1870-6.3/sent-beyond-the-limit",
    "smtp/rfc4954-6/plain-where-it-is-not-permitted",
    "smtp/rfc5321-4.2.4/vrfy-works",
    "smtp/rfc5321-7.3/vrfy-tells-nobody-apart",
}
#: Seconds for one answer, and until the inactivity timer expires.
TIMEOUT = 10.0
AUTOLOGOUT = 3.0


async def _play_all() -> dict[str, Performance]:
    reference = ReferenceInProcess(autologout=AUTOLOGOUT)
    await reference.start()
    try:
        capabilities = await capabilities_of(reference, timeout=TIMEOUT)
        player = Player(reference, capabilities, PlayerSettings(timeout=TIMEOUT, corpus=message))
        together = [case for case in CASES if case.isolation is Isolation.ACCOUNT]
        played = list(await asyncio.gather(*map(player.play, together)))
        played += [await player.play(case) for case in CASES if case.isolation is Isolation.TARGET]
    finally:
        await reference.stop()
    return {performance.case_id: performance for performance in played}


@pytest.fixture(scope="module")
def performances() -> dict[str, Performance]:
    return asyncio.run(_play_all())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_holds_on_the_reference(case: Case, performances: dict[str, Performance]) -> None:
    performance = performances[case.id]
    wanted = Ending.NOT_APPLICABLE if case.id in WITHOUT_REFERENCE else Ending.FINISHED
    assert (performance.ending, performance.reason) == (wanted, performance.reason), performance.reason
    failed = [each for each in performance.observations if not each.holds]
    assert not failed, f"{failed[0].expected} expected, {failed[0].observed} observed"
    cited = {requirement for each in performance.observations for requirement in each.requirements}
    assert cited <= set(case.requirements)
    assert bool(cited) is (wanted is Ending.FINISHED)


def test_case_ids_are_unique() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
