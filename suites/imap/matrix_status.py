"""STATUS: each item alone, in pairs, in any order and case; and the numbers (RFC 3501 §6.3.10, RFC 8438)."""

from __future__ import annotations

from itertools import permutations

from suites.imap.dialogue_text import Generated, dialogue, done, expecting, sent

#: Items, the pattern of their values in a new mailbox with two messages of which one is seen, and their requirement.
ITEMS = (
    ("MESSAGES", "2", "RFC3501-6.3.10-g"),
    ("RECENT", "<number 0..2>", "RFC3501-6.3.10-h"),
    ("UIDNEXT", "<number 3..>", "RFC3501-6.3.10-i"),
    ("UIDVALIDITY", "<number 1..>", "RFC3501-6.3.10-j"),
    ("UNSEEN", "1", "RFC3501-6.3.10-k"),
)

#: Two messages in a mailbox of their own, one of them seen, that no session has selected.
TWO = (
    "C: CREATE tally",
    "S: OK",
    'C: APPEND tally (\\Seen) {literal "Subject: one\\r\\n\\r\\nThe first.\\r\\n"}',
    "S: OK",
    'C: APPEND tally {literal "Subject: two\\r\\n\\r\\nThe second.\\r\\n"}',
    "S: OK",
)

#: Names of items in other cases (RFC 3501 §9 (1)).
CASES = (("lower-case", str.lower), ("capitalized", str.capitalize))


def _asked(items: tuple[tuple[str, str, str], ...], *requirements: str) -> list[str]:
    names = " ".join(name for name, _, _ in items)
    values = " ".join(f"{name} {value}" for name, value, _ in items)
    return [
        *TWO,
        sent(f"STATUS tally ({names})"),
        expecting(f"* STATUS tally ({values})", *requirements),
        expecting("* .", "RFC3501-6.3.10-a"),
        "S: OK",
    ]


def _alone(item: tuple[str, str, str]) -> Generated:
    title = f"STATUS ({item[0]}) gives this item alone"
    return f"imap/rfc3501-6.3.10/{item[0].lower()}", dialogue(title, _asked((item,), item[2], "RFC3501-6.3.10-a"))


def _pair(first: tuple[str, str, str], second: tuple[str, str, str]) -> Generated:
    title = f"STATUS ({first[0]} {second[0]}) gives both"
    text = dialogue(title, _asked((first, second), "RFC3501-6.3.10-a", "RFC3501-9-bu"))
    return f"imap/rfc3501-6.3.10/{first[0].lower()}-and-{second[0].lower()}", text


def _all(slug: str, items: tuple[tuple[str, str, str], ...]) -> Generated:
    text = dialogue("STATUS with every item", _asked(items, "RFC3501-6.3.10-a", "RFC3501-9-bu"))
    return f"imap/rfc3501-6.3.10/all-items-{slug}", text


def _in_case(slug: str, item: tuple[str, str, str]) -> Generated:
    spelt = dict(CASES)[slug](item[0])
    steps = [
        *done("CREATE tally"),
        sent(f"status tally ({spelt})"),
        expecting(f"* STATUS tally ({item[0]} <number>)", "RFC3501-9-c"),
        expecting("OK", "RFC3501-9-b"),
    ]
    text = dialogue(f"STATUS takes {spelt} for {item[0]}", steps)
    return f"imap/rfc3501-9/status-{item[0].lower()}-{slug}", text


def _after(slug: str, steps: list[str], values: str, requirement: str) -> Generated:
    """STATUS of another mailbox after something has happened to it."""
    items = " ".join(values.split(" ")[::2])
    steps = [
        *TWO,
        *steps,
        sent(f"STATUS tally ({items})"),
        expecting(f"* STATUS tally ({values})", requirement),
        "S: OK",
    ]
    title = f"STATUS {slug.replace('-', ' ')}"
    return f"imap/rfc3501-6.3.10/{slug}", dialogue(title, steps)


def _recent(slug: str, steps: list[str], requirement: str) -> Generated:
    """As many messages are recent for the next SELECT as STATUS has said, whether the server knows the flag or not."""
    before = [*TWO, sent("STATUS tally (RECENT)"), expecting("* STATUS tally (RECENT $recent)"), "S: OK", *steps]
    after = [sent("SELECT tally"), expecting("* $recent RECENT", requirement), "S: OK"]
    title = f"Recent messages: {slug.replace('-', ' ')}"
    return f"imap/rfc3501-6.3.10/recent-{slug}", dialogue(title, [*before, *after])


def _changes() -> list[Generated]:
    selected = done("SELECT tally")
    left = done("CLOSE")
    return [
        _after("after-a-third-message", _third(), "MESSAGES 3 UNSEEN 2", "RFC3501-6.3.10-g"),
        _after(
            "after-seen-was-set", [*selected, *done("STORE 2 +FLAGS (\\Seen)"), *left], "UNSEEN 0", "RFC3501-6.3.10-k"
        ),
        _after(
            "after-seen-was-removed",
            [*selected, *done("STORE 1 -FLAGS (\\Seen)"), *left],
            "UNSEEN 2",
            "RFC3501-6.3.10-k",
        ),
        _after("after-the-session-knew-them", [*selected, *left], "RECENT 0", "RFC3501-6.3.10-h"),
        _recent("is-kept-by-status", done("STATUS tally (RECENT UNSEEN)"), "RFC3501-6.3.10-c"),
        _recent("as-status-says", [], "RFC3501-6.3.10-h"),
        _recent("is-kept-by-examine", [*done("EXAMINE tally"), *left], "RFC3501-6.3.2-d"),
        _after(
            "after-an-expunge",
            [*selected, *done("STORE 2 +FLAGS (\\Deleted)"), *done("EXPUNGE"), *left],
            "MESSAGES 1 UNSEEN 0",
            "RFC3501-6.3.10-g",
        ),
        _after("asked-before", done("STATUS tally (RECENT UNSEEN)"), "MESSAGES 2 UNSEEN 1", "RFC3501-6.3.10-d"),
    ]


def _third() -> list[str]:
    return ['C: APPEND tally {literal "Subject: three\\r\\n\\r\\nThe third.\\r\\n"}', "S: OK"]


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *map(_alone, ITEMS),
        *[_pair(*pair) for pair in permutations(ITEMS, 2)],
        _all("in-order", ITEMS),
        _all("backwards", ITEMS[::-1]),
        *[_in_case(slug, item) for slug, _ in CASES for item in ITEMS],
        *_changes(),
    ]
