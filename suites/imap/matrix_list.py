"""Patterns of LIST and LSUB: wildcards, references, levels that are no mailboxes (RFC 3501 §6.3.8, §6.3.9).

Names are written with `/` here; on the wire the target's own delimiter stands there. Each case makes names that no
server has by itself and asks for patterns that can match only those.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import DELIMITER, Generated, all_done, dialogue, expecting, inferior, listed, sent

ANY_DEPTH = "RFC3501-6.3.8-k"
ONE_LEVEL = "RFC3501-6.3.8-l"
MATCHING = "RFC3501-6.3.8-d"
ALL_OF_THEM = "RFC3501-6.3.8-a"
NO_MAILBOX = "RFC3501-6.3.8-n"

#: What is there: a tree of four mailboxes and one beside it whose name begins alike.
TREE = ("quay", "quay/crane", "quay/crane/hook", "quay/shed", "quayside")

#: A tree whose upper levels nobody made; CREATE makes them where the server needs that.
DEEP = ("reef/north/rock",)


@dataclass(frozen=True, slots=True)
class Asked:
    """A pattern, the names that match it, and the requirement that says so."""

    slug: str
    pattern: str
    names: tuple[str, ...]
    requirement: str


PATTERNS = (
    Asked("of-one-name", "quay", ("quay",), MATCHING),
    Asked("of-an-inferior", "quay/crane", ("quay/crane",), MATCHING),
    Asked("of-an-unknown-name", "quayx", (), ALL_OF_THEM),
    Asked("star-behind-a-prefix", "quay*", TREE, ANY_DEPTH),
    Asked("star-behind-the-delimiter", "quay/*", ("quay/crane", "quay/crane/hook", "quay/shed"), ANY_DEPTH),
    Asked("star-before-a-suffix", "*hook", ("quay/crane/hook",), ANY_DEPTH),
    Asked("star-on-both-sides", "*crane*", ("quay/crane", "quay/crane/hook"), ANY_DEPTH),
    Asked("star-inside", "qu*ook", ("quay/crane/hook",), ANY_DEPTH),
    Asked("star-for-nothing", "quay*/shed", ("quay/shed",), ANY_DEPTH),
    Asked("two-stars-side-by-side", "quay**", TREE, ANY_DEPTH),
    Asked("star-across-a-level", "quay*k", ("quay/crane/hook",), ANY_DEPTH),
    Asked("percent-behind-a-prefix", "quay%", ("quay", "quayside"), ONE_LEVEL),
    Asked("percent-behind-the-delimiter", "quay/%", ("quay/crane", "quay/shed"), ONE_LEVEL),
    Asked("percent-before-a-suffix", "%side", ("quayside",), ONE_LEVEL),
    Asked("percent-for-nothing", "quay%/shed", ("quay/shed",), ONE_LEVEL),
    Asked("percent-inside", "quay/%ane", ("quay/crane",), ONE_LEVEL),
    Asked("two-percents-side-by-side", "quay%%", ("quay", "quayside"), ONE_LEVEL),
    Asked("percent-on-two-levels", "quay/%/%", ("quay/crane/hook",), ONE_LEVEL),
    Asked("percent-on-the-first-level", "%uay/crane", ("quay/crane",), ONE_LEVEL),
    Asked("percent-does-not-cross", "quay%hook", (), ONE_LEVEL),
    Asked("star-and-percent", "quay*/%k", ("quay/crane/hook",), ANY_DEPTH),
    Asked("percent-and-star", "qua%/sh*", ("quay/shed",), ANY_DEPTH),
    Asked("percent-beside-star", "quay%*", TREE, ANY_DEPTH),
    Asked("letters-in-another-place", "uay*", (), MATCHING),
)

#: Reference and pattern that together stand for a pattern (RFC 3501 §6.3.8).
REFERENCES = (
    Asked("a-level-and-percent", "quay/ %", ("quay/crane", "quay/shed"), "RFC3501-6.3.8-h"),
    Asked("a-level-and-star", "quay/ *", ("quay/crane", "quay/crane/hook", "quay/shed"), "RFC3501-6.3.8-h"),
    Asked("a-level-and-a-name", "quay/ shed", ("quay/shed",), "RFC3501-6.3.8-h"),
    Asked("two-levels-and-percent", "quay/crane/ %", ("quay/crane/hook",), "RFC3501-6.3.8-h"),
    Asked("a-level-that-does-not-exist", "fogbank/ %", (), ALL_OF_THEM),
)


def _steps(kind: str, reference: str, asked: Asked, pattern: str) -> list[str]:
    steps = [sent(f'{kind} "{inferior(reference)}" "{inferior(pattern)}"')]
    steps += [expecting(listed(name, kind=kind), asked.requirement) for name in asked.names]
    return [*steps, expecting("* .", asked.requirement), "S: OK"]


def _made(names: tuple[str, ...]) -> list[str]:
    return [*DELIMITER, *all_done(f"CREATE {inferior(name)}" for name in names)]


def _list(asked: Asked) -> Generated:
    title = f'LIST "" {asked.pattern}: {asked.slug.replace("-", " ")}'
    return f"imap/rfc3501-6.3.8/{asked.slug}", dialogue(
        title, [*_made(TREE), *_steps("LIST", "", asked, asked.pattern)]
    )


def _reference(asked: Asked) -> Generated:
    reference, pattern = asked.pattern.split(" ")
    title = f"LIST with a reference: {asked.slug.replace('-', ' ')}"
    steps = [*_made(TREE), *_steps("LIST", reference, asked, pattern)]
    return f"imap/rfc3501-6.3.8/reference-{asked.slug}", dialogue(title, steps)


def _lsub(asked: Asked) -> Generated:
    title = f'LSUB "" {asked.pattern}: {asked.slug.replace("-", " ")}'
    own = Asked(asked.slug, asked.pattern, asked.names, "RFC3501-6.3.9-e")
    subscribed = all_done(f"SUBSCRIBE {inferior(name)}" for name in TREE)
    steps = [*_made(TREE), *subscribed, *_steps("LSUB", "", own, asked.pattern)]
    return f"imap/rfc3501-6.3.9/{asked.slug}", dialogue(title, steps)


#: Levels above a mailbox that nobody created: LIST shows them for a `%` at the end of the pattern.
LEVELS = (
    ("first-level", "ree%", "reef"),
    ("second-level", "reef/%", "reef/north"),
    ("level-between-percents", "%eef/%", "reef/north"),
)


def _level(slug: str, pattern: str, name: str) -> Generated:
    steps = [
        *_made(DEEP),
        sent(f'LIST "" "{inferior(pattern)}"'),
        expecting(listed(name), "RFC3501-6.3.8-m"),
        "S: OK",
    ]
    title = f"LIST of {pattern} shows a level above a mailbox"
    return f"imap/rfc3501-6.3.8/{slug}-is-listed", dialogue(title, steps)


def _deleted_level(slug: str, pattern: str) -> Generated:
    """A deleted mailbox with an inferior: NO is permitted for DELETE, and blocks the case."""
    steps = [
        *_made(("jetty", "jetty/boat")),
        *all_done(["DELETE jetty"]),
        sent(f'LIST "" "{pattern}"'),
        expecting(listed("jetty", "\\Noselect") + " | " + listed("jetty", "\\NonExistent"), NO_MAILBOX),
        "S: OK",
    ]
    title = f"LIST of {pattern} flags a deleted mailbox with inferiors as \\Noselect"
    return f"imap/rfc3501-6.3.8/deleted-level-{slug}", dialogue(title, steps)


#: What `""` as mailbox name gives: one line with the delimiter, whatever the reference.
ROOTS = (("empty-reference", ""), ("reference-of-a-name", "fogbank"), ("reference-of-inbox", "INBOX"))


def _root(slug: str, reference: str) -> Generated:
    steps = [
        sent(f'LIST "{reference}" ""'),
        expecting("* LIST (<any>) <any> <any>", "RFC3501-6.3.8-e", "RFC3501-6.3.8-g"),
        expecting("* .", "RFC3501-6.3.8-e"),
        "S: OK",
    ]
    return f"imap/rfc3501-6.3.8/root-{slug}", dialogue("LIST of an empty name gives the delimiter", steps)


#: Mailboxes that a server made by itself.
OTHERS = ("S? * LIST <any>",) * 12

#: INBOX in patterns: slug, pattern, whether it matches.
INBOXES = (
    ("star", "*", True),
    ("percent", "%", True),
    ("upper-case-prefix", "INB*", True),
    ("percent-inside", "I%X", True),
    ("star-before-the-last-letter", "INBO*X", True),
    ("another-name", "XINBOX", False),
    ("a-letter-more", "INBOXES", False),
)


def _inbox(slug: str, pattern: str, matches: bool) -> Generated:
    title = f'LIST "" {pattern} {"includes" if matches else "does not include"} INBOX'
    steps = [sent(f'LIST "" "{pattern}"')]
    if matches:
        steps += [expecting("* LIST (<any>) <any> INBOX", "RFC3501-6.3.8-p"), *OTHERS, "S: OK"]
    else:
        steps += [expecting("* .", MATCHING), "S: OK"]
    return f"imap/rfc3501-6.3.8/inbox-by-{slug}", dialogue(title, steps)


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *map(_list, PATTERNS),
        *map(_reference, REFERENCES),
        *map(_lsub, PATTERNS),
        *[_level(*row) for row in LEVELS],
        *[_deleted_level(*row) for row in (("by-percent", "jett%"), ("by-a-pattern-with-more", "%etty%"))],
        *[_root(*row) for row in ROOTS],
        *[_inbox(*row) for row in INBOXES],
    ]
