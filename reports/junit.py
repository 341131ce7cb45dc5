"""`junit.xml`: the dialect that Jenkins, GitLab and GitHub actions read (`schemas/junit.xsd` describes it).

A failure is a new deviation at or above the run's threshold and nothing else. An error is whatever kept a case from
being judged and is not excused. What is neither is never silent: the verdict, known deviations and the transcript stand
in `system-out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.errors import ExitCode
from harness.results import CaseResult, Deviation, Header, RunResult
from harness.verdicts import Outcome, Verdict
from reports.findings import charged
from reports.sections import requirement_of
from reports.transcript_text import transcript_text
from reports.visible import shortened, visible_quote, visible_text
from reports.words import OUTCOME_NAME, exit_code, exit_reason, replay_command

#: Characters of transcript for a case that has something to say, and for one that conforms.
_LONG, _SHORT = 32 * 1024, 2 * 1024
_MESSAGE = 500
#: Jenkins and GitLab attach whatever file a test's output names like this.
_ATTACHMENT = "[[ATTACHMENT|"


@dataclass(frozen=True, slots=True)
class Verdicted:
    """What a test case becomes: `tag` is failure, error, skipped or empty for one that passes."""

    tag: str
    type: str = ""
    message: str = ""
    text: str = ""


def write_junit(run: RunResult, path: Path) -> Path:
    """Write the run as JUnit XML, replacing what was there. Raises OSError where it cannot be written."""
    tree = ET.ElementTree(junit_tree(run))
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return path


def junit_tree(run: RunResult) -> ET.Element:
    """The run as an XML tree: a suite for each protocol, and one for the run itself where the run did not end well."""
    root = ET.Element("testsuites", name=_text(f"postel {run.header.target}"))
    suites = []
    for protocol in sorted({case.protocol for case in run.cases}):
        cases = [case for case in run.cases if case.protocol == protocol]
        suites.append(_suite(run, f"postel.{protocol}", [_testcase(case, run.header) for case in cases]))
    trouble = run_trouble(run)
    if trouble is not None:
        suites.append(_suite(run, "postel.run", [_run_testcase(trouble)]))
    root.extend(suites)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _time(run.footer.seconds if run.footer else sum(case.seconds for case in run.cases)))
    return root


def run_trouble(run: RunResult) -> Verdicted | None:
    """An error of the run as a whole: no reader of the XML may take a run that did not end well for a good one."""
    code = exit_code(run)
    if not run.complete:
        return Verdicted("error", "incomplete", f"The run is incomplete: {exit_reason(run)}")
    if code not in (ExitCode.OK, ExitCode.DEVIATIONS):
        return Verdicted("error", f"exit-{code}", f"The run ended with exit code {code}: {exit_reason(run)}")
    if not any(case.outcome.judged for case in run.cases):
        return Verdicted("error", "nothing-judged", "Nothing was judged: this run says nothing about the target")
    return None


def verdict_of(case: CaseResult, header: Header) -> Verdicted:
    """What a case is in JUnit's words."""
    if case.outcome.judged:
        return _judged(case, header)
    if case.outcome is Outcome.NOT_APPLICABLE:
        return Verdicted("skipped", message=case.reason or OUTCOME_NAME[case.outcome])
    if case.outcome is Outcome.BLOCKED and case.excused:
        return Verdicted("skipped", message=f"Blocked: {case.reason} (excused: {case.excused})")
    message = f"{OUTCOME_NAME[case.outcome]}: {case.reason}"
    return Verdicted("error", case.outcome.value, message, f"{message}\n\n{replay_command(case, header)}")


def _judged(case: CaseResult, header: Header) -> Verdicted:
    fatal = {Verdict.DEVIATES, Verdict.WARNS} if header.fail_on == "should" else {Verdict.DEVIATES}
    new = [one for one in charged(case) if one.verdict in fatal and not one.known]
    if new:
        blocks = [_deviation_text(one, header) for one in new]
        first = new[0]
        clause = requirement_of(header, first.requirement).clause
        message = f"{clause}: expected {first.expected}, observed {visible_quote(first.observed)}"
        return Verdicted("failure", first.requirement, message, "\n\n".join([*blocks, replay_command(case, header)]))
    if not charged(case) and case.outcome.value in {verdict.value for verdict in fatal}:
        return Verdicted("failure", case.outcome.value, f"{OUTCOME_NAME[case.outcome]}: {case.reason}")
    return Verdicted("")


