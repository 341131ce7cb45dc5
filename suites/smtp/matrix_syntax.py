"""Command lines that are wrong, or only look so: lacking and surplus arguments, unknown verbs, white space, case.

RFC 5321 §2.4 (case), §4.1.1 (syntax, trailing white space), §4.2.4 (500 and 502), §4.3.2 (arguments of DATA, RSET and
QUIT). MAIL and RCPT without brackets or with a space before the path are in `leniency.py`: servers may take them.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.smtp.dialogue_text import MESSAGE, Generated, dialogue, expecting, raw, slug

SYNTAX = ("RFC5321-4.1.1-b", "RFC5321-4.2.2-a")
SENDER = ("RFC5321-4.1.1-b", "RFC5321-3.3-b")
NO_ARGUMENT = ("RFC5321-4.1.4-d", "RFC5321-4.1.1.1-f", "RFC5321-4.1.1-b")
PATH = ("RFC5321-4.1.2-c",)
TOO_MUCH = ("RFC5321-4.3.2-d",)
UNKNOWN = ("RFC5321-4.2.4-b",)
PRIVATE = ("RFC5321-4.1.5-a",)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong command line: section and slug of its case, the codes that it may get, the requirements that say so."""

    section: str
    slug: str
    line: str
    codes: str
    requirements: tuple[str, ...]
    start: str = "greeted"
    requires: str = ""


