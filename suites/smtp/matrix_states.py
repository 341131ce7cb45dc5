"""Each command in each state: what is out of order, what an open transaction outlives, and what ends it.

RFC 5321 §3.3 and §4.1.4 (order of commands), §4.1.1.5 to §4.1.1.10 (what each command does to a transaction). DATA
without a recipient is in `order.py`: a server may answer it in two ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.smtp.dialogue_text import MESSAGE, Generated, dialogue, expecting, slug


@dataclass(frozen=True, slots=True)
class State:
    """A state of a session: its name in ids, in titles, where the dialogue starts and what leads on from there."""

    slug: str
    words: str
    start: str
    steps: tuple[str, ...] = ()


CONNECTED = State("before-ehlo", "before EHLO", "connected", ("S: 220",))
GREETED = State("after-ehlo", "after EHLO", "greeted")
OLD = State("after-helo", "after HELO", "connected", ("S: 220", "C: HELO $client", "S: 250"))
MAIL = State("after-mail", "after MAIL", "mail")
RECIPIENT = State("after-rcpt", "after RCPT", "recipient")
SENT = State("after-a-message", "after a message", "recipient", ("C: DATA", "S: 354", *MESSAGE, "S: 250"))
RESET = State("after-rset", "after RSET", "recipient", ("C: RSET", "S: 250"))

IDLE = (CONNECTED, GREETED, OLD, SENT, RESET)
OPEN = (MAIL, RECIPIENT)
EVERY = (*IDLE, *OPEN)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command line, the section of its case, the codes that it must get and the requirements that say so."""

    line: str
    section: str
    codes: str
    requirements: tuple[str, ...]
    requires: str = ""
    name: str = ""

    @property
    def slug(self) -> str:
        """The command as part of a case id."""
        return self.name or slug(self.line.split(":")[0].replace("$", ""))


OUT_OF_ORDER = Asked("RCPT TO:<$address>", "rfc5321-3.3", "503", ("RFC5321-3.3-i", "RFC5321-4.1.4-j"))
SECOND_MAIL = Asked("MAIL FROM:<$sender>", "rfc5321-4.1.4", "503", ("RFC5321-4.1.4-l", "RFC5321-4.1.4-j"))
CHUNK = Asked("BDAT 0 LAST", "rfc3030-2", "503 | 554", ("RFC3030-2-o",), "CHUNKING")

#: Any answer to VRFY, EXPN and HELP that does not blame the state.
NOT_503 = "2yz | 500 | 501 | 502 | 504 | 550 | 551 | 553"

#: Answered alike in every state.
ANYWHERE = (
    Asked("NOOP", "rfc5321-4.1.1.9", "250", ("RFC5321-4.1.1.9-a",)),
    Asked("RSET", "rfc5321-4.1.1.5", "250", ("RFC5321-4.1.1.5-c", "RFC5321-4.1.1.5-b")),
    Asked("VRFY $address", "rfc5321-4.1.4", NOT_503, ("RFC5321-4.1.4-b",), name="vrfy"),
    Asked("HELP", "rfc5321-4.1.4", NOT_503, ("RFC5321-4.1.4-b",)),
    Asked("EXPN staff", "rfc5321-4.1.4", NOT_503, ("RFC5321-4.1.4-b",), name="expn"),
)

#: Commands that leave an open transaction alone, whatever they are answered.
HARMLESS = (
    Asked("NOOP", "rfc5321-4.1.1.9", "250", ("RFC5321-4.1.1.9-c",)),
    Asked("NOOP and more of it", "rfc5321-4.1.1.9", "250 | 501", ("RFC5321-4.1.1.9-c",)),
    Asked("VRFY $address", "rfc5321-4.1.1.6", "2yz | 4yz | 5yz", ("RFC5321-4.1.1.6-a",), name="vrfy"),
    Asked("EXPN staff", "rfc5321-4.1.1.7", "2yz | 4yz | 5yz", ("RFC5321-4.1.1.7-a",), name="expn"),
    Asked("HELP", "rfc5321-4.1.1.8", "2yz | 5yz", ("RFC5321-4.1.1.8-c",)),
    Asked("HELP MAIL", "rfc5321-4.1.1.8", "2yz | 5yz", ("RFC5321-4.1.1.8-c",)),
    Asked("MAIL FROM:<$sender>", "rfc5321-4.1.4", "503", ("RFC5321-4.1.4-k",)),
    Asked("EHLO", "rfc5321-4.1.4", "5yz", ("RFC5321-4.1.4-e",), name="refused-ehlo"),
    Asked("FROBNICATE", "rfc5321-4.1.4", "5yz", ("RFC5321-4.1.4-k",), name="unknown"),
    Asked("RCPT TO:", "rfc5321-4.1.4", "5yz", ("RFC5321-4.1.4-k",), name="malformed-rcpt"),
    Asked("STARTTLS now", "rfc3207-4", "5yz", ("RFC5321-4.1.4-k",), "STARTTLS", "malformed-starttls"),
)

