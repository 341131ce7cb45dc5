"""FETCH, what differs in one word: items, macros, sets, \\Seen, letter case (RFC 3501 §6.4.5)."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

FOLDER = "imap/rfc3501-6.4.5"

#: Each item alone: slug, item, what comes back, requirement.
ITEMS = (
    ("flags", "FLAGS", "FLAGS (<any>)", "RFC3501-6.4.5-ah"),
    ("uid", "UID", "UID $m1", "RFC3501-6.4.5-an"),
    ("internaldate", "INTERNALDATE", "INTERNALDATE <date>", "RFC3501-6.4.5-ai"),
    ("rfc822-size", "RFC822.SIZE", "RFC822.SIZE <octets $m1>", "RFC3501-6.4.5-al"),
    ("envelope", "ENVELOPE", "ENVELOPE (<any>)", "RFC3501-6.4.5-ag"),
    ("body-structure", "BODY", "BODY (<any>)", "RFC3501-6.4.5-i"),
    ("bodystructure", "BODYSTRUCTURE", "BODYSTRUCTURE (<any>)", "RFC3501-6.4.5-af"),
    ("body-whole", "BODY[]", "BODY[] <message $m1>", "RFC3501-6.4.5-j"),
    ("body-peek-whole", "BODY.PEEK[]", "BODY[] <message $m1>", "RFC3501-6.4.5-ae"),
    ("body-header", "BODY[HEADER]", "BODY[HEADER] <header $m1>", "RFC3501-6.4.5-q"),
    ("body-peek-header", "BODY.PEEK[HEADER]", "BODY[HEADER] <header $m1>", "RFC3501-6.4.5-ae"),
    ("body-text", "BODY[TEXT]", "BODY[TEXT] <body $m1>", "RFC3501-6.4.5-w"),
    ("body-peek-text", "BODY.PEEK[TEXT]", "BODY[TEXT] <body $m1>", "RFC3501-6.4.5-ae"),
    ("body-part-1", "BODY[1]", "BODY[1] <body $m1>", "RFC3501-6.4.5-k"),
    ("body-peek-part-1", "BODY.PEEK[1]", "BODY[1] <body $m1>", "RFC3501-6.4.5-ae"),
    ("rfc822", "RFC822", "RFC822 <message $m1>", "RFC3501-6.4.5-aj"),
    ("rfc822-header", "RFC822.HEADER", "RFC822.HEADER <header $m1>", "RFC3501-6.4.5-ak"),
    ("rfc822-text", "RFC822.TEXT", "RFC822.TEXT <body $m1>", "RFC3501-6.4.5-am"),
)

#: Which items set \\Seen: slug of ITEMS, requirement; and which leave it.
SEEING = {
    "body-whole": "RFC3501-6.4.5-ac",
    "body-header": "RFC3501-6.4.5-ac",
    "body-text": "RFC3501-6.4.5-ac",
    "body-part-1": "RFC3501-6.4.5-ac",
    "rfc822": "RFC3501-6.4.5-aj",
    "rfc822-text": "RFC3501-6.4.5-am",
}
BLIND = {
    "flags": "RFC3501-6.4.5-ah",
    "uid": "RFC3501-6.4.5-an",
    "internaldate": "RFC3501-6.4.5-ai",
    "rfc822-size": "RFC3501-6.4.5-al",
    "envelope": "RFC3501-6.4.5-ag",
    "body-structure": "RFC3501-6.4.5-i",
    "bodystructure": "RFC3501-6.4.5-af",
    "body-peek-whole": "RFC3501-6.4.5-ae",
    "body-peek-header": "RFC3501-6.4.5-ae",
    "body-peek-text": "RFC3501-6.4.5-ae",
    "body-peek-part-1": "RFC3501-6.4.5-ae",
    "rfc822-header": "RFC3501-6.4.5-ak",
}

_FAST = "FLAGS () INTERNALDATE <date> RFC822.SIZE <octets $m1>"
MACROS = (
    ("all", f"({_FAST} ENVELOPE (<any>))", "RFC3501-6.4.5-e"),
    ("fast", f"({_FAST})", "RFC3501-6.4.5-f"),
    ("full", f"({_FAST} ENVELOPE (<any>) BODY (<any>))", "RFC3501-6.4.5-g"),
)

#: Sets over five messages, and whom they name.
SETS = (
    ("one", "3", (3,), "RFC3501-6.4.5-a"),
    ("list", "2,4", (2, 4), "RFC3501-6.4.5-a"),
    ("list-backwards", "5,1,3", (1, 3, 5), "RFC3501-9-br"),
    ("range", "2:4", (2, 3, 4), "RFC3501-6.4.5-a"),
    ("range-backwards", "4:2", (2, 3, 4), "RFC3501-9-bq"),
    ("range-of-one", "3:3", (3,), "RFC3501-6.4.5-a"),
    ("star", "*", (5,), "RFC3501-9-bo"),
    ("star-to-star", "*:*", (5,), "RFC3501-9-bo"),
    ("from-star", "*:4", (4, 5), "RFC3501-9-bo"),
    ("to-star", "4:*", (4, 5), "RFC3501-9-bo"),
    ("last-to-star", "5:*", (5,), "RFC3501-9-bo"),
    ("all", "1:*", (1, 2, 3, 4, 5), "RFC3501-9-bo"),
    ("number-and-star", "1,*", (1, 5), "RFC3501-9-bo"),
    ("ranges", "1:2,4:5", (1, 2, 4, 5), "RFC3501-9-br"),
    ("overlapping-ranges", "1:3,2:4", (1, 2, 3, 4), "RFC3501-9-br"),
    ("number-twice", "2,2", (2,), "RFC3501-9-br"),
    ("number-in-its-range", "1:3,2", (1, 2, 3), "RFC3501-9-br"),
)

#: Words of FETCH in another case: slug, items, what comes back.
LETTER_CASES = (
    ("items", "(flags Uid rFc822.SiZe)", "(FLAGS () UID $m1 RFC822.SIZE <octets $m1>)"),
    ("macro", "fast", f"({_FAST})"),
    ("section", "body.peek[header]", "(BODY[HEADER] <header $m1>)"),
    ("fields", "Body.Peek[Header.Fields (sUBJECT)]", "(BODY[HEADER.FIELDS (SUBJECT)] <any>)"),
    ("bodystructure", "bodystructure", "(BODYSTRUCTURE (<any>))"),
)


def _item(slug: str, item: str, seen: str, requirement: str, *, listed: bool) -> Generated:
    asked = f"({item})" if listed else item
    also = ["RFC3501-9-ak", "RFC3501-6.4.5-b"]
    also += ["RFC3501-7.4.2-c", "RFC3501-9-bn"] if "[" in seen else []
    steps = [sent(f"FETCH 2 {asked}"), expecting(f"* 2 FETCH ({seen.replace('$m1', '$m2')})", requirement, *also)]
    steps += [expecting("OK", *also[:2])]
    title = f"FETCH of {item}" + (" in a list" if listed else "")
    slug = f"{slug}-in-a-list" if listed else slug
    return f"{FOLDER}/item-{slug}", dialogue(title, steps, start="selected", messages="2 plain")


def _seeing(slug: str, item: str) -> Generated:
    sets = slug in SEEING
    requirement = SEEING[slug] if sets else BLIND[slug]
    steps = [sent(f"FETCH 1 {item}"), "S: OK", sent("FETCH 1:2 FLAGS")]
    flags = "\\Seen" if sets else ""
    steps += [expecting(f"* 1 FETCH (FLAGS ({flags}))", requirement)]
    steps += ["S: * 2 FETCH (FLAGS ())", "S: OK"]
    title = f"{item} {'sets' if sets else 'does not set'} \\Seen"
    return f"{FOLDER}/seen-after-{slug}", dialogue(title, steps, start="selected", messages="2 plain")


def _told_seen(slug: str, item: str, seen: str) -> Generated:
    steps = [sent(f"FETCH 1 {item}"), expecting(f"* 1 FETCH ({seen} FLAGS (\\Seen))", "RFC3501-6.4.5-ad"), "S: OK"]
    title = f"FETCH of {item} tells that \\Seen was set"
    return f"{FOLDER}/flags-told-with-{slug}", dialogue(title, steps, start="selected", messages="1 plain")


def _examined(slug: str, item: str) -> Generated:
    steps = ["C: EXAMINE INBOX", "S: OK", sent(f"FETCH 1 {item}"), "S: OK", "C: SELECT INBOX", "S: OK"]
    steps += ["C: FETCH 1 FLAGS", expecting("* 1 FETCH (FLAGS ())", "RFC3501-6.3.2-b"), "S: OK"]
    title = f"{item} sets no \\Seen in a mailbox that is selected read-only"
    return f"imap/rfc3501-6.3.2/unseen-after-{slug}", dialogue(title, steps, start="selected", messages="1 plain")


def _macro(slug: str, seen: str, requirement: str) -> Generated:
    steps = [sent(f"FETCH 1 {slug.upper()}"), expecting(f"* 1 FETCH {seen}", requirement), expecting("OK", requirement)]
    return f"{FOLDER}/macro-{slug}", dialogue(
        f"FETCH of the macro {slug.upper()}", steps, start="selected", messages="1 plain"
    )


def _set(slug: str, numbers: str, named: tuple[int, ...], requirement: str) -> Generated:
    steps = [sent(f"FETCH {numbers} UID")]
    steps += [expecting(f"* {number} FETCH (UID $m{number})", requirement, "RFC3501-7.4.2-a") for number in named]
    steps += [expecting("* .", requirement), expecting("OK", requirement)]
    title = f"FETCH of the set {numbers} of five messages"
    return f"imap/rfc3501-9/fetch-of-{slug}", dialogue(title, steps, start="selected", messages="5 plain")


def _letter_case(slug: str, items: str, seen: str) -> Generated:
    steps = [sent(f"FETCH 1 {items}"), expecting(f"* 1 FETCH {seen}", "RFC3501-9-c"), expecting("OK", "RFC3501-9-c")]
    title = f"FETCH of {items}, in another case than usual"
    return f"imap/rfc3501-9/fetch-{slug}-in-any-case", dialogue(title, steps, start="selected", messages="1 plain")


def cases() -> list[Generated]:
    """All of the tables above."""
    opened = {slug: (item, seen) for slug, item, seen, _ in ITEMS}
    return [
        *[_item(*row, listed=False) for row in ITEMS],
        *[_item(*row, listed=True) for row in ITEMS],
        *[_seeing(slug, opened[slug][0]) for slug in (*SEEING, *BLIND)],
        *[_told_seen(slug, *opened[slug]) for slug in SEEING],
        *[_examined(slug, opened[slug][0]) for slug in SEEING],
        *[_macro(*row) for row in MACROS],
        *[_set(*row) for row in SETS],
        *[_letter_case(*row) for row in LETTER_CASES],
    ]
