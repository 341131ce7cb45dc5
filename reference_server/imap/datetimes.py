"""Dates and date-times of commands and responses (RFC 3501 §9: date, date-time)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from reference_server.imap.errors import SyntaxFault

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS = {name.upper().encode(): number for number, name in enumerate(MONTHS, 1)}
_MONTH = rb"(?:%b)" % "|".join(MONTHS).encode()

# date-text = date-day "-" date-month "-" date-year        date-day = 1*2DIGIT       date-year = 4DIGIT
_DATE = re.compile(rb"([0-9]{1,2})-(%b)-([0-9]{4})" % _MONTH, re.IGNORECASE)

# date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
# date-day-fixed = (SP DIGIT) / 2DIGIT     time = 2DIGIT ":" 2DIGIT ":" 2DIGIT     zone = ("+" / "-") 4DIGIT
_DATE_TIME = re.compile(
    rb"( [0-9]|[0-9]{2})-(%b)-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-5][0-9])" % _MONTH,
    re.IGNORECASE,
)


def parse_date(octets: bytes) -> date:
    """`date-text`, quotes removed. Raises SyntaxFault, also for a day that no calendar has."""
    match = _DATE.fullmatch(octets)
    if match is None:
        raise SyntaxFault("not a date")
    try:
        return date(int(match[3]), _MONTH_NUMBERS[match[2].upper()], int(match[1]))
    except ValueError as error:
        raise SyntaxFault("no such date") from error


def parse_date_time(octets: bytes) -> datetime:
    """What is between the quotes of a date-time, with its zone. Raises SyntaxFault, also where no such moment is."""
    match = _DATE_TIME.fullmatch(octets)
    if match is None:
        raise SyntaxFault("not a date-time")
    day, month, year, hour, minute, second = match.group(1, 2, 3, 4, 5, 6)
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == b"-" else offset)
        moment = datetime(
            int(year), _MONTH_NUMBERS[month.upper()], int(day), int(hour), int(minute), int(second), tzinfo=zone
        )
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SyntaxFault("no such date-time") from error
    return moment


def date_time_text(moment: datetime) -> str:
    """`date-time` without its quotes, in the zone of the moment; one without a zone is taken for UTC."""
    offset = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset), 60)
    day = f"{moment.day:2}-{MONTHS[moment.month - 1]}-{moment.year:04}"
    return f"{day} {moment.hour:02}:{moment.minute:02}:{moment.second:02} {sign}{hours:02}{minutes:02}"
