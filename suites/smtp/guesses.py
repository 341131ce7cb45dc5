"""AUTH with credentials that are not right: refused, and nothing is given away. RFC 4954 §4, §6, §9."""

from __future__ import annotations

import base64

from harness.cases import Isolation, case
from harness.clients.smtp import SmtpSession
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.wire.smtp import SmtpReply
from suites.smtp.authentication import SUBMISSION, admitted, kept_out, offering, own, plain
from suites.smtp.exchange import ask, expect, expect_in_step, expect_that, greeted, reply_or_end, settle

WRONG = "RFC4954-4-t"

#: Credentials that are not right.
CREDENTIALS: dict[str, tuple[str, str]] = {
    "a-wrong-password": ("", "wrong"),
    "an-empty-password": ("", ""),
    "an-unknown-name": ("no-such-user", "wrong"),
    "a-password-with-more-behind-it": ("", "$password and more"),
}


def _declare_credentials(slug: str, user: str, password: str) -> None:
    async def script(stage: Stage) -> None:
        session = await offering(stage)
        given = password.replace("$password", stage.account.password)
        line = f"AUTH PLAIN {plain(user or stage.account.name, given)}"
        reply = await ask(stage, session, line, WRONG)
        settle(stage.expect_reply(reply, "5yz" if not given else "535", WRONG))
        await kept_out(stage, session, "RFC4954-4-y")

    script.__doc__ = f"AUTH with {slug.replace('-', ' ')} is refused, and nothing is permitted by it"
    case(f"smtp/rfc4954-4/{slug}", WRONG, "RFC4954-4-y", endpoint=SUBMISSION)(script)


for _slug, (_user, _password) in CREDENTIALS.items():
    _declare_credentials(_slug, _user, _password)


@case("smtp/rfc4954-4/again-after-a-failure", "RFC4954-4-y", endpoint=SUBMISSION)
async def again_after_a_failure(stage: Stage) -> None:
    """After AUTH failed it can be tried again."""
    session = await offering(stage)
    await need_refusal(stage, session, f"AUTH PLAIN {plain(stage.account.name, 'wrong')}")
    await expect(stage, session, f"AUTH PLAIN {own(stage)}", "235", "RFC4954-4-y")
    await admitted(stage, session, "RFC4954-4-y")


async def need_refusal(stage: Stage, session: SmtpSession, line: str) -> SmtpReply:
    """The reply to a line that has to be refused for the case to mean anything."""
    reply = await session.command(line)
    stage.require(reply.code // 100 in (4, 5), f"a refusal; the answer was {shown(reply.raw)}")
    return reply


@case("smtp/rfc4954-9/three-failures", "RFC4954-9-b", endpoint=SUBMISSION, isolation=Isolation.TARGET)
async def three_failures(stage: Stage) -> None:
    """The connection stays open until AUTH has failed three times."""
    session = await offering(stage)
    for _ in range(3):
        line = f"AUTH PLAIN {plain(stage.account.name, 'wrong')}"
        await expect(stage, session, line, "535|454|4yz", "RFC4954-9-b")


@case(
    "smtp/postel-auth/many-failures",
    "POSTEL-smtp_auth-a",
    endpoint=SUBMISSION,
    isolation=Isolation.TARGET,
    patience=5.0,
)
async def many_failures(stage: Stage) -> None:
    """A client that guesses passwords on one connection does not get more than twenty tries in a minute."""
    session = await offering(stage)
    began = stage.recorder.transcript.events[-1].at
    tries = 0
    while tries <= 20:
        try:
            reply = await session.command(f"AUTH PLAIN {plain('no-such-user', f'guess{tries}')}")
        except TargetLost:
            break
        tries += 1
        if reply.code == 421:
            break
    took = stage.recorder.transcript.events[-1].at - began
    held = tries <= 20 or took > 60
    expect_that(stage, held, "20 tries in a minute", f"{tries} tries in {took:.0f} s", "POSTEL-smtp_auth-a")


@case("smtp/postel-auth/unknown-names-look-alike", "POSTEL-smtp_auth-b", endpoint=SUBMISSION)
async def unknown_names_look_alike(stage: Stage) -> None:
    """A wrong password is answered alike for names that exist and for names that do not."""
    said = []
    for name in (stage.account.name, "no-such-user"):
        session = await offering(stage)
        reply = await session.command(f"AUTH PLAIN {plain(name, 'wrong-password')}")
        said.append(reply.raw.replace(name.encode(), b"NAME"))
    expect_that(stage, said[0] == said[1], shown(said[0]), shown(said[1]), "POSTEL-smtp_auth-b")


#: PLAIN messages that no client should send (RFC 4616 §2).
STRANGE: dict[str, bytes] = {
    "without-nul": b"nobody",
    "with-one-nul": b"nobody\0secret",
    "with-three-nul": b"\0nobody\0secret\0",
    "with-crlf": b"\0nobody\r\nMAIL FROM:<a@client.test>\0secret",
    "that-is-no-utf8": b"\0no\xffbody\0secret",
    "with-controls": b"\0no\x01\x02body\0sec\x03ret",
}


def _declare_strange(slug: str, message: bytes) -> None:
    async def script(stage: Stage) -> None:
        session = await offering(stage)
        await session.send(b"AUTH PLAIN " + base64.b64encode(message))
        reply = await reply_or_end(stage, session, "POSTEL-smtp_auth-c")
        if reply is not None:
            settle(stage.expect_reply(reply, "4yz|5yz", "POSTEL-smtp_auth-c"))
            await expect_in_step(stage, session, "POSTEL-smtp_auth-c")

    script.__doc__ = f"A message of PLAIN {slug.replace('-', ' ')} is refused by one reply"
    case(f"smtp/postel-auth/plain-{slug}", "POSTEL-smtp_auth-c", endpoint=SUBMISSION)(script)


for _slug, _message in STRANGE.items():
    _declare_strange(_slug, _message)


@case("smtp/rfc4954-6/plain-where-it-is-not-permitted", "RFC4954-6-e", endpoint=SUBMISSION)
async def plain_where_it_is_not_permitted(stage: Stage) -> None:
    """A mechanism that is not listed for want of encryption is refused, with the right password too."""
    session = await greeted(stage, SUBMISSION)
    if "PLAIN" in session.mechanisms:
        stage.not_applicable("PLAIN is permitted in the clear")
    reply = await ask(stage, session, f"AUTH PLAIN {own(stage)}", "RFC4954-6-e")
    stage.expect_reply(reply, "538|504|530|5yz", "RFC4954-6-e")
    await kept_out(stage, session, "RFC4954-6-e")
