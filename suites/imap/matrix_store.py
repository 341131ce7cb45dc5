"""STORE: each way to change flags, silent or not, by number and by UID; and its sets (RFC 3501 §6.4.6, §6.4.8, §9)."""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import Generated, dialogue, expecting, sent

#: The system flags that a client can change, in the order of RFC 3501 §2.3.2.
SYSTEM = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change flags: item, requirement, and of its silent form."""

    slug: str
    item: str
    requirement: str
    silent: str

    def result(self, before: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
        """The flags after the change."""
        if self.item == "FLAGS":
            return given
        if self.item == "+FLAGS":
            return (*before, *(flag for flag in given if flag not in before))
        return tuple(flag for flag in before if flag not in given)


CHANGES = (
    Change("replace", "FLAGS", "RFC3501-6.4.6-e", "RFC3501-6.4.6-f"),
    Change("add", "+FLAGS", "RFC3501-6.4.6-g", "RFC3501-6.4.6-h"),
    Change("remove", "-FLAGS", "RFC3501-6.4.6-i", "RFC3501-6.4.6-j"),
)

#: Flags that are there before, flags that are given, and what the case is called.
SITUATIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("one-flag-of-none", (), ("\\Flagged",)),
    ("one-flag-of-two", ("\\Seen", "\\Flagged"), ("\\Flagged",)),
    ("another-flag", ("\\Seen",), ("\\Answered",)),
    ("two-flags-of-two", ("\\Seen", "\\Flagged"), ("\\Flagged", "\\Seen")),
    ("no-flag-of-two", ("\\Seen", "\\Answered"), ()),
    ("every-flag-of-one", ("\\Draft",), SYSTEM),
    ("one-flag-of-all", SYSTEM, ("\\Deleted",)),
)


def _list(flags: tuple[str, ...]) -> str:
    return f"({' '.join(flags)})"


def _prepared(before: tuple[str, ...]) -> list[str]:
    return [sent(f"STORE 1 FLAGS.SILENT {_list(before)}"), "S: OK"]


def _kept(after: tuple[str, ...], requirement: str) -> list[str]:
    """What FETCH says afterwards."""
    return [sent("FETCH 1 FLAGS"), expecting(f"* 1 FETCH (FLAGS {_list(after)})", requirement), "S: OK"]


def _loud(change: Change, situation: tuple[str, tuple[str, ...], tuple[str, ...]], uid: bool) -> Generated:
    slug, before, given = situation
    after = change.result(before, given)
    told = f"UID $m1 FLAGS {_list(after)}" if uid else f"FLAGS {_list(after)}"
    answer = "RFC3501-6.4.8-k" if uid else "RFC3501-6.4.6-a"
    # "Normally" the updated value comes back: where nothing was updated, its absence is not charged.
    unchanged = set(after) == set(before)
    shown = f"S? * 1 FETCH ({told})" if unchanged else expecting(f"* 1 FETCH ({told})", answer, change.requirement)
    steps = [
        *_prepared(before),
        sent(f"UID STORE $m1 {change.item} {_list(given)}" if uid else f"STORE 1 {change.item} {_list(given)}"),
        shown,
        expecting("OK", change.requirement),
        *_kept(after, change.requirement),
    ]
    title = f"{'UID ' if uid else ''}STORE {change.item}: {slug.replace('-', ' ')}"
    return _id(f"{change.slug}-{slug}", uid), dialogue(title, steps, start="selected", messages="2 plain")


def _silent(change: Change, situation: tuple[str, tuple[str, ...], tuple[str, ...]], uid: bool) -> Generated:
    slug, before, given = situation
    after = change.result(before, given)
    command = f"{change.item}.SILENT {_list(given)}"
    steps = [
        *_prepared(before),
        sent(f"UID STORE $m1 {command}" if uid else f"STORE 1 {command}"),
        expecting("OK", change.silent),
        *_kept(after, change.silent),
    ]
    title = f"{'UID ' if uid else ''}STORE {change.item}.SILENT: {slug.replace('-', ' ')}"
    return _id(f"{change.slug}-silently-{slug}", uid), dialogue(title, steps, start="selected", messages="2 plain")


def _id(slug: str, uid: bool) -> str:
    return f"imap/rfc3501-6.4.8/uid-store-{slug}" if uid else f"imap/rfc3501-6.4.6/{slug}"


#: How flags may be written: slug, argument, what is set, requirement.
SPELLINGS = (
    ("without-parentheses", "\\Seen", "\\Seen", "RFC3501-9-bw"),
    ("two-without-parentheses", "\\Seen \\Flagged", "\\Seen \\Flagged", "RFC3501-9-bw"),
    ("in-lower-case", "(\\seen)", "\\Seen", "RFC3501-9-a"),
    ("in-upper-case", "(\\SEEN \\FLAGGED)", "\\Seen \\Flagged", "RFC3501-9-a"),
    ("twice", "(\\Seen \\Seen)", "\\Seen", "RFC3501-6.4.6-e"),
    ("twice-in-two-cases", "(\\Seen \\sEEN)", "\\Seen", "RFC3501-9-a"),
)

#: Items in other cases (RFC 3501 §9 (1)).
ITEMS = ("flags", "+Flags", "-fLaGs", "flags.silent", "+FLAGS.silent", "-Flags.Silent")


def _spelling(slug: str, given: str, after: str, requirement: str) -> Generated:
    steps = [sent(f"STORE 1 FLAGS {given}"), expecting("OK", requirement), *_kept(tuple(after.split(" ")), requirement)]
    text = dialogue(f"STORE takes flags {slug.replace('-', ' ')}", steps, start="selected", messages="1 plain")
    return f"imap/rfc3501-6.4.6/flags-{slug}", text


def _item(number: int, item: str) -> Generated:
    steps = [sent(f"store 1 {item} (\\Seen)"), expecting("OK", "RFC3501-9-c", "RFC3501-9-b")]
    text = dialogue(f"STORE takes the item {item}", steps, start="selected", messages="1 plain")
    return f"imap/rfc3501-9/store-item-{number}", text


#: Sets of five messages, which numbers they stand for, and the requirement.
SETS: tuple[tuple[str, str, tuple[int, ...], str], ...] = (
    ("one", "3", (3,), "RFC3501-6.4.6-g"),
    ("two", "1,3", (1, 3), "RFC3501-9-br"),
    ("descending", "4,2", (2, 4), "RFC3501-9-br"),
    ("range", "2:4", (2, 3, 4), "RFC3501-9-br"),
    ("range-backwards", "4:2", (2, 3, 4), "RFC3501-9-bq"),
    ("range-of-one", "2:2", (2,), "RFC3501-9-bq"),
    ("star", "*", (5,), "RFC3501-9-bo"),
    ("to-the-star", "4:*", (4, 5), "RFC3501-9-bo"),
    ("from-the-star", "*:4", (4, 5), "RFC3501-9-bo"),
    ("star-to-star", "*:*", (5,), "RFC3501-9-bo"),
    ("all", "1:*", (1, 2, 3, 4, 5), "RFC3501-9-bo"),
    ("overlapping", "1:3,2:4", (1, 2, 3, 4), "RFC3501-9-br"),
    ("repeated", "2,2,2", (2,), "RFC3501-9-br"),
    ("number-in-a-range", "1:3,2", (1, 2, 3), "RFC3501-9-br"),
    ("star-and-number", "*,1", (1, 5), "RFC3501-9-bo"),
)


def _set(slug: str, given: str, numbers: tuple[int, ...], requirement: str) -> Generated:
    steps = [sent(f"STORE {given} +FLAGS.SILENT (\\Flagged)"), expecting("OK", requirement), sent("FETCH 1:5 FLAGS")]
    for number in range(1, 6):
        flags = "\\Flagged" if number in numbers else ""
        steps.append(expecting(f"* {number} FETCH (FLAGS ({flags}))", requirement))
    steps.append("S: OK")
    text = dialogue(f"STORE {given}", steps, start="selected", messages="5 plain")
    return f"imap/rfc3501-9/store-of-{slug}", text


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[make(change, row, False) for make in (_loud, _silent) for change in CHANGES for row in SITUATIONS],
        *[make(change, row, True) for make in (_loud, _silent) for change in CHANGES for row in SITUATIONS[:2]],
        *[_spelling(*row) for row in SPELLINGS],
        *[_item(number, item) for number, item in enumerate(ITEMS, 1)],
        *[_set(*row) for row in SETS],
    ]
