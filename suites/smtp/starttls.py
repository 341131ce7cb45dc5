"""STARTTLS, and TLS from the start: the handshake, and what must not cross it (RFC 3207, RFC 8314 §3.3)."""

from __future__ import annotations

from harness.cases import case
from harness.errors import TargetLost, TlsFailed
from harness.stage import Stage, shown
from harness.transcript import EventKind
from harness.verdicts import Facet
from harness.wire.connection import Connection
from suites.smtp.authentication import own
from suites.smtp.exchange import (
    QUIET,
    ask,
    expect,
    expect_in_step,
    expect_names,
    expect_that,
    finish,
    greeted,
    letter,
    need,
    post,
    read,
    secured,
    settle,
    transaction,
    values_of,
)

STARTTLS = ("STARTTLS",)
SHAKEN = "RFC3207-4-b"
ANEW = "RFC3207-4.2-b"


@case("smtp/rfc3207-4/session-inside-tls", SHAKEN, "RFC3207-4.2-a", "RFC8314-4-a", requires=STARTTLS)
async def session_inside_tls(stage: Stage) -> None:
    """After STARTTLS the handshake succeeds, no greeting comes, and a message is delivered inside TLS."""
    session = await greeted(stage)
    await secured(stage, session, SHAKEN, "RFC8314-4-a")
    await expect_quiet_or_settle(stage, session.connection, "RFC3207-4.2-a")
    await expect(stage, session, "EHLO client.postel.test", "250", "RFC3207-4.2-a")
    await transaction(stage, session)
    await finish(stage, session, letter("inside-tls"), SHAKEN)
    expect_names(stage, await stage.delivered(1), ["inside-tls"], SHAKEN)


async def expect_quiet_or_settle(stage: Stage, connection: Connection, *requirements: str) -> None:
    """Expect that nothing comes by itself; the case ends where something does."""
    spoke = await connection.hears_within(QUIET)
    said = shown(connection.unread) if spoke else "nothing"
    settle(expect_that(stage, not spoke, "nothing", said, *requirements, facet=Facet.ORDER))


@case("smtp/rfc3207-4/listed-without-parameters", "RFC3207-4-a", requires=STARTTLS)
async def listed_without_parameters(stage: Stage) -> None:
    """STARTTLS is listed without parameters."""
    session = await greeted(stage)
    given = session.extensions.get("STARTTLS", "")
    expect_that(stage, not given, "STARTTLS alone", given or "STARTTLS alone", "RFC3207-4-a")


@case("smtp/rfc3207-4.2/not-listed-inside-tls", "RFC3207-4.2-h", requires=STARTTLS)
async def not_listed_inside_tls(stage: Stage) -> None:
    """Inside TLS STARTTLS is not listed."""
    session = await greeted(stage)
    await secured(stage, session)
    await expect(stage, session, "EHLO client.postel.test", "250", "RFC3207-4.2-h")
    there = "STARTTLS" in session.extensions
    expect_that(stage, not there, "no STARTTLS", " ".join(session.extensions), "RFC3207-4.2-h")


@case("smtp/rfc3207-4.2/refused-inside-tls", "RFC3207-4.2-f", requires=STARTTLS)
async def refused_inside_tls(stage: Stage) -> None:
    """A second STARTTLS is refused, and the session goes on inside TLS."""
    session = await greeted(stage)
    await secured(stage, session)
    await session.greet()
    await expect(stage, session, "STARTTLS", "454|5yz", "RFC3207-4.2-f")
    await expect_in_step(stage, session, "RFC3207-4.2-f")


@case("smtp/rfc3207-4.2/refused-on-submissions", "RFC3207-4.2-f", "RFC3207-4.2-h", endpoint="submissions")
async def refused_on_submissions(stage: Stage) -> None:
    """Where TLS was there from the start, STARTTLS is neither listed nor taken."""
    session = await greeted(stage, "submissions")
    there = "STARTTLS" in session.extensions
    expect_that(stage, not there, "no STARTTLS", " ".join(session.extensions), "RFC3207-4.2-h")
    await expect(stage, session, "STARTTLS", "454|5yz", "RFC3207-4.2-f")
    await expect_in_step(stage, session, "RFC3207-4.2-f")


@case("smtp/rfc3207-4.2/the-name-is-forgotten", ANEW, requires=STARTTLS)
async def the_name_is_forgotten(stage: Stage) -> None:
    """The name from EHLO in the clear is not in the Received field of a message inside TLS."""
    session = await stage.smtp()
    await need(stage, session, "EHLO clear.client.test")
    await secured(stage, session, ANEW)
    await need(stage, session, "EHLO inside.client.test")
    await transaction(stage, session)
    await finish(stage, session, letter("named-anew"), ANEW)
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    said = b" | ".join(values_of(found[0], "Received"))
    right = b"inside.client.test" in said and b"clear.client.test" not in said
    expect_that(stage, right, "inside.client.test", shown(said, 300), ANEW)


