"""LOGIN and AUTHENTICATE: credentials right and wrong, the exchange, initial responses (RFC 3501 §6.2, RFC 4959).

Where the target announces LOGINDISABLED, these cases go inside TLS first.
"""

from __future__ import annotations

import base64

from harness.cases import case
from harness.clients.imap import ImapReply, ImapSession, Part
from harness.errors import TargetLost
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.imap.exchange import ask, expect_that, need, settle, told


async def greeted(stage: Stage) -> ImapSession:
    """A session that is not logged in and may send a password."""
    session = await stage.imap(login=False)
    names = await session.capability()
    if "LOGINDISABLED" in names:
        await need(stage, session, "STARTTLS")
        await session.start_tls(stage.tls_context())
    return session


def plain(user: str, password: str, authorization: str = "") -> str:
    """PLAIN's message in Base64 (RFC 4616 §2)."""
    return base64.b64encode(f"{authorization}\0{user}\0{password}".encode()).decode()


async def offering(stage: Stage, *names: str) -> ImapSession:
    """A greeted session of a target that announces these there; else the case is not applicable."""
    session = await greeted(stage)
    missing = set(names) - await session.capability()
    if missing:
        stage.not_applicable(f"{', '.join(sorted(missing))} is not announced before login")
    return session


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


async def _admitted(stage: Stage, session: ImapSession, requirement: str) -> None:
    """After a login the session is authenticated: STATUS of INBOX is answered."""
    reply = await ask(stage, session, "STATUS INBOX (MESSAGES)", ids=(requirement,))
    stage.expect_tagged(reply, "OK", requirement)


async def _kept_out(stage: Stage, session: ImapSession, requirement: str) -> None:
    """After a refusal the session is not authenticated; the server may also have closed."""
    try:
        reply = await session.command("STATUS INBOX (MESSAGES)")
    except TargetLost:
        return
    stage.expect_tagged(reply, "NO|BAD", requirement)


async def _login(stage: Stage, name: Part, password: Part) -> None:
    session = await greeted(stage)
    reply = await ask(stage, session, "LOGIN ", name, " ", password, ids=("RFC3501-6.2.3-a",))
    settle(stage.expect_tagged(reply, "OK", "RFC3501-6.2.3-a"))
    await _admitted(stage, session, "RFC3501-3.2-b")


@case("imap/rfc3501-6.2.3/login-in-quotes", "RFC3501-6.2.3-a", "RFC3501-3.2-b")
async def login_in_quotes(stage: Stage) -> None:
    """LOGIN with name and password in quotes."""
    await _login(stage, _quoted(stage.account.name), _quoted(stage.account.password))


@case("imap/rfc3501-6.2.3/login-by-literals", "RFC3501-6.2.3-a", "RFC3501-3.2-b")
async def login_by_literals(stage: Stage) -> None:
    """LOGIN with name and password as literals."""
    await _login(stage, stage.account.name.encode(), stage.account.password.encode())


@case("imap/rfc3501-6.2.3/login-with-a-quoted-name-and-a-literal", "RFC3501-6.2.3-a", "RFC3501-3.2-b")
async def login_with_a_quoted_name_and_a_literal(stage: Stage) -> None:
    """LOGIN with the name in quotes and the password as a literal."""
    await _login(stage, _quoted(stage.account.name), stage.account.password.encode())


@case("imap/rfc3501-6.2.3/login-in-lower-case", "RFC3501-9-b", "RFC3501-6.2.3-a")
async def login_in_lower_case(stage: Stage) -> None:
    """The command's name is taken in any case."""
    session = await greeted(stage)
    line = f"lOgIn {_quoted(stage.account.name)} {_quoted(stage.account.password)}"
    reply = await ask(stage, session, line, ids=("RFC3501-9-b",))
    stage.expect_tagged(reply, "OK", "RFC3501-9-b", "RFC3501-6.2.3-a")


async def _refused(stage: Stage, name: str, password: str) -> None:
    session = await greeted(stage)
    line = f"LOGIN {_quoted(name)} {_quoted(password)}"
    reply = await ask(stage, session, line, ids=("RFC3501-6.2.3-b",))
    settle(stage.expect_tagged(reply, "NO", "RFC3501-6.2.3-b"))
    await _kept_out(stage, session, "RFC3501-3.1-a")


@case("imap/rfc3501-6.2.3/wrong-password", "RFC3501-6.2.3-b", "RFC3501-3.1-a")
async def wrong_password(stage: Stage) -> None:
    """LOGIN with a wrong password is refused with NO."""
    await _refused(stage, stage.account.name, "not the password")


