"""What LIST with options must not say: strangers, contradictions, CHILDINFO unasked (RFC 5258 §3, §3.5, §4, §6).

Each dialogue makes a small tree: `isle` with `isle/cove`, and `islet` beside it; `isle/cove` is subscribed.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import DELIMITER, Generated, all_done, dialogue, expecting, inferior, listed, sent

R = "RFC5258-{}"
_MADE = ("isle", "isle/cove", "islet")
_PARENT = "\\HasChildren <any>"


@dataclass(frozen=True, slots=True)
class Asked:
    """A LIST: what follows the keyword, the patterns of all responses, and the requirements."""

    slug: str
    title: str
    arguments: str
    responses: tuple[str, ...]
    letters: tuple[str, ...]
    gone: tuple[str, ...] = ()
    """Mailboxes that are removed once the tree is made."""


def _with_childinfo(name: str) -> str:
    """A parent that is listed for its child's subscription."""
    return f'* LIST () <any> {name} ("CHILDINFO" ("SUBSCRIBED"))'


def _missing(name: str, *more: str) -> str:
    """A name that is no mailbox."""
    return listed(name, " ".join(("\\NonExistent", *more, "<any>")))


ASKED = (
    Asked(
        "return-option-adds-no-names",
        "A return option adds no names",
        '"" isle RETURN (SUBSCRIBED CHILDREN)',
        (listed("isle"),),
        ("3-f",),
    ),
    Asked(
        "base-syntax-still-works",
        "LIST without options is that of the base protocol, without extended data",
        '"" isle%',
        (listed("isle"), listed("islet")),
        ("3-l", "3-j"),
    ),
    Asked(
        "nonexistent-only-for-what-is-missing",
        "\\NonExistent is for the mailbox that is missing",
        '(SUBSCRIBED) "" isl*',
        (_missing("islet", "\\Subscribed"), listed("isle/cove", "\\Subscribed")),
        ("3-m",),
        ("islet",),
    ),
    Asked(
        "missing-mailbox-only-where-it-is-asked-for",
        "A subscribed mailbox that is missing is not in LIST without SUBSCRIBED",
        '"" isle* RETURN (SUBSCRIBED)',
        (listed("isle"), listed("isle/cove", "\\Subscribed <any>")),
        ("3-n",),
        ("islet",),
    ),
    Asked(
        "childinfo-as-it-is-registered",
        "CHILDINFO is written as its tag and a list of options in quotes",
        '(SUBSCRIBED RECURSIVEMATCH) "" isl%',
        (_with_childinfo("isle"), listed("islet", "\\Subscribed <any>")),
        ("3-m", "3-o", "6-c"),
    ),
    Asked(
        "no-remote-here",
        "REMOTE flags no mailbox of this server as \\Remote",
        '(REMOTE) "" isle RETURN (CHILDREN)',
        (listed("isle", "\\HasChildren"),),
        ("3.1-e",),
    ),
    Asked(
        "children-by-name",
        "CHILDREN is a return option",
        '"" isle RETURN (CHILDREN)',
        (listed("isle", _PARENT),),
        ("3.2-c",),
    ),
    Asked(
        "each-name-once",
        "A name that several patterns match is listed once",
        '"" (isle isle* isl%)',
        (listed("isle"), listed("isle/cove"), listed("islet")),
        ("3.3-a",),
    ),
    Asked(
        "only-what-is-selected",
        "Only names that meet the selection are listed",
        '(SUBSCRIBED) "" isle*',
        (listed("isle/cove", "\\Subscribed <any>"), listed("islet", "\\Subscribed <any>")),
        ("3.3-b",),
    ),
    Asked(
        "no-childinfo-without-recursivematch",
        "Without RECURSIVEMATCH there is no CHILDINFO",
        '(SUBSCRIBED) "" isl% RETURN (CHILDREN)',
        (listed("islet", "\\Subscribed <any>"),),
        ("3.5-a",),
    ),
    Asked(
        "no-noselect-for-children",
        "A parent whose child is subscribed is not listed as \\Noselect",
        '(SUBSCRIBED) "" isle%',
        (listed("islet", "\\Subscribed <any>"),),
        ("3.5-c",),
    ),
    Asked(
        "childinfo-only-for-what-is-hidden",
        "A parent that is not subscribed is left out where the child itself is listed",
        '(SUBSCRIBED RECURSIVEMATCH) "" (isle isle/cove)',
        (listed("isle/cove", "\\Subscribed <any>"),),
        ("3.5-e",),
    ),
)


def _asked(asked: Asked) -> Generated:
    ids = tuple(R.format(letter) for letter in asked.letters)
    made = [
        *DELIMITER,
        *all_done(f"CREATE {inferior(name)}" for name in _MADE),
        *all_done(f"SUBSCRIBE {inferior(name)}" for name in ("isle/cove", "islet")),
        *all_done(f"DELETE {inferior(name)}" for name in asked.gone),
    ]
    steps = [*made, sent(f"LIST {inferior(asked.arguments)}")]
    steps += [expecting(pattern, *ids) for pattern in asked.responses]
    steps += [expecting("* .", *ids), expecting("OK", *ids)]
    text = dialogue(asked.title, steps, requires="LIST-EXTENDED")
    return f"imap/rfc5258-{asked.letters[0].split('-')[0]}/{asked.slug}", text


def _status_of_a_level() -> Generated:
    steps = [
        *DELIMITER,
        *all_done([f"CREATE {inferior('isle')}", f"CREATE {inferior('isle/cove')}", "DELETE isle"]),
        sent(f'LIST "" (isle {inferior("isle/cove")}) RETURN (STATUS (MESSAGES))'),
        expecting(listed("isle", "\\Noselect") + " | " + listed("isle", "\\NonExistent"), "RFC5819-2-d"),
        expecting(listed("isle/cove"), "RFC5819-2-f"),
        expecting("* STATUS isle/cove (MESSAGES 0) | * STATUS isle.cove (MESSAGES 0)", "RFC5819-2-f"),
        expecting("* .", "RFC5819-2-f"),
        "S: OK",
    ]
    title = "LIST with STATUS gives it for the child, and not for the level above it"
    return "imap/rfc5819-2/status-of-the-child-alone", dialogue(title, steps, requires="LIST-STATUS")


def _uses() -> list[Generated]:
    made = [sent("CREATE isle-of-use (USE (\\Trash))"), "S: OK"]
    implied = [
        *made,
        sent('LIST (SPECIAL-USE) "" isle-of-use'),
        expecting("* LIST (\\Trash <any>) <any> isle-of-use", "RFC6154-2-f"),
        "S: OK",
        *all_done(["DELETE isle-of-use"]),
    ]
    refused = [sent("CREATE isle (USE (\\Tropical))"), expecting("NO [USEATTR]", "RFC6154-3-e")]
    return [
        (
            "imap/rfc6154-2/selection-implies-return",
            dialogue(
                "LIST (SPECIAL-USE) shows the uses", implied, requires="SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED"
            ),
        ),
        (
            "imap/rfc6154-3/unknown-use-is-useattr",
            dialogue("CREATE with an unknown use gets NO with USEATTR", refused, requires="CREATE-SPECIAL-USE"),
        ),
    ]


def cases() -> list[Generated]:
    """All of the tables above."""
    return [*map(_asked, ASKED), _status_of_a_level(), *_uses()]
