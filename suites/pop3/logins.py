"""USER and PASS beyond what dialogues can say, and what refusals may tell (RFC 1939 §4, §7, RFC 3206, RFC 8314)."""

from __future__ import annotations

import asyncio

from harness.cases import Isolation, case
from harness.clients.pop3 import Pop3Session
from harness.errors import TargetLost
from harness.stage import Enough, Stage, shown
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from suites.pop3.acts import ask, expect, expect_count, expect_that, need, settle

WRONG = "not-the-password"
NOBODY = "nobody-has-this-name"


def _told(reply: Pop3Reply) -> tuple[str, str]:
    """What a program reads from a reply: status and response code."""
    return reply.status, (reply.code or "").upper()


async def _refused_login(stage: Stage, session: Pop3Session, name: str) -> Pop3Reply:
    """A wrong password for a name: the reply to PASS, or to USER where that is refused."""
    reply = await session.command(f"USER {name}")
    return await session.command(f"PASS {WRONG}") if reply.ok else reply


@case("pop3/rfc1939-4/some-way-to-log-in", "RFC1939-4-c")
async def some_way_to_log_in(stage: Stage) -> None:
    """USER and PASS, APOP or AUTH: one of them logs in."""
    name, password = stage.account.name, stage.account.password
    session = await stage.pop3(login=False)
    reply = await session.login(name, password)
    if not reply.ok:
        session = await stage.pop3(login=False)
        reply = await session.auth_plain(name, password, initial=False)
    if not reply.ok:
        session = await stage.pop3(login=False)
        if session.timestamp:
            reply = await session.apop(name, password)
    stage.expect_status(reply, "+OK", "RFC1939-4-c")


@case("pop3/rfc1939-4/new-try-after-a-refusal", "RFC1939-4-j", "RFC1939-7.USER-c", messages=("plain",))
async def new_try_after_a_refusal(stage: Stage) -> None:
    """After a refused login the connection is closed, or a right login on it succeeds."""
    session = await stage.pop3(login=False)
    await _refused_login(stage, session, stage.account.name)
    try:
        reply = await session.login(stage.account.name, stage.account.password)
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "closed, or a login", f"{lost}", "RFC1939-4-j", facet=Facet.CONNECTION)
        return
    settle(stage.expect_status(reply, "+OK", "RFC1939-4-j", "RFC1939-7.USER-c"))
    expect_count(stage, await need(stage, session, "STAT"), 1, "RFC1939-4-j")


@case("pop3/rfc1939-7/user-twice", "RFC1939-7.PASS-c", "RFC1939-7.PASS-b")
async def user_twice(stage: Stage) -> None:
    """PASS belongs to the USER right before it: where a second USER is accepted it counts, else PASS is refused."""
    session = await stage.pop3(login=False)
    reply = await session.command(f"USER {NOBODY}")
    reply = await ask(stage, session, f"USER {stage.account.name}", "RFC1939-7.PASS-c")
    if reply.ok:
        await expect(stage, session, f"PASS {stage.account.password}", "+OK", "RFC1939-7.PASS-c")
    else:
        await expect(stage, session, f"PASS {stage.account.password}", "-ERR", "RFC1939-7.PASS-b")


@case("pop3/rfc3206-6/wrong-password-gets-the-auth-code", "RFC3206-6-a", requires=("AUTH-RESP-CODE",))
async def wrong_password_gets_the_auth_code(stage: Stage) -> None:
    """Where AUTH-RESP-CODE is announced, a wrong password and an unknown name get the AUTH code."""
    for name in (stage.account.name, NOBODY):
        session = await stage.pop3(login=False)
        reply = await session.command(f"USER {name}")
        if reply.ok:
            reply = await expect(stage, session, f"PASS {WRONG}", "-ERR", "RFC3206-6-a")
            coded = (reply.code or "").upper() == "AUTH"
            expect_that(stage, coded, "-ERR [AUTH]", shown(reply.raw), "RFC3206-6-a", facet=Facet.CODE)


@case("pop3/rfc3206-5/auth-code-is-for-logins-only", "RFC3206-5-b", "RFC3206-4-e", messages=("plain",))
async def auth_code_is_for_logins_only(stage: Stage) -> None:
    """Commands that fail for other reasons than credentials get no AUTH code, and no +OK has a SYS code."""
    session = await stage.pop3()
    for line in ("RETR 9", "LIST 9", "DELE 9", "XYZZ", "STAT", "RETR 1", "NOOP"):
        reply = await session.command(line)
        code = (reply.code or "").upper()
        expect_that(stage, code != "AUTH", "no AUTH code", shown(reply.raw, 60), "RFC3206-5-b", facet=Facet.CODE)
        proper = not (reply.ok and code.startswith("SYS"))
        expect_that(stage, proper, "no SYS code with +OK", shown(reply.raw, 60), "RFC3206-4-e", facet=Facet.CODE)


