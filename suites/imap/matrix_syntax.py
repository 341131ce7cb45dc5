"""What each command must not look like: lacking, surplus, malformed and badly spaced arguments (RFC 3501 §2.2.2, §9).

A wrong command is named as what BAD is for, but "should" get it: NO and OK warn. In each case the next command must be
answered in its turn, which a server that lost step cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import Generated, dialogue, expecting, raw, sent

LACKING = "RFC3501-2.2.2-g"
SURPLUS = "RFC3501-2.2.2-h"
SPACE = "RFC3501-2.2.2-i"
KIND = "RFC3501-2.2.2-j"
TAB = "RFC3501-9-e"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong command line: the folder and slug of its case, the requirements that call for BAD."""

    section: str
    slug: str
    line: str
    requirements: tuple[str, ...]
    requires: str = ""


def _lacking(section: str, *lines: str, requires: str = "") -> list[Wrong]:
    return [_wrong(section, line, "lacks-an-argument", (LACKING,), requires) for line in lines]


def _surplus(section: str, *lines: str, requires: str = "") -> list[Wrong]:
    return [_wrong(section, line, "has-too-much", (SURPLUS,), requires) for line in lines]


def _wrong(section: str, line: str, fault: str, requirements: tuple[str, ...], requires: str) -> Wrong:
    words = "-".join("".join(letter for letter in word.lower() if letter.isalnum()) for word in line.split())
    return Wrong(section, f"{words[:60].strip('-')}-{fault}", line, requirements, requires)


#: Before a login.
GREETED = [
    *_surplus("6.1.1", "CAPABILITY all"),
    *_surplus("6.1.2", "NOOP twice"),
    *_surplus("6.1.3", "LOGOUT now"),
    *_surplus("6.2.1", "STARTTLS now", requires="STARTTLS"),
    *_lacking("6.2.2", "AUTHENTICATE"),
    *_lacking("6.2.3", "LOGIN", "LOGIN nobody"),
    *_surplus("6.2.3", "LOGIN nobody nothing more"),
]

#: After a login.
AUTHENTICATED = [
    *_lacking("6.3.1", "SELECT"),
    *_surplus("6.3.1", "SELECT INBOX INBOX"),
    *_lacking("6.3.2", "EXAMINE"),
    *_surplus("6.3.2", "EXAMINE INBOX INBOX"),
    *_lacking("6.3.3", "CREATE"),
    *_surplus("6.3.3", "CREATE stern bow"),
    *_lacking("6.3.4", "DELETE"),
    *_surplus("6.3.4", "DELETE stern bow"),
    *_lacking("6.3.5", "RENAME", "RENAME stern"),
    *_surplus("6.3.5", "RENAME stern bow mast"),
    *_lacking("6.3.6", "SUBSCRIBE"),
    *_surplus("6.3.6", "SUBSCRIBE stern bow"),
    *_lacking("6.3.7", "UNSUBSCRIBE"),
    *_surplus("6.3.7", "UNSUBSCRIBE stern bow"),
    *_lacking("6.3.8", "LIST"),
    Wrong("6.3.8", "list-without-a-pattern", 'LIST ""', (LACKING,)),
    *_surplus("6.3.8", 'LIST "" stern bow'),
    *_lacking("6.3.9", "LSUB"),
    Wrong("6.3.9", "lsub-without-a-pattern", 'LSUB ""', (LACKING,)),
    *_surplus("6.3.9", 'LSUB "" stern bow'),
    *_lacking("6.3.10", "STATUS", "STATUS INBOX"),
    *_surplus("6.3.10", "STATUS INBOX (MESSAGES) (UNSEEN)"),
    *_lacking("6.3.11", "APPEND", "APPEND INBOX", "APPEND INBOX (\\Seen)"),
    *_surplus("rfc2342-5", "NAMESPACE all", requires="NAMESPACE"),
    Wrong("rfc5161-3.1", "enable-without-names", "ENABLE", ("RFC5161-3.1-b", LACKING), "ENABLE"),
    Wrong("rfc2971-3.1", "id-without-argument", "ID", ("RFC2971-3.1-e",), "ID"),
    Wrong("rfc2971-3.1", "id-of-an-atom", "ID postel", ("RFC2971-3.1-e",), "ID"),
    Wrong("rfc2971-3.1", "id-of-an-odd-list", 'ID ("name")', ("RFC2971-3.1-e",), "ID"),
    *_lacking("rfc9208-4.1.1", "GETQUOTA", requires="QUOTA"),
    *_lacking("rfc9208-4.1.2", "GETQUOTAROOT", requires="QUOTA"),
    Wrong("6.3.10", "status-of-nothing", "STATUS INBOX ()", ("RFC3501-9-bv", KIND)),
    Wrong("6.3.10", "status-of-an-unknown-item", "STATUS INBOX (TONNAGE)", ("RFC3501-9-bv", KIND)),
    Wrong("6.3.10", "status-of-a-known-and-an-unknown-item", "STATUS INBOX (MESSAGES TONNAGE)", ("RFC3501-9-bv",)),
    Wrong("6.3.10", "status-without-parentheses", "STATUS INBOX MESSAGES", (KIND,)),
    Wrong("6.3.10", "status-with-an-open-parenthesis", "STATUS INBOX (MESSAGES", (KIND,)),
    Wrong("6.3.10", "status-with-a-closing-parenthesis-alone", "STATUS INBOX MESSAGES)", (KIND,)),
    Wrong("6.3.1", "select-of-a-list", "SELECT (INBOX)", (KIND,)),
    Wrong("6.3.1", "select-of-a-wildcard-in-an-atom", "SELECT IN%", (KIND,)),
    Wrong("6.3.1", "select-of-a-star-in-an-atom", "SELECT IN*", (KIND,)),
    Wrong("6.3.1", "select-of-an-open-quote", 'SELECT "INBOX', (KIND,)),
    Wrong("6.3.1", "select-of-a-quote-inside-an-atom", 'SELECT INB"OX', (KIND,)),
    Wrong("6.3.1", "select-of-text-behind-a-quoted-string", 'SELECT "INBOX"x', (KIND,)),
    Wrong("6.3.1", "select-of-an-escaped-letter", 'SELECT "IN\\BOX"', (KIND,)),
    Wrong("6.3.3", "create-of-a-backslash-in-an-atom", "CREATE stern\\bow", (KIND,)),
    Wrong("6.3.3", "create-of-a-brace-in-an-atom", "CREATE stern{bow", (KIND,)),
    Wrong("6.3.11", "append-of-a-quoted-string", 'APPEND INBOX "Subject: no"', (KIND,)),
    Wrong("6.3.11", "append-of-an-atom", "APPEND INBOX message", (KIND,)),
]

