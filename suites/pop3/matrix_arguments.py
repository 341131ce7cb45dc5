"""Arguments at and beyond their boundaries: numbers, counts of lines, too few, too many (RFC 1939 §3, §5, §7)."""

from __future__ import annotations

from dataclasses import dataclass

from suites.pop3.dialogue_text import dialogue, expecting, raw

KIND = "RFC1939-3-q"  # lacks an argument, or it is not of its kind
TOO_MANY = "POSTEL-line-i"
DECIMAL = "RFC1939-4-m"

#: The folder of cases about arguments that a command does not take.
SURPLUS = "pop3/postel-line"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A command that takes a message number: its line, and what refuses a number that no message has."""

    line: str
    section: str
    no_such: str
    requires: str = ""

    @property
    def keyword(self) -> str:
        """The command's keyword."""
        return self.line.split(" ")[0]

    def id(self, slug: str) -> str:
        """A case id in the folder of the command's section."""
        return f"pop3/{self.section}/{self.keyword.lower()}-{slug}"


COMMANDS = (
    Numbered("LIST {n}", "rfc1939-5", "RFC1939-5.LIST-k"),
    Numbered("RETR {n}", "rfc1939-5", "RFC1939-5.RETR-g"),
    Numbered("DELE {n}", "rfc1939-5", "RFC1939-5.DELE-g"),
    Numbered("TOP {n} 0", "rfc1939-7", "RFC1939-7.TOP-h", "TOP"),
    Numbered("UIDL {n}", "rfc1939-7", "RFC1939-7.UIDL-n", "UIDL"),
)

#: Numbers that no message of two has. Those beyond 2^31 are 0, 1 or negative to a server that cuts them down.
NO_SUCH_NUMBER = (
    ("zero", "0"),
    ("one-past-the-last", "3"),
    ("2-to-the-31", "2147483648"),
    ("2-to-the-32-plus-1", "4294967297"),
    ("2-to-the-64-plus-1", "18446744073709551617"),
    ("twenty-nines", "9" * 20),
    ("forty-nines", "9" * 40),
)

#: Arguments that are no message number at all.
NO_NUMBER = (
    ("negative", "-1"),
    ("word", "abc"),
    ("digit-and-letter", "1x"),
    ("hexadecimal", "0x1"),
    ("fraction", "1.0"),
    ("range", "1:2"),
)

#: Command lines that take no argument, with one, and where they are valid.
WITHOUT_ARGUMENT = (
    ("STAT 1", "transaction"),
    ("NOOP 1", "transaction"),
    ("RSET 1", "transaction"),
    ("QUIT now", "transaction"),
)

#: Lines that lack an argument: line (as in `C!`), case id, requirement, state, capability.
LACKING = (
    ("RETR", "rfc1939-5/retr-without-number", "RFC1939-5.RETR-a", "transaction", ""),
    ("RETR ", "rfc1939-5/retr-with-empty-number", "RFC1939-5.RETR-a", "transaction", ""),
    ("DELE", "rfc1939-5/dele-without-number", "RFC1939-5.DELE-a", "transaction", ""),
    ("DELE ", "rfc1939-5/dele-with-empty-number", "RFC1939-5.DELE-a", "transaction", ""),
    ("TOP", "rfc1939-7/top-without-arguments", "RFC1939-7.TOP-a", "transaction", "TOP"),
    ("TOP 1", "rfc1939-7/top-without-lines", "RFC1939-7.TOP-a", "transaction", "TOP"),
    ("TOP 1 ", "rfc1939-7/top-with-empty-lines", "RFC1939-7.TOP-a", "transaction", "TOP"),
    ("USER", "rfc1939-7/user-without-name", "RFC1939-7.USER-a", "greeted", ""),
    ("USER ", "rfc1939-7/user-with-empty-name", "RFC1939-7.USER-a", "greeted", ""),
    ("APOP", "rfc1939-7/apop-without-arguments", "RFC1939-7.APOP-a", "greeted", "APOP"),
    ("APOP $user", "rfc1939-7/apop-without-digest", "RFC1939-7.APOP-a", "greeted", "APOP"),
)

#: TOP's number of lines, refused: slug, argument.
BAD_LINE_COUNTS = (("negative", "-1"), ("word", "abc"), ("digit-and-letter", "1x"), ("fraction", "1.5"))

