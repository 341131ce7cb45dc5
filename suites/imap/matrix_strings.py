"""Every way to write a string, in every argument that takes one (RFC 3501 §4.3, §9, RFC 7888).

An argument that may be an atom may be quoted, or a literal that is waited for or not; whatever the spelling, the
command does the same. The commands here are such that a wrong reading of the argument makes them fail.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import Generated, all_done, dialogue, expecting, sent


@dataclass(frozen=True, slots=True)
class Taking:
    """A command with a string: line with `{}` for it, the string, what comes before, and the start."""

    slug: str
    line: str
    text: str
    before: tuple[str, ...] = ()
    start: str = "authenticated"
    requires: str = ""


COMMANDS = (
    Taking("select", "SELECT {}", "INBOX"),
    Taking("examine", "EXAMINE {}", "INBOX"),
    Taking("create", "CREATE {}", "capstan"),
    Taking("delete", "DELETE {}", "windlass", ("CREATE windlass",)),
    Taking("rename-source", "RENAME {} halyard", "topsail", ("CREATE topsail",)),
    Taking("rename-destination", "RENAME spinnaker {}", "genoa", ("CREATE spinnaker",)),
    Taking("subscribe", "SUBSCRIBE {}", "INBOX"),
    Taking("unsubscribe", "UNSUBSCRIBE {}", "INBOX", ("SUBSCRIBE INBOX",)),
    Taking("list-reference", "LIST {} INBOX", ""),
    Taking("list-pattern", 'LIST "" {}', "INB%X"),
    Taking("lsub-pattern", 'LSUB "" {}', "INB*"),
    Taking("status", "STATUS {} (MESSAGES)", "INBOX"),
    Taking("append", 'APPEND {} {{literal "Subject: knots\\r\\n\\r\\nHalf a hitch.\\r\\n"}}', "INBOX"),
    Taking("copy", "COPY 1 {}", "INBOX", start="selected"),
    Taking("uid-copy", "UID COPY 1:* {}", "INBOX", start="selected"),
    Taking("getquotaroot", "GETQUOTAROOT {}", "INBOX", requires="QUOTA"),
    Taking("id", 'ID ("name" {})', "postel", requires="ID"),
    Taking("move", "MOVE 1 {}", "bilge", ("CREATE bilge",), start="selected", requires="MOVE"),
)

#: Spelling: how it is written (`{}` the text), the requirement, and the capability that it needs.
SPELLINGS = (
    ("quoted", '"{}"', "RFC3501-4.3-a", ""),
    ("literal", '{{literal "{}"}}', "RFC3501-4.3-a", ""),
    ("non-synchronizing-literal", '{{literal+ "{}"}}', "RFC7888-3-b", "LITERAL+"),
)

#: Commands that take two strings, both as literals.
TWO_LITERALS = (
    ("rename", 'RENAME {literal "keel"} {literal "hull"}', ("CREATE keel",)),
    ("list", 'LIST {literal ""} {literal "INBOX"}', ()),
    ("lsub", 'LSUB {literal ""} {literal "*"}', ()),
)

#: Strings that are no atoms, so a client has to quote them: as written in quotes, and why it is right.
CREATED_QUOTED = (
    ("with-a-space", "two words", "RFC3501-4.3-a"),
    ("with-two-spaces", "two  words", "RFC3501-4.3-a"),
    ("with-a-parenthesis", "port (left)", "RFC3501-4.3-a"),
    ("with-an-escaped-quote", 'the \\"Anna\\"', "RFC3501-9-bf"),
    ("with-an-escaped-backslash", "port\\\\starboard", "RFC3501-9-bf"),
    ("with-a-brace", "ship{7}", "RFC3501-4.3-a"),
)


def _spelt(command: Taking, spelling: tuple[str, str, str, str]) -> Generated:
    slug, form, requirement, requires = spelling
    line = command.line.format(form.format(command.text))
    steps = [*all_done(command.before), sent(line), expecting("OK", requirement)]
    needs = " ".join(filter(None, (command.requires, requires)))
    title = f"{command.slug} takes its string as a {slug.replace('-', ' ')}".replace("as a quoted", "in quotes")
    messages = "1 plain" if command.start == "selected" else ""
    text = dialogue(title, steps, start=command.start, messages=messages, requires=needs)
    folder = "rfc7888-3" if requires else "rfc3501-4.3"
    return f"imap/{folder}/{command.slug}-{slug}", text


def _atom(command: Taking) -> Generated:
    line = command.line.format(command.text)
    messages = "1 plain" if command.start == "selected" else ""
    steps = [*all_done(command.before), sent(line), expecting("OK", "RFC3501-4.1-a")]
    title = f"{command.slug} takes its string as an atom"
    text = dialogue(title, steps, start=command.start, messages=messages, requires=command.requires)
    return f"imap/rfc3501-4.1/{command.slug}-atom", text


def _two(slug: str, line: str, before: tuple[str, ...]) -> list[Generated]:
    steps = [*all_done(before), sent(line), expecting("OK", "RFC3501-4.3-b")]
    title = f"{slug.upper()} takes two literals"
    more = [*all_done(before), sent(line.replace("{literal ", "{literal+ ")), expecting("OK", "RFC7888-3-b")]
    mixed = [*all_done(before), sent(line.replace("{literal ", "{literal+ ", 1)), expecting("OK", "RFC7888-3-h")]
    return [
        (f"imap/rfc3501-4.3/{slug}-of-two-literals", dialogue(title, steps)),
        (f"imap/rfc7888-3/{slug}-of-two-literals", dialogue(title, more, requires="LITERAL+")),
        (f"imap/rfc7888-3/{slug}-of-both-kinds-of-literal", dialogue(title, mixed, requires="LITERAL+")),
    ]


def _quoted_name(slug: str, text: str, requirement: str) -> Generated:
    steps = [
        sent(f'CREATE "{text}"'),
        "S: OK",  # a server may refuse the name
        sent(f'LIST "" "{text}"'),
        f'S: * LIST <any> <any> "{text}"  [[{requirement}, RFC3501-6.3.3-a]]',
        "S: OK",
        sent(f'STATUS "{text}" (MESSAGES)'),
        f'S: * STATUS "{text}" (MESSAGES 0)  [[{requirement}, RFC3501-7.2.4-a]]',
        "S: OK",
    ]
    return f"imap/rfc3501-4.3/name-{slug}", dialogue(f"A mailbox name {slug.replace('-', ' ')}", steps)


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_atom(command) for command in COMMANDS if command.text and "%" not in command.line and command.slug != "id"],
        *[_spelt(command, spelling) for command in COMMANDS for spelling in SPELLINGS],
        *[case for row in TWO_LITERALS for case in _two(*row)],
        *[_quoted_name(*row) for row in CREATED_QUOTED],
    ]
