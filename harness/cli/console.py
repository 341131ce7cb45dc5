"""The terminal: two consoles, and errors as one line with the right exit code.

Whatever came from a target reaches a terminal only through `safe`, which leaves no control character in it.
Colour follows NO_COLOR and whether the stream is a terminal (rich does both).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from harness.errors import ExitCode, PostelError
from harness.verdicts import Outcome

#: Results, for a person or a pipe.
OUT = Console(highlight=False)
#: Progress and errors.
ERR = Console(stderr=True, highlight=False)

STYLE: dict[Outcome, str] = {
    Outcome.CONFORMS: "green",
    Outcome.VARIES: "cyan",
    Outcome.REVIEW: "magenta",
    Outcome.WARNS: "yellow",
    Outcome.DEVIATES: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.BLOCKED: "yellow",
    Outcome.TARGET_LOST: "bold red",
    Outcome.UNSTABLE: "yellow",
    Outcome.HARNESS_ERROR: "bold white on red",
}


def safe(text: str) -> str:
    """Text with every control, format and non-ASCII character written as an escape, but for our own mark of a cut."""
    return "".join(each if each == "…" or (each.isascii() and each.isprintable()) else _escape(each) for each in text)


def harmless(text: str) -> str:
    """Text of ours, in which a target or a path may be quoted: letters stay, controls but line ends are escaped."""
    return "".join(each if each.isprintable() or each == "\n" else _escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def outcome_text(outcome: Outcome) -> Text:
    """An outcome in its colour."""
    return Text(outcome.value.replace("_", " "), style=STYLE[outcome])


@contextmanager
def failing() -> Iterator[None]:
    """Turn errors into one line on stderr and the right exit code; no traceback for what a user can mend."""
    try:
        yield
    except PostelError as error:
        ERR.print(Text.assemble(("error: ", "bold red"), harmless(str(error))))
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        ERR.print(Text("interrupted"))
        sys.exit(int(ExitCode.INTERRUPTED))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(int(ExitCode.OK))