WRONG = (
    Wrong("rfc5321-4.1.1.1", "ehlo-without-a-name", "EHLO", "501", NO_ARGUMENT),
    Wrong("rfc5321-4.1.1.1", "helo-without-a-name", "HELO", "501", NO_ARGUMENT),
    Wrong("rfc5321-4.1.1", "mail-alone", "MAIL", "501", SENDER),
    Wrong("rfc5321-4.1.1", "mail-from-without-a-colon", "MAIL FROM", "501", SYNTAX),
    Wrong("rfc5321-4.1.1", "mail-without-a-path", "MAIL FROM:", "501", SYNTAX),
    Wrong("rfc5321-4.1.1", "mail-to", "MAIL TO:<$sender>", "501", SYNTAX),
    Wrong("rfc5321-4.1.1", "mail-without-from", "MAIL <$sender>", "501", SYNTAX),
    Wrong("rfc5321-4.1.1", "mail-with-two-paths", "MAIL FROM:<$sender> <$sender>", "501 | 555", SYNTAX),
    Wrong("rfc5321-4.1.1", "mail-with-text-behind-the-path", "MAIL FROM:<$sender>x", "5yz", PATH),
    Wrong("rfc5321-4.1.1", "mail-with-an-open-bracket", "MAIL FROM:<$sender", "501 | 553", SENDER),
    Wrong("rfc5321-4.1.1", "mail-with-a-closing-bracket-only", "MAIL FROM:$sender>", "5yz", PATH),
    Wrong("rfc5321-4.1.1", "mail-with-doubled-brackets", "MAIL FROM:<<$sender>>", "5yz", PATH),
    Wrong("rfc5321-4.1.1", "rcpt-alone", "RCPT", "501", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-to-without-a-colon", "RCPT TO", "501", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-without-a-path", "RCPT TO:", "501", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-from", "RCPT FROM:<$address>", "501", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-without-to", "RCPT <$address>", "501", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-with-two-paths", "RCPT TO:<$address> <$address>", "501 | 555", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-with-text-behind-the-path", "RCPT TO:<$address>x", "5yz", PATH, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-with-an-open-bracket", "RCPT TO:<$address", "501 | 553", SYNTAX, "mail"),
    Wrong("rfc5321-4.1.1", "rcpt-to-the-null-path", "RCPT TO:<>", "501 | 550 | 553", SYNTAX, "mail"),
    Wrong("rfc5321-4.3.2", "data-with-an-argument", "DATA now", "501", TOO_MUCH, "recipient"),
    Wrong("rfc5321-4.3.2", "rset-with-an-argument", "RSET now", "501", TOO_MUCH),
    Wrong("rfc5321-4.3.2", "quit-with-an-argument", "QUIT now", "501", TOO_MUCH),
    Wrong("rfc5321-3.5.3", "vrfy-of-nobody", "VRFY", "252 | 5yz", ("RFC5321-3.5.3-a",)),
    Wrong("rfc3207-4", "starttls-with-an-argument", "STARTTLS now", "501", ("RFC3207-4-c",), requires="STARTTLS"),
    Wrong("rfc5321-4.2.4", "an-unknown-verb", "FROBNICATE", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "an-unknown-verb-with-arguments", "FROBNICATE this and that", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "a-verb-of-another-protocol", "SELECT INBOX", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "a-verb-and-a-letter", "NOOPS", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "a-verb-without-its-last-letter", "NOO", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "lhlo-is-of-another-protocol", "LHLO $client", "500", UNKNOWN),
    Wrong("rfc5321-4.2.4", "a-number", "250", "500", UNKNOWN),
    Wrong("rfc5321-4.1.5", "a-private-verb", "XFROBNICATE", "500", PRIVATE),
)

#: Lines whose surplus space at the end is to be tolerated, and the code that they get without it.
PADDED = (
    ("EHLO $client", "250", "greeted"),
    ("HELO $client", "250", "greeted"),
    ("MAIL FROM:<$sender>", "250", "greeted"),
    ("RCPT TO:<$address>", "250", "mail"),
    ("DATA", "354", "recipient"),
    ("RSET", "250", "mail"),
    ("NOOP", "250", "greeted"),
    ("QUIT", "221", "greeted"),
)

#: Lines in other letters than the RFC's, the code that they get, where they are given, and the requirement.
LETTERS = (
    ("ehlo $client", "250", "greeted", "RFC5321-2.4-a"),
    ("eHlO $client", "250", "greeted", "RFC5321-2.4-a"),
    ("helo $client", "250", "greeted", "RFC5321-2.4-a"),
    ("HeLo $client", "250", "greeted", "RFC5321-2.4-a"),
    ("mail FROM:<$sender>", "250", "greeted", "RFC5321-2.4-a"),
    ("MaiL FROM:<$sender>", "250", "greeted", "RFC5321-2.4-a"),
    ("MAIL from:<$sender>", "250", "greeted", "RFC5321-2.4-b"),
    ("MAIL fRoM:<$sender>", "250", "greeted", "RFC5321-2.4-b"),
    ("rcpt TO:<$address>", "250", "mail", "RFC5321-2.4-a"),
    ("rCPt TO:<$address>", "250", "mail", "RFC5321-2.4-a"),
    ("RCPT to:<$address>", "250", "mail", "RFC5321-2.4-b"),
    ("RCPT tO:<$address>", "250", "mail", "RFC5321-2.4-b"),
    ("data", "354", "recipient", "RFC5321-2.4-a"),
    ("dAtA", "354", "recipient", "RFC5321-2.4-a"),
    ("rset", "250", "mail", "RFC5321-2.4-a"),
    ("RsEt", "250", "mail", "RFC5321-2.4-a"),
    ("noop", "250", "greeted", "RFC5321-2.4-a"),
    ("nOOp", "250", "greeted", "RFC5321-2.4-a"),
    ("quit", "221", "greeted", "RFC5321-2.4-a"),
    ("QuIt", "221", "greeted", "RFC5321-2.4-a"),
)


def _after(code: str) -> list[str]:
    """Steps that end what a command began, so that the session can be left."""
    return [*MESSAGE, "S: 250"] if code == "354" else []


def _wrong(wrong: Wrong) -> Generated:
    """The line is refused, and the session is in step behind it."""
    steps = [f"C: {wrong.line}", expecting(wrong.codes, *wrong.requirements)]
    steps += ["C: NOOP", expecting("250", *wrong.requirements)]
    title = f"{wrong.slug.replace('-', ' ').capitalize()} is refused"
    return f"smtp/{wrong.section}/{wrong.slug}", dialogue(title, steps, start=wrong.start, requires=wrong.requires)


def _padded(line: str, code: str, start: str, *, padding: str, name: str) -> Generated:
    steps = [raw(f"{line}{padding}\\r\\n"), expecting(code, "RFC5321-4.1.1-a"), *_after(code)]
    verb = line.split(" ", maxsplit=1)[0]
    text = dialogue(f"{verb} with a {name} at the end of the line", steps, start=start)
    return f"smtp/rfc5321-4.1.1/{slug(verb)}-with-a-{name}-at-the-end", text


def _lettered(line: str, code: str, start: str, requirement: str) -> Generated:
    words = line.replace("$", "").split(":")[0]
    kind = "lower" if words.split(" ")[0].islower() or " from" in words or " to" in words else "mixed"
    part = "keyword" if requirement.endswith("-b") else "verb"
    steps = [f"C: {line}", expecting(code, requirement), *_after(code)]
    text = dialogue(f"{words} is understood", steps, start=start)
    return f"smtp/rfc5321-2.4/{slug(words.split(' ')[0])}-with-its-{part}-in-{kind}-case", text


def _white_space_first() -> Generated:
    steps = [raw(" NOOP\\r\\n"), expecting("5yz", "POSTEL-smtp_line-j"), "C: NOOP", "S: 250"]
    text = dialogue("A space in front of a command", steps)
    return "smtp/postel-line/a-space-in-front-of-a-command", text


def cases() -> list[Generated]:
    """A case for each line."""
    return [
        *map(_wrong, WRONG),
        *(_padded(*each, padding=" ", name="space") for each in PADDED),
        *(_padded(*each, padding="\\t", name="tab") for each in PADDED[2:4]),
        *(_lettered(*each) for each in LETTERS),
        _white_space_first(),
    ]