@case("imap/rfc3501-6.2.3/password-with-a-letter-more", "RFC3501-6.2.3-b", "RFC3501-3.1-a")
async def password_with_a_letter_more(stage: Stage) -> None:
    """LOGIN with the password and a letter is refused with NO."""
    await _refused(stage, stage.account.name, stage.account.password + "x")


@case("imap/rfc3501-6.2.3/password-in-another-case", "RFC3501-6.2.3-b", "RFC3501-3.1-a")
async def password_in_another_case(stage: Stage) -> None:
    """LOGIN with the password in another case is refused with NO."""
    other = stage.account.password.swapcase()
    stage.require(other != stage.account.password, "a password with letters")
    await _refused(stage, stage.account.name, other)


@case("imap/rfc3501-6.2.3/empty-password", "RFC3501-6.2.3-b", "RFC3501-3.1-a")
async def empty_password(stage: Stage) -> None:
    """LOGIN with an empty password is refused with NO."""
    await _refused(stage, stage.account.name, "")


@case("imap/rfc3501-6.2.3/unknown-name", "RFC3501-6.2.3-b", "RFC3501-3.1-a")
async def unknown_name(stage: Stage) -> None:
    """LOGIN with a name that nobody has is refused with NO."""
    await _refused(stage, "nobody-has-this-name", stage.account.password)


@case("imap/rfc3501-6.2.3/login-after-a-refusal", "RFC3501-6-b")
async def login_after_a_refusal(stage: Stage) -> None:
    """After a refused LOGIN the right one succeeds, or the server has closed with BYE."""
    session = await greeted(stage)
    reply = await session.command(f"LOGIN {_quoted(stage.account.name)} wrong")
    stage.require(reply.condition == "NO", "NO to a wrong password")
    try:
        reply = await session.login(stage.account.name, stage.account.password)
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "OK, or the end", f"{lost}", "RFC3501-6-b", facet=Facet.CONNECTION)
        return
    stage.expect_tagged(reply, "OK", "RFC3501-6-b")


@case("imap/rfc3501-11.2/names-are-not-told-apart", "RFC3501-11.2-d", "POSTEL-imap_auth-b", "RFC5530-3-b")
async def names_are_not_told_apart(stage: Stage) -> None:
    """LOGIN answers a wrong password and an unknown name alike."""
    answers: list[ImapReply] = []
    for name in (stage.account.name, "nobody-has-this-name"):
        session = await greeted(stage)
        answers.append(await ask(stage, session, f"LOGIN {_quoted(name)} wrong", ids=("RFC3501-11.2-d",)))
        await session.close()
    known, unknown = answers
    alike = known.condition == unknown.condition and known.tagged.text == unknown.tagged.text
    observed = f"{told(known)} and {told(unknown)}"
    expect_that(stage, alike, "the same answer", observed, "RFC3501-11.2-d", "POSTEL-imap_auth-b")
    codes = [reply.code.name if reply.code else "" for reply in answers]
    expect_that(stage, codes[0] == codes[1], "the same code", " and ".join(codes), "RFC5530-3-b", facet=Facet.CODE)


@case("imap/rfc3501-7.2.1/logindisabled", "RFC3501-7.2.1-b")
async def logindisabled(stage: Stage) -> None:
    """While LOGINDISABLED is announced, LOGIN with the right password is refused with NO."""
    session = await stage.imap(login=False)
    if "LOGINDISABLED" not in await session.capability():
        stage.not_applicable("LOGINDISABLED is not announced")
    reply = await session.login(stage.account.name, stage.account.password)
    stage.expect_tagged(reply, "NO", "RFC3501-7.2.1-b")


# AUTHENTICATE ---------------------------------------------------------------------------------------------------------


async def _exchange(stage: Stage, line: str, response: str, *requirements: str) -> tuple[ImapSession, ImapReply]:
    """AUTHENTICATE, one response after the continuation request, and the reply."""
    session = await offering(stage, "AUTH=PLAIN")
    tag = await session.send(line)
    asked = await session.continuation(tag)
    if asked is not None:
        await session.send_line(response)
    reply = await session.complete(tag)
    holds = asked is not None
    settle(expect_that(stage, holds, "a continuation request", told(reply), *requirements, facet=Facet.ORDER))
    return session, reply


@case("imap/rfc3501-6.2.2/plain", "RFC3501-6.2.2-a", "RFC3501-3.2-b")
async def authenticate_plain(stage: Stage) -> None:
    """AUTHENTICATE PLAIN logs in."""
    response = plain(stage.account.name, stage.account.password)
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC3501-6.2.2-a")
    settle(stage.expect_tagged(reply, "OK", "RFC3501-6.2.2-a"))
    await _admitted(stage, session, "RFC3501-3.2-b")


