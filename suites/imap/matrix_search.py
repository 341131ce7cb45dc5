"""SEARCH, key by key: which of six messages match, and that NOT matches the others (RFC 3501 §6.4.4).

The messages are appended by the case with flags and internal dates, so that each key has somebody who matches and
somebody who does not. Internal dates are at noon, as a server may show them in another zone; sent dates are not, for
their own zone counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.boxes import Stored, filled
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

FOLDER = "imap/rfc3501-6.4.4"
EVERYBODY = (1, 2, 3, 4, 5, 6)


def _message(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


_STORM = _message(
    "From: Anna Harbour <anna@pier.test>",
    "To: The Crew <crew@ship.test>",
    "Cc: Old Cook <cook@galley.test>",
    "Subject: Storm warning",
    "Date: Mon, 10 Jun 2024 23:30:00 -0700",
    "Message-ID: <storm.1@pier.test>",
    "",
    "The barometer falls. Reef the mainsail.",
)
_REPLY = _message(
    "From: Ben Quay <ben@pier.test>",
    "To: Anna Harbour <anna@pier.test>",
    "Bcc: Ship Purser <purser@ship.test>",
    "Subject: Re: storm WARNING",
    "Date: Wed, 12 Jun 2024 00:30:00 +0200",
    "X-Cargo: coal",
    "X-Cargo: tar",
    "Message-ID: <storm.2@pier.test>",
    "",
    "Lashed everything down.",
)
_TIMETABLE = _message(
    "From: clara@dock.test",
    'To: "Office, Main" <office@dock.test>, crew@ship.test',
    "Subject: =?utf-8?Q?F=C3=A4hrplan?=",
    "Date: Thu, 13 Jun 2024 12:00:00 +0000",
    "X-Cargo: tea and spices",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "Message-ID: <ferry.3@dock.test>",
    "",
    "RGVyIExldWNodHR1cm0gc2NoaWNrdCBlaW5lbiBHcnXDny4NCg==",  # Der Leuchtturm schickt einen Gruß.
)
_NOTICE = _message(
    "From: Dora Dock <dora@dock.test>",
    "To: crew@ship.test",
    "Subject: a notice that",
    " is folded",
    "Date: Mon, 01 Jan 2024 00:15:00 +0100",
    "X-Cargo:",
    "X-Sail: mainsail only",
    "Message-ID: <notice.4@dock.test>",
    "",
    "Nothing is said here of that.",
)
_ENCLOSED = _message(
    "From: Anna Harbour <anna@pier.test>",
    "To: crew@ship.test",
    "Subject: forwarded",
    "Date: Mon, 01 Jul 2024 12:00:00 +0000",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="=_hold"',
    "Message-ID: <enclosed.5@pier.test>",
    "",
    "--=_hold",
    "Content-Type: text/plain",
    "",
    "See below.",
    "--=_hold",
    "Content-Type: message/rfc822",
    "",
    "From: Mallory <mallory@reef.test>",
    "Subject: buried",
    "",
    "The treasure lies under the flagpole.",
    "--=_hold--",
    *(f"Padding line {number:03d} of the epilogue." for number in range(60)),
)
_UNTITLED = _message(
    "From: Eve <eve@reef.test>",
    "To: mates: crew@ship.test, boy@ship.test;",
    "Date: Thu, 29 Feb 2024 12:00:00 +0000",
    "Message-ID: <untitled.6@reef.test>",
    "",
    "Hoist the MainSail again, 100% sure.",
)

BOX = (
    Stored(_STORM, "\\Answered", "11-Jun-2024 12:00:00 +0000"),
    Stored(_REPLY, "\\Deleted \\Seen", "12-Jun-2024 12:00:00 +0000"),
    Stored(_TIMETABLE, "\\Draft", "13-Jun-2024 12:00:00 +0000"),
    Stored(_NOTICE, "\\Flagged", "31-Dec-2023 12:00:00 +0000"),
    Stored(_ENCLOSED, "\\Seen \\Answered", " 1-Jul-2024 12:00:00 +0000"),
    Stored(_UNTITLED, "", "29-Feb-2024 12:00:00 +0000"),
)
#: Octets of the fourth message, for SMALLER and LARGER.
SIZE = len(_NOTICE)


@dataclass(frozen=True, slots=True)
class Key:
    """A search key, whom it matches, and the letters of its requirement in §6.4.4."""

    slug: str
    key: str
    matches: tuple[int, ...]
    letters: tuple[str, ...]

    @property
    def requirements(self) -> tuple[str, ...]:
        """Full ids, the more specific first."""
        return tuple(each if "-" in each else f"RFC3501-6.4.4-{each}" for each in self.letters)


def _sized(limit: int, *, larger: bool) -> tuple[int, ...]:
    return tuple(
        number
        for number, each in enumerate(BOX, 1)
        if (len(each.octets) > limit if larger else len(each.octets) < limit)
    )


KEYS = (
    Key("all", "ALL", EVERYBODY, ("p",)),
    Key("answered", "ANSWERED", (1, 5), ("q",)),
    Key("unanswered", "UNANSWERED", (2, 3, 4, 6), ("at",)),
    Key("deleted", "DELETED", (2,), ("v",)),
    Key("undeleted", "UNDELETED", (1, 3, 4, 5, 6), ("au",)),
    Key("draft", "DRAFT", (3,), ("w",)),
    Key("undraft", "UNDRAFT", (1, 2, 4, 5, 6), ("av",)),
    Key("flagged", "FLAGGED", (4,), ("x",)),
    Key("unflagged", "UNFLAGGED", (1, 2, 3, 5, 6), ("aw",)),
    Key("seen", "SEEN", (2, 5), ("aj",)),
    Key("unseen", "UNSEEN", (1, 3, 4, 6), ("ay",)),
    Key("keyword-of-nobody", "KEYWORD zeppelin", (), ("ab",)),
    Key("unkeyword-of-nobody", "UNKEYWORD zeppelin", EVERYBODY, ("ax",)),
    # Addresses.
    Key("from-local-part", "FROM anna", (1, 5), ("y",)),
    Key("from-domain", "FROM dock.test", (3, 4), ("y",)),
    Key("from-name", "FROM Quay", (2,), ("y",)),
    Key("from-part-of-a-word", "FROM arbou", (1, 5), ("m", "y")),
    Key("from-in-upper-case", "FROM HARBOUR", (1, 5), ("n", "y")),
    Key("from-nobody", "FROM zeppelin", (), ("y",)),
    Key("from-is-not-to", "FROM crew", (), ("y",)),
    Key("from-is-not-of-an-enclosed-message", "FROM mallory", (), ("y",)),
    Key("to-local-part", "TO crew", (1, 3, 4, 5, 6), ("ar",)),
    Key("to-domain", "TO dock.test", (3,), ("ar",)),
    Key("to-name", "TO Main", (3,), ("ar",)),
    Key("to-second-address", "TO crew@ship.test", (1, 3, 4, 5, 6), ("ar",)),
    Key("to-member-of-a-group", "TO boy", (6,), ("ar",)),
    Key("to-in-mixed-case", "TO OfFiCe", (3,), ("n", "ar")),
    Key("to-is-not-cc", "TO cook", (), ("ar",)),
    Key("cc", "CC galley", (1,), ("u",)),
    Key("cc-name", 'CC "Old Cook"', (1,), ("u",)),
    Key("cc-is-not-to", "CC crew", (), ("u",)),
    Key("bcc", "BCC purser", (2,), ("r",)),
    Key("bcc-name", 'BCC "ship purser"', (2,), ("n", "r")),
    Key("bcc-is-not-to", "BCC anna", (), ("r",)),
    # Header.
    Key("subject-word", "SUBJECT warning", (1, 2), ("n", "ap")),
    Key("subject-part-of-a-word", "SUBJECT torm", (1, 2), ("m", "ap")),
    Key("subject-two-words", 'SUBJECT "storm warning"', (1, 2), ("n", "ap")),
    Key("subject-across-a-fold", 'SUBJECT "that is folded"', (4,), ("ap",)),
    Key("subject-behind-a-fold", "SUBJECT folded", (4,), ("ap",)),
    Key("subject-is-not-the-body", "SUBJECT mainsail", (), ("ap",)),
    Key("subject-is-not-of-an-enclosed-message", "SUBJECT buried", (), ("ap",)),
    Key("header-field", "HEADER X-Cargo coal", (2,), ("z",)),
    Key("header-second-of-a-name", "HEADER X-Cargo tar", (2,), ("z",)),
    Key("header-two-words", 'HEADER X-Cargo "tea and"', (3,), ("z",)),
    Key("header-name-in-another-case", "HEADER x-CARGO coal", (2,), ("z",)),
    Key("header-part-of-a-word", "HEADER X-Cargo pice", (3,), ("m", "z")),
    Key("header-existence", 'HEADER X-Cargo ""', (2, 3, 4), ("aa",)),
    Key("header-existence-of-nowhere", 'HEADER X-Nowhere ""', (), ("aa",)),
    Key("header-existence-of-subject", 'HEADER Subject ""', (1, 2, 3, 4, 5), ("aa",)),
    Key("header-name-is-whole", "HEADER Cargo coal", (), ("z",)),
    Key("header-message-id", "HEADER Message-ID storm.1@pier.test", (1,), ("z",)),
    Key("header-value-of-another-field", "HEADER X-Sail coal", (), ("z",)),
    # Body and text.
    Key("body-word", "BODY barometer", (1,), ("t",)),
    Key("body-part-of-a-word", "BODY arometer", (1,), ("m", "t")),
    Key("body-in-another-case", "BODY MAINSAIL", (1, 6), ("n", "t")),
    Key("body-several-words", 'BODY "reef the mainsail"', (1,), ("n", "t")),
    Key("body-is-not-the-header", "BODY coal", (), ("t",)),
    Key("body-with-specials", 'BODY "100% sure"', (6,), ("t",)),
    Key("body-of-an-enclosed-message", "BODY flagpole", (5,), ("t",)),
    Key("body-of-a-part", 'BODY "see below"', (5,), ("n", "t")),
    Key("text-in-header-and-body", "TEXT mainsail", (1, 4, 6), ("aq",)),
    Key("text-in-header", "TEXT spices", (3,), ("aq",)),
    Key("text-in-body", "TEXT Lashed", (2,), ("aq",)),
    Key("text-part-of-a-word", "TEXT ainsai", (1, 4, 6), ("m", "aq")),
    Key("text-of-nobody", "TEXT zeppelin", (), ("aq",)),
    # Dates.
    Key("before", "BEFORE 12-Jun-2024", (1, 4, 6), ("s",)),
    Key("before-the-first", "BEFORE 31-Dec-2023", (), ("s",)),
    Key("on", "ON 12-Jun-2024", (2,), ("ag",)),
    Key("on-a-leap-day", "ON 29-Feb-2024", (6,), ("ag",)),
    Key("on-a-day-of-nobody", "ON 14-Jun-2024", (), ("ag",)),
    Key("on-a-day-of-one-digit", "ON 1-Jul-2024", (5,), ("ag", "RFC3501-9-ag")),
    Key("on-a-day-of-two-digits", "ON 01-Jul-2024", (5,), ("ag", "RFC3501-9-ag")),
    Key("on-a-date-in-quotes", 'ON "12-Jun-2024"', (2,), ("ag", "RFC3501-9-af")),
    Key("on-a-month-in-upper-case", "ON 12-JUN-2024", (2,), ("ag", "RFC3501-9-c")),
    Key("since", "SINCE 12-Jun-2024", (2, 3, 5), ("an",)),
    Key("since-after-the-last", "SINCE 2-Jul-2024", (), ("an",)),
    Key("since-a-year", "SINCE 1-Jan-2024", (1, 2, 3, 5, 6), ("an",)),
    Key("sentbefore", "SENTBEFORE 12-Jun-2024", (1, 4, 6), ("ak",)),
    Key("sentbefore-in-its-own-zone", "SENTBEFORE 11-Jun-2024", (1, 4, 6), ("ak",)),
    Key("senton", "SENTON 13-Jun-2024", (3,), ("al",)),
    Key("senton-in-a-western-zone", "SENTON 10-Jun-2024", (1,), ("al",)),
    Key("senton-not-in-utc", "SENTON 11-Jun-2024", (), ("al",)),
    Key("senton-in-an-eastern-zone", "SENTON 12-Jun-2024", (2,), ("al",)),
    Key("senton-new-year", "SENTON 1-Jan-2024", (4,), ("al",)),
    Key("senton-is-not-on", "SENTON 31-Dec-2023", (), ("al",)),
    Key("sentsince", "SENTSINCE 12-Jun-2024", (2, 3, 5), ("am",)),
    Key("sentsince-in-its-own-zone", "SENTSINCE 1-Jan-2024", EVERYBODY, ("am",)),
    # Sizes.
    Key("larger", f"LARGER {SIZE}", _sized(SIZE, larger=True), ("ac",)),
    Key("larger-by-one", f"LARGER {SIZE - 1}", _sized(SIZE - 1, larger=True), ("ac",)),
    Key("larger-than-nothing", "LARGER 0", EVERYBODY, ("ac",)),
    Key("smaller", f"SMALLER {SIZE}", _sized(SIZE, larger=False), ("ao",)),
    Key("smaller-by-one", f"SMALLER {SIZE + 1}", _sized(SIZE + 1, larger=False), ("ao",)),
    Key("smaller-than-nothing", "SMALLER 0", (), ("ao",)),
    # Sets.
    Key("number", "3", (3,), ("o",)),
    Key("range", "2:4", (2, 3, 4), ("o",)),
    Key("range-backwards", "4:2", (2, 3, 4), ("o", "RFC3501-9-bq")),
    Key("list", "1,3,5", (1, 3, 5), ("o",)),
    Key("star", "*", (6,), ("o", "RFC3501-9-bo")),
    Key("to-star", "5:*", (5, 6), ("o", "RFC3501-9-bo")),
    Key("overlap", "1:3,2:4,3", (1, 2, 3, 4), ("o", "RFC3501-9-br")),
)


def searching(key: str, matches: tuple[int, ...], *requirements: str) -> list[str]:
    """The steps that search for a key, and find just these messages."""
    numbers = "".join(f" {number}" for number in matches)
    return [sent(f"SEARCH {key}"), expecting(f"* SEARCH{numbers}", *requirements), expecting("OK", *requirements)]


def others(matches: tuple[int, ...]) -> tuple[int, ...]:
    """Who is left."""
    return tuple(number for number in EVERYBODY if number not in matches)


def _partitioned(key: Key) -> Generated:
    """The key, and behind NOT all the others. A key that finds nobody must still be answered."""
    required = (*key.requirements, "RFC3501-6.4.4-b", "RFC3501-6.4.4-a" if not key.matches else "RFC3501-9-bl")
    steps = [*filled(BOX), *searching(key.key, key.matches, *required)]
    steps += searching(f"NOT {key.key}", others(key.matches), "RFC3501-6.4.4-ae", *key.requirements)
    return f"{FOLDER}/{key.slug}", dialogue(f"SEARCH {key.key}, and NOT {key.key} finds the others", steps)


def cases() -> list[Generated]:
    """Each key."""
    return [*map(_partitioned, KEYS)]