#: With a selected mailbox that holds one message.
SELECTED = [
    *_surplus("6.4.1", "CHECK now"),
    *_surplus("6.4.2", "CLOSE INBOX"),
    *_surplus("6.4.3", "EXPUNGE 1"),
    *_lacking("6.4.6", "STORE", "STORE 1", "STORE 1 FLAGS"),
    *_lacking("6.4.7", "COPY", "COPY 1"),
    *_surplus("6.4.7", "COPY 1 INBOX INBOX"),
    *_lacking("6.4.8", "UID", "UID STORE", "UID COPY 1"),
    Wrong("6.4.8", "uid-of-an-unknown-command", "UID VOYAGE 1", (KIND,)),
    Wrong("6.4.8", "uid-of-select", "UID SELECT INBOX", (KIND,)),
    Wrong("6.4.8", "uid-of-noop", "UID NOOP", (KIND,)),
    Wrong("6.4.6", "store-of-an-unknown-item", "STORE 1 SAILS (\\Seen)", (KIND,)),
    Wrong("6.4.6", "store-of-an-unknown-suffix", "STORE 1 FLAGS.LOUD (\\Seen)", (KIND,)),
    Wrong("6.4.6", "store-of-two-signs", "STORE 1 +-FLAGS (\\Seen)", (KIND,)),
    Wrong("6.4.6", "store-of-an-open-list", "STORE 1 FLAGS (\\Seen", (KIND,)),
    Wrong("6.4.6", "store-of-a-quoted-flag", 'STORE 1 FLAGS ("harbour")', (KIND,)),
    Wrong("6.4.6", "store-of-a-list-in-a-list", "STORE 1 FLAGS ((\\Seen))", (KIND,)),
    Wrong("6.4.6", "store-of-a-bare-backslash", "STORE 1 FLAGS (\\)", (KIND,)),
    *_surplus("rfc3691-2", "UNSELECT INBOX", requires="UNSELECT"),
    Wrong("rfc4315-2.1", "uid-expunge-without-a-set", "UID EXPUNGE", (LACKING,), "UIDPLUS"),
    Wrong("rfc6851-3.1", "move-without-a-mailbox", "MOVE 1", (LACKING,), "MOVE"),
]

#: Sets that are no sequence sets, and what is wrong with them.
BAD_SETS = (
    ("zero", "0", "RFC3501-9-bt"),
    ("a-range-from-zero", "0:1", "RFC3501-9-bt"),
    ("a-word", "one", KIND),
    ("a-negative-number", "-1", KIND),
    ("a-signed-number", "+1", KIND),
    ("an-open-range", "1:", KIND),
    ("a-range-without-a-start", ":1", KIND),
    ("a-comma-at-the-end", "1,", KIND),
    ("a-comma-at-the-start", ",1", KIND),
    ("two-commas", "1,,1", KIND),
    ("two-stars", "**", KIND),
    ("three-ends", "1:1:1", KIND),
    ("a-list", "(1)", KIND),
    ("a-quoted-set", '"1"', KIND),
    ("a-number-past-32-bits", "4294967297", "POSTEL-imap_parse-f"),
)

#: What takes a set, but for FETCH and SEARCH.
TAKING_SETS = (
    ("store", "6.4.6", "STORE {set} +FLAGS.SILENT (\\Flagged)"),
    ("copy", "6.4.7", "COPY {set} INBOX"),
    ("uid-store", "6.4.8", "UID STORE {set} +FLAGS.SILENT (\\Flagged)"),
)

