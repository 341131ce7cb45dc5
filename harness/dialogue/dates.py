"""The date-time of RFC 5322 §3.3 (with the obsolete zones and years of §4.3), as `<date>` matches it."""

from __future__ import annotations

import datetime
import re

#: Words that a date-time can take: without the day of the week, up to one with a comment behind the zone.
FEWEST_WORDS, MOST_WORDS = 5, 8

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(
    r"(?:(?P<name>[A-Za-z]{3}), {1,2})?(?P<day>[0-9]{1,2}) (?P<month>[A-Za-z]{3}) (?P<year>[0-9]{4}|[0-9]{2,3}) "
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))? "
    r"(?:[+-][0-9]{2}[0-5][0-9]|UT|GMT|[ECMP][SD]T|[A-IK-Za-ik-z])(?: \([^()]*\))?"
)


def is_date_time(data: bytes) -> bool:
    """True for a date-time that names a moment that exists."""
    found = _DATE.fullmatch(data.decode("latin-1"))
    if found is None or found["month"].lower() not in _MONTHS:
        return False
    try:
        date = datetime.date(_year(found["year"]), _MONTHS.index(found["month"].lower()) + 1, int(found["day"]))
    except ValueError:
        return False
    named = found["name"] is None or found["name"].lower() == _DAYS[date.weekday()]
    return named and int(found["hour"]) < 24 and int(found["minute"]) < 60 and int(found["second"] or 0) <= 60


def _year(digits: str) -> int:
    """RFC 5322 §4.3: two digits from 00 to 49 are 2000 to 2049, other short years count from 1900."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + 2000 if len(digits) == 2 and year < 50 else year + 1900
