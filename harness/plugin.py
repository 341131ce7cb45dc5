"""The pytest plugin: options, parametrization of cases, and one background run that the tests wait for.

Playing happens ahead of judging: once the cases are collected, a runner in a thread of its own plays them many at
a time. A test only waits for the result of its case and reports it. The log that the runner writes is the truth;
what pytest says is a view of it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import hooks
from harness.background import BackgroundRun, Plan
from harness.cases import Case
from harness.errors import HarnessError, PostelError, UsageError
from harness.exits import FailOn
from harness.results import CaseResult
from harness.selectors import select
from harness.suite import Suite
from harness.validation import ValidatorCase
from harness.verdicts import Outcome

_RUN = pytest.StashKey[BackgroundRun]()
_CHECK = pytest.StashKey[str]()

Report = Callable[[str], None]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make postel's hooks known."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Postel's options."""
    group = parser.getgroup("postel", "conformance of mail servers")
    group.addoption("--target", default="reference", help="the server under test (see `postel targets`)")
    group.addoption("--profile", default=None, help="a bundled profile's name or a profile file for the target")
    group.addoption("--select", action="append", default=[], help="a case id or a leading part of one; repeatable")
    group.addoption("--jobs", type=int, default=8, help="cases that are played at once")
    group.addoption("--timeout", type=float, default=10.0, help="seconds that the target may take for one answer")
    group.addoption("--fail-on", choices=[each.value for each in FailOn], default="must", help="what fails a run")
    group.addoption("--out", default=None, help="where the run's files go (default: out/TARGET)")
    group.addoption("--baseline", default=None, help="a file of known deviations")
    group.addoption("--cold", action="store_true", help="let the reference play every case anew, nothing kept")
    group.addoption("--seed", type=int, default=0, help="seed of what is drawn at random")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize over a module's `CASES` and `VALIDATORS`; a case's id is the test's id."""
    for fixture, name in (("postel_case", "CASES"), ("postel_validator", "VALIDATORS")):
        if fixture in metafunc.fixturenames:
            cases = list(getattr(metafunc.module, name))
            metafunc.parametrize(fixture, cases, ids=[case.id for case in cases])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Apply the selectors, and put the validators, which judge the whole run, behind the cases."""
    checks = {item: _check(item) for item in items}
    ids = [check.id for check in checks.values() if check is not None]
    for item, check in checks.items():
        if check is not None:
            item.stash[_CHECK] = check.id
    selectors: list[str] = config.getoption("select")
    if selectors and ids:
        try:
            chosen = set(select(selectors, ids))
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error
        dropped = [item for item, check in checks.items() if check is None or check.id not in chosen]
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]
    items.sort(key=lambda item: isinstance(_check(item), ValidatorCase))


def _check(item: pytest.Item) -> Case | ValidatorCase | None:
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("postel_case") or callspec.params.get("postel_validator") if callspec else None
    return found if isinstance(found, Case | ValidatorCase) else None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start playing, unless nothing is to be played."""
    checks = [check for item in session.items if (check := _check(item)) is not None]
    if not checks or session.config.option.collectonly or session.testsfailed:
        return
    suite = session.config.hook.pytest_postel_suite()
    if not isinstance(suite, Suite):
        raise pytest.UsageError("the suites brought no catalogue (is suites/conftest.py there?)")
    try:
        plan = Plan.from_options(session.config.option, suite)
        run = BackgroundRun(plan, checks, session.config.hook)
    except PostelError as error:
        raise pytest.UsageError(str(error)) from error
    session.config.stash[_RUN] = run
    run.start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the run, whatever state it is in, and tell the reports."""
    run = session.config.stash.get(_RUN, None)
    if run is None:
        return
    run.finish()
    session.config.hook.pytest_postel_finished(log=run.plan.log, footer=run.footer)


@pytest.fixture
def postel_report(request: pytest.FixtureRequest) -> Report:
    """Report a case's result: waits for it, then passes, fails or skips the test."""
    run = request.config.stash[_RUN]
    fail_on = FailOn(request.config.getoption("fail_on"))

    def report(case_id: str) -> None:
        try:
            result = run.result(case_id)
        except HarnessError as error:
            pytest.fail(str(error), pytrace=False)  # a traceback for each of hundreds of cases would take a minute
        request.node.user_properties.append(("postel_outcome", result.outcome.value))
        request.config.hook.pytest_postel_judged(item=request.node, result=result)
        _conclude(result, fail_on)

    return report


def _conclude(result: CaseResult, fail_on: FailOn) -> None:
    """Turn a result into a test's outcome. BLOCKED is a failure unless the profile gives a reason."""
    new = [each for each in result.deviations if not each.known and fail_on.fails(each.verdict)]
    if result.outcome in (Outcome.DEVIATES, Outcome.WARNS):
        if new:
            said = (f"{each.requirement}: expected {each.expected}, got {each.observed}" for each in new)
            pytest.fail("\n".join(said), pytrace=False)
        if result.deviations and all(each.known for each in result.deviations):
            pytest.xfail("; ".join(sorted({each.known for each in result.deviations})))
    elif result.outcome is Outcome.NOT_APPLICABLE or result.excused:
        pytest.skip(result.excused or result.reason)
    elif not result.outcome.judged:
        pytest.fail(f"{result.outcome.value}: {result.reason}", pytrace=False)
