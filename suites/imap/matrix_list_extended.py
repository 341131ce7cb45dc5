"""Options of LIST: selection, return, several patterns, STATUS, special uses (RFC 5258, RFC 5819, RFC 6154, RFC 3348).

Each dialogue makes a small tree first: `isle` with `isle/cove` and `isle/cave`, and `islet` beside it; `isle/cove` and
`islet` are subscribed, and `isle/gone`, which does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import DELIMITER, Generated, all_done, dialogue, expecting, inferior, listed, sent

EXTENDED = "LIST-EXTENDED"
MADE = ("isle", "isle/cove", "isle/cave", "islet")


@dataclass(frozen=True, slots=True)
class Asked:
    """A LIST with options: what follows the keyword, the names with their attributes, and the requirement."""

    slug: str
    arguments: str
    names: tuple[tuple[str, str], ...]
    requirement: str
    folder: str
    requires: str = EXTENDED


_TREE = (("isle", "<any>"), ("isle/cove", "<any>"), ("isle/cave", "<any>"), ("islet", "<any>"))
_SUBSCRIBED = (("isle/cove", "\\Subscribed <any>"), ("islet", "\\Subscribed <any>"))

ASKED = (
    Asked("two-patterns", '"" (isle islet)', (_TREE[0], _TREE[3]), "RFC5258-3-a", "rfc5258-3"),
    Asked("one-pattern-in-parentheses", '"" (isle*)', _TREE, "RFC5258-3-a", "rfc5258-3"),
    Asked("overlapping-patterns", '"" (isle* isle%)', _TREE, "RFC5258-3-b", "rfc5258-3"),
    Asked("pattern-that-matches-nothing-beside-one", '"" (atoll islet)', (_TREE[3],), "RFC5258-3-a", "rfc5258-3"),
    Asked("quoted-patterns", '"" ("isle" "islet")', (_TREE[0], _TREE[3]), "RFC5258-6-b", "rfc5258-6"),
    Asked("literal-pattern", '"" ({literal "isle"} islet)', (_TREE[0], _TREE[3]), "RFC5258-6-b", "rfc5258-6"),
    Asked("no-options", '() "" isle*', _TREE, "RFC5258-6-a", "rfc5258-6"),
    Asked("no-return-options", '"" isle* RETURN ()', _TREE, "RFC5258-6-a", "rfc5258-6"),
    Asked("empty-name-among-patterns", '"" ("" islet)', (_TREE[3],), "RFC5258-3-c", "rfc5258-3"),
    Asked("selection-subscribed", '(SUBSCRIBED) "" islet', (_SUBSCRIBED[1],), "RFC5258-3.1-b", "rfc5258-3.1"),
    Asked(
        "selection-subscribed-one-level", '(SUBSCRIBED) "" isle/c%', (_SUBSCRIBED[0],), "RFC5258-3.1-a", "rfc5258-3.1"
    ),
    Asked(
        "selection-subscribed-of-a-missing-mailbox",
        '(SUBSCRIBED) "" isle/g%',
        (("isle/gone", "\\Subscribed \\NonExistent <any>"),),
        "RFC5258-3.1-c",
        "rfc5258-3.1",
    ),
    Asked("selection-remote", '(REMOTE) "" isle*', _TREE, "RFC5258-3.1-d", "rfc5258-3.1"),
    Asked("option-given-twice", '(SUBSCRIBED SUBSCRIBED) "" islet', (_SUBSCRIBED[1],), "RFC5258-3-h", "rfc5258-3"),
    Asked("option-in-lower-case", '(subscribed) "" islet', (_SUBSCRIBED[1],), "RFC3501-9-c", "rfc5258-6"),
    Asked("options-in-one-order", '(SUBSCRIBED REMOTE) "" islet', (_SUBSCRIBED[1],), "RFC5258-3-i", "rfc5258-3"),
    Asked("options-in-the-other-order", '(REMOTE SUBSCRIBED) "" islet', (_SUBSCRIBED[1],), "RFC5258-3-i", "rfc5258-3"),
    Asked(
        "return-subscribed",
        '"" isle/c% RETURN (SUBSCRIBED)',
        (("isle/cove", "\\Subscribed <any>"), ("isle/cave", "")),
        "RFC5258-3.2-a",
        "rfc5258-3.2",
    ),
    Asked(
        "return-children",
        '"" isle% RETURN (CHILDREN)',
        (("isle", "\\HasChildren <any>"), ("islet", "\\HasNoChildren <any>")),
        "RFC5258-4-a",
        "rfc5258-4",
    ),
    Asked(
        "return-children-of-a-leaf",
        '"" isle/cove RETURN (CHILDREN)',
        (("isle/cove", "\\HasNoChildren <any>"),),
        "RFC5258-4-a",
        "rfc5258-4",
    ),
    Asked(
        "return-children-and-subscribed",
        '"" islet RETURN (CHILDREN SUBSCRIBED)',
        (("islet", "\\HasNoChildren \\Subscribed <any>"),),
        "RFC5258-3.2-b",
        "rfc5258-3.2",
    ),
    Asked(
        "return-option-in-lower-case",
        '"" islet return (children)',
        (("islet", "\\HasNoChildren <any>"),),
        "RFC3501-9-c",
        "rfc5258-6",
    ),
    Asked("nothing-selected", '(SUBSCRIBED) "" isle', (), "RFC5258-3-e", "rfc5258-3"),
)

#: Wrong options (RFC 5258 §3, §3.1; RFC 5819 §4).
WRONG = (
    ("unknown-selection-option", '(TROPICAL) "" isle', "RFC5258-3-g", EXTENDED),
    ("unknown-return-option", '"" isle RETURN (TROPICAL)', "RFC5258-3-g", EXTENDED),
    ("known-and-unknown-option", '(SUBSCRIBED TROPICAL) "" isle', "RFC5258-3-g", EXTENDED),
    ("recursivematch-alone", '(RECURSIVEMATCH) "" isle', "RFC5258-3.1-g", EXTENDED),
    ("recursivematch-with-remote", '(REMOTE RECURSIVEMATCH) "" isle', "RFC5258-3.1-g", EXTENDED),
    ("no-patterns", '"" ()', "RFC3501-2.2.2-j", EXTENDED),
    ("return-without-a-list", '"" isle RETURN', "RFC3501-2.2.2-g", EXTENDED),
    ("options-without-a-pattern", '(SUBSCRIBED) ""', "RFC3501-2.2.2-g", EXTENDED),
    ("status-without-items", '"" isle RETURN (STATUS)', "RFC5819-4-a", "LIST-STATUS"),
    ("status-with-no-items", '"" isle RETURN (STATUS ())', "RFC5819-4-a", "LIST-STATUS"),
    ("status-with-an-unknown-item", '"" isle RETURN (STATUS (TONNAGE))', "RFC5819-4-a", "LIST-STATUS"),
)


def _made() -> list[str]:
    subscribed = ("isle/cove", "islet", "isle/gone")
    return [
        *DELIMITER,
        *all_done(f"CREATE {inferior(name)}" for name in (*MADE, "isle/gone")),
        *all_done(f"SUBSCRIBE {inferior(name)}" for name in subscribed),
        *all_done([f"DELETE {inferior('isle/gone')}"]),
    ]


def _asked(asked: Asked) -> Generated:
    steps = [*_made(), sent(f"LIST {inferior(asked.arguments)}")]
    steps += [expecting(listed(name, attributes), asked.requirement) for name, attributes in asked.names]
    steps += [expecting("* .", asked.requirement), expecting("OK", asked.requirement)]
    title = f"LIST {asked.arguments}"
    return f"imap/{asked.folder}/{asked.slug}", dialogue(title, steps, requires=asked.requires)


def _wrong(slug: str, arguments: str, requirement: str, requires: str) -> Generated:
    steps = [sent(f"LIST {arguments}"), expecting("BAD", requirement), sent("NOOP"), expecting("OK", "RFC3501-2.2.2-c")]
    folder = "rfc5819-4" if requires == "LIST-STATUS" else "rfc5258-3"
    return f"imap/{folder}/{slug}", dialogue(f"LIST {arguments} is answered with BAD", steps, requires=requires)


#: Items of STATUS in LIST, in mailboxes of which `isle` holds one unseen message (RFC 5819).
STATUS = (
    ("messages", "MESSAGES", "MESSAGES 1", "MESSAGES 0", ""),
    ("unseen", "UNSEEN", "UNSEEN 1", "UNSEEN 0", ""),
    ("two-items", "MESSAGES UNSEEN", "MESSAGES 1 UNSEEN 1", "MESSAGES 0 UNSEEN 0", ""),
    ("uid-items", "UIDNEXT UIDVALIDITY", "UIDNEXT <number> UIDVALIDITY <number>", "UIDNEXT 1 UIDVALIDITY <number>", ""),
    ("size", "SIZE", "SIZE <number 1..>", "SIZE <number>", "STATUS=SIZE"),
)


def _status(slug: str, items: str, full: str, empty: str, requires: str) -> Generated:
    requirement = "RFC8438-3-d" if requires else "RFC5819-2-b"
    values = empty.replace("UIDNEXT 1", "UIDNEXT <number>")
    steps = [
        *all_done(["CREATE isle", "CREATE islet"]),
        'C: APPEND isle {literal "Subject: palms\\r\\n\\r\\nGreen.\\r\\n"}',
        "S: OK",
        sent(f'LIST "" isle% RETURN (STATUS ({items}))'),
        expecting(listed("isle"), "RFC5819-2-a"),
        expecting(listed("islet"), "RFC5819-2-a"),
        expecting(f"* STATUS isle ({full})", requirement),
        expecting(f"* STATUS islet ({values})", requirement),
        expecting("* .", "RFC5819-2-a"),
        expecting("OK", "RFC5819-2-a"),
    ]
    needs = " ".join(filter(None, ("LIST-STATUS", requires)))
    return f"imap/rfc5819-2/{slug}", dialogue(f"LIST with STATUS ({items})", steps, requires=needs)


def _status_of_a_level() -> Generated:
    steps = [
        *DELIMITER,
        *all_done([f"CREATE {inferior('isle')}", f"CREATE {inferior('isle/cove')}", "DELETE isle"]),
        sent('LIST "" isl% RETURN (STATUS (MESSAGES))'),
        expecting(f"{listed('isle', chr(92) + 'Noselect')} | {listed('isle', chr(92) + 'NonExistent')}", "RFC5819-2-d"),
        expecting("* .", "RFC5819-2-c"),
        "S: OK",
    ]
    return "imap/rfc5819-2/level-without-a-mailbox", dialogue(
        "LIST with STATUS gives none for a name that cannot be selected", steps, requires="LIST-STATUS"
    )


def _child_info() -> Generated:
    steps = [
        *_made(),
        sent('LIST (SUBSCRIBED RECURSIVEMATCH) "" isle'),
        expecting('* LIST () <any> isle ("CHILDINFO" ("SUBSCRIBED"))', "RFC5258-3-m", "RFC5258-3.5-b", "RFC5258-3.1-f"),
        expecting("* .", "RFC5258-3.1-f"),
        expecting("OK", "RFC5258-3.1-f"),
    ]
    title = "LIST with RECURSIVEMATCH shows a parent that is not subscribed, with CHILDINFO"
    return "imap/rfc5258-3.5/child-info", dialogue(title, steps, requires=EXTENDED)


#: Special uses that a CREATE gives, each to a mailbox of its own (RFC 6154).
USES = ("\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash")


def _use(use: str) -> list[Generated]:
    """A server may not support the use: then the case is blocked. The mailbox is removed at the end."""
    name = f"isle-of-{use[1:].lower()}"
    made = [sent(f"CREATE {name} (USE ({use}))"), "S: OK"]
    shown = [
        ("return", f'LIST "" {name} RETURN (SPECIAL-USE)', "RFC6154-2-e"),
        ("selection", f'LIST (SPECIAL-USE) "" {name}', "RFC6154-2-d"),
    ]
    found: list[Generated] = []
    for slug, line, requirement in shown:
        steps = [*made, sent(line), expecting(listed(name, f"{use} <any>"), requirement, "RFC6154-3-a"), "S: OK"]
        steps += [sent(f"DELETE {name}"), "S: OK"]
        title = f"A mailbox that was created with {use} shows it: {slug}"
        text = dialogue(title, steps, requires="CREATE-SPECIAL-USE SPECIAL-USE")
        found.append((f"imap/rfc6154-3/{use[1:].lower()}-by-{slug}-option", text))
    return found


def _special() -> list[Generated]:
    needs = "CREATE-SPECIAL-USE"
    unknown = [
        sent("CREATE isle (USE (\\Tropical))"),
        expecting("NO | BAD", "RFC6154-3-d"),
        sent('LIST "" isle'),
        expecting("* .", "RFC6154-3-c"),
        "S: OK",
    ]
    none = [
        *all_done(["CREATE isle"]),
        sent('LIST (SPECIAL-USE) "" isle'),
        expecting("* .", "RFC6154-2-c"),
        "S: OK",
    ]
    options = [
        *all_done(["CREATE isle"]),
        sent('LIST (special-use) "" isle RETURN (special-use)'),
        expecting("OK", "RFC6154-6-a"),
    ]
    wrong = [sent("CREATE isle (TROPICAL)"), expecting("BAD", "RFC4466-2.2-a")]
    return [
        ("imap/rfc6154-3/unknown-use", dialogue("CREATE with an unknown use is refused", unknown, requires=needs)),
        (
            "imap/rfc6154-2/selection-leaves-others-out",
            dialogue("LIST (SPECIAL-USE) leaves out a mailbox without a use", none, requires="SPECIAL-USE"),
        ),
        (
            "imap/rfc6154-6/options-in-lower-case",
            dialogue("The options are taken in any case", options, requires="SPECIAL-USE"),
        ),
        ("imap/rfc4466-2.2/unknown-parameter", dialogue("CREATE with an unknown parameter gets BAD", wrong)),
    ]


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *map(_asked, ASKED),
        *[_wrong(*row) for row in WRONG],
        *[_status(*row) for row in STATUS],
        _status_of_a_level(),
        _child_info(),
        *[case for use in USES for case in _use(use)],
        *_special(),
    ]
