"""SEARCH, keys together: AND, OR, NOT, parentheses, their laws, charsets, and what is no SEARCH (RFC 3501 §6.4.4)."""

from __future__ import annotations

from suites.imap.boxes import Stored, filled, note, octets
from suites.imap.dialogue_text import Generated, dialogue, expecting, raw, sent
from suites.imap.matrix_search import BOX, EVERYBODY, FOLDER, others, searching

AND, LISTED, OR, NOT = (f"RFC3501-6.4.4-{each}" for each in ("c", "d", "ah", "ae"))
WRONG = "RFC3501-2.2.2-j"

#: Keys together: slug, keys, whom they match, requirements.
COMBINATIONS = (
    ("two-keys", "SEEN ANSWERED", (5,), (AND,)),
    ("three-keys", "UNSEEN UNDELETED FROM dock", (3, 4), (AND,)),
    ("keys-that-exclude-each-other", "SEEN UNSEEN", (), (AND,)),
    ("key-twice", "SEEN SEEN", (2, 5), (AND,)),
    ("set-and-key", "1:3 UNSEEN", (1, 3), (AND,)),
    ("key-and-set", "UNSEEN 1:3", (1, 3), (AND,)),
    ("two-sets", "1:4 3:6", (3, 4), (AND,)),
    ("set-and-dates", "2:6 SINCE 1-Jan-2024 BEFORE 1-Jul-2024", (2, 3, 6), (AND,)),
    ("same-field-twice", "SUBJECT storm SUBJECT warning", (1, 2), (AND,)),
    ("or", "OR SEEN FLAGGED", (2, 4, 5), (OR,)),
    ("or-of-overlapping", "OR SEEN ANSWERED", (1, 2, 5), (OR,)),
    ("or-of-nobody", "OR BCC zeppelin CC zeppelin", (), (OR,)),
    ("or-takes-two-keys-only", "OR SEEN FLAGGED UNDELETED", (4, 5), (OR, AND)),
    ("or-behind-a-key", "UNDELETED OR SEEN FLAGGED", (4, 5), (OR, AND)),
    ("or-in-or-first", "OR OR SEEN FLAGGED DRAFT", (2, 3, 4, 5), (OR,)),
    ("or-in-or-second", "OR DRAFT OR SEEN FLAGGED", (2, 3, 4, 5), (OR,)),
    ("or-of-strings", "OR FROM anna SUBJECT storm", (1, 2, 5), (OR,)),
    ("or-of-sets", "OR 1:2 5", (1, 2, 5), (OR,)),
    ("not-not", "NOT NOT SEEN", (2, 5), (NOT,)),
    ("not-not-not", "NOT NOT NOT SEEN", (1, 3, 4, 6), (NOT,)),
    ("not-takes-one-key-only", "NOT SEEN ANSWERED", (1,), (NOT, AND)),
    ("not-of-a-set", "NOT 2:4", (1, 5, 6), (NOT,)),
    ("not-in-or", "OR NOT SEEN DELETED", (1, 2, 3, 4, 6), (NOT, OR)),
    ("not-of-or", "NOT OR SEEN FLAGGED", (1, 3, 6), (NOT, OR)),
    ("list-of-one", "(SEEN)", (2, 5), (LISTED,)),
    ("list-of-two", "(SEEN ANSWERED)", (5,), (LISTED,)),
    ("list-in-a-list", "((SEEN) (ANSWERED))", (5,), (LISTED,)),
    ("list-of-a-set", "(1:3)", (1, 2, 3), (LISTED,)),
    ("not-of-a-list", "NOT (SEEN ANSWERED)", (1, 2, 3, 4, 6), (LISTED, NOT)),
    ("or-of-lists", "OR (SEEN DELETED) (ANSWERED UNSEEN)", (1, 2), (LISTED, OR)),
    ("list-behind-a-key", "UNDELETED (OR SEEN ANSWERED)", (1, 5), (LISTED, AND)),
    ("lists-deep", "((((((((((SEEN))))))))))", (2, 5), (LISTED,)),
    ("de-morgan-and", "NOT (SEEN ANSWERED) NOT (OR SEEN ANSWERED)", (3, 4, 6), (NOT, LISTED)),
    ("de-morgan-or", "OR NOT SEEN NOT ANSWERED", (1, 2, 3, 4, 6), (OR, NOT)),
)

