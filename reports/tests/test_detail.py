from dataclasses import replace

from harness.results import EventRecord
from harness.verdicts import Outcome
from reports.detail import CaseDetail, Limits, RowView, case_detail
from reports.tests.factory import ORACLE, RULE, a_case, a_header, deviation, dialogue, hostile_case, long_case

HEADER = a_header(1)


def shown(row: RowView) -> str:
    return "".join(piece.text for part in (*row.target, *row.oracle) for piece in part.pieces)


def marks(detail: CaseDetail) -> list[tuple[int, str]]:
    return [
        (row.number, piece.text)
        for row in detail.rows
        for part in (*row.target, *row.oracle)
        for piece in part.pieces
        if piece.kind == "difference"
    ]


def test_the_deviation_points_at_the_step_that_shows_it() -> None:
    detail = case_detail(a_case(Outcome.DEVIATES), HEADER)
    assert [view.row for view in detail.deviations] == [5]
    assert [row.number for row in detail.rows if row.first_difference] == [5]
    assert marks(detail) == [(5, "+"), (5, "-")]


def test_deviations_of_an_unjudged_case_are_seen_but_not_charged() -> None:
    detail = case_detail(a_case(Outcome.UNSTABLE, deviations=[deviation()]), HEADER)
    assert detail.deviations == []
    assert len(detail.uncharged) == 1


def test_a_licensed_difference_names_its_rule_and_the_clause() -> None:
    (judged,) = case_detail(a_case(Outcome.VARIES), HEADER).judged
    assert judged.rule == RULE


def test_a_conforming_case_has_no_first_difference() -> None:
    assert not any(row.first_difference for row in case_detail(a_case(Outcome.CONFORMS), HEADER).rows[:4])
    quiet = replace(a_case(Outcome.CONFORMS), expectations=())
    assert not any(row.first_difference for row in case_detail(quiet, HEADER).rows)


def test_without_a_judgement_the_first_unlike_answer_is_the_difference() -> None:
    case = replace(a_case(Outcome.REVIEW), expectations=())
    assert [row.number for row in case_detail(case, HEADER).rows if row.first_difference] == [4]


def test_an_answer_that_ends_early_is_marked_where_it_ends() -> None:
    target = dialogue(("LIST\r\n", "+OK\r\n1 120\r\n"))
    oracle = dialogue(("LIST\r\n", "+OK\r\n1 120\r\n.\r\n"))
    case = replace(a_case(Outcome.REVIEW), expectations=(), transcript=target, oracle_transcript=oracle)
    assert marks(case_detail(case, HEADER)) == [(2, "[ends here]"), (2, ".")]


def test_omitted_octets_are_counted_with_their_digest() -> None:
    text = "".join(shown(row) for row in case_detail(long_case(exchanges=1), HEADER).rows)
    assert "[10000000 octets omitted; SHA-256 of the whole: " + "ab" * 32 in text


def test_a_long_answer_that_is_the_same_is_shown_once() -> None:
    rows = case_detail(long_case(exchanges=1), HEADER).rows
    assert any("the same 7133 octets" in shown(row) for row in rows)


def test_a_transcript_is_cut_to_its_share() -> None:
    case = long_case(exchanges=50)
    for octets in (1024, 16 * 1024):
        text = "".join(shown(row) for row in case_detail(case, HEADER, Limits(octets=octets)).rows)
        assert "more octets in run.ndjson]" in text
        assert len(text) < octets + 60 * 800


def test_rows_are_cut_but_not_the_one_that_matters() -> None:
    many = dialogue(
        *[("NOOP\r\n", "+OK\r\n")] * 1000, ("LIST 1\r\n", "+OK 1 120\r\n"), *[("NOOP\r\n", "+OK\r\n")] * 1000
    )
    place = next(index for index, event in enumerate(many) if event.data == "+OK 1 120\r\n")
    case = replace(
        a_case(Outcome.DEVIATES, deviations=[replace(deviation(), event=place)]), transcript=many, expectations=()
    )
    detail = case_detail(case, HEADER, Limits(rows=40))
    assert detail.deviations[0].row in {row.number for row in detail.rows}
    assert len(detail.rows) < 60
    assert sum(row.hidden or 1 for row in detail.rows) == len(case_detail(case, HEADER, Limits(rows=9999)).rows)


def test_a_flood_in_the_row_that_matters_is_cut_too() -> None:
    flood = [EventRecord(1, "sent", 0.0, "LIST\r\n"), *[EventRecord(1, "received", 0.1, "x" * 7000)] * 300]
    case = replace(a_case(Outcome.DEVIATES, deviations=[replace(deviation(), event=1)]), transcript=tuple(flood))
    assert sum(len(shown(row)) for row in case_detail(case, HEADER).rows) < 40_000


def test_nothing_hostile_is_left_in_any_piece() -> None:
    for row in case_detail(hostile_case(), HEADER).rows:
        assert shown(row).replace("\n", "").isprintable()


def test_a_case_without_a_partner_has_one_side() -> None:
    case = replace(a_case(Outcome.DEVIATES), oracle_transcript=())
    assert all(not row.oracle for row in case_detail(case, HEADER).rows)
    assert len(case_detail(replace(case, transcript=(), oracle_transcript=ORACLE), HEADER).rows) == 6