@case("smtp/rfc3207-4.2/a-transaction-is-forgotten", ANEW, "POSTEL-smtp_starttls-b", requires=STARTTLS)
async def a_transaction_is_forgotten(stage: Stage) -> None:
    """A transaction that was begun in the clear is not open inside TLS."""
    session = await greeted(stage)
    await need(stage, session, "MAIL FROM:<sender@client.test>")
    reply = await ask(stage, session, "STARTTLS", ANEW)
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", shown(reply.raw), ANEW, "POSTEL-smtp_starttls-b")
        return
    await session.start_tls(stage.tls_context())
    await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "5yz", ANEW, "POSTEL-smtp_starttls-b")


@case("smtp/rfc3207-4.2/a-login-is-forgotten", ANEW, "POSTEL-smtp_starttls-b", endpoint="submission")
async def a_login_is_forgotten(stage: Stage) -> None:
    """A login in the clear is none inside TLS."""
    session = await greeted(stage, "submission")
    if "STARTTLS" not in session.extensions or "PLAIN" not in session.mechanisms:
        stage.not_applicable("no login is possible before STARTTLS")
    await need(stage, session, f"AUTH PLAIN {own(stage)}")
    reply = await ask(stage, session, "STARTTLS", ANEW)
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", shown(reply.raw), ANEW, "POSTEL-smtp_starttls-b")
        return
    await session.start_tls(stage.tls_context())
    await session.greet()
    line = f"AUTH PLAIN {own(stage)}"  # who is logged in gets 503
    await expect(stage, session, line, "235", ANEW, "POSTEL-smtp_starttls-b")


#: What is sent in the clear in the same segment as STARTTLS.
INJECTED: dict[str, bytes] = {
    "a-command": b"NOOP\r\n",
    "a-command-behind-a-lone-lf": b"NOOP\n",
    "a-greeting": b"EHLO smuggler.client.test\r\n",
    "a-transaction": b"EHLO smuggler.client.test\r\nMAIL FROM:<smuggler@client.test>\r\n",
    "an-end": b"QUIT\r\n",
}


def _declare_injected(slug: str, octets: bytes) -> None:
    rules = ("POSTEL-smtp_starttls-a", "RFC3207-6-d")

    async def script(stage: Stage) -> None:
        session = await greeted(stage)
        await session.send_raw(b"STARTTLS\r\n" + octets)
        reply = await read(stage, session, "STARTTLS", *rules)
        if not reply.ok:
            expect_that(stage, True, "refused, or forgotten", shown(reply.raw), *rules, facet=Facet.ORDER)
            return
        try:
            await session.start_tls(stage.tls_context())
        except TlsFailed as failed:
            expect_that(stage, True, "refused, or forgotten", f"no TLS: {failed}", *rules, facet=Facet.ORDER)
            return
        spoke = await session.connection.hears_within(QUIET) and bool(session.connection.unread)
        said = shown(session.connection.unread) if spoke else "nothing, or the end"
        settle(expect_that(stage, not spoke, "refused, or forgotten", said, *rules, facet=Facet.ORDER))
        if session.connection.open_still:
            await expect(stage, session, f"RCPT TO:<{stage.account.address}>", "5yz", *rules)

    script.__doc__ = (
        f"What came in the clear together with STARTTLS is not carried out inside TLS: {slug.replace('-', ' ')}"
    )
    case(f"smtp/postel-starttls/injected-{slug}", *rules, requires=STARTTLS)(script)


for _slug, _octets in INJECTED.items():
    _declare_injected(_slug, _octets)


@case("smtp/postel-starttls/half-a-command-is-forgotten", "POSTEL-smtp_starttls-a", "RFC3207-6-d", requires=STARTTLS)
async def half_a_command_is_forgotten(stage: Stage) -> None:
    """Half a command that came in the clear is not the beginning of the first command inside TLS."""
    rules = ("POSTEL-smtp_starttls-a", "RFC3207-6-d")
    session = await greeted(stage)
    await session.send_raw(b"STARTTLS\r\nXYZ")
    reply = await read(stage, session, "STARTTLS", *rules)
    if not reply.ok:
        expect_that(stage, True, "refused, or forgotten", shown(reply.raw), *rules, facet=Facet.ORDER)
        return
    try:
        await session.start_tls(stage.tls_context())
    except TlsFailed as failed:
        expect_that(stage, True, "refused, or forgotten", f"no TLS: {failed}", *rules, facet=Facet.ORDER)
        return
    await expect(stage, session, "EHLO client.postel.test", "250", *rules)


