"""Traceability: each kind of mistake and gap is found, and nothing else is; coverage counts; the scanner of ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.requirements.catalogue import Catalogue
from harness.requirements.traceability import Citation, Citer, Coverage, Misuse, Traceability, cited, scan, trace

SHIPPED = Catalogue.load(Path(__file__).parents[2] / "suites" / "requirements")

RFC = """
[document]
number = 1939
title = "POP3"
date = "1996-05"

[[requirement]]
id = "RFC1939-3-a"
level = "MUST"
role = "server"
summary = "Greets."

[[requirement]]
id = "RFC1939-3-b"
level = "MUST"
role = "server"
summary = "Answers."

[[requirement]]
id = "RFC1939-3-c"
level = "MAY"
role = "server"
summary = "May rest."
untestable = "a permission"
"""

OWN = """
[document]
title = "Own checks"
date = "2026"

[[requirement]]
id = "POSTEL-line-a"
level = "SHOULD"
role = "server"
summary = "Survives."
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    (tmp_path / "rfc1939.toml").write_text(RFC)
    (tmp_path / "postel.toml").write_text(OWN)
    return Catalogue.load(tmp_path)


ALL_TESTABLE = ("RFC1939-3-a", "RFC1939-3-b", "POSTEL-line-a")
COMPLETE = (
    Citation(Citer.CASE, "pop3/rfc1939-3/greets", ALL_TESTABLE),
    Citation(Citer.FAULT, "silent", ALL_TESTABLE),
    Citation(Citer.RULE, "rest", ("RFC1939-3-c",)),
    Citation(Citer.CODE, "session.py:1", ("RFC1939-3-a",)),
)


def ids(traceability: Traceability) -> tuple[list[str], list[str]]:
    return [one.id for one in traceability.uncovered], [one.id for one in traceability.unfaulted]


def test_complete_citations_leave_no_problem(catalogue: Catalogue) -> None:
    result = trace(catalogue, COMPLETE)
    assert result.problems() == ()
    assert ids(result) == ([], [])


def test_each_gap_names_the_requirement(catalogue: Catalogue) -> None:
    result = trace(
        catalogue,
        [
            Citation(Citer.CASE, "one", ("RFC1939-3-a",)),
            Citation(Citer.FAULT, "broken", ("RFC1939-3-b",)),
            Citation(Citer.RULE, "rule", ALL_TESTABLE),
            Citation(Citer.CODE, "code", ALL_TESTABLE),
        ],
    )
    assert ids(result) == (["RFC1939-3-b", "POSTEL-line-a"], ["RFC1939-3-a", "POSTEL-line-a"])
    assert "RFC1939-3-b: no case covers it: Answers." in result.problems()
    assert "RFC1939-3-a: no fault breaks it: Greets." in result.problems()


def test_a_dangling_id_is_named_with_its_place_and_the_nearest(catalogue: Catalogue) -> None:
    dangling = Citation(Citer.RULE, "rules.toml:7", ("RFC1939-3-z", "RFC1939-3-z", "RFC9999-X-q"))
    result = trace(catalogue, [*COMPLETE, dangling])
    assert [(one.place, one.requirement) for one in result.dangling] == [
        ("rules.toml:7", "RFC1939-3-z"),
        ("rules.toml:7", "RFC9999-X-q"),
    ]
    assert result.duplicate == (Misuse("rules.toml:7", "RFC1939-3-z"),)
    line = next(line for line in result.problems() if "RFC1939-3-z, which" in line)
    assert line.startswith("rules.toml:7: cites RFC1939-3-z, which is not in the catalogue (did you mean RFC1939-3-")


def test_an_id_cited_twice_in_one_place_is_a_duplicate_and_in_two_places_is_not(catalogue: Catalogue) -> None:
    again = Citation(Citer.CASE, "again", ("RFC1939-3-a", "RFC1939-3-a"))
    assert trace(catalogue, [*COMPLETE, again]).problems() == ("again: cites RFC1939-3-a twice",)
    assert trace(catalogue, [*COMPLETE, *COMPLETE]).problems() == ()


