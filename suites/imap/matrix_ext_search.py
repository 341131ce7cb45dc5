"""ESEARCH (RFC 4731, RFC 4466 §2.6), SEARCHRES (RFC 5182), WITHIN (RFC 5032): what SEARCH returns, keeps, measures."""

from __future__ import annotations

from suites.imap.boxes import Stored, filled, note
from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

R = "RFC4731-3.1-{}"
SAVED = "RFC5182-2.1-{}"

#: Four messages; 2 and 3 are flagged, 3 and 4 are seen.
BOX = (
    Stored(note("first")),
    Stored(note("second"), "\\Flagged"),
    Stored(note("third"), "\\Flagged \\Seen"),
    Stored(note("fourth"), "\\Seen"),
)

#: Result options over FLAGGED: slug, options, what the ESEARCH holds, letters of RFC 4731 §3.1.
RETURNS = (
    ("min", "MIN", "MIN 2", "a"),
    ("max", "MAX", "MAX 3", "c"),
    ("all", "ALL", "ALL 2:3", "e"),
    ("count", "COUNT", "COUNT 2", "h"),
    ("nothing-named", "", "ALL 2:3", "l"),
    ("min-and-max", "MIN MAX", "MIN 2 MAX 3", "m"),
    ("min-and-count", "MIN COUNT", "MIN 2 COUNT 2", "m"),
    ("all-and-count", "ALL COUNT", "ALL 2:3 COUNT 2", "m"),
    ("everything", "MIN MAX ALL COUNT", "MIN 2 MAX 3 ALL 2:3 COUNT 2", "m"),
)

#: The same where nothing matches.
NOTHING = (
    ("min", "MIN", "", "b"),
    ("max", "MAX", "", "d"),
    ("all", "ALL", "", "f"),
    ("count", "COUNT", " COUNT 0", "i"),
    ("everything", "MIN MAX ALL COUNT", " COUNT 0", "i"),
    ("nothing-named", "", "", "g"),
)

#: Other forms of the command: slug, command, what the ESEARCH holds, requirements.
FORMS = (
    ("letter-case", "search return (min Max cOUNT) flagged", "MIN 2 MAX 3 COUNT 2", ("RFC4731-4-a", "RFC4466-3-a")),
    ("any-order", "SEARCH RETURN (COUNT MAX MIN) FLAGGED", "MIN 2 MAX 3 COUNT 2", ("RFC4731-4-a",)),
    ("charset-behind", "SEARCH RETURN (COUNT) CHARSET US-ASCII SUBJECT third", "COUNT 1", ("RFC4466-3-d",)),
    ("one-message", "SEARCH RETURN (MIN MAX ALL COUNT) 4", "MIN 4 MAX 4 ALL 4 COUNT 1", (R.format("m"),)),
    ("gaps", "SEARCH RETURN (ALL) OR 1 OR 2 4", "ALL 1:2,4", (R.format("e"),)),
    ("all-messages", "SEARCH RETURN (ALL) ALL", "ALL 1:4", (R.format("e"),)),
)

#: What is no extended SEARCH: slug, command, requirements.
WRONG = (
    ("unknown-option", "SEARCH RETURN (ZEPPELIN) ALL", ("RFC4466-2.6.1-a",)),
    ("unknown-option-beside-another", "SEARCH RETURN (MIN ZEPPELIN) ALL", ("RFC4466-2.6.1-a",)),
    ("options-without-list", "SEARCH RETURN MIN ALL", ("RFC3501-2.2.2-j",)),
    ("options-without-keys", "SEARCH RETURN (MIN)", ("RFC3501-2.2.2-g",)),
    ("options-behind-the-keys", "SEARCH ALL RETURN (MIN)", ("RFC3501-2.2.2-j",)),
    ("charset-before-options", "SEARCH CHARSET US-ASCII RETURN (MIN) ALL", ("RFC3501-2.2.2-j",)),
)


