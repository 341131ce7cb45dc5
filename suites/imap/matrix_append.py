"""APPEND: flags, dates, both or neither, and what is no date-time (RFC 3501 §6.3.11, §9)."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

#: A small message as a literal.
MESSAGE = '{literal "Subject: a bottle\\r\\nFrom: castaway@example.org\\r\\n\\r\\nHelp!\\r\\n"}'

#: Flag lists, the flags that the message has then, and the requirement.
FLAGS = (
    ("no-flag-list", "", "", "RFC3501-6.3.11-g"),
    ("an-empty-flag-list", "() ", "", "RFC3501-6.3.11-g"),
    ("seen", "(\\Seen) ", "\\Seen", "RFC3501-6.3.11-f"),
    ("answered", "(\\Answered) ", "\\Answered", "RFC3501-6.3.11-f"),
    ("flagged", "(\\Flagged) ", "\\Flagged", "RFC3501-6.3.11-f"),
    ("deleted", "(\\Deleted) ", "\\Deleted", "RFC3501-6.3.11-f"),
    ("draft", "(\\Draft) ", "\\Draft", "RFC3501-6.3.11-f"),
    ("two-flags", "(\\Seen \\Draft) ", "\\Seen \\Draft", "RFC3501-6.3.11-f"),
    (
        "every-system-flag",
        "(\\Answered \\Flagged \\Deleted \\Seen \\Draft) ",
        "\\Answered \\Flagged \\Deleted \\Seen \\Draft",
        "RFC3501-6.3.11-f",
    ),
    ("a-flag-in-lower-case", "(\\seen) ", "\\Seen", "RFC3501-9-a"),
    ("a-flag-given-twice", "(\\Seen \\Seen) ", "\\Seen", "RFC3501-6.3.11-f"),
)

#: Date-times, in UTC where the zone is +0000, as they come back; and the requirement.
DATES = (
    ("two-digit-day", "17-Jul-1996 02:44:25 +0000", "RFC3501-6.3.11-i"),
    ("day-behind-a-space", " 7-Jul-1996 02:44:25 +0000", "RFC3501-9-ah"),
    ("day-behind-a-zero", "07-Jul-1996 02:44:25 +0000", "RFC3501-9-ah"),
    ("leap-day", "29-Feb-2024 12:00:00 +0000", "RFC3501-6.3.11-i"),
    ("last-second-of-a-year", "31-Dec-1999 23:59:59 +0000", "RFC3501-6.3.11-i"),
    ("first-second-of-a-year", "01-Jan-2000 00:00:00 +0000", "RFC3501-6.3.11-i"),
    ("month-in-lower-case", "17-jul-1996 02:44:25 +0000", "RFC3501-9-c"),
    ("month-in-upper-case", "17-JUL-1996 02:44:25 +0000", "RFC3501-9-c"),
    ("zone-east", "17-Jul-1996 02:44:25 +0530", "RFC3501-6.3.11-i"),
    ("zone-west", "17-Jul-1996 02:44:25 -0700", "RFC3501-6.3.11-i"),
    ("after-2038", "20-Jan-2038 03:14:08 +0000", "RFC3501-6.3.11-i"),
)

#: What is no date-time: BAD, or NO for what has the form of one.
NO_DATES = (
    ("the-31st-of-april", "31-Apr-2020 00:00:00 +0000"),
    ("the-29th-of-february-of-a-common-year", "29-Feb-2023 00:00:00 +0000"),
    ("the-hour-24", "17-Jul-1996 24:00:00 +0000"),
    ("the-minute-60", "17-Jul-1996 02:60:25 +0000"),
    ("a-month-that-does-not-exist", "17-Foo-1996 02:44:25 +0000"),
    ("a-month-as-a-number", "17-07-1996 02:44:25 +0000"),
    ("a-year-of-two-digits", "17-Jul-96 02:44:25 +0000"),
    ("a-day-of-one-digit", "7-Jul-1996 02:44:25 +0000"),
    ("no-zone", "17-Jul-1996 02:44:25"),
    ("a-zone-by-name", "17-Jul-1996 02:44:25 GMT"),
    ("a-date-alone", "17-Jul-1996"),
    ("the-form-of-a-header", "Wed, 17 Jul 1996 02:44:25 +0000"),
    ("an-empty-string", ""),
)


def _flags(slug: str, given: str, after: str, requirement: str) -> Generated:
    steps = [
        sent(f"APPEND INBOX {given}{MESSAGE}"),
        expecting("OK", requirement),
        sent("SELECT INBOX"),
        expecting("* 1 EXISTS", "RFC3501-6.3.11-a"),
        "S: OK",
        sent("FETCH 1 FLAGS"),
        expecting(f"* 1 FETCH (FLAGS ({after}))", requirement),
        "S: OK",
    ]
    return f"imap/rfc3501-6.3.11/with-{slug}", dialogue(f"APPEND with {slug.replace('-', ' ')}", steps)


def _date(slug: str, given: str, requirement: str) -> Generated:
    """The target takes the date; whether it is the same instant, a Python case asks for all of them."""
    steps = [
        sent(f'APPEND INBOX "{given}" {MESSAGE}'),
        expecting("OK", "RFC3501-9-l", requirement),
        sent("SELECT INBOX"),
        expecting("* 1 EXISTS", "RFC3501-6.3.11-a"),
        "S: OK",
        sent("FETCH 1 INTERNALDATE"),
        expecting("* 1 FETCH (INTERNALDATE <date>)", "RFC3501-9-ai"),
        "S: OK",
    ]
    return f"imap/rfc3501-6.3.11/date-{slug}", dialogue(f"APPEND with a date-time: {slug.replace('-', ' ')}", steps)


def _no_date(slug: str, given: str) -> Generated:
    steps = [
        sent(f'APPEND INBOX "{given}" {MESSAGE}'),
        expecting("BAD | NO", "RFC3501-2.2.2-j"),
        sent("STATUS INBOX (MESSAGES)"),
        expecting("* STATUS INBOX (MESSAGES 0)", "RFC3501-6.3.11-k"),
        "S: OK",
    ]
    return f"imap/rfc3501-6.3.11/no-date-{slug}", dialogue(f"APPEND with {slug.replace('-', ' ')} is refused", steps)


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_flags(*row) for row in FLAGS],
        *[_date(*row) for row in DATES],
        *[_no_date(*row) for row in NO_DATES],
    ]
