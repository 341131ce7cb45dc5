"""SORT (RFC 5256 §3): each criterion, REVERSE, several criteria, base subjects, and what is no SORT.

What each message is sorted by is said beside it; the order follows from that, ties by number.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.boxes import Stored, filled, note
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

R = "RFC5256-3.SORT-{}"


@dataclass(frozen=True, slots=True)
class Sorted:
    """A message by what it is sorted by: instants as text that sorts, mailbox names, base subject in upper case."""

    arrival: str
    date: str
    from_: str
    to: str
    cc: str
    subject: str
    stored: Stored

    @property
    def size(self) -> str:
        """Octets, as text that sorts."""
        return f"{len(self.stored.octets):08d}"


def _message(fields: tuple[str, ...], body: str, internal: str) -> Stored:
    return Stored("".join(f"{line}\r\n" for line in (*fields, "", body)).encode(), date=internal)


BOX = (
    Sorted(
        "06-05T12",
        "06-12T10:00",
        "dora",
        "zoe",
        "mike",
        "ANCHORS",
        _message(
            (
                "From: Alf <dora@dock.test>",
                "To: zoe@ship.test",
                "Cc: mike@ship.test",
                "Subject: Re: anchors",
                "Date: Wed, 12 Jun 2024 10:00:00 +0000",
            ),
            "Heavy.",
            " 5-Jun-2024 12:00:00 +0000",
        ),
    ),
    Sorted(
        "06-03T10",
        "06-12T09:00",
        "anna",
        "yan",
        "",
        "BOATS",
        _message(
            (
                "From: Zacharias <anna@pier.test>",
                "To: yan@ship.test",
                "Subject: boats",
                "Date: Wed, 12 Jun 2024 11:00:00 +0200",
            ),
            "Light, and a little longer than the first.",
            " 3-Jun-2024 10:00:00 +0000",
        ),
    ),
    Sorted(
        "06-09T12",
        "06-11T12:00",
        "clara",
        "xaver",
        "adam",
        "ANCHORS",
        _message(
            (
                "From: clara@aaa.test",
                "To: xaver@ship.test, adam@ship.test",
                "Cc: adam@ship.test",
                "Subject: Anchors",
                "Date: Tue, 11 Jun 2024 12:00:00 +0000",
            ),
            "x" * 500,
            " 9-Jun-2024 12:00:00 +0000",
        ),
    ),
    Sorted(
        "06-01T12",
        "06-13T12:00",
        "ben",
        "will",
        "",
        "CABLES",
        _message(
            (
                "From: ben@pier.test",
                "To: will@ship.test",
                "Subject: [list] cables",
                "Date: Thu, 13 Jun 2024 12:00:00 +0000",
            ),
            "y" * 300,
            " 1-Jun-2024 12:00:00 +0000",
        ),
    ),
    Sorted(
        "06-07T12",
        "06-07T12:00",
        "eve",
        "",
        "",
        "",
        _message(
            ("From: eve@reef.test", "Message-ID: <untitled.5@reef.test>"), "No date.", " 7-Jun-2024 12:00:00 +0000"
        ),
    ),
    Sorted(
        "06-03T15",
        "06-10T12:00",
        "anna",
        "yan",
        "",
        "BOATS",
        _message(
            (
                "From: Anna <anna@zzz.test>",
                "To: yan@aaa.test",
                "Subject: Fwd: boats (fwd)",
                "Date: Mon, 10 Jun 2024 12:00:00 +0000",
            ),
            "z" * 400,
            " 3-Jun-2024 15:00:00 +0000",
        ),
    ),
)

#: Criteria: slug, as they are asked for, letters of §3.
CRITERIA = (
    ("arrival", "ARRIVAL", ("j",)),
    ("cc", "CC", ("k", "i")),
    ("date", "DATE", ("l", "RFC5256-2.2-d")),
    ("from", "FROM", ("m",)),
    ("size", "SIZE", ("o",)),
    ("subject", "SUBJECT", ("p",)),
    ("to", "TO", ("q", "i")),
    ("reverse-arrival", "REVERSE ARRIVAL", ("n", "j")),
    ("reverse-cc", "REVERSE CC", ("n", "k")),
    ("reverse-date", "REVERSE DATE", ("n", "l")),
    ("reverse-from", "REVERSE FROM", ("n", "m")),
    ("reverse-size", "REVERSE SIZE", ("n", "o")),
    ("reverse-subject", "REVERSE SUBJECT", ("n", "p")),
    ("reverse-to", "REVERSE TO", ("n", "q")),
    ("subject-then-date", "SUBJECT DATE", ("f",)),
    ("subject-then-reverse-date", "SUBJECT REVERSE DATE", ("f", "n")),
    ("reverse-subject-then-date", "REVERSE SUBJECT DATE", ("f", "n")),
    ("from-then-size", "FROM SIZE", ("f",)),
    ("from-then-reverse-arrival", "FROM REVERSE ARRIVAL", ("f", "n")),
    ("to-then-from-then-date", "TO FROM DATE", ("f",)),
    ("cc-then-subject-then-reverse-size", "CC SUBJECT REVERSE SIZE", ("f", "n")),
    ("from-ties", "FROM", ("e",)),
    ("criterion-twice", "DATE DATE", ("f",)),
)


def order(criteria: str) -> list[int]:
    """The numbers of BOX in this order, by what is said beside each message."""
    numbers = list(range(1, len(BOX) + 1))
    words = criteria.split()
    for index in reversed(range(len(words))):
        if words[index] == "REVERSE":
            continue
        attribute = {"FROM": "from_"}.get(words[index], words[index].lower())
        backwards = index > 0 and words[index - 1] == "REVERSE"
        numbers.sort(key=lambda number: getattr(BOX[number - 1], attribute), reverse=backwards)
    return numbers


#: Subjects and their base subjects: slug, subjects in the order of the mailbox, order by SUBJECT, letter of §2.1.
#: A third stands between the two, so that order shows which are the same.
BASES = (
    ("re", ("Re: kite", "kite a", "kite"), (1, 3, 2), "a"),
    ("re-in-any-case", ("rE: kite", "kite a", "KITE"), (1, 3, 2), "a"),
    ("re-repeated", ("Re: Re: RE: kite", "kite a", "kite"), (1, 3, 2), "a"),
    ("re-with-a-blob", ("Re[2]: kite", "kite a", "kite"), (1, 3, 2), "a"),
    ("re-with-spaces", ("Re : kite", "kite a", "kite"), (1, 3, 2), "a"),
    ("fw", ("Fw: kite", "harbour", "kite"), (2, 1, 3), "a"),
    ("fwd", ("Fwd: kite", "harbour", "kite"), (2, 1, 3), "a"),
    ("unknown-prefix", ("Aw: kite", "boat", "kite"), (1, 2, 3), "a"),
    ("trailer", ("kite (fwd)", "kite a", "kite"), (1, 3, 2), "c"),
    ("trailers", ("kite (fwd) (FWD)", "kite a", "kite"), (1, 3, 2), "c"),
    ("blob", ("[harbour] kite", "kite a", "kite"), (1, 3, 2), "d"),
    ("blob-and-re", ("[harbour] Re: kite", "kite a", "kite"), (1, 3, 2), "d"),
    ("re-and-blob", ("Re: [harbour] kite", "kite a", "kite"), (1, 3, 2), "d"),
    ("blob-alone", ("[harbour]", "Zebra", "apple"), (3, 2, 1), "d"),
    ("frame", ("[fwd: kite]", "kite a", "kite"), (1, 3, 2), "e"),
    ("frame-with-re", ("[Fwd: Re: kite]", "kite a", "kite"), (1, 3, 2), "e"),
    ("runs-of-spaces", ("kite  of\ttwo", "kite of twn", "kite of two"), (2, 1, 3), "b"),
    ("encoded-words", ("=?utf-8?Q?Re=3A_kite?=", "boat", "kite"), (2, 1, 3), "b"),
    (
        "letters-beyond-ascii",
        ("=?utf-8?Q?=C3=84PFEL_b?=", "=?utf-8?Q?=C3=A4pfel_a?=", "=?iso-8859-1?Q?=E4pfel_c?="),
        (2, 1, 3),
        "RFC5256-1-a",
    ),
)

#: What is no SORT: slug, line, requirements.
WRONG = (
    ("without-a-charset", "SORT (DATE) ALL", (R.format("b"),)),
    ("without-criteria", "SORT () UTF-8 ALL", ("RFC5256-5-b",)),
    ("without-a-list", "SORT DATE UTF-8 ALL", ("RFC3501-2.2.2-j",)),
    ("without-keys", "SORT (DATE) UTF-8", ("RFC3501-2.2.2-g",)),
    ("by-nothing-known", "SORT (WEIGHT) UTF-8 ALL", ("RFC3501-2.2.2-j",)),
    ("reverse-of-nothing", "SORT (REVERSE) UTF-8 ALL", ("RFC3501-2.2.2-j",)),
    ("reverse-of-reverse", "SORT (REVERSE REVERSE DATE) UTF-8 ALL", ("RFC3501-2.2.2-j",)),
    ("without-anything", "SORT", ("RFC3501-2.2.2-g",)),
)


def _by(slug: str, criteria: str, letters: tuple[str, ...]) -> Generated:
    numbers = " ".join(map(str, order(criteria)))
    ids = [letter if "-" in letter else R.format(letter) for letter in letters]
    steps = [*filled([each.stored for each in BOX]), sent(f"SORT ({criteria}) UTF-8 ALL")]
    steps += [expecting(f"* SORT {numbers}", *ids), expecting("OK", *ids)]
    return f"imap/rfc5256-3/sort-by-{slug}", dialogue(f"SORT by {criteria}", steps, requires="SORT")


def _base(slug: str, subjects: tuple[str, ...], numbers: tuple[int, ...], letter: str) -> Generated:
    requirement = letter if letter.startswith("RFC") else f"RFC5256-2.1-{letter}"
    wanted = " ".join(map(str, numbers))
    steps = [*filled([note(subject) for subject in subjects]), "C: SORT (SUBJECT) UTF-8 ALL"]
    steps += [expecting(f"* SORT {wanted}", requirement), "S: OK"]
    title = f"The base subject of {subjects[0]!a}".replace("\\t", " ")
    return f"imap/rfc5256-2.1/{slug}", dialogue(title, steps, requires="SORT")


#: Dates by which messages are sorted: slug, Date fields in the order of the mailbox, order, letter of §2.2.
DATES = (
    (
        "zones",
        ("Wed, 12 Jun 2024 10:00:00 +0200", "Wed, 12 Jun 2024 09:00:00 +0000", "Wed, 12 Jun 2024 03:30:00 -0500"),
        (1, 3, 2),
        "a",
    ),
    (
        "equal",
        ("Wed, 12 Jun 2024 10:00:00 +0200", "Tue, 11 Jun 2024 10:00:00 +0000", "Wed, 12 Jun 2024 08:00:00 +0000"),
        (2, 1, 3),
        "e",
    ),
)


def _dated(slug: str, dates: tuple[str, ...], numbers: tuple[int, ...], letter: str) -> Generated:
    messages = [note(f"message {index}", fields=(f"Date: {date}",)) for index, date in enumerate(dates, 1)]
    requirement = f"RFC5256-2.2-{letter}"
    steps = [*filled(messages), "C: SORT (DATE) UTF-8 ALL"]
    steps += [expecting(f"* SORT {' '.join(map(str, numbers))}", requirement), "S: OK"]
    title = f"SORT by DATE compares instants: {slug}"
    return f"imap/rfc5256-2.2/{slug}", dialogue(title, steps, requires="SORT")


def _wrong(slug: str, line: str, ids: tuple[str, ...]) -> Generated:
    steps = [sent(line), expecting("BAD", *ids), "C: NOOP", expecting("OK", "RFC3501-2.2.2-c")]
    return f"imap/rfc5256-3/bad-sort-{slug}", dialogue(
        f"`{line}` is answered with BAD", steps, start="selected", requires="SORT"
    )


#: The command in other forms: slug, line, what comes, requirements.
FORMS = (
    ("us-ascii", "SORT (SIZE) US-ASCII ALL", " ".join(map(str, order("SIZE"))), (R.format("c"),)),
    ("charset-in-quotes", 'SORT (SIZE) "UTF-8" ALL', " ".join(map(str, order("SIZE"))), ("RFC5256-5-a",)),
    ("letter-case", "sort (reverse Size) utf-8 all", " ".join(map(str, order("REVERSE SIZE"))), ("RFC5256-5-b",)),
    ("some-messages", "SORT (SUBJECT) UTF-8 FROM anna", "2 6", (R.format("a"),)),
    ("keys-together", "SORT (ARRIVAL) UTF-8 1:4 SUBJECT anchors", "1 3", (R.format("a"),)),
    ("numbers-as-keys", "SORT (REVERSE ARRIVAL) UTF-8 2,4,6", "6 2 4", (R.format("a"),)),
)


def _form(slug: str, line: str, numbers: str, ids: tuple[str, ...]) -> Generated:
    steps = [*filled([each.stored for each in BOX]), sent(line), expecting(f"* SORT {numbers}", *ids)]
    steps += [expecting("OK", *ids)]
    return f"imap/rfc5256-3/sort-{slug}", dialogue(f"SORT: {slug.replace('-', ' ')}", steps, requires="SORT")


def _nothing() -> Generated:
    steps = [*filled([note("one")]), "C: SORT (DATE) UTF-8 FLAGGED", expecting("* SORT", R.format("a")), "S: OK"]
    return "imap/rfc5256-3/sort-of-nothing", dialogue("SORT that finds nothing", steps, requires="SORT")


def _uid() -> Generated:
    steps = ["C: STORE 1 +FLAGS.SILENT (\\Deleted)", "S: OK", "C: EXPUNGE", "S: OK"]
    steps += ["C: UID SORT (ARRIVAL) UTF-8 1:2", expecting("* SORT $m2 $m3", R.format("d")), "S: OK"]
    title = "UID SORT gives UIDs, and takes sets for message numbers"
    return "imap/rfc5256-3/uid-sort", dialogue(title, steps, start="selected", messages="3 plain", requires="SORT")


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_by(*row) for row in CRITERIA],
        *[_base(*row) for row in BASES],
        *[_dated(*row) for row in DATES],
        *[_form(*row) for row in FORMS],
        *[_wrong(*row) for row in WRONG],
        _nothing(),
        _uid(),
    ]