def _esearch(slug: str, command: str, seen: str, requirements: tuple[str, ...]) -> Generated:
    steps = [*filled(BOX), sent(command), expecting(f"* ESEARCH (TAG <any>){seen}", *requirements)]
    steps += [expecting("* .", R.format("j"), "RFC4466-2.6.1-b"), expecting("OK", *requirements)]
    return f"imap/rfc4731-3.1/{slug}", dialogue(f"{command} with ESEARCH", steps, requires="ESEARCH")


def _uid(slug: str, options: str, seen: str) -> Generated:
    """The UIDs differ from the numbers, since the first message is gone."""
    steps = ["C: STORE 1 +FLAGS.SILENT (\\Deleted)", "S: OK", "C: EXPUNGE", "S: OK"]
    steps += [sent(f"UID SEARCH RETURN ({options}) ALL")]
    steps += [expecting(f"* ESEARCH (TAG <any>) UID {seen}", R.format("k"), "RFC4466-2.6.2-c")]
    steps += [expecting("OK", R.format("k"))]
    title = f"UID SEARCH RETURN ({options}) gives UIDs"
    text = dialogue(title, steps, start="selected", messages="3 plain", requires="ESEARCH")
    return f"imap/rfc4731-3.1/uid-{slug}", text


def _wrong(slug: str, command: str, requirements: tuple[str, ...]) -> Generated:
    steps = [sent(command), expecting("BAD", *requirements), "C: NOOP", expecting("OK", "RFC3501-2.2.2-c")]
    text = dialogue(f"`{command}` is answered with BAD", steps, start="selected", requires="ESEARCH")
    return f"imap/rfc4466-2.6.1/{slug}", text


def _plain_search() -> Generated:
    steps = [*filled(BOX), "C: SEARCH FLAGGED", expecting("* SEARCH 2 3", "RFC4466-2.6.1-b")]
    steps += [expecting("* .", "RFC4466-2.6.1-b"), "S: OK"]
    title = "SEARCH without result options is answered with SEARCH"
    return "imap/rfc4731-3.1/without-options", dialogue(title, steps, requires="ESEARCH")


def _esearches() -> list[Generated]:
    found = [
        _esearch(
            f"return-{slug}", f"SEARCH RETURN ({options}) FLAGGED", f" {seen}", (R.format(letter), "RFC4466-2.6.2-a")
        )
        for slug, options, seen, letter in RETURNS
    ]
    found += [
        _esearch(
            f"return-{slug}-of-nothing",
            f"SEARCH RETURN ({options}) DRAFT",
            seen,
            tuple(dict.fromkeys((R.format(letter), R.format("g")))),
        )
        for slug, options, seen, letter in NOTHING
    ]
    found += [_esearch(f"form-{slug}", command, f" {seen}", ids) for slug, command, seen, ids in FORMS]
    found += [_uid("all", "ALL", "ALL <any>"), _uid("min", "MIN", "MIN $m2"), _uid("max", "MAX", "MAX $m3")]
    return [*found, _plain_search(), *[_wrong(*row) for row in WRONG]]


# SEARCHRES -----------------------------------------------------------------------------------------------------------

_SAVE = ("C: SEARCH RETURN (SAVE) FLAGGED", "S: OK")


