"""Arguments that are read too kindly, or cut down to a machine word (RFC 1939 §3, §5, §7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from reference_server.conversation import Steps
from reference_server.pop3 import grammar
from reference_server.pop3.grammar import ApopArguments, BadArguments, TopArguments
from reference_server.pop3.session import Pop3Session
from reference_server.pop3.state import State
from reference_server.pop3.texts import Text
from suites.selftest.fault import Fault
from suites.selftest.variants import added, found, parsed, variant

NOT_OF_ITS_KIND = "RFC1939-3-q"
TOO_MANY = "POSTEL-line-i"
DECIMAL = "RFC1939-4-m"
FORTY = "RFC1939-3-g"

Number = Callable[[bytes], int]


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A command that takes a message number; what refuses a number that no message has, or that is missing."""

    keyword: str
    no_such: str
    lacking: str = ""


_COMMANDS = (
    _Numbered("LIST", "RFC1939-5.LIST-k"),
    _Numbered("RETR", "RFC1939-5.RETR-g", "RFC1939-5.RETR-a"),
    _Numbered("DELE", "RFC1939-5.DELE-g", "RFC1939-5.DELE-a"),
    _Numbered("TOP", "RFC1939-7.TOP-h", "RFC1939-7.TOP-a"),
    _Numbered("UIDL", "RFC1939-7.UIDL-n"),
)


# ---- ways to misread a number ---------------------------------------------------------------------------------------


def _leading_digits(word: bytes) -> int:
    """As C's atoi: what follows the digits is ignored."""
    digits = re.match(rb"\d+", word)
    if digits is None:
        raise BadArguments
    return int(digits.group())


def _sign_ignored(word: bytes) -> int:
    return _strict(word.lstrip(b"+-"))


def _any_base(word: bytes) -> int:
    """As C's strtol with base 0: 0x is hexadecimal, a leading zero octal."""
    try:
        return (
            int(word, 16) if word[:2] in (b"0x", b"0X") else int(word, 8 if word[:1] == b"0" and len(word) > 1 else 10)
        )
    except ValueError as error:
        raise BadArguments from error


def _word_is_first(word: bytes) -> int:
    """As atoi's 0 for a word, made 1 by a loop that begins there."""
    return int(word) if word.isdigit() else 1


def _cut_to(bits: int) -> Number:
    return lambda word: _strict(word) % (1 << bits)


def _zero_is_first(word: bytes) -> int:
    return max(1, _strict(word))


def _beyond_is_last(word: bytes) -> int:
    """A maildrop of two messages, as the suite's: everything beyond is the second."""
    return min(2, _strict(word))


def _saturated(word: bytes) -> int:
    """What does not fit 31 bits is refused as no number by some, and taken as the first by this one."""
    number = _strict(word)
    return number if number < 1 << 31 else 1


def _strict(word: bytes) -> int:
    return grammar.message_number(word)


def _at_most_digits(digits: int) -> Number:
    """Refuses what its buffer cannot hold."""

    def number(word: bytes) -> int:
        if len(word) > digits:
            raise BadArguments
        return _strict(word)

    return number


# ---- parsers made of them -------------------------------------------------------------------------------------------


def _parser(keyword: str, number: Number) -> Callable[[bytes | None], object]:
    """The command's parser with another way to read message numbers."""
    if keyword == "TOP":

        def top(rest: bytes | None) -> TopArguments:
            first, _, lines = (rest or b"").partition(b" ")
            return TopArguments(number(first), grammar.message_number(lines or None))

        return top

    def single(rest: bytes | None) -> int | None:
        if rest is None and keyword in ("LIST", "UIDL"):
            return None
        if not rest or b" " in rest:
            raise BadArguments
        return number(rest)

    return single


def _surplus_ignored(keyword: str) -> Callable[[bytes | None], object]:
    """Arguments beyond those that the command takes are not looked at."""
    taken = 2 if keyword == "TOP" else 1
    strict = _parser(keyword, _strict)
    return lambda rest: strict(None if rest is None else b" ".join(rest.split(b" ")[:taken]))


