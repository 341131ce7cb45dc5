"""The catalogue: what it answers, and one error with file, line and mend for each way in which a file can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.requirements.catalogue import Catalogue
from harness.requirements.catalogue_file import letters_of, section_numbers
from harness.verdicts import Level

SUITES = Path(__file__).parents[2] / "suites" / "requirements"

HEAD = '[document]\nnumber = 1939\ntitle = "POP3"\ndate = "1996-05"\n'


def table(name: str, **changes: str) -> str:
    """A [[requirement]] table of six lines: a blank one, the header, id, level, role, summary; then what is changed."""
    keys = {"id": f'"{name}"', "level": '"MUST"', "role": '"server"', "summary": '"Answers."'} | changes
    return "\n[[requirement]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def load(directory: Path, text: str, name: str = "rfc1939.toml") -> Catalogue:
    (directory / name).write_text(text, encoding="utf-8")
    return Catalogue.load(directory)


def test_answers_by_id_and_by_document(tmp_path: Path) -> None:
    (tmp_path / "postel.toml").write_text(
        '[document]\ntitle = "Own checks"\ndate = "2026"\n' + table("POSTEL-line-a", level='"SHOULD"')
    )
    (tmp_path / "rfc2449.toml").write_text(HEAD.replace("1939", "2449") + table("RFC2449-3-a"))
    extra = table("RFC1939-5.LIST-a", untestable='"No client sees it."', errata="[7, 9]")
    catalogue = load(tmp_path, HEAD + table("RFC1939-3-a") + extra)

    assert [document.name for document in catalogue.documents()] == ["RFC1939", "RFC2449", "POSTEL"]
    assert [one.id for one in catalogue.of("RFC1939")] == ["RFC1939-3-a", "RFC1939-5.LIST-a"]
    assert [one.id for one in catalogue] == ["RFC1939-3-a", "RFC1939-5.LIST-a", "RFC2449-3-a", "POSTEL-line-a"]
    assert len(catalogue) == 4
    assert "RFC1939-3-a" in catalogue
    assert "RFC1939-3-b" not in catalogue

    requirement = catalogue.get("RFC1939-5.LIST-a")
    assert requirement.level is Level.MUST
    assert requirement.untestable == "No client sees it."
    assert requirement.errata == (7, 9)
    assert requirement.clause == "RFC 1939 §5 (LIST)"


def test_an_unknown_id_is_answered_with_the_nearest(tmp_path: Path) -> None:
    catalogue = load(tmp_path, HEAD + table("RFC1939-3-a"))
    with pytest.raises(UsageError, match=r"no requirement 'RFC1939-3-q' .*did you mean RFC1939-3-a"):
        catalogue.get("RFC1939-3-q")
    with pytest.raises(UsageError, match="postel requirements"):
        catalogue.get("!")
    with pytest.raises(UsageError, match=r"no document 'RFC821' .*documents are RFC1939"):
        catalogue.of("RFC821")


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no requirement catalogue here"):
        Catalogue.load(tmp_path)


TWO = HEAD + table("RFC1939-3-a") + table("RFC1939-3-b")

WRONG_FILES = {
    "unknown key": (HEAD + table("RFC1939-3-a", sumary='"x"'), 11, "unknown key 'sumary'", "did you mean summary"),
    "unknown key far off": (HEAD + table("RFC1939-3-a", zzz="1"), 11, "unknown key 'zzz'", "known are id, level"),
    "unknown top table": (TWO + "\n[documents]\n", 18, "unknown key 'documents'", "did you mean document"),
    "unknown document key": (HEAD + 'titel = "x"\n', 5, "unknown key 'titel'", "did you mean title"),
    "no document": (table("RFC1939-3-a"), 1, "no \\[document\\] table", "begin the file with"),
    "no title": (HEAD.replace('title = "POP3"\n', ""), 1, "has no title", "give it title"),
    "other number": (HEAD.replace("1939", "1725"), 2, "the file is about RFC1725", "name it rfc1725.toml"),
    "number as text": (HEAD.replace("1939", '"1939"'), 2, "number has a value of the wrong type", "a whole number"),
    "no summary": (HEAD + table("RFC1939-3-a", summary='"  "'), 10, "RFC1939-3-a has no summary", "give it summary"),
    "no id": (TWO.replace('id = "RFC1939-3-b"\n', ""), 12, "requirement has no id", "give it id"),
    "empty untestable": (HEAD + table("RFC1939-3-a", untestable='""'), 11, "has no untestable", "give it untestable"),
    "wrong level": (HEAD + table("RFC1939-3-a", level='"SHALL"'), 8, "has the level 'SHALL'", "known are MUST"),
    "level in lower case": (HEAD + table("RFC1939-3-a", level='"must not"'), 8, "'must not'", "did you mean MUST NOT"),
    "wrong role": (HEAD + table("RFC1939-3-a", role='"servers"'), 9, "has the role 'servers'", "did you mean server"),
    "no id at all": (HEAD + table("3-a"), 7, "'3-a' is no id of RFC1939", "write RFC1939-SECTION-LETTER"),
    "id of another RFC": (HEAD + table("RFC2449-3-a"), 7, "'RFC2449-3-a' is no id of RFC1939", "such as RFC1939-3-a"),
    "duplicate id": (HEAD + 2 * table("RFC1939-3-a"), 13, "RFC1939-3-a is defined twice", "letters are never reused"),
    "gap": (HEAD + table("RFC1939-3-a") + table("RFC1939-3-c"), 13, "3-c is out of order", "expected RFC1939-3-b"),
    "first letter": (HEAD + table("RFC1939-3-b"), 7, "3-b is out of order", "expected RFC1939-3-a"),
    "section in two parts": (
        HEAD + table("RFC1939-5-a") + table("RFC1939-5.LIST-a") + table("RFC1939-5-b"),
        19,
        "RFC1939-5-b is apart from its section",
        "move it after RFC1939-5-a",
    ),
    "sections out of order": (
        HEAD + table("RFC1939-11-a") + table("RFC1939-5-a"),
        13,
        "RFC1939-5-a comes after RFC1939-11-a",
        "order of the RFC",
    ),
    "erratum": (
        HEAD + table("RFC1939-3-a", errata='["x"]'),
        11,
        "has an erratum without number",
        "errata = \\[1234\\]",
    ),
    "withdrawn id": (
        HEAD + 'withdrawn = ["RFC1939-3-a"]\n' + table("RFC1939-3-a"),
        8,
        "RFC1939-3-a was withdrawn",
        "take the next one",
    ),
    "withdrawn no ids": (
        HEAD + 'withdrawn = [["RFC1939-3-a"]]\n',
        5,
        "withdrawn holds what is no id",
        "write withdrawn",
    ),
    "inline tables": (HEAD.replace("[document]", 'requirement = [{id = "x"}]\n[document]'), 1, "not tables", "its own"),
    "no TOML": (HEAD + "id = \n", 5, "not valid TOML", "toml.io"),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_wrong_file_is_one_error_with_line_and_mend(kind: str, tmp_path: Path) -> None:
    text, line, problem, mend = WRONG_FILES[kind]
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    error = caught.value
    assert error.position is not None
    assert error.position.path == tmp_path / "rfc1939.toml"
    assert error.position.line == line
    assert re.search(problem, error.problem)
    assert re.search(mend, error.mend)


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rfc1939.toml").write_bytes(b"# \xff\n")
    with pytest.raises(UsageError, match="cannot be read"):
        Catalogue.load(tmp_path)


def test_a_withdrawn_letter_leaves_its_gap(tmp_path: Path) -> None:
    text = HEAD + 'withdrawn = ["RFC1939-3-b"]\n' + table("RFC1939-3-a") + table("RFC1939-3-c")
    assert [one.id for one in load(tmp_path, text)] == ["RFC1939-3-a", "RFC1939-3-c"]


def test_letters_go_on_with_aa(tmp_path: Path) -> None:
    names = [f"RFC1939-3-{letters_of(rank)}" for rank in range(1, 29)]
    assert names[25:] == ["RFC1939-3-z", "RFC1939-3-aa", "RFC1939-3-ab"]
    assert [one.id for one in load(tmp_path, HEAD + "".join(map(table, names)))] == names


def test_postel_checks_are_never_stricter_than_should(tmp_path: Path) -> None:
    text = '[document]\ntitle = "Own checks"\ndate = "2026"\n' + table("POSTEL-line-a")
    with pytest.raises(
        UsageError, match=r"postel.toml:7: POSTEL-line-a is a MUST \(no RFC states it: SHOULD at most\)"
    ):
        load(tmp_path, text, "postel.toml")


@given(st.integers(min_value=1, max_value=26 + 26 * 26))
def test_letters_and_ranks_are_one_to_one(rank: int) -> None:
    letters = letters_of(rank)
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - ord("a") + 1
    assert value == rank


def test_sections_are_ordered_by_their_numbers() -> None:
    assert section_numbers("5.LIST") == (5,)
    assert section_numbers("8.1.2") == (8, 1, 2)
    assert section_numbers("line") == ()
    assert section_numbers("9") < section_numbers("C") < section_numbers("F.1") < section_numbers("F.10")


def test_the_catalogue_that_ships_loads_and_keeps_its_form() -> None:
    catalogue = Catalogue.load(SUITES)
    assert "RFC1939" in [document.name for document in catalogue.documents()]
    summaries = [requirement.summary for requirement in catalogue]
    assert len(set(summaries)) == len(summaries)
    for requirement in catalogue:
        assert re.fullmatch(r"[A-Z][^\n]{15,}\.", requirement.summary), requirement.id
        if requirement.level is Level.MAY:
            assert requirement.untestable, f"{requirement.id}: no server can break a permission"
