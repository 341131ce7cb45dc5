"""The generated dialogues of the POP3 suite: every table of this package, as (case id, dialogue text).

A table is worth having where the cases differ in one word: each command in each state, each boundary of an argument,
each kind of message. What they generate is an ordinary dialogue (docs/dialogues.md).
"""

from __future__ import annotations

from suites.pop3 import matrix_arguments, matrix_corpus, matrix_deleted, matrix_keywords, matrix_states


def cases() -> list[tuple[str, str]]:
    """All generated cases, each as its id and its dialogue text, in a fixed order."""
    return [
        *matrix_states.cases(),
        *matrix_keywords.cases(),
        *matrix_arguments.cases(),
        *matrix_deleted.cases(),
        *matrix_corpus.cases(),
    ]