def _default(keyword: str) -> Callable[[bytes | None], object]:
    """A missing number is that of the first message."""
    if keyword == "TOP":
        return lambda rest: grammar.top(rest) if rest and len(rest.split()) == 2 else TopArguments(1, 0)
    return lambda rest: grammar.message_number(rest) if rest else 1


def _misread(command: _Numbered, slug: str, title: str, requirement: str, number: Number) -> Fault:
    return Fault(
        f"pop3/arguments/{command.keyword.lower()}-{slug}",
        f"{command.keyword} {title}",
        (requirement,),
        variant(commands=parsed(**{command.keyword: _parser(command.keyword, number)})),
        touches=(command.keyword,),
    )


def _of(command: _Numbered) -> list[Fault]:
    misread = partial(_misread, command)
    return [
        misread("reads-digits-before-letters", "reads 1x as 1", NOT_OF_ITS_KIND, _leading_digits),
        misread("reads-past-a-sign", "reads -1 as 1", NOT_OF_ITS_KIND, _sign_ignored),
        misread("reads-any-base", "reads 0x1 as 1 and 010 as 8", DECIMAL, _any_base),
        misread("takes-a-word-for-one", "takes a word for message 1", NOT_OF_ITS_KIND, _word_is_first),
        misread("cuts-numbers-to-32-bits", "cuts numbers to 32 bits", command.no_such, _cut_to(32)),
        misread("cuts-numbers-to-64-bits", "cuts numbers to 64 bits", command.no_such, _cut_to(64)),
        misread("takes-zero-for-one", "takes 0 for message 1", command.no_such, _zero_is_first),
        misread(
            "takes-large-numbers-for-one", "takes a number of more than 31 bits for 1", command.no_such, _saturated
        ),
        misread(
            "takes-the-last-for-all-beyond", "takes numbers beyond the last for it", command.no_such, _beyond_is_last
        ),
        Fault(
            f"pop3/arguments/{command.keyword.lower()}-ignores-surplus",
            f"{command.keyword} ignores surplus arguments",
            (TOO_MANY,),
            variant(commands=parsed(**{command.keyword: _surplus_ignored(command.keyword)})),
            touches=(command.keyword,),
        ),
    ]


def _lacking(command: _Numbered) -> Fault:
    return Fault(
        f"pop3/arguments/{command.keyword.lower()}-without-number-means-one",
        f"{command.keyword} without a number means message 1",
        (command.lacking, NOT_OF_ITS_KIND),
        variant(commands=parsed(**{command.keyword: _default(command.keyword)})),
        touches=(command.keyword,),
    )


def _argument_taken(keyword: str) -> Fault:
    return Fault(
        f"pop3/arguments/{keyword.lower()}-ignores-an-argument",
        f"{keyword} ignores an argument",
        (TOO_MANY,),
        variant(commands=parsed(**{keyword: lambda rest: None})),
        touches=(keyword,),
    )


# ---- TOP's number of lines, names, passwords ------------------------------------------------------------------------


def _top_lines(lines: Number) -> Callable[[bytes | None], TopArguments]:
    def top(rest: bytes | None) -> TopArguments:
        first, _, count = (rest or b"").partition(b" ")
        return TopArguments(_strict(first), lines(count))

    return top


def _count_fault(slug: str, title: str, requirements: tuple[str, ...], lines: Number) -> Fault:
    return Fault(
        f"pop3/arguments/top-lines-{slug}",
        f"TOP {title}",
        requirements,
        variant(commands=parsed(TOP=_top_lines(lines))),
        touches=("TOP",),
    )


def _signed(bits: int) -> Number:
    """A number of lines that has become negative asks for none."""

    def lines(word: bytes) -> int:
        number = _strict(word) % (1 << bits)
        return number if number < 1 << (bits - 1) else 0

    return lines


def _overflowing(word: bytes) -> int:
    """What does not fit 64 bits asks for none."""
    number = _strict(word)
    return number if number < 1 << 64 else 0


def _lines_or_none(word: bytes) -> int:
    return int(word) if word.isdigit() else 0


