"""Messages that need UTF-8 mode while it is off, names in UTF-8, and languages (RFC 6856)."""

from __future__ import annotations

import hashlib

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from suites.pop3.acts import ask, expect, expect_that, settle, sizes

LANG = ("LANG",)
#: UTF8 with the argument USER: names and passwords may be UTF-8.
NAMES = ("UTF8:USER",)
SOFT_HYPHEN = "\u00ad"  # which SASLprep maps to nothing (RFC 4013 §2.1)


@case(
    "pop3/rfc6856-2/utf8-header-without-the-mode",
    "RFC6856-2.1-f",
    "RFC6856-2.1-g",
    "RFC6856-2.1-c",
    requires=("UTF8",),
    messages=("utf8-header", "plain"),
)
async def utf8_header_without_the_mode(stage: Stage) -> None:
    """Without UTF-8 mode, a message with UTF-8 in its header is refused or sent with a header in ASCII."""
    session = await stage.pop3()
    for line in ("RETR 1", "TOP 1 0"):
        if line.startswith("TOP") and "TOP" not in stage.facts.capabilities:
            continue
        reply = await ask(stage, session, line, "RFC6856-2.1-g")
        header = (reply.body or b"").partition(b"\r\n\r\n")[0]
        proper = reply.status == "-ERR" or header.isascii()
        observed = shown(reply.raw, 60) if reply.status == "-ERR" or header.isascii() else "octets above 127"
        wanted = "-ERR, or a header in ASCII"
        settle(expect_that(stage, proper, wanted, observed, "RFC6856-2.1-f", "RFC6856-2.1-g", facet=Facet.CONTENT))
    reply = await expect(stage, session, "RETR 2", "+OK", "RFC6856-2.1-c")
    stage.expect_message(reply, stage.messages[1], "RFC6856-2.1-c")


@case(
    "pop3/rfc6856-5/utf8-code-only-for-utf8",
    "RFC6856-5-a",
    "RFC6856-5-b",
    requires=("UTF8",),
    messages=("plain", "utf8-header"),
)
async def utf8_code_only_for_utf8(stage: Stage) -> None:
    """The UTF8 code comes with -ERR to LIST, TOP and RETR only, and not for messages in ASCII."""
    session = await stage.pop3()
    for line in ("RETR 1", "LIST 1", "RETR 9", "DELE 9", "STAT", "NOOP", "LIST 2", "RETR 2", "DELE 2"):
        reply = await session.command(line)
        coded = (reply.code or "").upper() == "UTF8"
        mine = line.split(" ")[0] in ("LIST", "RETR", "TOP") and reply.status == "-ERR"
        seen = shown(reply.raw, 60)
        expect_that(stage, mine or not coded, "no UTF8 code", seen, "RFC6856-5-a", facet=Facet.CODE)
        needed = line.endswith(" 2")
        expect_that(stage, needed or not coded, "no UTF8 code", seen, "RFC6856-5-b", facet=Facet.CODE)


@case(
    "pop3/rfc6856-2/utf8-code-not-in-utf8-mode",
    "RFC6856-5-b",
    "RFC6856-2.1-a",
    requires=("UTF8",),
    messages=("utf8-header",),
)
async def utf8_code_not_in_utf8_mode(stage: Stage) -> None:
    """In UTF-8 mode no message is refused with the UTF8 code."""
    session = await stage.pop3(login=False)
    await expect(stage, session, "UTF8", "+OK", "RFC6856-2.1-a")
    await stage.login(session)
    for line in ("LIST 1", "RETR 1"):
        reply = await session.command(line)
        coded = (reply.code or "").upper() == "UTF8"
        expect_that(stage, not coded, "no UTF8 code", shown(reply.raw, 60), "RFC6856-5-b", facet=Facet.CODE)


@case("pop3/rfc6856-2/size-without-the-mode", "RFC6856-2.1-j", requires=("UTF8",), messages=("utf8-header",))
async def size_without_the_mode(stage: Stage) -> None:
    """Without UTF-8 mode, LIST's size is what RETR sends, where RETR sends the message at all."""
    session = await stage.pop3()
    reply = await session.command("RETR 1")
    listed = await session.command("LIST 1")
    if not reply.ok:
        proper = listed.status in ("+OK", "-ERR")
        expect_that(stage, proper, "an answer", shown(listed.raw), "RFC6856-2.1-j", facet=Facet.STATUS)
        return
    sent = str(len(reply.body or b""))
    expect_that(stage, listed.words[1:2] == (sent,), f"{sent} octets", shown(listed.raw), "RFC6856-2.1-j")


@case(
    "pop3/rfc6856-2/sizes-in-utf8-mode",
    "RFC6856-2.1-j",
    "RFC6856-2.1-a",
    "RFC6856-2.1-d",
    requires=("UTF8",),
    messages=("utf8-header", "plain"),
)
async def sizes_in_utf8_mode(stage: Stage) -> None:
    """In UTF-8 mode, LIST's sizes are what RETR sends."""
    session = await stage.pop3(login=False)
    await expect(stage, session, "UTF8", "+OK", "RFC6856-2.1-a")
    await stage.login(session)
    for number, size in (await sizes(stage, session)).items():
        reply = await expect(stage, session, f"RETR {number}", "+OK", "RFC6856-2.1-d")
        sent = len(reply.body or b"")
        expect_that(stage, sent == size, f"{sent} octets", f"{size}", "RFC6856-2.1-j")