#: Commands that end a transaction.
ENDING = (
    Asked("RSET", "rfc5321-4.1.1.5", "250", ("RFC5321-4.1.1.5-a",)),
    Asked("EHLO $client", "rfc5321-4.1.4", "250", ("RFC5321-4.1.4-c",), name="ehlo"),
    Asked("HELO $client", "rfc5321-4.1.1.1", "250", ("RFC5321-4.1.1.1-a",), name="helo"),
)


def _case(asked: Asked, state: State, title: str, *rest: str, judged: bool = True, suffix: str = "") -> Generated:
    """The command in the state, judged or as a prerequisite, and what shows its effect."""
    answer = expecting(asked.codes, *(asked.requirements if judged else ()))
    steps = [*state.steps, f"C: {asked.line}", answer, *rest]
    text = dialogue(title, steps, start=state.start, requires=asked.requires)
    return f"smtp/{asked.section}/{asked.slug}-{suffix}{state.slug}", text


def _refused(asked: Asked, states: tuple[State, ...]) -> list[Generated]:
    title = "{} {} is refused"
    return [_case(asked, state, title.format(asked.line.split(":")[0], state.words)) for state in states]


def _kept(asked: Asked, state: State) -> Generated:
    """The transaction goes on behind the command."""
    if state is MAIL:
        rest = ["C: RCPT TO:<$address>", expecting("250", *asked.requirements)]
    else:
        rest = ["C: DATA", expecting("354", *asked.requirements), *MESSAGE, "S: 250"]
    title = f"A transaction goes on after {asked.slug} {state.words}"
    return _case(asked, state, title, *rest, judged=False, suffix="keeps-the-transaction-")


def _ended(asked: Asked, state: State) -> Generated:
    """The transaction is gone behind the command."""
    rest = ["C: RCPT TO:<$address>", expecting("503", *asked.requirements)]
    title = f"{asked.line.split()[0]} {state.words} ends the transaction"
    return _case(asked, state, title, *rest, judged=False, suffix="ends-the-transaction-")


def _quit(state: State) -> Generated:
    quitting = Asked("QUIT", "rfc5321-4.1.1.10", "221", ("RFC5321-4.1.1.10-a", "RFC5321-4.1.1.10-e"))
    return _case(quitting, state, f"QUIT {state.words}", "S: <eof>  [[RFC5321-4.1.1.10-a]]")


def _begun(state: State) -> Generated:
    """MAIL begins a transaction where none is open."""
    opening = Asked("MAIL FROM:<$sender>", "rfc5321-4.1.4", "250", ("RFC5321-4.1.4-h", "RFC5321-3.3-a"))
    rest = ("C: RCPT TO:<$address>", expecting("250", "RFC5321-3.3-d"))
    return _case(opening, state, f"A transaction can begin {state.words}", *rest, suffix="begins-")


def cases() -> list[Generated]:
    """A case for each command in each state."""
    return [
        *_refused(OUT_OF_ORDER, IDLE),
        *_refused(SECOND_MAIL, OPEN),
        *_refused(CHUNK, (GREETED, SENT, RESET)),
        *(_case(asked, state, f"{asked.line.split()[0]} {state.words}") for asked in ANYWHERE for state in EVERY),
        *(_kept(asked, state) for asked in HARMLESS for state in OPEN),
        *(_ended(asked, state) for asked in ENDING for state in OPEN),
        *map(_quit, EVERY),
        *map(_begun, (GREETED, OLD, SENT, RESET)),
    ]
