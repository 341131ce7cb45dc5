"""UID FETCH and UID SEARCH (RFC 3501 §6.4.8): sets are of UIDs, gaps do no harm, and FETCH always gives the UID."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, dialogue, expecting

R = "RFC3501-6.4.8-{}"

#: After the second of five messages is gone, so that UIDs and numbers differ.
_GAP = ("C: STORE 2 +FLAGS.SILENT (\\Deleted)", "S: OK", "C: EXPUNGE", "S: OK")
#: Number of each message that is left, by its name.
_NUMBERS = {"m1": 1, "m3": 2, "m4": 3, "m5": 4}

#: Sets: slug, set, whom it names, letter.
SETS = (
    ("one", "$m3", ("m3",), "b"),
    ("list", "$m1,$m4", ("m1", "m4"), "b"),
    ("range", "$m3:$m5", ("m3", "m4", "m5"), "g"),
    ("range-backwards", "$m5:$m3", ("m3", "m4", "m5"), "g"),
    ("range-over-a-gap", "$m1:$m3", ("m1", "m3"), "g"),
    ("range-from-a-gap", "$m2:$m4", ("m3", "m4"), "g"),
    ("range-to-a-gap", "$m1:$m2", ("m1",), "g"),
    ("range-past-the-end", "$m4:4294967295", ("m4", "m5"), "g"),
    ("gap", "$m2", (), "d"),
    ("gap-and-others", "$m2,$m4", ("m4",), "d"),
    ("beyond-the-last", "4294967295", (), "d"),
    ("range-beyond-the-last", "4294967290:4294967295", (), "d"),
    ("star", "*", ("m5",), "h"),
    ("last-to-star", "$m5:*", ("m5",), "h"),
    ("to-star", "$m4:*", ("m4", "m5"), "h"),
    ("beyond-the-last-to-star", "4294967295:*", ("m5",), "h"),
    ("star-to-beyond-the-last", "*:4294967295", ("m5",), "h"),
    ("all", "1:*", ("m1", "m3", "m4", "m5"), "g"),
    ("all-numbers", "1:4294967295", ("m1", "m3", "m4", "m5"), "g"),
)

#: Items that are asked for, and with what they come: slug, items, pattern.
ITEMS = (
    ("flags", "FLAGS", "UID $m3 FLAGS (<any>)"),
    ("uid-itself", "UID", "UID $m3"),
    ("uid-among-others", "(UID RFC822.SIZE)", "UID $m3 RFC822.SIZE <any>"),
    ("size", "RFC822.SIZE", "UID $m3 RFC822.SIZE <octets $m3>"),
    ("envelope", "(ENVELOPE)", "UID $m3 ENVELOPE (<any>)"),
    ("whole", "BODY.PEEK[]", "UID $m3 BODY[] <message $m3>"),
    ("macro", "FAST", "UID $m3 FLAGS (<any>) INTERNALDATE <date> RFC822.SIZE <any>"),
)

#: UID SEARCH: slug, keys, whom it finds, letters.
SEARCHES = (
    ("all", "ALL", ("m1", "m3", "m4", "m5"), "e"),
    ("numbers", "2:3", ("m3", "m4"), "f"),
    ("last-number", "*", ("m5",), "f"),
    ("uids", "UID $m3:$m4", ("m3", "m4"), "f"),
    ("uids-with-a-gap", "UID $m1:$m3", ("m1", "m3"), "f"),
    ("uid-star", "UID *", ("m5",), "f"),
    ("uid-beyond-the-last-to-star", "UID 4294967295:*", ("m5",), "f"),
    ("uid-of-nobody", "UID $m2", (), "f"),
    ("uid-and-number", "UID $m3:$m5 1:2", ("m3",), "f"),
    ("not-uid", "NOT UID $m3", ("m1", "m4", "m5"), "f"),
    ("nothing", "KEYWORD zeppelin", (), "e"),
)


def _set(slug: str, asked: str, names: tuple[str, ...], letter: str) -> Generated:
    ids = (R.format(letter), R.format("i"), R.format("j"))
    steps = [*_GAP, f"C: UID FETCH {asked} UID"]
    steps += [expecting(f"* {_NUMBERS[name]} FETCH (UID ${name})", *ids) for name in names]
    steps += [expecting("* .", R.format(letter)), expecting("OK", R.format(letter))]
    title = f"UID FETCH of {slug.replace('-', ' ')}"
    return f"imap/rfc3501-6.4.8/uid-fetch-of-{slug}", dialogue(title, steps, start="selected", messages="5 plain")


def _item(slug: str, items: str, seen: str) -> Generated:
    steps = [*_GAP, f"C: UID FETCH $m3 {items}", expecting(f"* 2 FETCH ({seen})", R.format("j"), R.format("i"))]
    steps += [expecting("OK", R.format("b"))]
    title = f"UID FETCH of {items} gives the UID too"
    return f"imap/rfc3501-6.4.8/uid-fetch-gives-{slug}", dialogue(title, steps, start="selected", messages="5 plain")


def _search(slug: str, keys: str, names: tuple[str, ...], letter: str) -> Generated:
    uids = "".join(f" ${name}" for name in names)
    steps = [*_GAP, f"C: UID SEARCH {keys}", expecting(f"* SEARCH{uids}", R.format(letter))]
    steps += [expecting("OK", R.format(letter))]
    title = f"UID SEARCH of {slug.replace('-', ' ')}"
    return f"imap/rfc3501-6.4.8/uid-search-{slug}", dialogue(title, steps, start="selected", messages="5 plain")


def _key(slug: str, keys: str, names: tuple[str, ...], _letter: str) -> Generated:
    """The same keys without UID: numbers come."""
    numbers = "".join(f" {_NUMBERS[name]}" for name in names)
    ids = ("RFC3501-6.4.4-as",) if "UID" in keys else ("RFC3501-6.4.4-o", "RFC3501-7.2.5-a")
    steps = [*_GAP, f"C: SEARCH {keys}", expecting(f"* SEARCH{numbers}", *ids), expecting("OK", *ids)]
    title = f"SEARCH of {slug.replace('-', ' ')}, UIDs and numbers being different"
    return f"imap/rfc3501-6.4.4/with-a-gap-{slug}", dialogue(title, steps, start="selected", messages="5 plain")


def _empty() -> list[Generated]:
    found = []
    for slug, line in (("fetch", "UID FETCH 1:* FLAGS"), ("fetch-of-a-star", "UID FETCH * UID")):
        steps = [f"C: {line}", expecting("* .", R.format("d")), expecting("OK", R.format("d"))]
        title = f"`{line}` in an empty mailbox"
        found.append((f"imap/rfc3501-6.4.8/uid-{slug}-in-an-empty-mailbox", dialogue(title, steps, start="selected")))
    steps = ["C: SEARCH ALL", expecting("* SEARCH", "RFC3501-6.4.4-a"), expecting("OK", "RFC3501-6.4.4-a")]
    found.append(
        ("imap/rfc3501-6.4.4/in-an-empty-mailbox", dialogue("SEARCH in an empty mailbox", steps, start="selected"))
    )
    return found


def _unchanged() -> Generated:
    steps = ["C: SEARCH TEXT ferry BODY harbour", "S: OK", "C: FETCH 1:2 FLAGS"]
    steps += [expecting(f"* {number} FETCH (FLAGS ())", "POSTEL-imap_session-i") for number in (1, 2)]
    title = "SEARCH through texts sets no \\Seen"
    return "imap/rfc3501-6.4.4/flags-stay", dialogue(title, [*steps, "S: OK"], start="selected", messages="2 plain")


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_set(*row) for row in SETS],
        *[_item(*row) for row in ITEMS],
        *[_search(*row) for row in SEARCHES],
        *[_key(*row) for row in SEARCHES],
        *_empty(),
        _unchanged(),
    ]
