"""The inactivity timer, where the profile has shortened it so that it can be waited for (RFC 1939 §3)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from suites.pop3.acts import expect, expect_count, expect_end, expect_identity, need, next_login, settle

#: Seconds by which a timer may be late.
GRACE = 5.0


def _timer(stage: Stage) -> float:
    """The timer's seconds."""
    seconds = stage.facts.autologout_seconds
    if seconds is None:
        stage.not_applicable("the profile cannot shorten the inactivity timer so far that it can be waited for")
    return seconds or 0.0


@case("pop3/rfc1939-3/autologout", "RFC1939-3-x", messages=("plain",), patience=20.0)
async def autologout(stage: Stage) -> None:
    """The connection of an inactive session is closed."""
    seconds = _timer(stage)
    session = await stage.pop3()
    await expect_end(stage, session, "RFC1939-3-x", budget=seconds + GRACE, silent=False)


@case("pop3/rfc1939-3/autologout-without-a-word", "RFC1939-3-y", messages=("plain",), patience=20.0)
async def autologout_without_a_word(stage: Stage) -> None:
    """When the inactivity timer expires, nothing is sent."""
    seconds = _timer(stage)
    session = await stage.pop3()
    await expect_end(stage, session, "RFC1939-3-y", budget=seconds + GRACE)


@case(
    "pop3/rfc1939-3/autologout-removes-nothing",
    "RFC1939-3-w",
    "RFC1939-6-b",
    "POSTEL-session-a",
    messages=("plain", "plain"),
    patience=20.0,
)
async def autologout_removes_nothing(stage: Stage) -> None:
    """A session that the inactivity timer ends removes no message, marked or not."""
    seconds = _timer(stage)
    session = await stage.pop3()
    await need(stage, session, "DELE 1")
    await session.wait_closed(seconds + GRACE)
    await session.close()
    session = await next_login(stage, "POSTEL-session-a", patience=GRACE)
    settle(expect_count(stage, await need(stage, session, "STAT"), 2, "RFC1939-3-w", "RFC1939-6-b"))
    reply = await expect(stage, session, "RETR 1", "+OK", "RFC1939-3-w")
    expect_identity(stage, reply, stage.messages[0], "RFC1939-3-w")


@case("pop3/rfc1939-3/commands-reset-the-timer", "RFC1939-3-v", patience=40.0)
async def commands_reset_the_timer(stage: Stage) -> None:
    """A session that gives a command now and then is not ended, though it lasts longer than the timer."""
    seconds = _timer(stage)
    session = await stage.pop3()
    for line in ("NOOP", "XYZZ", "STAT"):
        await stage.idle(seconds * 0.6, "shorter than the inactivity timer")
        await expect(stage, session, line, "-ERR" if line == "XYZZ" else "+OK", "RFC1939-3-v")


@case("pop3/rfc1939-3/a-pause-ends-no-session", "RFC1939-3-u", messages=("plain",), patience=2.0)
async def a_pause_ends_no_session(stage: Stage) -> None:
    """A client that pauses for a moment, before and after its login, is not cut off."""
    pause = min(1.0, (stage.facts.autologout_seconds or 600.0) / 2)
    session = await stage.pop3(login=False)
    await stage.idle(pause, "a short pause before the login")
    await expect(stage, session, f"USER {stage.account.name}", "+OK", "RFC1939-3-u")
    await expect(stage, session, f"PASS {stage.account.password}", "+OK", "RFC1939-3-u")
    await stage.idle(pause, "a short pause after the login")
    await expect(stage, session, "STAT", "+OK", "RFC1939-3-u")
