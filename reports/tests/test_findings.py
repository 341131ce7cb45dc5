from dataclasses import replace

from harness.errors import ExitCode
from harness.verdicts import Level, Outcome, Verdict
from reports.coverage import coverage
from reports.findings import broken_requirements, charged, unjudged_reasons
from reports.tests.factory import CAPA_B, LIST_D, TOP_A, a_case, a_run, broken_run, deviation, every_outcome
from reports.words import Tone, exit_reason, headline, replay_command


def test_a_clause_broken_by_many_cases_is_one_finding() -> None:
    run = a_run([a_case(Outcome.DEVIATES, f"case-{n}") for n in range(12)])
    (group,) = broken_requirements(run)
    assert group.requirement == LIST_D
    assert len(group.cases) == group.new == 12
    assert [len(sight.findings) for sight in group.sights] == [12]


def test_the_gravest_comes_first() -> None:
    run = a_run(
        [
            a_case(Outcome.WARNS, "a", requirement=CAPA_B),
            a_case(Outcome.DEVIATES, "b", deviations=[deviation(known="filed upstream")]),
            a_case(Outcome.DEVIATES, "c", requirement=TOP_A),
        ]
    )
    assert [group.requirement.id for group in broken_requirements(run)] == [TOP_A.id, LIST_D.id, CAPA_B.id]
    assert broken_requirements(run)[0].verdict is Verdict.DEVIATES


def test_an_unjudged_case_charges_nothing() -> None:
    unstable = a_case(Outcome.UNSTABLE, deviations=[deviation()])
    assert charged(unstable) == ()
    assert broken_requirements(a_run([unstable])) == []


def test_reasons_gather_what_was_not_judged() -> None:
    lost = [a_case(Outcome.TARGET_LOST, f"lost-{n}", reason="connection refused") for n in range(3)]
    reasons = unjudged_reasons([*every_outcome(), *lost])
    assert [reason.outcome for reason in reasons] == [
        Outcome.HARNESS_ERROR,
        Outcome.TARGET_LOST,
        Outcome.TARGET_LOST,
        Outcome.UNSTABLE,
        Outcome.BLOCKED,
        Outcome.NOT_APPLICABLE,
    ]
    assert len(reasons[1].cases) == 3


def test_coverage_counts_each_requirement_once_and_shows_broken_sections_first() -> None:
    run = a_run(
        [a_case(Outcome.CONFORMS, "good"), a_case(Outcome.DEVIATES, "bad"), a_case(Outcome.BLOCKED, requirement=TOP_A)]
    )
    documents = {document.document: document for document in coverage(run)}
    rfc = documents["RFC 1939"]
    assert coverage(run)[0] is not None
    assert coverage(run)[0].document == "RFC 1939"
    assert rfc.sections[0].section.label == "5 (LIST)"
    assert rfc.sections[0].coverage.verdicts[Verdict.DEVIATES] == 1
    assert rfc.sections[0].coverage.verdicts[Verdict.CONFORMS] == 0
    assert (rfc.total.statements, rfc.total.testable, rfc.total.cited, rfc.total.judged) == (3, 2, 2, 1)
    assert documents["RFC 2449"].total.cited == 0


def test_headlines() -> None:
    assert headline(a_run()).text == "Breaks 1 MUST clause and 1 SHOULD or robustness check"
    good = headline(a_run([a_case(Outcome.CONFORMS)], code=ExitCode.OK, reason="nothing new"))
    assert (good.text, good.tone) == ("No deviation in 1 judged case", Tone.GOOD)
    stale = headline(a_run([a_case(Outcome.CONFORMS)], code=ExitCode.BASELINE, reason="stale"))
    assert stale.tone is Tone.BROKEN
    nothing = headline(a_run([a_case(Outcome.BLOCKED)], code=ExitCode.OK))
    assert nothing.text == "Nothing was judged"


def test_a_log_without_a_footer_is_incomplete() -> None:
    assert headline(broken_run()).text == "Incomplete run: 3 of 40 cases settled"
    assert exit_reason(broken_run()) == "interrupted: the log ends after 3 of 40 cases and has no footer"


def test_a_reason_that_was_not_logged_is_the_exit_codes_meaning() -> None:
    assert exit_reason(a_run(code=ExitCode.TARGET, reason="")) == "the target could not be used or was lost"


def test_replay_is_safe_to_paste() -> None:
    run = a_run(target="host:example.test; rm -rf /")
    assert replay_command(run.cases[0], run.header).endswith("--target 'host:example.test; rm -rf /'")


def test_replay_names_the_target_as_it_was_given() -> None:
    run = a_run(target="mine")
    given = replace(run.header, command="host:127.0.0.1?pop3=1110", profile="./mine.toml")
    said = replay_command(run.cases[0], given)
    assert said == f"postel replay {run.cases[0].id} --target 'host:127.0.0.1?pop3=1110' --profile ./mine.toml"


def test_levels_are_what_the_factory_says() -> None:
    assert deviation(CAPA_B).verdict is Verdict.WARNS
    assert LIST_D.level is Level.STATEMENT
