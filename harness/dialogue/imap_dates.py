"""The date-time of RFC 3501 §9, as INTERNALDATE and APPEND have it."""

from __future__ import annotations

import re
from datetime import datetime

_DATE = re.compile(rb"[ 0-9][0-9]-[A-Za-z]{3}-[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}")


def moment(data: bytes) -> datetime | None:
    """The moment that a date-time names; None where it names none."""
    if not _DATE.fullmatch(data):
        return None
    try:
        return datetime.strptime(data.decode("ascii").lstrip(" "), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


def is_date_time(data: bytes) -> bool:
    """True for a date-time that names a moment that exists."""
    return moment(data) is not None