@case("imap/rfc3501-6.2.2/plain-in-lower-case", "RFC3501-9-n")
async def plain_in_lower_case(stage: Stage) -> None:
    """The name of the mechanism is taken in any case."""
    response = plain(stage.account.name, stage.account.password)
    _, reply = await _exchange(stage, "authenticate plAIn", response, "RFC3501-9-n")
    stage.expect_tagged(reply, "OK", "RFC3501-9-n")


@case("imap/rfc3501-6.2.2/plain-with-a-wrong-password", "RFC3501-6.2.2-c", "RFC3501-3.1-a")
async def plain_with_a_wrong_password(stage: Stage) -> None:
    """AUTHENTICATE PLAIN with a wrong password gets NO."""
    response = plain(stage.account.name, "not the password")
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC3501-6.2.2-c")
    settle(stage.expect_tagged(reply, "NO", "RFC3501-6.2.2-c"))
    await _kept_out(stage, session, "RFC3501-3.1-a")


@case("imap/rfc3501-6.2.2/plain-with-an-unknown-name", "RFC3501-6.2.2-c", "RFC3501-3.1-a")
async def plain_with_an_unknown_name(stage: Stage) -> None:
    """AUTHENTICATE PLAIN with a name that nobody has gets NO."""
    response = plain("nobody-has-this-name", stage.account.password)
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC3501-6.2.2-c")
    settle(stage.expect_tagged(reply, "NO", "RFC3501-6.2.2-c"))
    await _kept_out(stage, session, "RFC3501-3.1-a")


@case("imap/rfc3501-6.2.2/plain-for-another-user", "RFC3501-6.2.2-p", "RFC3501-3.1-a")
async def plain_for_another_user(stage: Stage) -> None:
    """An authorization identity to which the client has no right is refused."""
    response = plain(stage.account.name, stage.account.password, "nobody-has-this-name")
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC3501-6.2.2-p")
    settle(stage.expect_tagged(reply, "NO|BAD", "RFC3501-6.2.2-p"))
    await _kept_out(stage, session, "RFC3501-3.1-a")


@case("imap/rfc3501-6.2.2/cancelled", "RFC3501-6.2.2-e")
async def cancelled(stage: Stage) -> None:
    """A client that cancels the exchange with * gets BAD."""
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", "*", "RFC3501-6.2.2-e")
    settle(stage.expect_tagged(reply, "BAD", "RFC3501-6.2.2-e"))
    stage.expect_tagged(await ask(stage, session, "NOOP", ids=("RFC3501-6.2.2-e",)), "OK", "RFC3501-6.2.2-e")


@case("imap/rfc3501-6.2.2/response-that-is-not-base64", "RFC3501-6.2.2-f")
async def response_that_is_not_base64(stage: Stage) -> None:
    """A response that is not BASE64 gets BAD."""
    _, reply = await _exchange(stage, "AUTHENTICATE PLAIN", "!not base64!", "RFC3501-6.2.2-f")
    stage.expect_tagged(reply, "BAD", "RFC3501-6.2.2-f")


@case("imap/rfc3501-6.2.2/empty-response", "RFC3501-6.2.2-c")
async def empty_response(stage: Stage) -> None:
    """An empty response to PLAIN logs nobody in."""
    _, reply = await _exchange(stage, "AUTHENTICATE PLAIN", "", "RFC3501-6.2.2-c")
    stage.expect_tagged(reply, "NO|BAD", "RFC3501-6.2.2-c")


@case("imap/rfc3501-6.2.2/unknown-mechanism", "RFC3501-6.2.2-b", "RFC3501-6.2.2-i")
async def unknown_mechanism(stage: Stage) -> None:
    """AUTHENTICATE with a mechanism that nobody has gets NO."""
    session = await greeted(stage)
    reply = await ask(stage, session, "AUTHENTICATE X-POSTEL-NONE", ids=("RFC3501-6.2.2-b",))
    stage.expect_tagged(reply, "NO", "RFC3501-6.2.2-b", "RFC3501-6.2.2-i")


@case("imap/rfc3501-6.2.2/again-after-a-refusal", "RFC3501-6.2.2-o")
async def again_after_a_refusal(stage: Stage) -> None:
    """After AUTHENTICATE that got NO another one is taken, or the server has closed."""
    response = plain(stage.account.name, "not the password")
    session, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC3501-6.2.2-o")
    stage.require(reply.condition == "NO", "NO to a wrong password")
    try:
        reply = await session.authenticate_plain(stage.account.name, stage.account.password)
    except TargetLost as lost:
        closed = lost.kind in ("closed", "reset")
        expect_that(stage, closed, "OK, or the end", f"{lost}", "RFC3501-6.2.2-o", facet=Facet.CONNECTION)
        return
    stage.expect_tagged(reply, "OK", "RFC3501-6.2.2-o")


