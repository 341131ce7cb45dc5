from harness.results import EventRecord
from reports.tests.factory import HOSTILE_OCTETS, TARGET, dialogue, long_case
from reports.transcript_text import transcript_text


def test_each_event_is_a_line_with_its_time() -> None:
    assert transcript_text(TARGET, 9999).splitlines()[:3] == [
        "    0.000 -- connected: 127.0.0.1:40110",
        "    0.001 S: +OK POP3 ready␍␊",
        "    0.001 C: USER p17␍␊",
    ]


def test_a_second_session_is_named() -> None:
    assert "C2: NOOP␍␊" in transcript_text(dialogue(("NOOP\r\n", "+OK\r\n"), session=2), 9999)


def test_what_the_recorder_left_out_has_its_digest() -> None:
    text = transcript_text(long_case(exchanges=1).transcript, 10**6)
    assert "[10000000 octets omitted; SHA-256 of the whole: " + "ab" * 32 + "]" in text


def test_a_long_transcript_is_cut_and_says_so() -> None:
    text = transcript_text([EventRecord(1, "received", 0.0, "x" * 5000 + "\r\n")] * 5, 6000)
    assert "more characters]" in text
    assert text.endswith("[the rest of the transcript is in run.ndjson]")
    assert len(text) < 6200


def test_hostile_octets_reach_no_terminal() -> None:
    assert transcript_text([EventRecord(1, "received", 0.0, HOSTILE_OCTETS)], 9999).replace("\n", "").isprintable()
    assert transcript_text([EventRecord(1, "note", 0.0, text=HOSTILE_OCTETS)], 9999).isprintable()
