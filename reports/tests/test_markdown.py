import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.results import RequirementRecord
from harness.verdicts import Level, Outcome
from reports.markdown import LIMIT, escaped, render_markdown, write_markdown
from reports.tests.factory import (
    HOSTILE_OCTETS,
    HOSTILE_TEXT,
    LIST_D,
    a_case,
    a_run,
    broken_run,
    deviation,
    hostile_case,
)


def test_a_summary_says_what_broke_where_and_how_to_see_it_again() -> None:
    text = render_markdown(a_run())
    assert text.startswith("## postel: <code>dovecot</code>: Breaks 1 MUST clause and 1 SHOULD or robustness check\n")
    assert "[RFC 1939 §5 &#40;LIST&#41;](https://www.rfc-editor.org/rfc/rfc1939#section-5) STATEMENT" in text
    assert f"<code>{LIST_D.id}</code> {LIST_D.summary} | 1 | <code>+OK 1 120</code> |" in text
    assert "\npostel replay pop3/rfc1939-5/deviates --target dovecot\n" in text
    assert "exit 1: 2 new deviations" in text


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    text = render_markdown(a_run([hostile_case(), *a_run().cases]))
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


@pytest.mark.parametrize("hostile", [HOSTILE_TEXT, HOSTILE_OCTETS])
def test_hostile_text_is_never_markup(hostile: str) -> None:
    safe = escaped(hostile)
    assert not set(safe) & set("<>`|[]\"'@*_\n\x1b")
    assert re.sub(r"&#\d+;", "", safe).count("&") == 0
    assert "www." not in safe
    assert "://" not in escaped("see http://evil.test")


def test_a_hostile_run_makes_no_tag_but_ours() -> None:
    text = render_markdown(
        a_run([hostile_case(), replace(a_case(Outcome.BLOCKED), reason=HOSTILE_OCTETS)], target=HOSTILE_TEXT)
    )
    assert set(re.findall(r"<(/?\w+)", text)) == {
        *("code", "/code", "pre", "/pre", "details", "/details", "summary", "/summary"),
    }
    assert text.replace("\n", "").isprintable()


def test_a_good_run_is_short() -> None:
    text = render_markdown(a_run([a_case(Outcome.CONFORMS)], code=ExitCode.OK, reason="nothing new"))
    assert "No deviation in 1 judged case" in text
    assert "### Deviations" not in text
    assert "### Not judged" not in text


def test_a_broken_run_says_so() -> None:
    assert "> **Incomplete run.** 3 of 40 cases are settled" in render_markdown(broken_run())


def test_what_does_not_fit_is_counted() -> None:
    records = {
        f"RFC1939-9-{n}": RequirementRecord(f"RFC1939-9-{n}", Level.MUST, "RFC 1939 §9", "x" * 300) for n in range(900)
    }
    cases = [a_case(Outcome.DEVIATES, f"c{n}", deviations=[deviation(one)]) for n, one in enumerate(records.values())]
    run = a_run(cases)
    run = replace(run, header=replace(run.header, requirements=records))
    text = render_markdown(run)
    assert LIMIT * 0.9 < len(text.encode()) <= LIMIT
    listed = len(re.findall(r"^\| \[RFC", text, re.MULTILINE))
    assert f"{900 - listed} more broken requirements were cut here" in text


def test_a_known_deviation_is_marked() -> None:
    text = render_markdown(a_run([a_case(Outcome.DEVIATES, deviations=[deviation(known="filed")])]))
    assert "STATEMENT (known)" in text


def test_write(tmp_path: Path) -> None:
    path = write_markdown(a_run([hostile_case()]), tmp_path / "summary.md")
    assert path.read_text("utf-8").startswith("## postel")
