"""Statements of small extensions, each by a short dialogue (RFC 3502, 3516, 4466, 5182, 5256, 8438, 9051, 9208)."""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.boxes import appended, filled, note, octets
from suites.imap.dialogue_text import Generated, all_done, dialogue, expecting, sent


@dataclass(frozen=True, slots=True)
class Statement:
    """A case: its id, title, steps, and what it requires."""

    id: str
    title: str
    steps: tuple[str, ...]
    requires: str
    start: str = "authenticated"
    messages: str = ""


def _date(day: int) -> str:
    return f"Date: {day:02d} Jun 2024 12:00:00 +0000"


_OLDEST = note("oldest", fields=("Date: Mon, 3 Jun 2024 01:00:00 +0000",))
_NEWEST = note("newest", fields=("Date: Wed, 5 Jun 2024 01:00:00 +0000",))
#: The zone is none, so this is 12:00 in UTC; and the time is none, so this is 00:00:00.
_ODD_ZONE = note("odd zone", fields=("Date: Tue, 4 Jun 2024 12:00:00 +9999",))
_ODD_TIME = note("odd time", fields=("Date: Tue, 4 Jun 2024 31:71:99 +0000",))
_NOON = note("noon", fields=("Date: Tue, 4 Jun 2024 12:30:00 +0000",))
_MORNING = note("morning", fields=("Date: Tue, 4 Jun 2024 00:30:00 +0000",))
_MORNING_BEFORE = note("before", fields=("Date: Mon, 3 Jun 2024 23:30:00 +0000",))
_LATE_MORNING = note("late morning", fields=("Date: Tue, 4 Jun 2024 11:30:00 +0000",))