#: TOP's number of lines, more than the twenty of the body: slug, argument, requirement. Still larger ones are in
#: `octets.py`, since a server may be unable to take them.
LARGE_LINE_COUNTS = (
    ("21", "21", "RFC1939-7.TOP-g"),
    ("one-million", "1000000", "RFC1939-7.TOP-g"),
    ("2-to-the-31-less-1", "2147483647", "RFC1939-7.TOP-g"),
)


def _sound(command: Numbered) -> list[str]:
    """Steps that show that nothing was marked or moved, and that answers still meet their commands."""
    return ["C: STAT", expecting("+OK 2 <number> <any>", *([command.no_such] if command.keyword == "DELE" else []))]


def _refusals(command: Numbered) -> list[tuple[str, str]]:
    rows = [(slug, argument, (command.no_such,)) for slug, argument in NO_SUCH_NUMBER]
    rows += [(slug, argument, (KIND,)) for slug, argument in NO_NUMBER]
    found: list[tuple[str, str]] = []
    for slug, argument, requirements in rows:
        steps = [f"C: {command.line.format(n=argument)}", expecting("-ERR", *requirements), *_sound(command)]
        title = f"{command.keyword} with the number {argument} is refused"
        text = dialogue(title, steps, messages="2 plain", requires=command.requires)
        found.append((command.id(f"number-{slug}"), text))
    return found


def _too_many(command: Numbered) -> tuple[str, str]:
    line = command.line.format(n=1) + " 2"
    steps = [f"C: {line}", expecting("-ERR", TOO_MANY), *_sound(command)]
    title = f"{command.keyword} with an argument too many is refused"
    return f"{SURPLUS}/{command.keyword.lower()}-with-an-argument-too-many", dialogue(
        title, steps, messages="2 plain", requires=command.requires
    )


def _leading_zero(command: Numbered) -> tuple[str, str]:
    """010 is message ten in decimal digits, or is refused. Message ten is marked, so only an octal reader says +OK."""
    line = command.line.format(n="010")
    steps = ["C: DELE 10", expecting("+OK"), f"C: {line}", expecting("-ERR", DECIMAL)]
    if command.keyword == "DELE":
        steps = [f"C: {line}", expecting("+OK | -ERR"), "C: LIST 8", expecting("+OK 8 <number> <any>", DECIMAL)]
    text = dialogue(f"{line} is not read as octal", steps, messages="10 plain", requires=command.requires)
    return command.id("number-is-not-octal"), text


def _no_argument_taken(line: str, start: str) -> tuple[str, str]:
    keyword = line.split(" ", maxsplit=1)[0]
    steps = [f"C: {line}", expecting("-ERR", TOO_MANY)]
    title = f"{keyword} with an argument is refused"
    return f"{SURPLUS}/{keyword.lower()}-with-argument", dialogue(title, steps, start=start, messages="1 plain")


def _lacking(line: str, slug: str, requirement: str, start: str, requires: str) -> tuple[str, str]:
    sent = raw(line + "\\r\\n") if line.endswith(" ") else f"C: {line}"
    title = f"`{line}` lacks an argument and is refused"
    steps = [sent, expecting("-ERR", requirement, KIND)]
    messages = "1 plain" if start == "transaction" else ""
    return f"pop3/{slug}", dialogue(title, steps, start=start, messages=messages, requires=requires)


def _bad_line_count(slug: str, argument: str) -> tuple[str, str]:
    steps = [f"C: TOP 1 {argument}", expecting("-ERR", "RFC1939-7.TOP-a", KIND)]
    title = f"TOP with {argument} lines is refused"
    return f"pop3/rfc1939-7/top-lines-{slug}", dialogue(title, steps, messages="1 plain", requires="TOP")


def _large_line_count(slug: str, argument: str, requirement: str) -> tuple[str, str]:
    steps = [f"C: TOP 1 {argument}", expecting("+OK", requirement), expecting("<message $m1>", requirement)]
    title = f"TOP with {argument} lines sends the whole message of twenty"
    return f"pop3/rfc1939-7/top-lines-{slug}", dialogue(title, steps, messages="1 twenty-lines", requires="TOP")


def cases() -> list[tuple[str, str]]:
    """All of the tables above."""
    found: list[tuple[str, str]] = []
    for command in COMMANDS:
        found += [*_refusals(command), _too_many(command), _leading_zero(command)]
    found += [_no_argument_taken(*row) for row in WITHOUT_ARGUMENT]
    found += [_lacking(*row) for row in LACKING]
    found += [_bad_line_count(*row) for row in BAD_LINE_COUNTS]
    found += [_large_line_count(*row) for row in LARGE_LINE_COUNTS]
    return found
