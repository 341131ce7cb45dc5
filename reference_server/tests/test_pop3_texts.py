from __future__ import annotations

import string

import pytest

from reference_server.pop3.texts import LANGUAGES, Language, Text, matching_language


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.tag)
@pytest.mark.parametrize("text", Text)
def test_every_language_says_everything(language: Language, text: Text) -> None:
    said = language.texts[text]
    assert said.isascii()
    assert said.isprintable()
    assert not said.startswith("[")  # it would read as a response code
    assert places(said) == places(LANGUAGES[0].texts[text])


@pytest.mark.parametrize(
    ("language_range", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("de", "de"),
        ("*", "en"),
        ("de-AT", None),  # a range matches tags that are longer than itself, not shorter ones
        ("d", None),
        ("mul", None),
        ("**", None),
        ("-de", None),
        ("", None),
    ],
)
def test_ranges(language_range: str, tag: str | None) -> None:
    language = matching_language(language_range)
    assert (language and language.tag) == tag


def test_a_range_matches_the_tags_below_it() -> None:
    languages = (Language("en-boont", "Boontling", {}), Language("en", "English", {}))
    found = matching_language("en", languages)
    assert found is languages[0]