#: Strings in each form, and words in each case: slug, keys, whom they match, requirement.
FORMS = (
    ("atom", "SUBJECT storm", (1, 2), "RFC3501-9-bk"),
    ("quoted-string", 'SUBJECT "storm"', (1, 2), "RFC3501-9-bk"),
    ("literal", 'SUBJECT {literal "storm"}', (1, 2), "RFC3501-9-bk"),
    ("field-name-in-quotes", 'HEADER "X-Cargo" "coal"', (2,), "RFC3501-9-bk"),
    ("field-name-in-a-literal", 'HEADER {literal "X-Cargo"} {literal "coal"}', (2,), "RFC3501-9-bk"),
    ("literals-in-or", 'OR FROM {literal "ben"} FROM {literal "clara"}', (2, 3), "RFC3501-9-bk"),
    ("literal-in-a-list", '(UNSEEN SUBJECT {literal "storm"})', (1,), "RFC3501-9-bk"),
    ("keys-in-lower-case", "or seen not unflagged", (2, 4, 5), "RFC3501-9-c"),
    ("keys-in-mixed-case", "SeEn uNdElEtEd", (5,), "RFC3501-9-c"),
    ("nested", "(OR (NOT SEEN) (NOT (UNANSWERED)))", (1, 3, 4, 5, 6), "RFC3501-9-bm"),
)

#: With a charset: slug, arguments, whom they match, requirements.
CHARSETS = (
    ("us-ascii", "CHARSET US-ASCII SUBJECT storm", (1, 2), ("RFC3501-6.4.4-h",)),
    ("us-ascii-in-lower-case", "CHARSET us-ascii SUBJECT storm", (1, 2), ("RFC3501-6.4.4-h",)),
    ("us-ascii-in-quotes", 'CHARSET "US-ASCII" SUBJECT storm', (1, 2), ("RFC3501-9-bj",)),
    ("charset-in-lower-case", "charset US-ASCII ALL", EVERYBODY, ("RFC3501-9-c",)),
)

#: In UTF-8, where the server supports it: slug, key, whom it matches, requirement.
UTF8 = (
    ("body-in-base64", "BODY leuchtturm", (3,), "RFC3501-6.4.4-f"),
    ("text-in-base64", "TEXT Leuchtturm", (3,), "RFC3501-6.4.4-f"),
    ("body-in-base64-beyond-ascii", f'BODY {{literal "{octets("Gruß".encode())}"}}', (3,), "RFC3501-6.4.4-f"),
    ("subject-in-encoded-words", f'SUBJECT {{literal "{octets("Fährplan".encode())}"}}', (3,), "RFC3501-6.4.4-g"),
    ("subject-part-of-encoded-words", f'SUBJECT {{literal "{octets("ährpl".encode())}"}}', (3,), "RFC3501-6.4.4-g"),
    ("header-in-encoded-words", f'HEADER Subject {{literal "{octets("Fährplan".encode())}"}}', (3,), "RFC3501-6.4.4-g"),
    ("text-in-encoded-words", f'TEXT {{literal "{octets("Fährplan".encode())}"}}', (3,), "RFC3501-6.4.4-g"),
    ("ascii-as-ever", "SUBJECT storm", (1, 2), "RFC3501-6.4.4-b"),
)