def _negative_is_none(word: bytes) -> int:
    return 0 if word[:1] == b"-" else _strict(word)


def _fraction_cut(word: bytes) -> int:
    return _strict(word.partition(b".")[0])


def _digest_optional(rest: bytes | None) -> ApopArguments:
    """A digest that is missing is an empty one."""
    name, _, digest = (rest or b"nobody").partition(b" ")
    return grammar.apop(rest) if digest else ApopArguments(grammar.name(name), "")


def _apop_or_user(session: Pop3Session, arguments: ApopArguments) -> Steps:
    """A name alone is answered as USER is."""
    if arguments.digest:
        yield from found("APOP").handler(session, arguments)
    else:
        yield session.positive(Text.NAME_ACCEPTED)


def _empty_name(rest: bytes | None) -> str:
    return grammar.name(rest) if rest else "nobody"


FAULTS: tuple[Fault, ...] = (
    *(fault for command in _COMMANDS for fault in _of(command)),
    *(_lacking(command) for command in _COMMANDS if command.lacking),
    *(_argument_taken(keyword) for keyword in ("STAT", "NOOP", "RSET", "QUIT", "CAPA", "STLS", "UTF8")),
    _count_fault("default-to-none", "without a number of lines sends the header", ("RFC1939-7.TOP-a",), _lines_or_none),
    _count_fault(
        "negative-means-none", "takes -1 lines for none", ("RFC1939-7.TOP-a", NOT_OF_ITS_KIND), _negative_is_none
    ),
    _count_fault("digits-before-letters", "reads 1x lines as 1", ("RFC1939-7.TOP-a", NOT_OF_ITS_KIND), _leading_digits),
    _count_fault("fraction-is-cut", "reads 1.5 lines as 1", ("RFC1939-7.TOP-a", NOT_OF_ITS_KIND), _fraction_cut),
    _count_fault("are-32-bits", "reads the number of lines as 32 bits with a sign", ("RFC1939-7.TOP-g",), _signed(32)),
    _count_fault("are-64-bits", "reads the number of lines as 64 bits", ("RFC1939-7.TOP-g",), _overflowing),
    _count_fault("have-few-digits", "refuses a number of lines of more than 20 digits", (FORTY,), _at_most_digits(20)),
    Fault(
        "pop3/arguments/top-number-has-few-digits",
        "TOP refuses an argument of 40 digits",
        (FORTY,),
        variant(commands=parsed(TOP=_top_lines(_at_most_digits(10)))),
        touches=("TOP",),
    ),
    Fault(
        "pop3/arguments/user-without-name-is-taken",
        "USER without a name is taken",
        ("RFC1939-7.USER-a", NOT_OF_ITS_KIND),
        variant(commands=parsed(USER=_empty_name)),
        touches=("USER",),
    ),
    Fault(
        "pop3/arguments/user-takes-the-first-word",
        "USER ignores what follows the name",
        (TOO_MANY,),
        variant(commands=parsed(USER=lambda rest: grammar.name(rest and rest.split(b" ")[0]))),
        touches=("USER",),
    ),
    Fault(
        "pop3/arguments/pass-without-password-is-taken",
        "PASS without a password counts as a login with an empty one, which works",
        ("RFC1939-7.PASS-a",),
        variant(commands=parsed(PASS=lambda rest: rest or b"correct horse")),
        touches=("PASS",),
    ),
    Fault(
        "pop3/arguments/apop-without-digest-is-taken",
        "APOP with a name alone is taken for USER",
        ("RFC1939-7.APOP-a", NOT_OF_ITS_KIND),
        variant(
            commands=added(
                (State.AUTHORIZATION,),
                APOP=replace(found("APOP"), handler=_apop_or_user, arguments=_digest_optional),
            )
        ),
        touches=("APOP",),
    ),
    Fault(
        "pop3/arguments/apop-ignores-surplus",
        "APOP ignores what follows the digest",
        (TOO_MANY,),
        variant(commands=parsed(APOP=lambda rest: grammar.apop(rest and b" ".join(rest.split(b" ")[:2])))),
        touches=("APOP",),
    ),
)