@case("smtp/postel-starttls/nothing-in-the-clear-after-220", "POSTEL-smtp_starttls-c", requires=STARTTLS)
async def nothing_in_the_clear_after_220(stage: Stage) -> None:
    """After its 220 to STARTTLS the server sends nothing in the clear."""
    session = await greeted(stage)
    await need(stage, session, "STARTTLS")
    await expect_quiet_or_settle(stage, session.connection, "POSTEL-smtp_starttls-c")


@case("smtp/postel-starttls/no-way-back-to-the-clear", "POSTEL-tls-a", requires=STARTTLS)
async def no_way_back_to_the_clear(stage: Stage) -> None:
    """A client that goes on in the clear after 220 is not answered in the clear."""
    session = await greeted(stage)
    await need(stage, session, "STARTTLS")
    await session.send_raw(b"NOOP\r\nNOOP\r\n" * 20)
    closing = await session.wait_closed()
    silent = closing.how is EventKind.SILENT
    answered = b"250" in closing.received
    said = "it stays open" if silent else shown(closing.received)
    expect_that(stage, not answered and not silent, "the end", said, "POSTEL-tls-a", facet=Facet.CONNECTION)


@case("smtp/rfc3207-4/local-mail-without-tls", "RFC3207-4-e", requires=STARTTLS)
async def local_mail_without_tls(stage: Stage) -> None:
    """A message to a local mailbox is taken without TLS."""
    await post(stage, letter("in-the-clear"), "RFC3207-4-e")
    expect_names(stage, await stage.delivered(1), ["in-the-clear"], "RFC3207-4-e")


@case("smtp/rfc3848-1/esmtps-inside-tls", "RFC3848-1-c", requires=STARTTLS)
async def esmtps_inside_tls(stage: Stage) -> None:
    """Received says ESMTPS after STARTTLS."""
    session = await greeted(stage)
    await secured(stage, session, "RFC3848-1-c")
    await session.greet()
    await transaction(stage, session)
    await finish(stage, session, letter("esmtps"), "RFC3848-1-c")
    found = await stage.delivered(1)
    stage.require(len(found) == 1, "one message in the mailbox")
    said = b" | ".join(values_of(found[0], "Received"))
    expect_that(
        stage,
        b" with ESMTPS " in said.upper().replace(b"WITH", b"with") + b" ",
        "with ESMTPS",
        shown(said, 300),
        "RFC3848-1-c",
    )


@case("smtp/rfc8314-3.3/submissions", "RFC8314-3.3-b", "RFC8314-3.3-a", endpoint="submissions")
async def submissions(stage: Stage) -> None:
    """On the submissions port TLS comes first, then the greeting, then a session with a login and a message."""
    rules = ("RFC8314-3.3-b", "RFC8314-3.3-a")
    try:
        session = await stage.submission(tls=True)
    except (TargetLost, TlsFailed) as lost:
        expect_that(stage, False, "a session inside TLS", f"{lost}", *rules, facet=Facet.CONNECTION)
        return
    await need(stage, session, f"MAIL FROM:<{stage.account.address}>", f"RCPT TO:<{stage.account.address}>")
    await finish(stage, session, letter("submitted-inside-tls"), *rules)
    expect_names(stage, await stage.delivered(1), ["submitted-inside-tls"], *rules)


@case("smtp/rfc8314-3.3/nothing-in-the-clear", "RFC8314-3.3-a", endpoint="submissions")
async def nothing_in_the_clear(stage: Stage) -> None:
    """On the submissions port the server sends nothing before the handshake, not even a greeting."""
    connection = await stage.connect("submissions")
    await expect_quiet_or_settle(stage, connection, "RFC8314-3.3-a")


@case("smtp/postel-starttls/tls-that-breaks", "POSTEL-tls-a", endpoint="submissions")
async def tls_that_breaks(stage: Stage) -> None:
    """Plaintext on the submissions port ends the connection and is not answered."""
    connection = await stage.connect("submissions")
    await connection.send(b"EHLO client.postel.test\r\nNOOP\r\n" * 20)
    closing = await connection.wait_closed(stage.timeout)
    silent = closing.how is EventKind.SILENT
    answered = b"250" in closing.received or b"220" in closing.received
    said = "it stays open" if silent else shown(closing.received)
    expect_that(stage, not answered and not silent, "the end", said, "POSTEL-tls-a", facet=Facet.CONNECTION)
