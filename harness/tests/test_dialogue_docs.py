"""docs/dialogues.md describes the language as it is."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from harness.dialogue.header import KEYS
from harness.dialogue.model import MAIL_NAMES, START_NAMES, START_STATES
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.patterns import IMAP_PLACEHOLDERS, PLACEHOLDERS

DOCS = Path(__file__).parents[2] / "docs" / "dialogues.md"


@pytest.fixture(scope="module")
def page() -> str:
    return DOCS.read_text(encoding="utf-8")


def test_its_examples_parse(page: str) -> None:
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.MULTILINE)
    examples = [textwrap.dedent(block).strip("\n") for block in blocks if "C: " in block]
    assert len(examples) == 4
    for example in examples:
        text = example if example.startswith("title:") else f"title: t\nprotocol: pop3\n\n{example}"
        assert parse_dialogue(text, DOCS).requirements


def test_it_names_every_placeholder_and_no_other(page: str) -> None:
    assert set(re.findall(r"`(?:S: )?<([a-z-]+)[^`]*>`", page)) == set(PLACEHOLDERS) | set(IMAP_PLACEHOLDERS)


def test_it_names_every_header_key_state_and_name(page: str) -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE) == list(KEYS)
    for word in (*START_STATES, *sum(START_STATES.values(), ()), *(f"${name}" for name in (*START_NAMES, *MAIL_NAMES))):
        assert f"`{word}`" in page
