"""The page is checked as a browser reads it: parsed, with scripts and without."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.results import RunResult
from harness.verdicts import OUTCOME_MEANING, Outcome
from reports import html
from reports.html import page_cases, render_html, write_html
from reports.tests.factory import (
    HOSTILE_OCTETS,
    HOSTILE_TEXT,
    a_case,
    a_run,
    broken_run,
    deviation,
    every_outcome,
    hostile_case,
    long_case,
)
from reports.visible import visible_octets, visible_quote, visible_text

_TAG_NAMES = """
    html head meta title style body script a header footer main nav section article div span p br b i em mark small
    strong code pre h1 h2 h3 h4 ul li dl dt dd table caption thead tbody tr th td details summary noscript form
    fieldset legend label input select option button output kbd
"""
_TAGS = set(_TAG_NAMES.split())
_VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """Collects tags, attributes and text; an element that is not closed in order is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("script", "style"):
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def rendered(run: RunResult) -> str:
    return "".join(render_html(run))


@pytest.fixture(scope="module")
def everything() -> str:
    return rendered(a_run([*every_outcome(), hostile_case(), long_case()], target=HOSTILE_TEXT))


def test_hostile_text_makes_no_element_no_attribute_and_no_address(everything: str) -> None:
    page = Page(everything)
    assert set(page.tags) <= _TAGS
    assert page.tags["script"] == page.tags["style"] == 1
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset", "srcdoc")]
    assert all(value.startswith(("#", "https://www.rfc-editor.org/rfc/rfc")) for value in page.values("href"))
    assert "[[ATTACHMENT|/etc/passwd]]" in page.text


def test_the_page_asks_the_network_for_nothing(everything: str) -> None:
    assert Page(everything).tags["link"] == 0
    assert set(re.findall(r"url\(([^)]{0,20})", everything)) == {'"data:font/woff;base'}
    assert "@import" not in everything
    policy = next(value for value in Page(everything).values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; font-src data:; script-src 'sha256-")


def test_only_our_script_may_run(everything: str) -> None:
    found = re.search(r"<script>(.*?)</script>", everything, re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in everything


def test_nothing_unprintable_is_in_the_file(everything: str) -> None:
    assert everything.replace("\n", "").isprintable()
    everything.encode()


def test_hostile_text_can_be_read_letter_by_letter(everything: str) -> None:
    text = Page(everything).text
    assert visible_text(HOSTILE_TEXT) in text
    assert visible_quote(HOSTILE_OCTETS) in text
    assert visible_octets(HOSTILE_OCTETS.split("\n", 1)[0] + "\n") in text


def test_identifiers_are_unique(everything: str) -> None:
    repeated = [value for value, count in Counter(Page(everything).values("id")).items() if count > 1]
    assert repeated == []


def test_links_inside_the_page_lead_somewhere(everything: str) -> None:
    page = Page(everything)
    there = set(page.values("id"))
    within = [value[1:] for value in page.values("href") if value.startswith("#")]
    assert {value for value in within if not re.match(r"(outcome|section)=", value)} <= there


def test_the_legend_defines_every_outcome(everything: str) -> None:
    text = Page(everything).text
    for meaning in OUTCOME_MEANING.values():
        assert meaning in text


def test_a_deviation_shows_clause_expectation_both_transcripts_and_replay() -> None:
    text = Page(rendered(a_run([a_case(Outcome.DEVIATES)]))).text
    for part in (
        "RFC 1939 §5 (LIST)",
        "Refuses a deleted message.",
        "+OK 1 120␍␊",
        "-ERR no such message␍␊",
        "first difference",
        "postel replay pop3/rfc1939-5/deviates --target dovecot",
        "C: DELE 1",
        "pop3_lock_session",
        "look at the server's log",
        "sha256:0123",
    ):
        assert part in text


def test_a_known_deviation_is_marked_with_its_reason() -> None:
    page = Page(rendered(a_run([a_case(Outcome.DEVIATES, deviations=[deviation(known="filed as 77")])])))
    assert "filed as 77" in page.text
    assert page.values("class").count("known") == 3


def test_unjudged_cases_stand_apart() -> None:
    judged, unjudged = page_cases(a_run())
    assert {one.case.outcome for one in judged} == {outcome for outcome in Outcome if outcome.judged}
    assert [one.case.outcome for one in unjudged][:2] == [Outcome.HARNESS_ERROR, Outcome.TARGET_LOST]
    text = Page(rendered(a_run())).text
    assert text.index("pop3/rfc1939-5/conforms") < text.index("because it is blocked", text.index("Judged"))


def test_a_broken_run_says_so_first() -> None:
    text = Page(rendered(broken_run())).text
    assert text.index("Incomplete") < text.index("Deviations by clause")
    assert "3 of 40 cases" in text


def test_an_interrupted_run_with_a_footer_says_so_too() -> None:
    run = a_run()
    assert run.footer is not None
    stopped = replace(
        run, footer=replace(run.footer, complete=False, exit_code=130, exit_reason="interrupted by Ctrl-C")
    )
    assert "Incomplete. interrupted by Ctrl-C" in Page(rendered(stopped)).text


def test_an_empty_run_is_a_page() -> None:
    assert "Nothing was judged" in Page(rendered(a_run([]))).text


def test_details_of_a_big_run_wait_in_noscript(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Page(rendered(a_run())).tags["noscript"] == 0
    monkeypatch.setattr(html, "LAZY_FROM", 0)
    text = rendered(a_run([*every_outcome(), hostile_case()]))
    waiting = re.findall(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert len(waiting) == len(Outcome) + 1
    for inner in waiting:
        assert set(Page(inner).tags) <= _TAGS - {"noscript", "script", "style"}


def test_cases_share_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [long_case(f"case-{n}", exchanges=30) for n in range(40)] + [hostile_case()]
    whole = rendered(a_run(cases))
    monkeypatch.setattr(html, "PAGE_OCTETS", 512 * 1024)
    shared = rendered(a_run(cases))
    assert len(shared) < 2 * 512 * 1024 < len(whole)
    assert visible_quote(HOSTILE_OCTETS) in Page(shared).text


def test_write_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text("old")
    assert write_html(a_run(), path) == path
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
