"""Mailbox names: INBOX in any case, atoms of odd characters, modified UTF-7 right and wrong (RFC 3501 §5.1, §9)."""

from __future__ import annotations

from suites.imap.dialogue_text import Generated, all_done, dialogue, done, escaped, expecting, sent

#: Spellings of INBOX that are all the same mailbox.
INBOXES = (("lower-case", "inbox"), ("mixed-case", "iNbOx"), ("quoted", '"InBoX"'), ("literal", '{literal "inBOX"}'))

#: What shows that a spelling of INBOX is INBOX, which holds one message: the line, and the data.
ABOUT_INBOX = (
    ("select", "SELECT {}", "* 1 EXISTS"),
    ("examine", "EXAMINE {}", "* 1 EXISTS"),
    ("status", "STATUS {} (MESSAGES)", "* STATUS <any> (MESSAGES 1)"),
)

#: Commands with INBOX as the target, and STATUS's count afterwards.
INTO_INBOX = (
    ("append", 'APPEND {} {{literal "Subject: second\\r\\n\\r\\nOne more.\\r\\n"}}', "authenticated"),
    ("copy", "COPY 1 {}", "selected"),
)

#: What INBOX, however it is spelt, must not be put to: slug, folder, line, requirement.
NOT_WITH_INBOX = (
    ("create", "6.3.3", "CREATE {}", "RFC3501-6.3.3-b"),
    ("delete", "6.3.4", "DELETE {}", "RFC3501-6.3.4-c"),
    ("rename-to", "6.3.5", "RENAME ballast {}", "RFC3501-6.3.5-d"),
)

#: Atoms of characters that are not special (RFC 3501 §9, ATOM-CHAR and resp-specials).
ODD_ATOMS = (
    ("exclamation-mark", "ahoy!"),
    ("dollar-sign", "cargo$$5"),
    ("apostrophe", "captain's"),
    ("plus-sign", "crew+one"),
    ("comma", "wind,waves"),
    ("colon", "bell:eight"),
    ("semicolon", "rope;knot"),
    ("less-than", "bow<stern"),
    ("greater-than", "stern>bow"),
    ("equals-sign", "port=left"),
    ("question-mark", "where?"),
    ("at-sign", "mate@sea"),
    ("closing-bracket", "hold]3"),
    ("opening-bracket", "hold[3"),
    ("caret", "mast^top"),
    ("underscore", "low_tide"),
    ("backquote", "log`s"),
    ("bar", "tide|ebb"),
    ("closing-brace", "net}s"),
    ("hyphen", "-draught"),
    ("digits", "1984"),
    ("nil", "NIL"),
)

#: Names in modified UTF-7 that are right (RFC 3501 §5.1.3).
GOOD_UTF7 = (
    ("umlaut", "H&AOQ-fen", "RFC3501-5.1.3-a"),
    ("greek", "&A7sDuQO8A6wDvQO5-", "RFC3501-5.1.3-a"),
    ("three-octets-of-utf8", "&ZeVnLIqe-", "RFC3501-5.1.3-a"),
    ("comma-in-the-base64", "&bElf,w-", "RFC3501-5.1.3-c"),
    ("surrogates", "&2D3eog-", "RFC3501-5.1.3-a"),
    ("ampersand", "Bolts &- Nuts", "RFC3501-5.1.3-b"),
    ("two-ampersands", "A&-B&-C", "RFC3501-5.1.3-b"),
    ("two-shifts-with-text-between", "&AOQ-x&APY-", "RFC3501-5.1.3-a"),
)

#: Names with an ampersand that are not, and what calls for a refusal.
BAD_UTF7 = (
    ("lone-ampersand", "Bolts & Nuts", "RFC3501-5.1.3-e"),
    ("ampersand-at-the-end", "Bolts&", "RFC3501-5.1.3-e"),
    ("shift-without-an-end", "&AOQ", "RFC3501-5.1.3-e"),
    ("base64-with-a-slash", "&bElf/w-", "RFC3501-5.1.3-e"),
    ("base64-with-padding", "&AOQ=-", "RFC3501-5.1.3-e"),
    ("base64-of-half-a-character", "&AA-", "RFC3501-5.1.3-e"),
    ("half-a-surrogate-pair", "&2D0-", "RFC3501-5.1.3-e"),
    ("shift-next-to-a-shift", "&AOQ-&APY-", "RFC3501-5.1.3-f"),
    ("letter-in-base64", "&AGE-", "RFC3501-5.1.3-g"),
    ("ampersand-in-base64", "&ACY-", "RFC3501-5.1.3-g"),
)