@case("pop3/rfc3206-4/wrong-password-is-no-system-error", "RFC3206-4-a", "RFC3206-4-b")
async def wrong_password_is_no_system_error(stage: Stage) -> None:
    """A wrong password gets no SYS code, and a SYS code says TEMP or PERM."""
    session = await stage.pop3(login=False)
    reply = await _refused_login(stage, session, stage.account.name)
    code = (reply.code or "").upper()
    system = code.partition("/")[0] == "SYS"
    expect_that(stage, not system, "no SYS code", shown(reply.raw), "RFC3206-4-a", facet=Facet.CODE)
    known = not system or code in ("SYS/TEMP", "SYS/PERM")
    expect_that(stage, known, "SYS/TEMP or SYS/PERM", shown(reply.raw), "RFC3206-4-b", facet=Facet.CODE)


@case("pop3/rfc3206-5/who-sends-codes-announces-them", "RFC3206-5-c", "RFC3206-5-d", "RFC2449-8-b")
async def who_sends_codes_announces_them(stage: Stage) -> None:
    """A server that sends the AUTH code supports CAPA and announces AUTH-RESP-CODE and RESP-CODES."""
    session = await stage.pop3(login=False)
    listed = await session.capa()
    reply = await _refused_login(stage, session, stage.account.name)
    sends = (reply.code or "").upper() == "AUTH"
    observed = f"{shown(reply.raw)}; announced: {' '.join(listed) or 'nothing'}"
    expect_that(stage, not sends or bool(listed), "CAPA", observed, "RFC3206-5-c")
    expect_that(stage, not sends or "AUTH-RESP-CODE" in listed, "AUTH-RESP-CODE in CAPA", observed, "RFC3206-5-d")
    expect_that(stage, not sends or "RESP-CODES" in listed, "RESP-CODES in CAPA", observed, "RFC2449-8-b")


@case("pop3/rfc3206-5/user-reveals-nothing", "RFC3206-5-e", "RFC2449-8.1.1-b", "POSTEL-auth-b")
async def user_reveals_nothing(stage: Stage) -> None:
    """USER is answered alike whether the name exists or not, without the AUTH and LOGIN-DELAY codes."""
    told = []
    for name in (stage.account.name, NOBODY):
        session = await stage.pop3(login=False)
        reply = await session.command(f"USER {name}")
        told.append(_told(reply))
        code = told[-1][1]
        expect_that(stage, code != "AUTH", "no AUTH code", shown(reply.raw), "RFC3206-5-e", facet=Facet.CODE)
        expect_that(
            stage, code != "LOGIN-DELAY", "no LOGIN-DELAY code", shown(reply.raw), "RFC2449-8.1.1-b", facet=Facet.CODE
        )
    expect_that(stage, told[0] == told[1], f"{told[0]}", f"{told[1]}", "POSTEL-auth-b")


@case("pop3/postel-auth/wrong-password-reveals-nothing", "POSTEL-auth-c")
async def wrong_password_reveals_nothing(stage: Stage) -> None:
    """A wrong password is answered alike for names that exist and names that do not."""
    told = []
    for name in (stage.account.name, NOBODY):
        session = await stage.pop3(login=False)
        told.append(_told(await _refused_login(stage, session, name)))
    expect_that(stage, told[0] == told[1], f"{told[0]}", f"{told[1]}", "POSTEL-auth-c")


@case("pop3/postel-auth/failed-logins-are-slowed-or-ended", "POSTEL-auth-a", isolation=Isolation.TARGET)
async def failed_logins_are_slowed_or_ended(stage: Stage) -> None:
    """Of twenty wrong passwords on one connection in a row, the server takes its time or ends the connection."""
    session = await stage.pop3(login=False)
    clock = asyncio.get_running_loop()
    began = clock.time()
    for tries in range(1, 21):
        try:
            await _refused_login(stage, session, stage.account.name)
        except TargetLost as lost:
            ended = f"{lost} after {tries} tries"
            expect_that(stage, True, "slowed or ended", ended, "POSTEL-auth-a", facet=Facet.CONNECTION)
            raise Enough from lost
        if tries >= 3 and clock.time() - began >= 3 * tries:
            expect_that(stage, True, "slowed or ended", "slowed", "POSTEL-auth-a", facet=Facet.CONNECTION)
            return
    seconds = clock.time() - began
    observed = f"20 tries in {seconds:.1f} s"
    expect_that(stage, seconds >= 60, "slowed or ended", observed, "POSTEL-auth-a", facet=Facet.CONNECTION)


@case("pop3/rfc8314-4.1/denied-clear-text-says-nothing", "RFC8314-4.1-b", "RFC8314-4.1-a")
async def denied_clear_text_says_nothing(stage: Stage) -> None:
    """Where clear-text logins are denied, right and wrong passwords are answered alike."""
    answers = []
    for password in (stage.account.password, WRONG):
        session = await stage.pop3(login=False)
        answers.append(await session.login(stage.account.name, password))
    denied = not answers[0].ok
    alike = _told(answers[0]) == _told(answers[1])
    observed = f"{_told(answers[0])} and {_told(answers[1])}"
    wanted = "one answer to both, or a login for the right one"
    expect_that(stage, not denied or alike, wanted, observed, "RFC8314-4.1-b", "RFC8314-4.1-a")
