"""Runs made up for tests: every outcome, hostile bytes, long transcripts, a log that was cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import ExitCode
from harness.results import (
    CaseResult,
    Deviation,
    DoctorLine,
    EventRecord,
    ExpectationResult,
    Footer,
    Header,
    RequirementRecord,
    RuleRecord,
    RunResult,
    TunedSetting,
)
from harness.verdicts import Facet, Level, Outcome, Verdict

LIST_D = RequirementRecord("RFC1939-5.LIST-d", Level.STATEMENT, "RFC 1939 §5 (LIST)", "Refuses a deleted message.")
TOP_A = RequirementRecord("RFC1939-7.TOP-a", Level.MUST, "RFC 1939 §7 (TOP)", "Sends the header and n body lines.")
CAPA_B = RequirementRecord("RFC2449-5-b", Level.SHOULD, "RFC 2449 §5", "Lists what it can do.")
PORT_A = RequirementRecord(
    "RFC1939-3-a", Level.STATEMENT, "RFC 1939 §3", "Listens on port 110.", "a setting of the site"
)
CHECK_A = RequirementRecord("POSTEL-NUL-a", Level.SHOULD, "postel check POSTEL-NUL-a", "Survives a NUL in a command.")
RULE = RuleRecord("status-text", "RFC 1939 §3", "Words after the status indicator are for people.")

#: What a hostile server may answer, as octets and as text that quotes it.
HOSTILE_OCTETS = (
    "</script><script>alert(1)</script><!-- ]]> <img src=x onerror=alert(2)>\x1b[31m\x00\x07\x9b2J\r\n"
    "</noscript></details>{{ 7*7 }}{% raw %} \x80\xff\xe2\x80\xae [[ATTACHMENT|/etc/passwd]] | `x` @everyone\r\n"
)
HOSTILE_TEXT = (
    '<b>bold</b>\u202egnp.exe\u2066\ud800\x1b]0;title\x07\ufffe & "quotes" \' |pipe| `tick` @all www.evil.test'
)

SOURCE = """title: LIST of a message marked as deleted is refused
protocol: pop3
messages: 2 plain