#: Commands with one space too many, or something in place of a space: start, line with a tag, requirement.
SPACED = (
    ("noop-with-a-space-at-the-end", "greeted", "x1 NOOP ", SPACE),
    ("noop-behind-two-spaces", "greeted", "x1  NOOP", SPACE),
    ("select-with-a-space-at-the-end", "authenticated", "x1 SELECT INBOX ", SPACE),
    ("select-with-two-spaces", "authenticated", "x1 SELECT  INBOX", SPACE),
    ("select-with-a-tab", "authenticated", "x1 SELECT\\tINBOX", TAB),
    ("list-with-two-spaces", "authenticated", 'x1 LIST  \\"\\" INBOX', SPACE),
    ("list-without-a-space", "authenticated", 'x1 LIST \\"\\"INBOX', SPACE),
    ("status-with-a-space-inside-the-list", "authenticated", "x1 STATUS INBOX ( MESSAGES)", SPACE),
    ("status-with-a-space-before-the-end-of-the-list", "authenticated", "x1 STATUS INBOX (MESSAGES )", SPACE),
    ("status-with-two-spaces-in-the-list", "authenticated", "x1 STATUS INBOX (MESSAGES  UNSEEN)", SPACE),
    ("status-without-a-space", "authenticated", "x1 STATUS INBOX(MESSAGES)", SPACE),
    ("status-with-a-tab-in-the-list", "authenticated", "x1 STATUS INBOX (MESSAGES\\tUNSEEN)", TAB),
    ("store-with-two-spaces", "selected", "x1 STORE 1  FLAGS (\\\\Seen)", SPACE),
    ("store-without-a-space", "selected", "x1 STORE 1 FLAGS(\\\\Seen)", SPACE),
    ("store-with-a-space-in-the-list", "selected", "x1 STORE 1 FLAGS (\\\\Seen )", SPACE),
    ("store-with-a-space-in-the-set", "selected", "x1 STORE 1, 1 FLAGS (\\\\Seen)", SPACE),
    ("copy-with-two-spaces", "selected", "x1 COPY 1  INBOX", SPACE),
    ("uid-with-two-spaces", "selected", "x1 UID  COPY 1 INBOX", SPACE),
)

#: Lines that hold no command that anybody knows.
UNKNOWN = (
    ("unknown-command", "SHIPYARD"),
    ("unknown-command-with-arguments", 'SHIPYARD "one" (two) 3'),
    ("command-of-digits", "123"),
    ("command-with-a-letter-more", "NOOPS"),
    ("command-cut-short", "NOO"),
    ("experimental-command", "XSHIPYARD"),
)


def _folder(section: str) -> str:
    return section if section.startswith("rfc") else f"rfc3501-{section}"


def _in_step() -> list[str]:
    return [sent("NOOP"), expecting("OK", "RFC3501-2.2.2-c")]


def _case(wrong: Wrong, start: str) -> Generated:
    steps = [sent(wrong.line), expecting("BAD", *wrong.requirements), *_in_step()]
    messages = "1 plain" if start == "selected" else ""
    text = dialogue(
        f"`{wrong.line}` is answered with BAD", steps, start=start, messages=messages, requires=wrong.requires
    )
    return f"imap/{_folder(wrong.section)}/{wrong.slug}", text


def _bad_set(name: str, section: str, line: str, row: tuple[str, str, str]) -> Generated:
    slug, wrong, requirement = row
    answer = "NO | BAD" if requirement.startswith("POSTEL") else "BAD"
    steps = [sent(line.format(set=wrong)), expecting(answer, requirement), *_in_step()]
    title = f"{name.upper()} of {slug.replace('-', ' ')} is refused"
    return f"imap/rfc3501-{section}/{name}-of-{slug}", dialogue(title, steps, start="selected", messages="1 plain")


def _spaced(slug: str, start: str, line: str, requirement: str) -> Generated:
    steps = [raw(f"{line}\\r\\n"), expecting("BAD", requirement), *_in_step()]
    title = f"{slug.replace('-', ' ')} is answered with BAD"
    messages = "1 plain" if start == "selected" else ""
    return f"imap/rfc3501-9/{slug}", dialogue(title, steps, start=start, messages=messages)


def _unknown(slug: str, line: str, start: str) -> Generated:
    steps = [sent(line), expecting("BAD", "RFC3501-2.2.2-f"), *_in_step()]
    title = f"{slug.replace('-', ' ')} is answered with BAD"
    return f"imap/rfc3501-2.2.2/{slug}-{start}", dialogue(title, steps, start=start)


def cases() -> list[Generated]:
    """All of the tables above."""
    return [
        *[_case(wrong, "greeted") for wrong in GREETED],
        *[_case(wrong, "authenticated") for wrong in AUTHENTICATED],
        *[_case(wrong, "selected") for wrong in SELECTED],
        *[_bad_set(*command, row) for command in TAKING_SETS for row in BAD_SETS],
        *[_spaced(*row) for row in SPACED],
        *[_unknown(slug, line, start) for slug, line in UNKNOWN for start in ("greeted", "authenticated")],
    ]
