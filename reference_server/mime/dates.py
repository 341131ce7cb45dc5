"""The Date field: when a message says that it was sent.

Knows RFC 5322 §3.3 and §4.3 (two- and three-digit years, named zones, comments), RFC 3501 §6.4.4 (SENTBEFORE, SENTON,
SENTSINCE take the date alone, in its own zone) and RFC 5256 §2.2 (the instant, and what a wrong time or zone is).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from reference_server.mime.content_type import without_comments

_MONTHS = (b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC")

# obs-zone; the military zones and names of unknown meaning are -0000 (§4.3).
_ZONE_HOURS = {b"EDT": -4, b"EST": -5, b"CDT": -5, b"CST": -6, b"MDT": -6, b"MST": -7, b"PDT": -7, b"PST": -8}

# date-time = [ day-of-week "," ] day month year hour ":" minute [ ":" second ] zone
_DATE = re.compile(
    rb"\s*(?:[A-Za-z]+\s*,\s*|[A-Za-z]+\s+)?(\d{1,2})\s*+(?:-\s*+)?([A-Za-z]{3,9})\s*+(?:-\s*+)?(\d{2,9})(?![\d:])"
)
_TIME = re.compile(rb"\s*(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?(?!\d)")
_ZONE = re.compile(rb"\s*(?:([+-])(\d{2})([0-5]\d)(?!\d)|([A-Za-z]+))")


class SentDate(NamedTuple):
    """The day as the sender wrote it, and the instant, in UTC."""

    day: date
    instant: datetime


def sent_date(value: bytes | None) -> SentDate | None:
    """Read the value of a Date field, unfolded. None where there is none, or it holds no date."""
    if not value:
        return None
    value = without_comments(value)
    match = _DATE.match(value)
    if match is None:
        return None
    day = _day(match[1], match[2], match[3])
    if day is None:
        return None
    clock, position = _time_of_day(value, match.end())
    midnight = datetime.combine(day, time(), UTC)
    try:
        return SentDate(day, midnight + clock - _offset(value, position))
    except OverflowError:  # at either end of the calendar
        return SentDate(day, midnight)


def _day(day: bytes, month: bytes, year: bytes) -> date | None:
    name = month[:3].upper()
    if name not in _MONTHS:
        return None
    try:
        return date(_year(year), _MONTHS.index(name) + 1, int(day))
    except ValueError:
        return None


def _year(digits: bytes) -> int:
    """Two digits are of 2000 to 2049 or of 1950 to 1999, three digits count from 1900 (§4.3)."""
    year = int(digits)
    if len(digits) == 2 and year < 50:
        return 2000 + year
    return 1900 + year if len(digits) < 4 else year


def _time_of_day(value: bytes, position: int) -> tuple[timedelta, int]:
    """The time and where it ends; midnight where it is wrong (RFC 5256 §2.2). A leap second is the second after it."""
    match = _TIME.match(value, position)
    if match is None:
        return timedelta(), position
    hours, minutes, seconds = (int(digits or 0) for digits in match.groups())
    if hours > 23 or minutes > 59 or seconds > 60:
        return timedelta(), match.end()
    return timedelta(hours=hours, minutes=minutes, seconds=seconds), match.end()


def _offset(value: bytes, position: int) -> timedelta:
    """How far local time is ahead of UTC; nothing where the zone is missing or wrong (RFC 5256 §2.2)."""
    match = _ZONE.match(value, position)
    if match is None:
        return timedelta()
    sign, hours, minutes, name = match.groups()
    if name is not None:
        return timedelta(hours=_ZONE_HOURS.get(name.upper(), 0))
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == b"-" else offset
