from hypothesis import given
from hypothesis import strategies as st

from harness.results import EventRecord
from harness.transcript import KEEP_HEAD
from reports.alignment import Row, align, first_difference, steps
from reports.tests.factory import ORACLE, TARGET, dialogue

EVENTS = st.builds(
    EventRecord,
    session=st.integers(1, 3),
    kind=st.sampled_from(["connected", "sent", "received", "closed", "note"]),
    at=st.just(0.0),
    data=st.sampled_from(["", "A\r\n", "B x\r\n", "C\r\n"]),
)


def commands(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.target.key if row.target else "-", row.oracle.key if row.oracle else "-") for row in rows]


def test_a_step_is_a_command_and_its_answer() -> None:
    found = steps(TARGET)
    assert [step.key for step in found] == ["", "USER", "PASS", "DELE", "LIST", "QUIT"]
    assert found[4].received == "+OK 1 120\r\n"
    assert found[4].events == [8, 9]


def test_pieces_of_one_command_are_one_step() -> None:
    pieces = [EventRecord(1, "sent", 0.1 * n, octet) for n, octet in enumerate("NOOP\r\n")]
    found = steps([*pieces, EventRecord(1, "received", 1.0, "+O"), EventRecord(1, "received", 1.1, "K\r\n")])
    assert [(step.sent, step.received) for step in found] == [("NOOP\r\n", "+OK\r\n")]
    assert found[0].until - found[0].at == 1.1


def test_the_same_commands_stand_side_by_side() -> None:
    rows = align(TARGET, ORACLE)
    assert all(one == other for one, other in commands(rows))
    assert [row.same for row in rows] == [True, True, True, False, False, True]


def test_a_command_that_only_one_side_saw_stands_alone() -> None:
    rows = align(dialogue(("STAT\r\n", "+OK\r\n"), ("QUIT\r\n", "+OK\r\n")), dialogue(("QUIT\r\n", "+OK\r\n")))
    assert commands(rows) == [("", ""), ("STAT", "-"), ("QUIT", "QUIT")]
    rows = align(dialogue(("QUIT\r\n", "+OK\r\n")), dialogue(("STAT\r\n", "+OK\r\n"), ("QUIT\r\n", "+OK\r\n")))
    assert commands(rows) == [("", ""), ("-", "STAT"), ("QUIT", "QUIT")]


def test_sessions_are_paired_each_with_its_own() -> None:
    target = (*dialogue(("NOOP\r\n", "+OK\r\n")), *dialogue(("STAT\r\n", "+OK 1 2\r\n"), session=2))
    oracle = (*dialogue(("STAT\r\n", "+OK 1 2\r\n"), session=2), *dialogue(("NOOP\r\n", "+OK\r\n")))
    rows = align(target, oracle)
    assert all(row.same for row in rows)
    assert [row.target.session for row in rows if row.target] == [1, 1, 2, 2]


def test_what_happened_beside_the_octets_counts_as_an_answer() -> None:
    closed = [EventRecord(1, "sent", 0.0, "QUIT\r\n"), EventRecord(1, "closed", 0.1)]
    reset = [EventRecord(1, "sent", 0.0, "QUIT\r\n"), EventRecord(1, "reset", 0.1)]
    assert align(closed, closed)[0].same
    assert not align(closed, reset)[0].same


def test_cut_octets_are_compared_by_their_digest() -> None:
    def cut(digest: str) -> list[EventRecord]:
        data = "x" * (KEEP_HEAD + 10)
        return [EventRecord(1, "received", 0.0, data, omitted=5, sha256=digest)]

    assert align(cut("a"), cut("a"))[0].same
    assert not align(cut("a"), cut("b"))[0].same
    assert steps(cut("a"))[0].parts[0].head == KEEP_HEAD


def test_first_difference_prefers_what_is_not_free_text() -> None:
    assert first_difference("+OK\r\n", "+OK\r\n") is None
    assert first_difference("+OK 1\r\n", "-ERR\r\n") == 0
    assert first_difference("+OK hello\r\na\r\nb\r\n", "+OK there\r\na\r\nc\r\n") == len("+OK hello\r\na\r\n")
    assert first_difference("+OK hello\r\n", "+OK there\r\n") == len("+OK ")
    assert first_difference("+OK\r\nshort", "+OK\r\nshorter") == len("+OK\r\nshort")


@given(st.lists(EVENTS, max_size=30), st.lists(EVENTS, max_size=30))
def test_no_event_is_lost_or_shown_twice(target: list[EventRecord], oracle: list[EventRecord]) -> None:
    rows = align(target, oracle)
    ours = [event for row in rows if row.target for event in row.target.events]
    theirs = [event for row in rows if row.oracle for event in row.oracle.events]
    assert sorted(ours) == list(range(len(target)))
    assert sorted(theirs) == list(range(len(oracle)))
    assert all(row.target.session == row.oracle.session for row in rows if row.target and row.oracle)
    begun = [row.target.first for row in rows if row.target]
    assert begun == sorted(begun)


def test_thousands_of_steps_are_paired_in_bounded_time() -> None:
    many = dialogue(*[(f"{'NOOP' if n % 3 else 'STAT'}\r\n", "+OK\r\n") for n in range(5000)])
    more = dialogue(*[("NOOP\r\n", "+OK\r\n") for n in range(5001)])
    assert len(align(many, more)) == 5002
