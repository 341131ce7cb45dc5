"""Turning what a suite holds into cases: `.dialogue` files, and dialogues that a table generates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.cases import Case
from harness.dialogue import load_dialogues, parse_dialogue
from harness.enact import dialogue_case

_HERE = Path(__file__).parent


def dialogues_of(folder: str) -> list[Case]:
    """The `.dialogue` files below `suites/FOLDER`. Raises UsageError listing every one that is wrong."""
    return [dialogue_case(each) for each in load_dialogues(_HERE) if each.id.startswith(f"{folder}/")]


def generated(dialogues: Iterable[tuple[str, str]]) -> list[Case]:
    """Cases from pairs of id and dialogue text. Raises UsageError for a text that is no dialogue."""
    return [dialogue_case(replace(parse_dialogue(text, case_id), id=case_id)) for case_id, text in dialogues]
