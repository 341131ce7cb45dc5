"""Playing IMAP dialogues: tags, literals, invitations, untagged data, extra data, loss."""

from __future__ import annotations

import base64

import pytest

from harness.cases import Observation
from harness.tests.imap_stage import play
from harness.verdicts import Facet

pytestmark = pytest.mark.asyncio

ID = "[[RFC3501-6.4.3-a]]"


def summary(observations: list[Observation]) -> list[tuple[int | None, bool, str]]:
    return [(each.line, each.holds, each.kind) for each in observations]


async def test_tags_are_made_and_uids_are_known() -> None:
    steps = f"C: UID FETCH $m2 (UID)\nS: * 2 FETCH (UID $m2) {ID}\nS: OK"
    observations, ending = await play(steps, (b"UID FETCH 12 (UID)", b"* 2 FETCH (UID 12)\r\n{tag} OK\r\n"))
    assert ending == "finished"
    assert summary(observations) == [(8, True, "status:OK"), (7, True, "FETCH")]
    assert observations[0].canonical is not None


async def test_a_wrong_uid_is_seen() -> None:
    steps = f"C: FETCH 1 UID\nS: * 1 FETCH (UID $m2) {ID}\nS: OK"
    observations, ending = await play(steps, (b"FETCH 1 UID", b"* 1 FETCH (UID 11)\r\n{tag} OK\r\n"))
    assert ending == "enough"
    assert summary(observations)[-1] == (7, False, "wrong-uid:UID")


async def test_a_prerequisite_blocks() -> None:
    steps = f"C: NOOP\nS: OK\nC: CHECK\nS: OK {ID}"
    observations, ending = await play(steps, (b"NOOP", b"{tag} BAD what\r\n"))
    assert ending == "line 7: expected OK, got BAD what"
    assert summary(observations) == [(7, False, "status:BAD")]


async def test_missing_data_under_a_refusal_accuses_the_refusal() -> None:
    steps = f"C: SEARCH ALL\nS: * SEARCH 1 2 {ID}\nS: OK {ID}"
    observations, ending = await play(steps, (b"SEARCH ALL", b"{tag} NO\r\n"))
    assert summary(observations) == [(8, False, "status:NO")]
    assert ending == "enough"


async def test_missing_data_under_a_refusal_without_ids_accuses_the_data() -> None:
    steps = f"C: SEARCH ALL\nS: * SEARCH 1 2 {ID}\nS: OK"
    observations, ending = await play(steps, (b"SEARCH ALL", b"{tag} NO\r\n"))
    assert [(line, holds) for line, holds, _ in summary(observations)] == [(7, False)]
    assert ending == "enough"


async def test_data_without_ids_under_a_refusal_blocks() -> None:
    steps = f"C: SEARCH ALL\nS: * SEARCH 1 2\nS: OK\nC: NOOP\nS: OK {ID}"
    observations, ending = await play(steps, (b"SEARCH ALL", b"{tag} NO\r\n"))
    assert summary(observations) == [(8, False, "status:NO")]
    assert ending == "line 8: expected OK, got NO"


async def test_a_refusal_after_the_data_has_come_blocks() -> None:
    steps = f"C: SEARCH ALL\nS: * SEARCH 1 2 {ID}\nS: OK"
    observations, ending = await play(steps, (b"SEARCH ALL", b"* SEARCH 1 2\r\n{tag} NO\r\n"))
    assert summary(observations) == [(8, False, "status:NO")]
    assert ending == "line 8: expected OK, got NO"


@pytest.mark.parametrize(
    ("ids", "ending", "kinds"),
    [
        (("", ID, ""), "enough", ["status:OK", "extra:EXPUNGE"]),
        (("", "", ID), "enough", ["extra:EXPUNGE", "FETCH"]),
        (("", "", ""), "finished", ["status:OK", "FETCH"]),
    ],
)
async def test_extra_data_is_charged_to_the_last_step_with_ids(
    ids: tuple[str, str, str], ending: str, kinds: list[str]
) -> None:
    steps = f"C: FETCH 1 FLAGS\nS: * 1 FETCH (FLAGS ()) {ids[1]}\nS: OK {ids[2]}"
    answer = b"* 1 FETCH (FLAGS (\\Recent))\r\n* 2 EXPUNGE\r\n* 2 FETCH (FLAGS ())\r\n{tag} OK\r\n"
    observations, how = await play(steps, (b"FETCH 1 FLAGS", answer))
    assert how == ending
    assert [each.kind for each in observations] == kinds


