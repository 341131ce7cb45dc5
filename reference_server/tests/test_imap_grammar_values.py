"""Sequence sets, flags, dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.imap import flags
from reference_server.imap.datetimes import date_time_text, parse_date, parse_date_time
from reference_server.imap.errors import SyntaxFault
from reference_server.imap.parser_session import from_base64
from reference_server.imap.sets import SAVED_RESULT, SequenceSet, merged, parse_sequence_set, set_text


def resolved(octets: bytes, largest: int) -> tuple[tuple[int, int], ...]:
    return parse_sequence_set(octets).resolve(largest)


@pytest.mark.parametrize(
    ("octets", "largest", "ranges"),
    [
        (b"1", 9, ((1, 1),)),
        (b"4:2", 9, ((2, 4),)),
        (b"2,4:7,9,12:*", 15, ((2, 2), (4, 7), (9, 9), (12, 15))),
        (b"*:4,5:7", 10, ((4, 10),)),
        (b"*", 7, ((7, 7),)),
        (b"*:*", 7, ((7, 7),)),
        (b"12:*", 7, ((7, 12),)),
        (b"3,1,2,2", 9, ((1, 3),)),
        (b"5:6,1:9,3", 9, ((1, 9),)),
        (b"1:4294967295", 3, ((1, 4294967295),)),
        (b"1:*", 0, ((1, 1),)),
    ],
)
def test_sets_become_ascending_ranges(octets: bytes, largest: int, ranges: tuple[tuple[int, int], ...]) -> None:
    assert resolved(octets, largest) == ranges


@pytest.mark.parametrize(
    ("octets", "largest", "ranges"),
    [
        (b"1:4294967295", 3, ((1, 3),)),
        (b"5:9", 4, ()),
        (b"12:*", 7, ((7, 7),)),
        (b"1:*", 0, ()),
        (b"2,9", 8, ((2, 2),)),
    ],
)
def test_sets_within_a_mailbox(octets: bytes, largest: int, ranges: tuple[tuple[int, int], ...]) -> None:
    assert parse_sequence_set(octets).within(largest) == ranges


@pytest.mark.parametrize(
    ("octets", "messages", "beyond"),
    [(b"1:3", 3, False), (b"1:4", 3, True), (b"*", 3, False), (b"4:*", 3, True), (b"*", 0, True), (b"1", 0, True)],
)
def test_numbers_beyond_the_mailbox(octets: bytes, messages: int, beyond: bool) -> None:
    assert parse_sequence_set(octets).exceeds(messages) is beyond


def test_the_saved_result() -> None:
    assert parse_sequence_set(b"$", saved_result=True) == SAVED_RESULT
    assert not SAVED_RESULT.exceeds(0)
    with pytest.raises(SyntaxFault):
        parse_sequence_set(b"$")


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60))))
def test_merged_ranges_hold_the_same_numbers(ranges: list[tuple[int, int]]) -> None:
    ordered = [(min(pair), max(pair)) for pair in ranges]
    result = merged(ordered)
    numbers = {number for low, high in ordered for number in range(low, high + 1)}
    assert {number for low, high in result for number in range(low, high + 1)} == numbers
    assert all(before[1] + 1 < after[0] for before, after in pairwise(result))


@given(st.lists(st.integers(1, 30), min_size=1))
def test_a_set_that_is_written_reads_back_in_its_order(numbers: list[int]) -> None:
    parsed = parse_sequence_set(set_text(numbers).encode())
    found = [number for each in parsed.ranges for number in range(each.first or 0, (each.last or 0) + 1)]
    assert found == numbers


@given(st.text(alphabet="0123456789:*,$ ", max_size=20))
def test_any_characters_are_a_set_or_a_fault(text: str) -> None:
    try:
        found = parse_sequence_set(text.encode(), saved_result=True)
    except SyntaxFault:
        return
    assert isinstance(found, SequenceSet)
    assert all(1 <= low <= high <= 0xFFFF_FFFF for low, high in found.resolve(5))


def test_flags() -> None:
    assert flags.canonical("\\sEEN") == "\\Seen"
    assert flags.canonical("\\foo") == "\\foo"
    assert flags.canonical("$x") == "$x"
    assert flags.canonical_use("\\TRASH") == "\\Trash"
    assert flags.is_keyword("$x")
    assert not flags.is_keyword("\\Seen")
    assert flags.without_repetitions(["b", "A", "a", "B", "c"]) == ("b", "A", "c")


@pytest.mark.parametrize(
    ("octets", "day"),
    [(b"1-Jan-2024", date(2024, 1, 1)), (b"29-fEB-2024", date(2024, 2, 29)), (b"01-Dec-0001", date(1, 12, 1))],
)
def test_dates(octets: bytes, day: date) -> None:
    assert parse_date(octets) == day


@pytest.mark.parametrize(
    "octets", [b"", b"29-Feb-2023", b" 1-Jan-2024", b"1-Jan-202", b"1-Jan-20244", b"1-Foo-2024", b"1-Jan-2024 "]
)
def test_other_dates_are_none(octets: bytes) -> None:
    with pytest.raises(SyntaxFault):
        parse_date(octets)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"17-Jul-1996 02:44:25 -0700", "17-Jul-1996 02:44:25 -0700"),
        (b" 7-jul-1996 02:44:25 +0000", " 7-Jul-1996 02:44:25 +0000"),
        (b"07-Jul-1996 23:59:59 +1345", " 7-Jul-1996 23:59:59 +1345"),
        (b"31-Dec-0099 00:00:00 -0030", "31-Dec-0099 00:00:00 -0030"),
        (b"31-Dec-2024 00:00:00 -0000", "31-Dec-2024 00:00:00 +0000"),
    ],
)
def test_date_times(octets: bytes, text: str) -> None:
    assert date_time_text(parse_date_time(octets)) == text


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"1-Jul-1996 02:44:25 +0000",
        b"32-Jul-1996 02:44:25 +0000",
        b" 1-Jul-1996 24:00:00 +0000",
        b" 1-Jul-1996 00:60:00 +0000",
        b" 1-Jul-1996 00:00:60 +0000",
        b" 1-Jul-1996 00:00:00",
        b" 1-Jul-1996 00:00:00 GMT",
        b" 1-Jul-1996 00:00:00 +00:00",
        b" 1-Jul-1996 00:00:00 +2400",
        b" 1-Jul-1996 00:00:00 +0060",
        b" 1-Jul-1996 0:00:00 +0000",
        b" 0-Jul-1996 00:00:00 +0000",
        b" 1-Jan-0001 00:00:00 +0100",
        b"31-Dec-9999 23:00:00 -0100",
        b" 1-Jul-1996  00:00:00 +0000",
        b" 1-Jul-0000 00:00:00 +0000",
    ],
)
def test_other_date_times_are_none(octets: bytes) -> None:
    with pytest.raises(SyntaxFault):
        parse_date_time(octets)


ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES))
def test_a_date_time_that_is_written_reads_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    back = parse_date_time(date_time_text(moment).encode())
    assert (back, back.utcoffset()) == (moment, moment.utcoffset())


def test_a_moment_without_a_zone_is_taken_for_utc() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert date_time_text(moment.replace(tzinfo=None)) == date_time_text(moment) == " 2-Jan-2024 03:04:05 +0000"


@pytest.mark.parametrize(
    ("octets", "decoded"),
    [
        (b"", b""),
        (b"QUI=", b"AB"),
        (b"QQ==", b"A"),
        (b"QUI", None),
        (b"Q", None),
        (b"=", None),
        (b"QUI=QUI=", None),
        (b"QU I=", None),
        (b"*", None),
        (b"Q===", None),
        (b"QUI=\n", None),
    ],
)
def test_base64_is_taken_to_the_letter(octets: bytes, decoded: bytes | None) -> None:
    assert from_base64(octets) == decoded