@pytest.mark.parametrize("citer", [Citer.CASE, Citer.FAULT])
def test_an_untestable_requirement_accuses_nobody(citer: Citer, catalogue: Catalogue) -> None:
    result = trace(catalogue, [*COMPLETE, Citation(citer, "bold", ("RFC1939-3-c",))])
    assert result.untestable_accused == (Misuse("bold", "RFC1939-3-c", "why: a permission"),)
    assert result.problems() == (
        "bold: accuses by RFC1939-3-c, which the catalogue calls untestable (why: a permission)",
    )


def test_coverage_counts_testable_requirements_once(catalogue: Catalogue) -> None:
    citations = [
        Citation(Citer.CASE, "one", ("RFC1939-3-a", "RFC1939-3-c", "RFC1939-3-z")),
        Citation(Citer.CASE, "two", ("RFC1939-3-a", "POSTEL-line-a")),
        Citation(Citer.FAULT, "broken", ("RFC1939-3-a", "RFC1939-3-b")),
    ]
    result = trace(catalogue, citations)
    assert result.coverage == {"RFC1939": Coverage(3, 2, 1, 2), "POSTEL": Coverage(1, 1, 1, 0)}
    assert result.to_json() == {
        "rfcs": {"1939": {"statements": 3, "testable": 2, "covered": 1, "faulted": 2}},
        "postel": {"statements": 1, "testable": 1, "covered": 1, "faulted": 0},
        "total": {"statements": 3, "testable": 2, "covered": 1, "faulted": 2},
    }


def test_the_total_is_the_sum_of_the_rfcs() -> None:
    shipped = trace(SHIPPED, [])
    result = shipped.to_json()
    rfcs, total = result["rfcs"], result["total"]
    assert isinstance(rfcs, dict)
    assert isinstance(total, dict)
    assert {"1939", "2449", "2595", "3206", "5034", "6856", "8314"} <= set(rfcs)
    for count, sum_of_all in total.items():
        assert sum(one[count] for one in rfcs.values()) == sum_of_all
    assert total["statements"] > total["testable"] > 0


CITING_TEXTS = {
    "S: +OK  [[RFC1939-3-d]]": ("RFC1939-3-d",),
    "[[RFC1939-5.LIST-a, RFC2449-8.1.2-b]]": ("RFC1939-5.LIST-a", "RFC2449-8.1.2-b"),
    "# RFC5034-4.AUTH-aa, then POSTEL-line-b.": ("RFC5034-4.AUTH-aa", "POSTEL-line-b"),
    "RFC1939-3-a RFC1939-3-a": ("RFC1939-3-a", "RFC1939-3-a"),
    "an RFC822-msg-id, RFC 1939 §5, RFC1939, SHA-256, pop3/rfc1939-3-a/x": (),
    "RFC1939-3-abc RFC1939-3-a-b xRFC1939-3-a RFC1939-3-A": (),
    "RFC1939-A-c is an appendix": ("RFC1939-A-c",),
}


@pytest.mark.parametrize("text", CITING_TEXTS)
def test_ids_are_found_in_text(text: str) -> None:
    assert cited(text) == CITING_TEXTS[text]


@given(st.data())
def test_every_id_of_the_catalogue_is_found_in_any_surroundings(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([requirement.id for requirement in SHIPPED]))
    around = st.text(alphabet=" ,;:()[]'\"`\n#", max_size=4)
    assert cited(data.draw(around) + name + data.draw(around)) == (name,)


def test_scanning_names_file_and_line(tmp_path: Path) -> None:
    source = tmp_path / "session.py"
    source.write_text("# nothing\n# RFC1939-3-a and again RFC1939-3-a\nx = 1\n# RFC1939-3-b RFC1939-3-c\n")
    assert scan([source]) == (
        Citation(Citer.CODE, f"{source}:2", ("RFC1939-3-a",)),
        Citation(Citer.CODE, f"{source}:4", ("RFC1939-3-b", "RFC1939-3-c")),
    )
    assert scan([source], Citer.RULE)[0].citer is Citer.RULE


def test_scanning_what_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.py: cannot be read"):
        scan([tmp_path / "gone.py"])