async def test_the_end_of_data() -> None:
    steps = f"C: CLOSE\nS: * . {ID}\nS: OK"
    observations, _ = await play(steps, (b"CLOSE", b"* 1 EXPUNGE\r\n{tag} OK\r\n"))
    assert summary(observations) == [(8, True, "status:OK"), (7, False, "extra:EXPUNGE")]
    assert observations[-1].facet is Facet.VIEW
    observations, _ = await play(steps, (b"CLOSE", b"* OK still here\r\n* FLAGS ()\r\n{tag} OK\r\n"))
    assert summary(observations) == [(8, True, "status:OK"), (7, True, "end")]


async def test_data_that_nobody_matches_is_none_of_the_dialogues_business() -> None:
    steps = f"C: NOOP\nS: OK {ID}"
    observations, ending = await play(steps, (b"NOOP", b"* 1 EXPUNGE\r\n{tag} OK\r\n"))
    assert (summary(observations), ending) == ([(7, True, "status:OK")], "finished")


async def test_literals_wait_to_be_invited() -> None:
    steps = 'C: APPEND {literal "INBOX"} {literal+ "x"} {literal $m1}\nS: OK [APPENDUID <any>]'
    observations, ending = await play(
        steps,
        (b"APPEND {5}", b"+ go\r\n"),
        (b"INBOX {1+}", b""),
        (b"x {%d}" % len(b"Subject: 1\r\n\r\nbody 1\r\n"), b"* 3 EXISTS\r\n+ go on\r\n"),
        (b"Subject: 1", b""),
        (b"", b""),
    )
    assert ending.startswith("line 7: expected OK [APPENDUID <any>], got connection closed")
    assert observations[0].facet is Facet.CONNECTION


async def test_a_refused_literal_is_answered_by_the_tagged_response() -> None:
    steps = f'C: APPEND none {{literal "xyz"}}\nS: NO [TRYCREATE] {ID}\nC: NOOP\nS: OK'
    observations, ending = await play(
        steps, (b"APPEND none {3}", b"{tag} NO [TRYCREATE] no\r\n"), (b"NOOP", b"{tag} OK\r\n")
    )
    assert ending == "finished"
    assert summary(observations) == [(7, True, "status:NO"), (9, True, "status:OK")]


async def test_a_line_after_an_invitation_has_no_tag() -> None:
    steps = 'C: AUTHENTICATE PLAIN\nS: +\nC: {base64 "\\0$user\\0$password"}\nS: OK'
    _, ending = await play(
        steps,
        (b"AUTHENTICATE PLAIN", b"+ \r\n"),
        (base64.b64encode(b"\0ann\0secret"), b"{tag} OK\r\n"),
        start="greeted",
        messages=0,
    )
    assert ending == "finished"


async def test_idle_waits_for_what_must_come() -> None:
    steps = f"C: IDLE\nS: +\nS: * 3 EXISTS {ID}\nC: DONE\nS: OK"
    observations, ending = await play(
        steps, (b"IDLE", b"+ idling\r\n* 1 RECENT\r\n* 3 EXISTS\r\n"), (b"DONE", b"{tag} OK\r\n")
    )
    assert ending == "finished"
    assert summary(observations) == [(7, True, "status:+"), (8, True, "EXISTS"), (10, True, "status:OK")]


async def test_the_greeting_and_the_end() -> None:
    steps = f"S: * OK {ID}\nC: LOGOUT\nS: * BYE {ID}\nS: OK {ID}\nS: <eof> {ID}"
    observations, ending = await play(steps, (b"LOGOUT", b"* BYE bye\r\n{tag} OK\r\n"), start="connected", messages=0)
    assert ending == "finished"
    assert [each.holds for each in observations] == [True] * 4


async def test_pipelined_commands() -> None:
    steps = "C: NOOP\nC: CHECK\nS: OK\nS: BAD"
    observations, ending = await play(steps, (b"NOOP", b""), (b"CHECK", b"{tag} BAD no\r\nP4 OK done\r\n"), messages=2)
    assert ending == "finished"
    assert summary(observations) == [(8, True, "status:OK"), (9, True, "status:BAD")]


async def test_raw_octets_have_tags_of_their_own() -> None:
    steps = f'C! "x1 NOOP\\r\\n\\r\\n"\nS: OK {ID}\nS: * BAD {ID}'
    observations, ending = await play(steps, (b"NOOP", b"x1 OK\r\n"), (b"", b"* BAD empty\r\n"))
    assert ending == "finished"
    assert summary(observations) == [(7, True, "status:OK"), (8, True, "BAD")]


async def test_silence_and_loss_are_findings() -> None:
    steps = f"C: NOOP\nS: * 3 EXISTS\nS: OK {ID}"
    observations, ending = await play(steps, (b"NOOP", b"* 3 EXISTS\r\n"))
    assert (summary(observations), ending) == ([(8, False, "closed")], "enough")


async def test_messages_that_are_not_there_block() -> None:
    steps = "C: NOOP\nS: OK"
    _, ending = await play(steps, messages=1)
    assert ending == "the case needs 1 messages in INBOX with UIDs; 2 are there"
