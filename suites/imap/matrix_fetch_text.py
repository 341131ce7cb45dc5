"""FETCH of parts of texts: partial fetches, header fields, and INTERNALDATE (RFC 3501 §6.4.5).

The messages are appended by the case, so that no way in can have touched them.
"""

from __future__ import annotations

from suites.imap.boxes import Stored, filled, note, text
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

FOLDER = "imap/rfc3501-6.4.5"

_DIGITS = note("digits", "0123456789", fields=("X-Hold: aft",))
_HEADER = _DIGITS.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
_FIELD = b"X-Hold: aft\r\n\r\n"
_BODY = b"0123456789\r\n"

#: Partial fetches: slug, section, origin, count, the whole section.
PARTIALS = (
    ("start-of-text", "TEXT", 0, 4, _BODY),
    ("middle-of-text", "TEXT", 3, 4, _BODY),
    ("one-octet-of-text", "TEXT", 9, 1, _BODY),
    ("end-of-text", "TEXT", 10, 2, _BODY),
    ("half-a-line-end", "TEXT", 10, 1, _BODY),
    ("exactly-the-text", "TEXT", 0, 12, _BODY),
    ("more-than-the-text", "TEXT", 0, 100, _BODY),
    ("past-the-end-of-text", "TEXT", 8, 100, _BODY),
    ("from-the-end-of-text", "TEXT", 12, 5, _BODY),
    ("from-beyond-the-text", "TEXT", 50, 5, _BODY),
    ("largest-numbers-of-text", "TEXT", 4294967295, 4294967295, _BODY),
    ("largest-count-of-text", "TEXT", 2, 4294967295, _BODY),
    ("start-of-part", "1", 0, 5, _BODY),
    ("middle-of-part", "1", 5, 3, _BODY),
    ("start-of-header", "HEADER", 0, 5, _HEADER),
    ("middle-of-header", "HEADER", 7, 30, _HEADER),
    ("end-of-header", "HEADER", len(_HEADER) - 4, 20, _HEADER),
    ("start-of-message", "", 0, 20, _DIGITS),
    ("across-header-and-text", "", len(_HEADER) - 5, 10, _DIGITS),
    ("end-of-message", "", len(_DIGITS) - 3, 100, _DIGITS),
    ("start-of-field", "HEADER.FIELDS (X-Hold)", 0, 6, _FIELD),
    ("middle-of-field", "HEADER.FIELDS (X-Hold)", 8, 3, _FIELD),
    ("blank-line-behind-field", "HEADER.FIELDS (X-Hold)", 13, 9, _FIELD),
    ("other-fields", "HEADER.FIELDS.NOT (From Subject)", 2, 7, _FIELD),
)

_HEADED = note(
    "the harbour",
    fields=(
        "Received: by pier.test; Mon, 3 Jun 2024 07:00:01 +0000",
        "Received: by quay.test;",
        "\tMon, 3 Jun 2024 07:00:00 +0000",
        "X-Hold: aft",
        "X-Hold-Note: dry",
        "X-Empty:",
        "subject-line: none",
    ),
)
_FROM = b"From: Lena Fischer <lena@sender.test>\r\n"
_SUBJECT = b"Subject: the harbour\r\n"
_RECEIVED = (
    b"Received: by pier.test; Mon, 3 Jun 2024 07:00:01 +0000\r\n"
    b"Received: by quay.test;\r\n\tMon, 3 Jun 2024 07:00:00 +0000\r\n"
)
_HOLD, _HOLD_NOTE, _EMPTY, _LINE = (
    b"X-Hold: aft\r\n",
    b"X-Hold-Note: dry\r\n",
    b"X-Empty:\r\n",
    b"subject-line: none\r\n",
)