#: What is no SEARCH: slug, arguments, requirements.
WRONG_ARGUMENTS = (
    ("without-keys", "", ("RFC3501-2.2.2-g",)),
    ("with-a-charset-alone", "CHARSET US-ASCII", ("RFC3501-2.2.2-g",)),
    ("without-a-charset", "CHARSET", ("RFC3501-2.2.2-g",)),
    ("with-the-charset-behind", "ALL CHARSET US-ASCII", (WRONG,)),
    ("with-an-unknown-key", "ZEPPELIN", (WRONG,)),
    ("with-an-unknown-key-behind", "ALL ZEPPELIN", (WRONG,)),
    ("with-not-alone", "NOT", ("RFC3501-2.2.2-g",)),
    ("with-or-of-one", "OR SEEN", ("RFC3501-2.2.2-g",)),
    ("with-or-alone", "OR", ("RFC3501-2.2.2-g",)),
    ("with-an-empty-list", "()", (WRONG,)),
    ("with-an-open-list", "(SEEN", (WRONG,)),
    ("with-a-list-closed-twice", "(SEEN))", (WRONG,)),
    ("with-subject-alone", "SUBJECT", ("RFC3501-2.2.2-g",)),
    ("with-a-subject-of-a-list", "SUBJECT (storm)", (WRONG,)),
    ("with-header-of-one-string", "HEADER Subject", ("RFC3501-2.2.2-g",)),
    ("with-keyword-alone", "KEYWORD", ("RFC3501-2.2.2-g",)),
    ("with-keyword-of-a-system-flag", "KEYWORD \\Seen", (WRONG,)),
    ("with-larger-alone", "LARGER", ("RFC3501-2.2.2-g",)),
    ("with-larger-of-a-word", "LARGER much", (WRONG,)),
    ("with-larger-of-a-negative-number", "LARGER -1", (WRONG,)),
    ("with-smaller-of-a-fraction", "SMALLER 1.5", (WRONG,)),
    ("with-before-alone", "BEFORE", ("RFC3501-2.2.2-g",)),
    ("with-a-date-of-numbers", "SINCE 2024-06-12", (WRONG,)),
    ("with-a-date-of-an-unknown-month", "SINCE 12-Jux-2024", (WRONG,)),
    ("with-a-date-of-two-digits", "SINCE 12-Jun-24", (WRONG,)),
    ("with-a-date-and-a-time", 'SINCE "12-Jun-2024 12:00:00 +0000"', (WRONG,)),
    ("with-a-day-of-three-digits", "ON 012-Jun-2024", (WRONG,)),
    ("with-uid-alone", "UID", ("RFC3501-2.2.2-g",)),
    ("with-uid-of-a-word", "UID some", (WRONG,)),
    ("with-number-zero", "0", ("RFC3501-9-bt",)),
    ("with-an-open-range", "1:", (WRONG,)),
    ("with-a-number-past-32-bits", "4294967297", ("POSTEL-imap_parse-f",)),
    ("with-two-spaces", "SEEN  DELETED", ("RFC3501-2.2.2-i",)),
    ("with-a-space-at-the-end", "SEEN ", ("RFC3501-2.2.2-i",)),
    ("with-a-space-inside-the-list", "( SEEN)", ("RFC3501-2.2.2-i",)),
    ("with-8-bit-in-quotes", 'SUBJECT "\\xc3\\xa4"', ("RFC3501-4.3-g",)),
)


def _combined(slug: str, keys: str, matches: tuple[int, ...], requirements: tuple[str, ...]) -> Generated:
    steps = [*filled(BOX), *searching(keys, matches, *requirements)]
    steps += searching(f"NOT ({keys})", others(matches), *dict.fromkeys((NOT, LISTED, *requirements)))
    return f"{FOLDER}/combined-{slug}", dialogue(f"SEARCH {keys}, and NOT of it finds the others", steps)


def _form(slug: str, keys: str, matches: tuple[int, ...], requirement: str) -> Generated:
    return f"imap/rfc3501-9/search-{slug}", dialogue(
        f"SEARCH: {slug.replace('-', ' ')}", [*filled(BOX), *searching(keys, matches, requirement)]
    )


def _charset(slug: str, keys: str, matches: tuple[int, ...], requirements: tuple[str, ...]) -> Generated:
    steps = [*filled(BOX), *searching(keys, matches, *requirements)]
    return f"{FOLDER}/charset-{slug}", dialogue(f"SEARCH with a charset: {slug.replace('-', ' ')}", steps)