@case("imap/rfc3501-6.1.1/announced-mechanisms-are-known", "RFC3501-6.1.1-b", "RFC3501-6.2.2-e")
async def announced_mechanisms_are_known(stage: Stage) -> None:
    """Each mechanism that is announced asks the client for a response, and the client may cancel."""
    session = await greeted(stage)
    names = sorted(name[5:] for name in await session.capability() if name.startswith("AUTH="))
    if not names:
        stage.not_applicable("no mechanism is announced")
    for name in names:
        tag = await session.send(f"AUTHENTICATE {name}")
        asked = await session.continuation(tag)
        if asked is not None:
            await session.send_line("*")
        reply = await session.complete(tag)
        code = reply.code.name if reply.code else ""
        known = asked is not None or (reply.condition == "NO" and code != "CANNOT")
        settle(expect_that(stage, known, f"a challenge of {name}", told(reply), "RFC3501-6.1.1-b"))
        if asked is not None:
            stage.expect_tagged(reply, "BAD", "RFC3501-6.2.2-e")


# SASL-IR --------------------------------------------------------------------------------------------------------------


async def _initial(stage: Stage, argument: str, condition: str, requirement: str) -> ImapSession:
    session = await offering(stage, "AUTH=PLAIN", "SASL-IR")
    tag = await session.send(f"AUTHENTICATE PLAIN {argument}")
    asked = await session.continuation(tag)
    if asked is not None:
        await session.send_line("*")
    reply = await session.complete(tag)
    observed = f"{shown(asked.raw)} first" if asked is not None else told(reply)
    settle(expect_that(stage, asked is None, "no challenge", observed, requirement, facet=Facet.ORDER))
    stage.expect_tagged(reply, condition, requirement)
    return session


@case("imap/rfc4959-3/initial-response", "RFC4959-3-a", "RFC3501-3.2-b")
async def initial_response(stage: Stage) -> None:
    """AUTHENTICATE PLAIN takes its response in the command."""
    session = await _initial(stage, plain(stage.account.name, stage.account.password), "OK", "RFC4959-3-a")
    await _admitted(stage, session, "RFC3501-3.2-b")


@case("imap/rfc4959-3/initial-response-with-a-wrong-password", "RFC3501-6.2.2-c")
async def initial_response_with_a_wrong_password(stage: Stage) -> None:
    """AUTHENTICATE PLAIN with a wrong password in the command gets NO."""
    await _initial(stage, plain(stage.account.name, "not the password"), "NO", "RFC3501-6.2.2-c")


@case("imap/rfc4959-3/empty-initial-response", "RFC4959-3-b")
async def empty_initial_response(stage: Stage) -> None:
    """A single = is a response of no octets, which logs nobody in."""
    await _initial(stage, "=", "NO|BAD", "RFC4959-3-b")


@case("imap/rfc4959-3/initial-response-that-is-not-base64", "RFC4959-3-c")
async def initial_response_that_is_not_base64(stage: Stage) -> None:
    """An initial response that is not BASE64 is refused."""
    await _initial(stage, "!!!!", "NO|BAD", "RFC4959-3-c")


@case("imap/rfc4959-3/padding-in-the-middle", "RFC4959-3-d")
async def padding_in_the_middle(stage: Stage) -> None:
    """An initial response with = inside is refused."""
    text = plain(stage.account.name, stage.account.password)
    await _initial(stage, f"{text[:4]}={text[4:]}", "NO|BAD", "RFC4959-3-d")


@case("imap/rfc4959-3/without-an-initial-response", "RFC4959-3-f")
async def without_an_initial_response(stage: Stage) -> None:
    """A client may still leave the initial response out."""
    await offering(stage, "SASL-IR")
    response = plain(stage.account.name, stage.account.password)
    _, reply = await _exchange(stage, "AUTHENTICATE PLAIN", response, "RFC4959-3-f")
    stage.expect_tagged(reply, "OK", "RFC4959-3-f")


@case("imap/rfc4959-6/long-initial-response", "RFC4959-6-b")
async def long_initial_response(stage: Stage) -> None:
    """An initial response of some thousand octets is answered."""
    await _initial(stage, plain(stage.account.name, "long " * 600), "NO|BAD", "RFC4959-6-b")