#: Header fields: slug, section as asked for, fields that come, requirement.
FIELDS = (
    ("one", "HEADER.FIELDS (Subject)", _SUBJECT, "RFC3501-6.4.5-r"),
    ("two", "HEADER.FIELDS (From Subject)", _FROM + _SUBJECT, "RFC3501-6.4.5-r"),
    ("two-in-the-other-order", "HEADER.FIELDS (Subject From)", _FROM + _SUBJECT, "RFC3501-6.4.5-r"),
    ("in-upper-case", "HEADER.FIELDS (SUBJECT)", _SUBJECT, "RFC3501-6.4.5-t"),
    ("in-lower-case", "HEADER.FIELDS (x-hold)", _HOLD, "RFC3501-6.4.5-t"),
    ("in-quotes", 'HEADER.FIELDS ("X-Hold" Subject)', _SUBJECT + _HOLD, "RFC3501-9-aq"),
    ("repeated", "HEADER.FIELDS (Received)", _RECEIVED, "RFC3501-6.4.5-r"),
    ("named-twice", "HEADER.FIELDS (X-Hold X-Hold)", _HOLD, "RFC3501-6.4.5-r"),
    ("empty", "HEADER.FIELDS (X-Empty)", _EMPTY, "RFC3501-6.4.5-r"),
    ("absent", "HEADER.FIELDS (X-Nowhere)", b"", "RFC3501-6.4.5-u"),
    ("absent-and-present", "HEADER.FIELDS (X-Nowhere X-Hold)", _HOLD, "RFC3501-6.4.5-r"),
    ("with-a-name-that-is-a-prefix", "HEADER.FIELDS (X-Hol)", b"", "RFC3501-6.4.5-t"),
    ("with-a-name-that-has-a-prefix", "HEADER.FIELDS (X-Hold)", _HOLD, "RFC3501-6.4.5-t"),
    (
        "but-one",
        "HEADER.FIELDS.NOT (Received)",
        _FROM + _SUBJECT + _HOLD + _HOLD_NOTE + _EMPTY + _LINE,
        "RFC3501-6.4.5-s",
    ),
    (
        "but-several",
        "HEADER.FIELDS.NOT (received x-hold x-hold-note FROM)",
        _SUBJECT + _EMPTY + _LINE,
        "RFC3501-6.4.5-s",
    ),
    (
        "but-all",
        "HEADER.FIELDS.NOT (From Subject Received X-Hold X-Hold-Note X-Empty Subject-Line)",
        b"",
        "RFC3501-6.4.5-u",
    ),
    (
        "but-an-absent-one",
        "HEADER.FIELDS.NOT (X-Nowhere)",
        _FROM + _SUBJECT + _RECEIVED + _HOLD + _HOLD_NOTE + _EMPTY + _LINE,
        "RFC3501-6.4.5-s",
    ),
)


def _partial(slug: str, section: str, origin: int, count: int, whole: bytes) -> Generated:
    cut = whole[origin : origin + count]
    requirement = "RFC3501-6.4.5-x" if len(cut) == count else "RFC3501-6.4.5-z" if cut else "RFC3501-6.4.5-y"
    also = ["RFC3501-6.4.5-ab"] if section.startswith("HEADER.FIELDS") else []
    also += ["RFC3501-6.4.5-aa"] if origin == 0 else ["RFC3501-7.4.2-d"]
    steps = [*filled([_DIGITS]), sent(f"FETCH 1 BODY.PEEK[{section}]<{origin}.{count}>")]
    steps += [expecting(f"* 1 FETCH (BODY[{section}]<{origin}> {text(cut)})", *also, requirement)]
    steps += [expecting("OK", requirement)]
    title = f"{count} octets from octet {origin} of BODY[{section}]"
    return f"{FOLDER}/partial-{slug}", dialogue(title, steps)


def _fields(slug: str, section: str, fields: bytes, requirement: str) -> Generated:
    steps = [*filled([_HEADED]), sent(f"FETCH 1 BODY.PEEK[{section}]")]
    label, seen = section.replace('"', ""), text(fields + b"\r\n")
    steps += [expecting(f"* 1 FETCH (BODY[{label}] {seen})", requirement)]
    steps += [expecting("OK", requirement)]
    return f"{FOLDER}/fields-{slug}", dialogue(f"FETCH of {section}", steps)


def _dates() -> list[Generated]:
    """INTERNALDATE is the instant that APPEND was given; several zones and days."""
    table = (
        ("utc", "03-Jun-2024 07:08:09 +0000"),
        ("east", " 3-Jun-2024 07:08:09 +0530"),
        ("west", "31-Dec-1999 23:59:59 -0800"),
        ("leap-day", "29-Feb-2024 00:00:00 +0000"),
    )
    found = []
    for slug, date in table:
        steps = [*filled([Stored(_DIGITS, date=date)]), "C: FETCH 1 INTERNALDATE"]
        steps += [expecting("* 1 FETCH (INTERNALDATE <date>)", "RFC3501-9-ai", "RFC3501-6.4.5-ai"), "S: OK"]
        found.append((f"imap/rfc3501-9/internaldate-{slug}", dialogue(f"INTERNALDATE of {date} is a date-time", steps)))
    return found


def cases() -> list[Generated]:
    """All of the tables above."""
    return [*[_partial(*row) for row in PARTIALS], *[_fields(*row) for row in FIELDS], *_dates()]