#: What the variable holds: slug, title, steps before `FETCH $`, the messages, requirement.
VARIABLE = (
    ("saved", "SAVE keeps what was found", _SAVE, (2, 3), SAVED.format("c")),
    (
        "none-saved",
        "SAVE of nothing empties the variable",
        (*_SAVE, "C: SEARCH RETURN (SAVE) DRAFT", "S: OK"),
        (),
        SAVED.format("c"),
    ),
    ("later-save", "The later SAVE counts", (*_SAVE, "C: SEARCH RETURN (SAVE) SEEN", "S: OK"), (3, 4), "RFC5182-2.3-b"),
    (
        "search-without-save",
        "SEARCH without SAVE leaves it",
        (*_SAVE, "C: SEARCH SEEN", "S: OK"),
        (2, 3),
        SAVED.format("f"),
    ),
    (
        "bad-search",
        "A SEARCH with BAD leaves it",
        (*_SAVE, "C: SEARCH RETURN (SAVE) ZEPPELIN", "S: BAD"),
        (2, 3),
        SAVED.format("d"),
    ),
    (
        "refused-save",
        "A SEARCH with SAVE and NO empties it",
        (*_SAVE, "C: SEARCH RETURN (SAVE) CHARSET X-ZEPPELIN SUBJECT x", "S: NO"),
        (),
        SAVED.format("g"),
    ),
    ("selected-anew", "SELECT empties it", (*_SAVE, "C: SELECT INBOX", "S: OK"), (), SAVED.format("b")),
    ("never-set", "It is empty at first", (), (), SAVED.format("j")),
    ("save-and-min", "MIN saves one message", ("C: SEARCH RETURN (SAVE MIN) FLAGGED", "S: OK"), (2,), "RFC5182-2.4-b"),
    ("save-and-max", "MAX saves one message", ("C: SEARCH RETURN (SAVE MAX) FLAGGED", "S: OK"), (3,), "RFC5182-2.4-b"),
    (
        "save-min-and-max",
        "MIN and MAX save two",
        ("C: SEARCH RETURN (SAVE MIN MAX) ALL", "S: OK"),
        (1, 4),
        "RFC5182-2.4-c",
    ),
    ("save-and-all", "ALL saves all", ("C: SEARCH RETURN (SAVE MIN ALL) FLAGGED", "S: OK"), (2, 3), "RFC5182-2.4-d"),
    (
        "save-and-count",
        "COUNT saves all",
        ("C: SEARCH RETURN (SAVE MIN COUNT) FLAGGED", "S: OK"),
        (2, 3),
        "RFC5182-2.4-d",
    ),
    (
        "saved-by-uid",
        "UID SEARCH saves for FETCH",
        ("C: UID SEARCH RETURN (SAVE) FLAGGED", "S: OK"),
        (2, 3),
        SAVED.format("k"),
    ),
    (
        "expunged",
        "What is expunged is taken out, and numbers close up",
        (*_SAVE, "C: STORE 1:2 +FLAGS.SILENT (\\Deleted)", "S: OK", "C: EXPUNGE", "S: OK"),
        (1,),
        SAVED.format("h"),
    ),
    (
        "save-in-lower-case",
        "SAVE in lower case",
        ("C: SEARCH RETURN (save) FLAGGED", expecting("OK", "RFC5182-3-a")),
        (2, 3),
        "RFC5182-3-a",
    ),
)

#: $ as a search key, after SAVE of FLAGGED: slug, keys, whom it finds.
KEYS = (
    ("alone", "$$", (2, 3)),
    ("with-another", "$$ SEEN", (3,)),
    ("negated", "NOT $$", (1, 4)),
    ("in-or", "OR $$ 4", (2, 3, 4)),
    ("in-a-list", "(SEEN $$)", (3,)),
    ("behind-uid", "UID $$", (2, 3)),
)


def _variable(slug: str, title: str, before: tuple[str, ...], messages: tuple[int, ...], requirement: str) -> Generated:
    steps = [*filled(BOX), *before, "C: FETCH $$ RFC822.SIZE"]  # sizes, for flags may come unasked
    steps += [expecting(f"* {number} FETCH (RFC822.SIZE <number>)", requirement) for number in messages]
    steps += [expecting("* .", requirement), expecting("OK", requirement)]
    return f"imap/rfc5182-2.1/{slug}", dialogue(title, steps, requires="SEARCHRES")


def _key(slug: str, keys: str, messages: tuple[int, ...]) -> Generated:
    numbers = "".join(f" {number}" for number in messages)
    steps = [*filled(BOX), *_SAVE, f"C: SEARCH {keys}", expecting(f"* SEARCH{numbers}", SAVED.format("l"))]
    steps += [expecting("OK", SAVED.format("l"))]
    return f"imap/rfc5182-2.1/key-{slug}", dialogue(
        f"$ as a search key: {slug.replace('-', ' ')}", steps, requires="SEARCHRES"
    )