def _utf8(slug: str, key: str, matches: tuple[int, ...], requirement: str) -> Generated:
    steps = [*filled(BOX), "C: SEARCH CHARSET UTF-8 ALL", "S: OK"]
    steps += searching(f"CHARSET UTF-8 {key}", matches, requirement)
    return f"{FOLDER}/utf8-{slug}", dialogue(f"SEARCH in UTF-8: {slug.replace('-', ' ')}", steps)


def _wrong(slug: str, arguments: str, requirements: tuple[str, ...]) -> Generated:
    line = f"SEARCH {arguments}" if arguments else "SEARCH"
    command = raw(f"x1 {line.replace(chr(34), chr(92) + chr(34))}\\r\\n") if "\\x" in line else sent(line)
    steps = [command, expecting("BAD", *requirements), "C: NOOP", expecting("OK", "RFC3501-2.2.2-c")]
    title = f"SEARCH {slug.replace('-', ' ')} is answered with BAD"
    return f"{FOLDER}/bad-{slug}", dialogue(title, steps, start="selected", messages="1 plain")


def _recent(key: str, matches: tuple[int, ...], letter: str) -> Generated:
    """Two messages that an earlier selection has seen, and two that are recent, one of each seen by their flag."""
    old = [Stored(note("first"), "\\Seen"), Stored(note("second"))]
    new = [Stored(note("third"), "\\Seen"), Stored(note("fourth"))]
    shown = ("FLAGS (\\Seen)", "FLAGS ()", "FLAGS (\\Seen \\Recent)", "FLAGS (\\Recent)")
    steps = [*filled(old), "C: CLOSE", "S: OK", *filled(new), "C: FETCH 1:4 FLAGS"]
    steps += [f"S: * {number} FETCH ({flags})" for number, flags in enumerate(shown, 1)]
    steps += ["S: OK", *searching(key, matches, f"RFC3501-6.4.4-{letter}")]
    return f"{FOLDER}/recent-{key.lower().replace(' ', '-')}", dialogue(f"SEARCH {key}, as FLAGS shows \\Recent", steps)


def _keyword(slug: str, key: str, matches: tuple[int, ...], letter: str) -> Generated:
    """Where the server keeps a keyword, searching finds it."""
    steps = [*filled([note("first"), note("second"), note("third")]), "C: STORE 2 +FLAGS (harbour)", "S: OK"]
    steps += ["C: FETCH 2 FLAGS", "S: * 2 FETCH (FLAGS (harbour))", "S: OK"]
    steps += searching(key, matches, f"RFC3501-6.4.4-{letter}")
    return f"{FOLDER}/keyword-{slug}", dialogue(f"SEARCH {key}", steps)


def _unknown_charset() -> list[Generated]:
    steps = ["C: SEARCH CHARSET X-ZEPPELIN SUBJECT storm", expecting("NO", "RFC3501-6.4.4-j")]
    coded = ["C: SEARCH CHARSET X-ZEPPELIN SUBJECT storm", expecting("NO [BADCHARSET]", "RFC3501-6.4.4-k")]
    return [
        (f"{FOLDER}/charset-unknown", dialogue("SEARCH in an unknown charset", steps, start="selected")),
        (f"{FOLDER}/charset-unknown-code", dialogue("SEARCH in an unknown charset: the code", coded, start="selected")),
    ]


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_combined(*row) for row in COMBINATIONS],
        *[_form(*row) for row in FORMS],
        *[_charset(*row) for row in CHARSETS],
        *[_utf8(*row) for row in UTF8],
        *[_wrong(*row) for row in WRONG_ARGUMENTS],
        _recent("RECENT", (3, 4), "ai"),
        _recent("OLD", (1, 2), "af"),
        _recent("NEW", (4,), "ad"),
        _recent("NOT RECENT", (1, 2), "ai"),
        _keyword("of-one", "KEYWORD harbour", (2,), "ab"),
        _keyword("of-others", "UNKEYWORD harbour", (1, 3), "ax"),
        *_unknown_charset(),
    ]