def _hyphened(name: str) -> str:
    return f"{name[:1]}{SOFT_HYPHEN}{name[1:]}"


@case("pop3/rfc6856-2/name-in-utf8", "RFC6856-2.2-a", requires=NAMES)
async def name_in_utf8(stage: Stage) -> None:
    """A name and a password in UTF-8 that do not exist are answered like ASCII ones that do not exist."""
    answers = []
    for name, password in (("nobody-has-this-name", "not-the-password"), ("niemand-heißt-so", "kein-Schlüßel")):
        session = await stage.pop3(login=False)
        replies = [await session.command(f"USER {name}"), await session.command(f"PASS {password}")]
        answers.append([(reply.status, reply.code) for reply in replies])
    expect_that(stage, answers[0] == answers[1], f"{answers[0]}", f"{answers[1]}", "RFC6856-2.2-a")


@case("pop3/rfc6856-2/name-and-password-are-prepared", "RFC6856-2.2-b", requires=NAMES)
async def name_and_password_are_prepared(stage: Stage) -> None:
    """USER and PASS with a soft hyphen, which SASLprep removes, log in like those without."""
    session = await stage.pop3(login=False)
    await expect(stage, session, f"USER {_hyphened(stage.account.name)}", "+OK", "RFC6856-2.2-b")
    password = _hyphened(stage.account.password)
    stage.recorder.add_secret(password)
    await expect(stage, session, f"PASS {password}", "+OK", "RFC6856-2.2-b")


@case("pop3/rfc6856-2/apop-name-is-prepared", "RFC6856-2.2-c", requires=(*NAMES, "APOP"))
async def apop_name_is_prepared(stage: Stage) -> None:
    """APOP with a soft hyphen in the name, which SASLprep removes, logs in like the name without it."""
    if not stage.account.apop:
        stage.not_applicable("the account's secret is not kept in a form that APOP can use")
    session = await stage.pop3(login=False)
    secret = (session.timestamp or b"") + stage.account.password.encode()
    digest = hashlib.md5(secret, usedforsecurity=False).hexdigest()
    await expect(stage, session, f"APOP {_hyphened(stage.account.name)} {digest}", "+OK", "RFC6856-2.2-c")


@case(
    "pop3/rfc6856-3/listed-languages-can-be-chosen",
    "RFC6856-3.2-g",
    "RFC6856-3.2-h",
    "RFC6856-3.2-a",
    "RFC6856-3.1-b",
    requires=LANG,
)
async def listed_languages_can_be_chosen(stage: Stage) -> None:
    """Each language that LANG lists can be chosen before and after login, and the answer names its tag."""
    session = await stage.pop3(login=False)
    reply = await session.command("LANG")
    if not reply.ok:
        stage.not_applicable("the server does not list its languages")
    lines = [line.decode("utf-8", "replace") for line in reply.lines or ()]
    settle(expect_that(stage, bool(lines), "a language", "none", "RFC6856-3.2-g"))
    for after_login in (False, True):
        if after_login:
            await stage.login(session)
        for line in lines:
            tag = line.split(" ")[0]
            formed = bool(tag) and "\ufffd" not in line and not line.startswith(f"{tag}  ")
            expect_that(stage, formed, "tag, or tag SP description", repr(line), "RFC6856-3.2-h", facet=Facet.GRAMMAR)
            reply = await expect(stage, session, f"LANG {tag}", "+OK", "RFC6856-3.2-g", "RFC6856-3.1-b")
            named = reply.raw.lower().startswith(f"+ok {tag.lower()} ".encode())
            expect_that(stage, named, f"+OK {tag} …", shown(reply.raw), "RFC6856-3.2-a", facet=Facet.GRAMMAR)


@case("pop3/rfc6856-3/preferred-language", "RFC6856-3.2-e", "RFC6856-3.1-b", "RFC6856-3.2-c", requires=LANG)
async def preferred_language(stage: Stage) -> None:
    """LANG * names the tag of the language that is chosen, not an asterisk."""
    session = await stage.pop3(login=False)
    reply = await expect(stage, session, "LANG *", "+OK", "RFC6856-3.2-e", "RFC6856-3.1-b")
    named = bool(reply.words) and reply.words[0] != "*"
    expect_that(stage, named, "+OK and a tag", shown(reply.raw), "RFC6856-3.2-e", facet=Facet.GRAMMAR)
    reply = await expect(stage, session, "XYZZ", "-ERR", "RFC6856-3.2-c")
    try:
        reply.raw.decode()
        proper = True
    except UnicodeDecodeError:
        proper = False
    expect_that(stage, proper, "UTF-8", shown(reply.raw), "RFC6856-3.2-c", facet=Facet.GRAMMAR)