def _quiet() -> Generated:
    steps = [*filled(BOX), "C: SEARCH RETURN (SAVE) FLAGGED", expecting("* .", SAVED.format("m")), "S: OK"]
    return "imap/rfc5182-2.1/save-alone-is-quiet", dialogue("SAVE alone brings no data", steps, requires="SEARCHRES")


def _returned() -> Generated:
    steps = [*filled(BOX), "C: SEARCH RETURN (SAVE COUNT ALL) FLAGGED"]
    steps += [expecting("* ESEARCH (TAG <any>) COUNT 2 ALL 2:3", "RFC5182-2.4-a"), expecting("OK", "RFC5182-2.4-a")]
    title = "SAVE with COUNT and ALL brings both"
    return "imap/rfc5182-2.4/save-with-results", dialogue(title, steps, requires="SEARCHRES")


def _stored() -> Generated:
    steps = [*filled(BOX), *_SAVE, "C: STORE $$ +FLAGS.SILENT (\\Draft)", "S: OK", "C: SEARCH DRAFT"]
    steps += [expecting("* SEARCH 2 3", SAVED.format("c")), "S: OK"]
    return "imap/rfc5182-2.1/store", dialogue("STORE of $", steps, requires="SEARCHRES")


def _copied() -> Generated:
    steps = [*filled(BOX), "C: CREATE lantern", "S: OK", *_SAVE, "C: COPY $$ lantern", "S: OK"]
    steps += ["C: STATUS lantern (MESSAGES)", expecting("* STATUS lantern (MESSAGES 2)", SAVED.format("c")), "S: OK"]
    return "imap/rfc5182-2.1/copy", dialogue("COPY of $", steps, requires="SEARCHRES")


# WITHIN --------------------------------------------------------------------------------------------------------------

#: An old message and one of now: slug, key, whom it finds, requirement.
AGES = (
    ("younger-than-an-hour", "YOUNGER 3600", (2,), "RFC5032-2-c"),
    ("older-than-an-hour", "OLDER 3600", (1,), "RFC5032-2-b"),
    ("younger-than-a-century", "YOUNGER 3155760000", (1, 2), "RFC5032-2-c"),
    ("older-than-a-century", "OLDER 3155760000", (), "RFC5032-2-b"),
    ("not-younger", "NOT YOUNGER 3600", (1,), "RFC5032-2-c"),
    ("both", "OLDER 3600 YOUNGER 3155760000", (1,), "RFC5032-2-d"),
    ("letter-case", "younger 3600", (2,), "RFC5032-2-c"),
)
NO_AGES = (
    ("older-than-zero", "OLDER 0"),
    ("younger-than-zero", "YOUNGER 0"),
    ("older-without-a-number", "OLDER"),
    ("younger-of-a-negative-number", "YOUNGER -5"),
    ("younger-of-a-word", "YOUNGER long"),
)


def _age(slug: str, key: str, messages: tuple[int, ...], requirement: str) -> Generated:
    box = (Stored(note("old"), date="12-Jun-2004 12:00:00 +0000"), Stored(note("new")))
    numbers = "".join(f" {number}" for number in messages)
    steps = [
        *filled(box),
        f"C: SEARCH {key}",
        expecting(f"* SEARCH{numbers}", requirement),
        expecting("OK", requirement),
    ]
    return f"imap/rfc5032-2/{slug}", dialogue(f"SEARCH {key}", steps, requires="WITHIN")


def _no_age(slug: str, key: str) -> Generated:
    steps = [f"C: SEARCH {key}", expecting("BAD | NO", "RFC5032-3-a")]
    return f"imap/rfc5032-3/{slug}", dialogue(f"SEARCH {key} is refused", steps, start="selected", requires="WITHIN")


def cases() -> list[Generated]:
    """All of the tables above."""
    saved = [*[_variable(*row) for row in VARIABLE], *[_key(*row) for row in KEYS]]
    saved += [_quiet(), _returned(), _stored(), _copied()]
    return [*_esearches(), *saved, *[_age(*row) for row in AGES], *[_no_age(*row) for row in NO_AGES]]