C: DELE 1
S: +OK
C: LIST 1
S: -ERR                          [[RFC1939-5.LIST-d]]
"""


def dialogue(*lines: tuple[str, str], session: int = 1) -> tuple[EventRecord, ...]:
    """A connection with a greeting, then a command and its reply for each pair."""
    events = [
        EventRecord(session, "connected", 0.0, text="127.0.0.1:40110"),
        EventRecord(session, "received", 0.001, "+OK POP3 ready\r\n"),
    ]
    at = 0.001
    for sent, received in lines:
        events.append(EventRecord(session, "sent", round(at + 0.0002, 6), sent))
        at += 0.0013
        events.append(EventRecord(session, "received", round(at, 6), received))
    events.append(EventRecord(session, "left", round(at + 0.001, 6)))
    return tuple(events)


LOGIN = (("USER p17\r\n", "+OK\r\n"), ("PASS ********\r\n", "+OK 2 messages\r\n"))
TARGET = dialogue(*LOGIN, ("DELE 1\r\n", "+OK deleted\r\n"), ("LIST 1\r\n", "+OK 1 120\r\n"), ("QUIT\r\n", "+OK\r\n"))
ORACLE = dialogue(
    *LOGIN, ("DELE 1\r\n", "+OK\r\n"), ("LIST 1\r\n", "-ERR no such message\r\n"), ("QUIT\r\n", "+OK\r\n")
)
LIST_REPLY = 9  # index of the reply to LIST in both


def deviation(requirement: RequirementRecord = LIST_D, *, known: str = "", observed: str = "+OK 1 120") -> Deviation:
    """A deviation from a requirement, with the verdict that its level gives."""
    return Deviation(
        signature=f"case:{requirement.id}:status:ok",
        requirement=requirement.id,
        level=requirement.level,
        verdict=requirement.level.verdict_when_broken,
        facet=Facet.STATUS,
        expected="-ERR",
        observed=observed,
        kind="ok",
        event=LIST_REPLY,
        oracle_event=LIST_REPLY,
        known=known,
    )


def expectation(requirement: RequirementRecord, verdict: Verdict, rule: str = "") -> ExpectationResult:
    """One judged expectation."""
    return ExpectationResult(
        requirements=(requirement.id,),
        verdict=verdict,
        facet=Facet.STATUS,
        expected="-ERR",
        observed="+OK 1 120",
        oracle="-ERR no such message",
        rule=rule,
        event=LIST_REPLY,
        oracle_event=LIST_REPLY,
        line=8,
    )


def a_case(
    outcome: Outcome,
    slug: str = "",
    *,
    requirement: RequirementRecord = LIST_D,
    deviations: Sequence[Deviation] | None = None,
    reason: str = "",
) -> CaseResult:
    """A case with an outcome, and what such a case has beside it."""
    deviating = outcome in (Outcome.DEVIATES, Outcome.WARNS)
    if deviations is None:
        deviations = (deviation(requirement),) if deviating else ()
    rule = RULE.id if outcome is Outcome.VARIES else ""
    judged = (expectation(requirement, Verdict(outcome.value), rule),) if outcome.judged else ()
    return CaseResult(
        id=f"pop3/rfc1939-5/{slug or outcome.value}",
        title=f"LIST of a deleted message ({outcome.value})",
        protocol="pop3",
        outcome=outcome,
        requirements=(requirement.id,),
        seconds=0.0123,
        reason=reason or ("" if outcome.judged else f"because it is {outcome.value}"),
        expectations=judged,
        deviations=tuple(deviations),
        transcript=TARGET if outcome not in (Outcome.NOT_APPLICABLE, Outcome.HARNESS_ERROR) else (),
        oracle_transcript=ORACLE if outcome.judged else (),
        plays=2 if deviating else 1,
        source=SOURCE,
        place="suites/pop3/rfc1939-5/list.dialogue",
        notes=("the capability UIDL is implemented but not advertised",) if outcome is Outcome.REVIEW else (),
    )


def every_outcome() -> tuple[CaseResult, ...]:
    """One case of each outcome, those that warn under a SHOULD."""
    return tuple(a_case(one, requirement=CAPA_B if one is Outcome.WARNS else LIST_D) for one in Outcome)


def hostile_case(slug: str = "hostile") -> CaseResult:
    """A case whose every text and every byte is an attack on whoever shows it."""
    transcript = dialogue((HOSTILE_OCTETS, HOSTILE_OCTETS), ("LIST\r\n", HOSTILE_OCTETS))
    return replace(
        a_case(
            Outcome.DEVIATES, slug, deviations=[deviation(observed=HOSTILE_OCTETS), deviation(observed=HOSTILE_TEXT)]
        ),
        title=HOSTILE_TEXT,
        reason=HOSTILE_TEXT,
        notes=(HOSTILE_TEXT, HOSTILE_OCTETS),
        source=HOSTILE_TEXT,
        place=HOSTILE_TEXT,
        transcript=transcript,
        oracle_transcript=ORACLE,
    )


def long_case(slug: str = "long", *, octets: int = 7168, exchanges: int = 20) -> CaseResult:
    """A case with long answers, one of them cut by the recorder."""
    body = "+OK\r\n" + ("x" * 70 + "\r\n") * (octets // 72)
    cut = EventRecord(1, "received", 0.5, body[:7168].ljust(7168, "y"), omitted=10_000_000, sha256="ab" * 32)
    transcript = (
        *dialogue(*[(f"RETR {n}\r\n", body) for n in range(exchanges)]),
        EventRecord(1, "sent", 0.4, "RETR 9\r\n"),
        cut,
    )
    return replace(a_case(Outcome.CONFORMS, slug), transcript=transcript, oracle_transcript=transcript)


def a_header(case_count: int, *, target: str = "dovecot", fail_on: str = "must") -> Header:
    """The header of a run against a container."""
    records = (LIST_D, TOP_A, CAPA_B, PORT_A, CHECK_A)
    return Header(
        postel="0.1.0",
        started="2026-01-02T03:04:05Z",
        target=target,
        product="Dovecot",
        version="2.3.19.1",
        image_digest="sha256:" + "0123456789abcdef" * 4,
        suites=("pop3",),
        selectors=("pop3",),
        case_count=case_count,
        suite_signature="TB-1234567",
        seed=42,
        jobs=4,
        timeout=5.0,
        fail_on=fail_on,
        profile="",
        command=target,
        tuned=(TunedSetting("pop3_lock_session", "yes", "no", "RFC 1939 §4 wants the lock"),),
        capabilities={"pop3": ["TOP", "UIDL", "SASL PLAIN"]},
        doctor=(DoctorLine("connect to pop3", "greeting in 3 ms", True),),
        requirements={record.id: record for record in records},
        rules={RULE.id: RULE},
    )


def a_footer(cases: Sequence[CaseResult], code: ExitCode, reason: str) -> Footer:
    """The footer of a run that reached its end."""
    counts = {outcome.value: sum(case.outcome is outcome for case in cases) for outcome in Outcome}
    return Footer(
        finished="2026-01-02T03:05:05Z",
        seconds=60.0,
        complete=True,
        exit_code=int(code),
        exit_reason=reason,
        counts=counts,
        doctor=(DoctorLine("log in", "refused with -ERR", False, "look at the server's log"),),
        deviations=sum(len(case.deviations) for case in cases),
        timing={"playing": 51.5},
    )


def a_run(
    cases: Sequence[CaseResult] | None = None,
    *,
    code: ExitCode = ExitCode.DEVIATIONS,
    reason: str = "2 new deviations",
    target: str = "dovecot",
    fail_on: str = "must",
) -> RunResult:
    """A whole run; by default with one case of every outcome."""
    cases = every_outcome() if cases is None else tuple(cases)
    return RunResult(a_header(len(cases), target=target, fail_on=fail_on), tuple(cases), a_footer(cases, code, reason))


def broken_run() -> RunResult:
    """A log that ends in the middle: no footer, and not all cases."""
    run = a_run()
    return RunResult(replace(run.header, case_count=40), run.cases[:3], None)