def _deviation_text(deviation: Deviation, header: Header) -> str:
    requirement = requirement_of(header, deviation.requirement)
    name = OUTCOME_NAME[Outcome(deviation.verdict.value)]
    return "\n".join(
        (
            f"{name}: {requirement.clause} {requirement.level} {requirement.id}",
            f"  {requirement.summary}",
            f"  expected:  {visible_quote(deviation.expected)}",
            f"  observed:  {visible_quote(shortened(deviation.observed, 4000))}",
            f"  signature: {deviation.signature}",
        )
    )


def _suite(run: RunResult, name: str, testcases: list[ET.Element]) -> ET.Element:
    suite = ET.Element("testsuite", name=_text(name), timestamp=_text(run.header.started).removesuffix("Z"))
    suite.set("tests", str(len(testcases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(testcase.find(tag) is not None for testcase in testcases)))
    suite.set("time", _time(sum(float(testcase.get("time", "0")) for testcase in testcases)))
    header = run.header
    facts = {
        "target": header.target,
        "product": f"{header.product} {header.version}".strip(),
        "image": header.image_digest,
        "suite-signature": header.suite_signature,
        "seed": str(header.seed),
        "fail-on": header.fail_on,
        "exit-reason": exit_reason(run),
    }
    suite.append(_properties([(key, value) for key, value in facts.items() if value]))
    suite.extend(testcases)
    return suite


def _testcase(case: CaseResult, header: Header) -> ET.Element:
    folder = case.id.rpartition("/")[0].replace(".", "_").replace("/", ".")
    testcase = ET.Element(
        "testcase", name=_text(case.id), classname=_text(f"postel.{folder}"), time=_time(case.seconds)
    )
    properties = [("requirement", name) for name in case.requirements]
    testcase.append(_properties([("outcome", case.outcome.value), *properties]))
    _append_verdict(testcase, verdict_of(case, header))
    ET.SubElement(testcase, "system-out").text = _output(case, header)
    return testcase


def _run_testcase(trouble: Verdicted) -> ET.Element:
    testcase = ET.Element("testcase", name="the run ended well", classname="postel.run", time=_time(0.0))
    _append_verdict(testcase, trouble)
    return testcase


def _append_verdict(testcase: ET.Element, verdict: Verdicted) -> None:
    if not verdict.tag:
        return
    element = ET.SubElement(testcase, verdict.tag, message=_text(shortened(verdict.message, _MESSAGE)))
    if verdict.type:
        element.set("type", _text(verdict.type))
    if verdict.text:
        element.text = _text(verdict.text)


def _properties(pairs: list[tuple[str, str]]) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in pairs:
        ET.SubElement(properties, "property", name=name, value=_text(value))
    return properties


def _output(case: CaseResult, header: Header) -> str:
    lines = [f"{OUTCOME_NAME[case.outcome]}: {case.title}"]
    if case.reason:
        lines.append(f"Reason: {case.reason}")
    for deviation in charged(case):
        if deviation.known:
            lines += [f"Known deviation, not counted: {deviation.known}", _deviation_text(deviation, header)]
        elif deviation.verdict is Verdict.WARNS and header.fail_on != "should":
            lines += ["Below the threshold of this run, not counted:", _deviation_text(deviation, header)]
    lines += [f"Note: {note}" for note in case.notes]
    limit = _SHORT if case.outcome is Outcome.CONFORMS else _LONG
    if case.transcript:
        lines += ["", "Transcript of the target:", transcript_text(case.transcript, limit)]
    if case.oracle_transcript and case.outcome is not Outcome.CONFORMS:
        lines += ["", "Transcript of the reference:", transcript_text(case.oracle_transcript, limit)]
    return _text("\n".join(lines))


def _text(text: str) -> str:
    """Text that XML can hold and no reader of it obeys."""
    return visible_text(text, lines=True).replace(_ATTACHMENT, _ATTACHMENT.replace("|", "\\x7c"))


def _time(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
