"""The words in which postel judges: verdicts, outcomes, facets and levels.

`Verdict` judges one expectation, `Outcome` one case. Outcomes fall into two families that are never mixed:
judged ones, ordered by severity, and unjudged ones, which say why nothing could be judged.
"""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What became of one expectation; declared in rising severity."""

    CONFORMS = "conforms"
    VARIES = "varies"
    REVIEW = "review"
    WARNS = "warns"
    DEVIATES = "deviates"

    @property
    def severity(self) -> int:
        """Rank among verdicts; a higher one is worse."""
        return list(Verdict).index(self)


class Outcome(StrEnum):
    """What became of one case. The first five are judged; the others say why it was not."""

    CONFORMS = "conforms"
    VARIES = "varies"
    REVIEW = "review"
    WARNS = "warns"
    DEVIATES = "deviates"
    NOT_APPLICABLE = "not_applicable"
    BLOCKED = "blocked"
    TARGET_LOST = "target_lost"
    UNSTABLE = "unstable"
    HARNESS_ERROR = "harness_error"

    @property
    def judged(self) -> bool:
        """True when at least one expectation of the case was judged."""
        return self in _JUDGED


_JUDGED = frozenset({Outcome.CONFORMS, Outcome.VARIES, Outcome.REVIEW, Outcome.WARNS, Outcome.DEVIATES})

#: One sentence for each outcome, printed in every report's legend.
OUTCOME_MEANING: dict[Outcome, str] = {
    Outcome.CONFORMS: "Every expectation held, and the answers agree with the reference.",
    Outcome.VARIES: "Differs from the reference in a way that a cited clause permits.",
    Outcome.REVIEW: "Differs from the reference where no clause decides; a person should read it. Never charged.",
    Outcome.WARNS: "Breaks a SHOULD, or fails a robustness check that no RFC states.",
    Outcome.DEVIATES: "Breaks a MUST: the clause, the expectation and both transcripts are shown.",
    Outcome.NOT_APPLICABLE: "The target does not advertise the capability that the case is about.",
    Outcome.BLOCKED: "A step that the case needs, and that is not what it tests, failed or could not be done.",
    Outcome.TARGET_LOST: "The target died or could not be reached while the case was played.",
    Outcome.UNSTABLE: "Deviated once and not again when it was played alone.",
    Outcome.HARNESS_ERROR: "A fault of postel or of its reference. Nothing is charged to the target.",
}


class Facet(StrEnum):
    """What differs in a deviation."""

    STATUS = "status"  # the status indicator or reply code
    CODE = "code"  # a response code or enhanced status code
    DATA = "data"  # what the answer carries
    ORDER = "order"  # the order or number of answers
    VIEW = "view"  # what one session sees of the mailbox
    CONTENT = "content"  # the bytes of a message
    CONNECTION = "connection"  # open, closed, reset, silent, TLS
    EFFECT = "effect"  # what a later look finds changed, or not
    RELAY = "relay"  # what a next hop received
    GRAMMAR = "grammar"  # the form of an answer


class Level(StrEnum):
    """How strongly a requirement binds (RFC 2119 §1-5; STATEMENT is a plain indicative that a peer relies on)."""

    MUST = "MUST"
    MUST_NOT = "MUST NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD NOT"
    MAY = "MAY"
    STATEMENT = "STATEMENT"

    @property
    def verdict_when_broken(self) -> Verdict:
        """The verdict on a failed expectation: a MAY never fails anybody."""
        return _BROKEN[self]


_BROKEN = {
    Level.MUST: Verdict.DEVIATES,
    Level.MUST_NOT: Verdict.DEVIATES,
    Level.STATEMENT: Verdict.DEVIATES,
    Level.SHOULD: Verdict.WARNS,
    Level.SHOULD_NOT: Verdict.WARNS,
    Level.MAY: Verdict.CONFORMS,
}