def _inbox(slug: str, spelling: str) -> list[Generated]:
    found: list[Generated] = []
    for command, line, data in ABOUT_INBOX:
        steps = [sent(line.format(spelling)), expecting(data, "RFC3501-9-at", "RFC3501-5.1-c"), "S: OK"]
        text = dialogue(f"{command.upper()} of INBOX in another spelling", steps, messages="1 plain")
        found.append((f"imap/rfc3501-5.1/{command}-inbox-{slug}", text))
    for command, line, start in INTO_INBOX:
        steps = [sent(line.format(spelling)), expecting("OK", "RFC3501-9-at", "RFC3501-5.1-c")]
        steps += [sent("SELECT INBOX"), expecting("* 2 EXISTS", "RFC3501-9-at"), "S: OK"]
        text = dialogue(f"{command.upper()} to INBOX in another spelling", steps, start=start, messages="1 plain")
        found.append((f"imap/rfc3501-5.1/{command}-inbox-{slug}", text))
    return found


def _not_with_inbox(row: tuple[str, str, str, str], slug: str, spelling: str) -> Generated:
    command, section, line, requirement = row
    before = done("CREATE ballast") if "ballast" in line else []
    steps = [*before, sent(line.format(spelling)), expecting("NO", requirement)]
    steps += [sent("STATUS INBOX (MESSAGES)"), expecting("* STATUS INBOX (MESSAGES 1)", requirement), "S: OK"]
    title = f"{command.upper()} INBOX is refused"
    return f"imap/rfc3501-{section}/{command}-inbox-{slug}", dialogue(title, steps, messages="1 plain")


def _odd_atom(slug: str, name: str) -> Generated:
    requirement = "RFC3501-4.5-a" if name == "NIL" else "RFC3501-9-m" if "]" in name else "RFC3501-4.1-a"
    given = f'"{name}"'
    steps = [
        sent(f"CREATE {name}"),
        "S: OK",  # a server may refuse the name, but not read it as another
        sent(f'LIST "" {name}'),
        expecting(f"* LIST (<any>) <any> {given}", requirement),
        "S: OK",
        sent(f"STATUS {name} (MESSAGES)"),
        expecting(f"* STATUS {given} (MESSAGES 0)", requirement),
        "S: OK",
    ]
    title = f"A mailbox name with {slug.replace('-', ' ')}, given as an atom"
    return f"imap/rfc3501-4.1/name-{slug}", dialogue(title, steps)


def _good_utf7(slug: str, name: str, requirement: str) -> Generated:
    steps = [
        *done(f'CREATE "{name}"'),
        sent(f'LIST "" "{name}"'),
        expecting(f'* LIST (<any>) <any> "{escaped(name)}"', requirement, "RFC3501-5.1.3-h"),
        "S: OK",
        sent(f'SELECT "{name}"'),
        expecting("OK", requirement),
    ]
    title = f"A name in modified UTF-7 comes back as it was given: {slug.replace('-', ' ')}"
    return f"imap/rfc3501-5.1.3/{slug}", dialogue(title, steps)


def _bad_utf7(slug: str, name: str, requirement: str) -> Generated:
    title = f"A name in wrong modified UTF-7 is not created: {slug.replace('-', ' ')}"
    steps = [sent(f'CREATE "{name}"'), expecting("NO | BAD", requirement)]
    return f"imap/rfc3501-5.1.3/{slug}", dialogue(title, steps)


def _case_of_base64() -> Generated:
    steps = [
        *all_done(['CREATE "&AO0-"', 'CREATE "&ao0-"']),
        sent('LIST "" "&AO0-"'),
        expecting('* LIST (<any>) <any> "&AO0-"', "RFC3501-5.1.3-d"),
        "S: OK",
        sent('DELETE "&ao0-"'),
        "S: OK",
        sent('STATUS "&AO0-" (MESSAGES)'),
        expecting("OK", "RFC3501-5.1.3-d"),
    ]
    return "imap/rfc3501-5.1.3/base64-in-two-cases", dialogue("BASE64 in names is case-sensitive", steps)


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[case for spelling in INBOXES for case in _inbox(*spelling)],
        *[
            _not_with_inbox(row, *spelling)
            for row in NOT_WITH_INBOX
            for spelling in (("upper-case", "INBOX"), *INBOXES)
        ],
        *[_odd_atom(*row) for row in ODD_ATOMS],
        *[_good_utf7(*row) for row in GOOD_UTF7],
        *[_bad_utf7(*row) for row in BAD_UTF7],
        _case_of_base64(),
    ]
