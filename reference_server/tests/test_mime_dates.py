from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.mime.dates import SentDate, sent_date


@pytest.mark.parametrize(
    ("value", "day", "instant"),
    [
        (b"Fri, 21 Nov 1997 09:55:06 -0600", (1997, 11, 21), (1997, 11, 21, 15, 55, 6)),
        (b"21 Nov 1997 09:55 -0600", (1997, 11, 21), (1997, 11, 21, 15, 55)),
        (b"Thu,\t13\tFeb 1969  23:32 -0330 (Newfoundland Time)", (1969, 2, 13), (1969, 2, 14, 3, 2)),
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", (1997, 11, 21), (1997, 11, 21, 15, 55, 6)),
        (b"31 Dec 2000 16:01:33 -0800", (2000, 12, 31), (2001, 1, 1, 0, 1, 33)),
        (b"1 jan 2001 00:30 +0100", (2001, 1, 1), (2000, 12, 31, 23, 30)),
        (b"29 Feb 2000 00:00:00 +0000", (2000, 2, 29), (2000, 2, 29)),
        (b"(now) Fri, 21 Nov 1997 09:55:06 +0000", (1997, 11, 21), (1997, 11, 21, 9, 55, 6)),
        (b"Mon, 21 Nov 1997 09:55:06 +0000", (1997, 11, 21), (1997, 11, 21, 9, 55, 6)),
        (b"31 Dec 1998 23:59:60 +0000", (1998, 12, 31), (1999, 1, 1)),
        (b"21-Nov-1997 9:55:06 +0000", (1997, 11, 21), (1997, 11, 21, 9, 55, 6)),
        (b"21 November 1997 09:55:06 +0000", (1997, 11, 21), (1997, 11, 21, 9, 55, 6)),
    ],
)
def test_dates(value: bytes, day: tuple[int, int, int], instant: tuple[int, int, int]) -> None:
    assert sent_date(value) == SentDate(date(*day), datetime(*instant, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "year"),
    [(b"00", 2000), (b"49", 2049), (b"50", 1950), (b"99", 1999), (b"100", 2000), (b"097", 1997), (b"9999", 9999)],
)
def test_years_of_two_and_three_digits(written: bytes, year: int) -> None:
    found = sent_date(b"1 Jan " + written + b" 12:00 GMT")
    assert found is not None
    assert found.day.year == year


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        *((b"UT", 0), (b"GMT", 0), (b"EDT", -4), (b"EST", -5), (b"CDT", -5), (b"CST", -6)),
        *((b"MDT", -6), (b"MST", -7), (b"PDT", -7), (b"pst", -8), (b"+0530", 5.5), (b"-0000", 0)),
        *((b"A", 0), (b"Z", 0), (b"CEST", 0), (b"", 0), (b"+5", 0), (b"+0199", 0), (b"?", 0)),
    ],
)
def test_zones_of_which_a_wrong_one_is_utc(zone: bytes, hours: float) -> None:
    found = sent_date(b"21 Nov 1997 09:55:06 " + zone)
    assert found == (date(1997, 11, 21), datetime(1997, 11, 21, 9, 55, 6, tzinfo=UTC) - timedelta(hours=hours))


@pytest.mark.parametrize("clock", [b"", b"24:00:00", b"12:60", b"12:00:61", b"noon", b"12", b"123:00"])
def test_a_wrong_time_is_midnight(clock: bytes) -> None:
    assert sent_date(b"21 Nov 1997 " + clock) == (date(1997, 11, 21), datetime(1997, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"yesterday",
        b"31 Feb 2000 00:00:00 +0000",
        b"0 Jan 2000 00:00:00 +0000",
        b"29 Feb 1900 00:00:00 +0000",
        b"1 Foo 2000 00:00:00 +0000",
        b"1 Jan 0000 00:00:00 +0000",
        b"1 Jan 10000 00:00:00 +0000",
        b"1 Jan 12:00:00 +0000",
        b"Fri Nov 21 09:55:06 1997",
        b"1997-11-21T09:55:06Z",
        b"\xff",
    ],
)
def test_what_holds_no_date(value: bytes | None) -> None:
    assert sent_date(value) is None


@pytest.mark.parametrize(
    "value", [b"31 Dec 9999 23:59:60 +0000", b"31 Dec 9999 23:59:59 -9959", b"1 Jan 0001 00:00:00 +9959"]
)
def test_an_instant_beyond_the_calendar_is_the_day_itself(value: bytes) -> None:
    found = sent_date(value)
    assert found is not None
    assert found.instant.date() == found.day


_ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(st.datetimes(datetime(1901, 1, 1), datetime(9998, 1, 1), timezones=_ZONES))
def test_what_the_standard_library_writes_is_read(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert sent_date(format_datetime(moment).encode()) == (moment.date(), moment)


@given(st.lists(st.sampled_from([b"1", b"Jan", b" ", b":", b"-", b"(", b")", b",", b"+", b"Z", b"0"])).map(b"".join))
def test_anything_is_read(value: bytes) -> None:
    found = sent_date(value)
    assert found is None or abs(found.instant - datetime.combine(found.day, datetime.min.time(), UTC)) < timedelta(
        days=6
    )