_ATTACHED = note(
    "cargo",
    "YWhveSBhbmNob3I=",
    fields=("MIME-Version: 1.0", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64"),
)
_LINES = note(
    "lines",
    "=41hoy=0D=0AAnchor",
    fields=("MIME-Version: 1.0", "Content-Type: text/plain", "Content-Transfer-Encoding: quoted-printable"),
)
_WITH_NUL = note(
    "nul",
    "YQBi",
    fields=("MIME-Version: 1.0", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64"),
)
_ROOT = note("kite", fields=(_date(1), "Message-ID: <alpha@post.test>"))
_ANSWERS = tuple(
    note("re", fields=(_date(2 + at), f"Message-ID: <{name}@post.test>", "References: <alpha@post.test>"))
    for at, name in enumerate(("beta", "gamma"))
)

STATEMENTS = (
    Statement(
        "imap/rfc3502-6.3.11/each-its-own-date",
        "Each message of one APPEND has its own date-time",
        (
            'C: APPEND INBOX "12-Jun-2020 09:30:00 +0200" {literal "Subject: one\\r\\n\\r\\n1\\r\\n"}'
            ' "13-Jun-2021 10:31:01 +0000" {literal "Subject: two\\r\\n\\r\\n2\\r\\n"}',
            "S: OK",
            *all_done(["SELECT INBOX"]),
            "C: FETCH 1:2 INTERNALDATE",
            expecting('* 1 FETCH (INTERNALDATE <date "12-Jun-2020 09:30:00 +0200">)', "RFC3502-6.3.11-c"),
            expecting('* 2 FETCH (INTERNALDATE <date "13-Jun-2021 10:31:01 +0000">)', "RFC3502-6.3.11-c"),
            "S: OK",
        ),
        "MULTIAPPEND",
    ),
    Statement(
        "imap/rfc3516-6/lines-end-in-crlf",
        "BINARY gives the lines of a text with CRLF",
        (
            *filled([_LINES]),
            "C: FETCH 1 BINARY.PEEK[1]",
            expecting('* 1 FETCH (BINARY[1] "Ahoy\\r\\nAnchor\\r\\n")', "RFC3516-6-a"),
            "S: OK",
        ),
        "BINARY",
    ),
    Statement(
        "imap/rfc3516-6/structure-as-encoded",
        "BODYSTRUCTURE describes binary content as it is encoded",
        (
            *filled([_ATTACHED]),
            "C: FETCH 1 (BINARY.PEEK[1] BODYSTRUCTURE)",
            expecting(
                '* 1 FETCH (BINARY[1] "ahoy anchor" BODYSTRUCTURE'
                " (application octet-stream <any> <any> <any> base64 <any>))",
                "RFC3516-6-b",
            ),
            "S: OK",
        ),
        "BINARY",
    ),
    Statement(
        "imap/rfc4466-2.1/parameters-in-any-order",
        "SELECT takes its parameters in any order",
        (
            *all_done(["ENABLE QRESYNC"]),
            "C: SELECT INBOX (CONDSTORE QRESYNC (1 1))",
            expecting("OK", "RFC4466-2.1-b"),
            "C: SELECT INBOX (QRESYNC (1 1) CONDSTORE)",
            expecting("OK", "RFC4466-2.1-b"),
        ),
        "QRESYNC ENABLE",
    ),
    Statement(
        "imap/rfc4466-3/charset-as-atom-and-string",
        "A charset may be an atom and a quoted string",
        (
            "C: SEARCH RETURN (COUNT) CHARSET UTF-8 TEXT a",
            expecting("OK", "RFC4466-3-c"),
            'C: SEARCH RETURN (COUNT) CHARSET "UTF-8" TEXT a',
            expecting("OK", "RFC4466-3-c"),
        ),
        "ESEARCH",
        start="selected",
        messages="1 plain",
    ),
    Statement(
        "imap/rfc5182-2.1/refused-search-without-save",
        "A SEARCH without SAVE that gets NO leaves the saved result",
        (
            "C: SEARCH RETURN (SAVE) 2",
            "S: OK",
            "C: SEARCH CHARSET X-UNKNOWN TEXT a",
            "S: NO",
            "C: FETCH $$ UID",
            expecting("* 2 FETCH (UID $m2)", "RFC5182-2.1-e"),
            expecting("OK", "RFC5182-2.1-e"),
        ),
        "SEARCHRES",
        start="selected",
        messages="3 plain",
    ),
    Statement(
        "imap/rfc5256-2.2/zone-that-is-none",
        "A sent date whose zone is none is one in UTC",
        (
            *filled([_NOON, _ODD_ZONE, _LATE_MORNING]),
            "C: SORT (DATE) UTF-8 ALL",
            expecting("* SORT 3 2 1", "RFC5256-2.2-b"),
            "S: OK",
        ),
        "SORT",
    ),
    Statement(
        "imap/rfc5256-2.2/time-that-is-none",
        "A sent date whose time is none is one at midnight",
        (
            *filled([_MORNING, _ODD_TIME, _MORNING_BEFORE]),
            "C: SORT (DATE) UTF-8 ALL",
            expecting("* SORT 3 2 1", "RFC5256-2.2-c"),
            "S: OK",
        ),
        "SORT",
    ),
    Statement(
        "imap/rfc5256-4/thread-of-nothing",
        "THREAD sends its response also where nothing matches",
        ("C: THREAD REFERENCES UTF-8 KEYWORD Nowhere", expecting("* THREAD", "RFC5256-4.THREAD-a"), "S: OK"),
        "THREAD=REFERENCES",
        start="selected",
        messages="1 plain",
    ),
    Statement(
        "imap/rfc5256-5/lists-at-each-split",
        "Where a thread splits there are two lists",
        (
            *filled([_ROOT, *_ANSWERS]),
            "C: THREAD REFERENCES UTF-8 ALL",
            expecting("* THREAD (1 (2) (3))", "RFC5256-5-c"),
            "S: OK",
        ),
        "THREAD=REFERENCES",
    ),
    Statement(
        "imap/rfc8438-4/size-is-a-number",
        "SIZE of STATUS is a number",
        (
            "C: STATUS INBOX (SIZE)",
            expecting("* STATUS INBOX (SIZE <number 1..>)", "RFC8438-4-a"),
            "S: OK",
        ),
        "STATUS=SIZE",
        messages="1 plain",
    ),
    Statement(
        "imap/rfc9208-7/quota-in-parentheses",
        "QUOTA has its resources in parentheses, as numbers, and comes before the end of GETQUOTAROOT",
        (
            "C: GETQUOTAROOT INBOX",
            expecting("* QUOTAROOT INBOX $root", "RFC9208-4.1.2-b"),
            expecting("* QUOTA $root (<any>)", "RFC9208-7-a", "RFC9208-4.1.2-b"),
            "S: OK",
        ),
        "QUOTA",
    ),
)


def _written(statement: Statement) -> Generated:
    text = dialogue(
        statement.title,
        statement.steps,
        start=statement.start,
        messages=statement.messages,
        requires=statement.requires,
    )
    return statement.id, text


def _moved_keywords() -> list[Generated]:
    """The keywords of RFC 9051 §2.3.2, each kept by APPEND, COPY and SEARCH."""
    found: list[Generated] = []
    for keyword in ("$MDNSent", "$Forwarded", "$Junk", "$NonJunk", "$Phishing"):
        written = keyword.replace("$", "$$")
        steps = [
            *all_done(["ENABLE IMAP4rev2"]),
            f'C: APPEND INBOX ({written}) {{literal "{octets(note("flagged"))}"}}',
            "S: OK",
            *appended(note("plain")),
            *all_done(["CREATE pier", "SELECT INBOX", "COPY 1:2 pier", "SELECT pier"]),
            sent(f"SEARCH RETURN (ALL) KEYWORD {written}"),
            expecting("* ESEARCH (TAG <any>) ALL 1", "RFC9051-2.3.2-a"),
            "S: OK",
        ]
        slug = keyword[1:].lower()
        text = dialogue(f"The keyword {keyword} is kept, copied and found", steps, requires="IMAP4REV2 ENABLE")
        found.append((f"imap/rfc9051-2.3.2/keyword-{slug}", text))
    return found


def cases() -> list[Generated]:
    """All of the table above."""
    return [*map(_written, STATEMENTS), *_moved_keywords()]
