"""IMAP4rev2 once it is enabled: single exchanges that RFC 9051 has of its own (names, LIST, STATUS, SEARCH)."""

from __future__ import annotations

from suites.imap.boxes import filled, note, octets
from suites.imap.dialogue_text import DELIMITER, Generated, all_done, dialogue, expecting, raw

V = "RFC9051-{}"
REQUIRED = "IMAP4REV2 ENABLE"
_ENABLED = ["C: ENABLE IMAP4rev2", "S: * ENABLED IMAP4rev2", "S: OK"]
#: Octets of a literal that need not be waited for, at most.
_SMALL = 4096
_HEAD = "Subject: ballast\\r\\n\\r\\n"
_BOX = filled([note("Harbour lights", "The Lighthouse keeper."), note("other")])
_GREETING = octets("Grüße".encode())

#: Slug, title, steps behind ENABLE, requirement.
_TABLE: tuple[tuple[str, str, list[str], str], ...] = (
    (
        "small-literal-not-waited-for",
        "A non-synchronizing literal of 4096 octets is accepted",
        [
            f'C: APPEND INBOX {{literal+ "{_HEAD}{"x" * (_SMALL - 20)}"}}',
            expecting("OK", V.format("4.3-b")),
        ],
        "4.3",
    ),
    (
        "utf8-in-a-quoted-string",
        "UTF-8 in a quoted string is accepted",
        [*_BOX, raw(f'x1 SEARCH SUBJECT \\"{_GREETING}\\"\\r\\n'), expecting("OK", V.format("4.3.1-a"))],
        "4.3.1",
    ),
    (
        "name-that-is-no-utf8",
        "CREATE of a name that is no UTF-8",
        [raw('x1 CREATE \\"F\\xc3(hre\\"\\r\\n'), expecting("NO | BAD", V.format("5.1-a"))],
        "5.1",
    ),
    (
        "name-with-a-surrogate",
        "CREATE of a name with a surrogate in it",
        [raw('x1 CREATE \\"F\\xed\\xa0\\x80hre\\"\\r\\n'), expecting("NO | BAD", V.format("5.1-a"))],
        "5.1",
    ),
    (
        "subscribed-with-children",
        "LIST takes SUBSCRIBED and CHILDREN",
        [
            *DELIMITER,
            *all_done(["CREATE quay", "CREATE quay${sep}crane", "SUBSCRIBE quay"]),
            'C: LIST (SUBSCRIBED) "" "*" RETURN (CHILDREN)',
            expecting("* LIST (\\Subscribed \\HasChildren) <any> quay", V.format("6.3.9-a")),
            expecting("OK", V.format("6.3.9-a")),
        ],
        "6.3.9",
    ),
    (
        "status-of-the-listed",
        "LIST takes STATUS as a return option",
        [
            "C: CREATE quay",
            "S: OK",
            'C: LIST "" quay RETURN (STATUS (MESSAGES))',
            "S: * LIST (<any>) <any> quay",
            expecting("* STATUS quay (MESSAGES 0)", V.format("6.3.9-a")),
            expecting("OK", V.format("6.3.9-a")),
        ],
        "6.3.9",
    ),
    (
        "recursive-match",
        "LIST takes RECURSIVEMATCH",
        ['C: LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"', expecting("OK", V.format("6.3.9-a"))],
        "6.3.9",
    ),
    (
        "pattern-of-a-path",
        "LIST with a pattern that leads out of the mailboxes",
        ['C: LIST "" ("INBOX" "/../etc/*")', "S: * LIST (<any>) <any> INBOX", expecting("OK", V.format("6.3.9-b"))],
        "6.3.9",
    ),
    (
        "status-of-the-selected",
        "STATUS of the selected mailbox",
        [
            *_BOX,
            "C: STATUS INBOX (MESSAGES)",
            expecting("* STATUS INBOX (MESSAGES 2)", V.format("6.3.11-a")),
            expecting("OK", V.format("6.3.11-a")),
        ],
        "6.3.11",
    ),
    *(
        (
            f"search-in-{charset.lower()}",
            f"SEARCH takes the charset {charset}",
            [
                *_BOX,
                f"C: SEARCH CHARSET {charset} SUBJECT harbour",
                expecting("* ESEARCH (TAG <any>) ALL 1", V.format("6.4.4-b")),
                expecting("OK", V.format("6.4.4-b")),
            ],
            "6.4.4",
        )
        for charset in ("US-ASCII", "UTF-8")
    ),
    (
        "search-in-any-case",
        "SEARCH finds letters in either case",
        [
            *_BOX,
            "C: SEARCH BODY LIGHThouse",
            expecting("* ESEARCH (TAG <any>) ALL 1", V.format("6.4.4-e")),
            "S: OK",
        ],
        "6.4.4",
    ),
)


def cases() -> list[Generated]:
    """The table."""
    return [
        (f"imap/rfc9051-{section}/{slug}", dialogue(title, [*_ENABLED, *steps], requires=REQUIRED))
        for slug, title, steps, section in _TABLE
    ]
