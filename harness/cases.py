"""Case: one thing that is checked, as data that a player can run and a judge can judge.

A case is a coroutine over a `Stage`. A `.dialogue` file becomes a case whose coroutine plays its steps; what needs
control flow is a Python function marked with `@case`. Both make a `Performance`.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harness.errors import Position, UsageError
from harness.transcript import Transcript
from harness.verdicts import Facet

if TYPE_CHECKING:
    from harness.stage import Stage

Script = Callable[["Stage"], Awaitable[None]]


class Isolation(StrEnum):
    """What a case needs for itself: one account, or the whole target (it locks out, restarts or exhausts it)."""

    ACCOUNT = "account"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its id is `protocol/rfc-section/slug` and is the same everywhere.

    `requires` names capabilities that the target must advertise, `traits` what the loader must be able to carry,
    `digest` changes when the case does (the oracle's kept transcripts are keyed by it). `patience` is about how many
    seconds it waits on purpose: the most patient cases begin first, so that nobody waits for them at the end.
    `endpoint` is where the case is played and whose capabilities `requires` asks for, where that is not the one named
    like the protocol (`submission`). `users` is how many accounts it needs.
    """

    id: str
    title: str
    protocol: str
    requirements: tuple[str, ...]
    script: Script
    position: Position
    digest: str
    requires: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    isolation: Isolation = Isolation.ACCOUNT
    source: str = ""
    patience: float = 0.0
    endpoint: str = ""
    users: int = 1


class Ending(StrEnum):
    """How a performance ended."""

    FINISHED = "finished"
    NOT_APPLICABLE = "not_applicable"
    BLOCKED = "blocked"
    LOST = "lost"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Observation:
    """One expectation and what was seen.

    `kind` is the class of what was observed, without free text, for signatures. `canonical` is what is compared with
    the oracle (None: nothing to compare). `event` is an index into the transcript's events, `line` a line of the
    dialogue. With no requirements it is a prerequisite, and `holds` false ends the case as BLOCKED. `by_oracle` means
    that the clause fixes the answer completely, so the oracle's is required.
    """

    requirements: tuple[str, ...]
    facet: Facet
    holds: bool
    expected: str
    observed: str
    kind: str
    canonical: Any = None
    event: int | None = None
    line: int | None = None
    by_oracle: bool = False


@dataclass(frozen=True, slots=True)
class Performance:
    """What playing a case once against one server showed. `seconds` is wall time."""

    case_id: str
    ending: Ending
    reason: str
    transcript: Transcript
    observations: tuple[Observation, ...]
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class CaseRegistry:
    """The Python cases that were declared with `@case`, by id."""

    cases: dict[str, Case] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """Register a case. Raises UsageError when its id is taken."""
        other = self.cases.get(case.id)
        if other is not None and other.position != case.position:
            raise UsageError(
                f"case id {case.id} is taken by {other.position}",
                position=case.position,
                mend="give one another slug",
            )
        self.cases[case.id] = case


REGISTRY = CaseRegistry()


def case(
    case_id: str,
    *requirements: str,
    requires: tuple[str, ...] = (),
    messages: tuple[str, ...] = (),
    isolation: Isolation = Isolation.ACCOUNT,
    patience: float = 0.0,
    endpoint: str = "",
    users: int = 1,
) -> Callable[[Script], Script]:
    """Declare a coroutine function over a Stage as a case; its docstring's first line is the title.

    `messages` are kinds of the corpus, loaded before the script starts, in order. With `users`, `stage.lease(users)`
    gives that many accounts.
    """

    def mark(script: Script) -> Script:
        lines, first = inspect.getsourcelines(script)
        source = "".join(lines)
        position = Position(inspect.getsourcefile(script) or "?", first)
        title = (inspect.getdoc(script) or "").split("\n")[0].rstrip(".")
        if not title:
            raise UsageError(f"case {case_id} has no title", position=position, mend="give it a docstring")
        REGISTRY.add(
            Case(
                id=case_id,
                title=title,
                protocol=case_id.split("/", maxsplit=1)[0],
                requirements=requirements,
                script=script,
                position=position,
                digest=hashlib.sha256(source.encode()).hexdigest(),
                requires=requires,
                messages=messages,
                isolation=isolation,
                source=source,
                patience=patience,
                endpoint=endpoint,
                users=users,
            )
        )
        script.__dict__["postel_case_id"] = case_id
        return script

    return mark
