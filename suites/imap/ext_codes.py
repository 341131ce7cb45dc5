"""Response codes where they do not belong: what a client would be misled by (RFC 5530 §3).

Every code is optional. So commands are refused for a reason that is known, and what is judged is that no code tells of
another one.
"""

from __future__ import annotations

from harness.cases import Script, case
from harness.clients.imap import ImapReply, ImapSession
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.imap.boxes import note
from suites.imap.exchange import ask, expect_that, need
from suites.imap.logins import offering, plain

#: Commands that are refused because a mailbox is there already, and because there is none.
TAKEN = ("CREATE lantern", "RENAME beacon lantern")
MISSING = ("DELETE nowhere", "STATUS nowhere (MESSAGES)", "RENAME nowhere elsewhere", "COPY 1 nowhere")
#: Codes, the commands whose refusal they would misexplain, requirement.
MISPLACED = (
    ("INUSE", (*TAKEN, *MISSING), "RFC5530-3-g"),
    ("EXPUNGEISSUED", (*TAKEN, *MISSING), "RFC5530-3-h"),
    ("SERVERBUG", (*TAKEN, *MISSING, "NOOP", "FETCH 1 FLAGS"), "RFC5530-3-j"),
    ("CLIENTBUG", (*TAKEN, *MISSING, "NOOP", "FETCH 1 FLAGS"), "RFC5530-3-k"),
    ("CANNOT", (*TAKEN, *MISSING), "RFC5530-3-l"),
    ("ALREADYEXISTS", MISSING, "RFC5530-3-o"),
    ("NONEXISTENT", TAKEN, "RFC5530-3-p"),
)


def _without(stage: Stage, reply: ImapReply, name: str, *requirements: str) -> None:
    """No response of the reply has that code."""
    code = reply.coded(name) or (reply.code if reply.code is not None and reply.code.name == name else None)
    observed = shown(reply.tagged.raw)
    expect_that(stage, code is None, f"no code {name}", observed, *requirements, facet=Facet.CODE)


def _declare(name: str, lines: tuple[str, ...], requirement: str) -> None:
    async def script(stage: Stage) -> None:
        session = await stage.imap(select="INBOX")
        await need(stage, session, "CREATE lantern")
        await need(stage, session, "CREATE beacon")
        for line in lines:
            _without(stage, await ask(stage, session, line, ids=(requirement,)), name, requirement)
        if lines is MISSING:
            reply = await ask(stage, session, "APPEND nowhere ", note("lost"), ids=(requirement,))
            _without(stage, reply, name, requirement)

    script.__doc__ = f"{name} is not the code of what has another reason"
    marked: Script = script
    case(f"imap/rfc5530-3/misplaced-{name.lower()}", requirement, messages=("plain",))(marked)


for _misplaced in MISPLACED:
    _declare(*_misplaced)


async def _wrong_passwords(stage: Stage, session: ImapSession, requirement: str) -> list[ImapReply]:
    """A wrong password by AUTHENTICATE PLAIN and by LOGIN, without an authorization identity."""
    tag = await session.send("AUTHENTICATE PLAIN")
    if await session.continuation(tag) is not None:
        await session.send_line(plain(stage.account.name, "not the password"))
    first = await session.complete(tag)
    login = f'LOGIN "{stage.account.name}" "not the password"'
    return [first, await ask(stage, session, login, ids=(requirement,))]


@case("imap/rfc5530-3/misplaced-authorizationfailed", "RFC5530-3-c")
async def misplaced_authorizationfailed(stage: Stage) -> None:
    """AUTHORIZATIONFAILED is not the code of a wrong password"""
    session = await offering(stage, "AUTH=PLAIN")
    for reply in await _wrong_passwords(stage, session, "RFC5530-3-c"):
        _without(stage, reply, "AUTHORIZATIONFAILED", "RFC5530-3-c")


@case("imap/rfc5530-3/misplaced-privacyrequired", "RFC5530-3-e", requires=("STARTTLS",))
async def misplaced_privacyrequired(stage: Stage) -> None:
    """PRIVACYREQUIRED is not the code of a login that is refused inside TLS"""
    session = await stage.imap(login=False)
    await need(stage, session, "STARTTLS")
    await session.start_tls(stage.tls_context())
    for reply in await _wrong_passwords(stage, session, "RFC5530-3-e"):
        _without(stage, reply, "PRIVACYREQUIRED", "RFC5530-3-e")
