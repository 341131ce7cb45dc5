"""Flags that need more than a comparison: silence, keywords, undefined flags (RFC 3501 §2.3.2, §6.4.6, §7.1)."""

from __future__ import annotations

from harness.cases import case
from harness.stage import Stage
from harness.verdicts import Facet
from harness.wire.imap_values import Items, Scalar
from suites.imap.exchange import ask, expect_that, flags_of, need, told

#: The three silent forms, and a change that each makes.
SILENT = (
    ("FLAGS.SILENT (\\Flagged)", "replace"),
    ("+FLAGS.SILENT (\\Seen)", "add"),
    ("-FLAGS.SILENT (\\Flagged)", "remove"),
)


@case("imap/rfc3501-6.4.6/silent-says-nothing", "RFC3501-6.4.6-b", messages=("plain", "plain"))
async def silent_says_nothing(stage: Stage) -> None:
    """STORE with .SILENT brings no FETCH for the flags that it changed."""
    session = await stage.imap(select="INBOX")
    for change, _ in SILENT:
        for line in (f"STORE 1 {change}", f"STORE 1:2 {change}", f"UID STORE 1:* {change}"):
            reply = await ask(stage, session, line, ids=("RFC3501-6.4.6-b",))
            stage.require(reply.ok, f"OK to {line}")
            fetched = [each for each in reply.named("FETCH") if each.item("FLAGS") is not None]
            expect_that(stage, not fetched, "no FETCH", told(reply), "RFC3501-6.4.6-b", facet=Facet.DATA)


#: Keywords of odd characters that are atoms (RFC 3501 §9).
KEYWORDS = ("$Forwarded", "NonJunk", "a-b.c_d", "x=1", "50~", "NIL", "Seen", "label:green")


async def _any_keyword(stage: Stage, line: str) -> tuple[bool, str]:
    """Whether the mailbox takes new keywords, and what PERMANENTFLAGS said."""
    session = await stage.imap()
    reply = await need(stage, session, line)
    code = reply.coded("PERMANENTFLAGS")
    stage.require(code is not None, "PERMANENTFLAGS at SELECT")
    text = code.text.decode("latin-1") if code else ""
    await session.close()
    return "\\*" in text, text


@case("imap/rfc3501-7.1/keywords-of-odd-characters", "RFC3501-7.1-f", messages=("plain",))
async def keywords_of_odd_characters(stage: Stage) -> None:
    r"""Where PERMANENTFLAGS has \*, any atom is a keyword that is kept."""
    anything, _ = await _any_keyword(stage, "SELECT INBOX")
    if not anything:
        stage.not_applicable("no new keywords can be made")
    session = await stage.imap(select="INBOX")
    for keyword in KEYWORDS:
        reply = await ask(stage, session, f"STORE 1 FLAGS ({keyword})", ids=("RFC3501-7.1-f",))
        stage.expect_tagged(reply, "OK", "RFC3501-7.1-f")
        found = flags_of(await need(stage, session, "FETCH 1 FLAGS"), 1) or set()
        expect_that(stage, keyword.upper() in found, keyword, " ".join(sorted(found)), "RFC3501-7.1-f")


@case("imap/rfc3501-7.2.6/new-keyword-is-announced", "RFC3501-7.2.6-b", messages=("plain",))
async def new_keyword_is_announced(stage: Stage) -> None:
    """A keyword that a FETCH shows was listed in FLAGS before."""
    anything, _ = await _any_keyword(stage, "SELECT INBOX")
    if not anything:
        stage.not_applicable("no new keywords can be made")
    session = await stage.imap()
    listed: set[str] = set()
    for line in ("SELECT INBOX", "STORE 1 +FLAGS (Breakwater)", "FETCH 1 FLAGS"):
        reply = await need(stage, session, line)
        for response in reply.untagged:
            if response.name == "FLAGS":
                items = response.arguments[0].items if isinstance(response.arguments[0], Items) else ()
                listed = {each.upper for each in items if isinstance(each, Scalar)}
            shown_flags = flags_of(reply, 1) if response.name == "FETCH" else None
            if shown_flags and "BREAKWATER" in shown_flags:
                known = "BREAKWATER" in listed
                expect_that(stage, known, "FLAGS with Breakwater first", told(reply), "RFC3501-7.2.6-b")


@case("imap/rfc3501-9/flag-that-nobody-defined", "RFC3501-9-am", messages=("plain",))
async def flag_that_nobody_defined(stage: Stage) -> None:
    r"""A flag with a backslash that no standard defines is refused or ignored, and never returned."""
    session = await stage.imap(select="INBOX")
    reply = await ask(stage, session, "STORE 1 +FLAGS (\\Tropical)", ids=("RFC3501-9-am",))
    stage.expect_tagged(reply, "OK|NO|BAD", "RFC3501-9-am")
    found = flags_of(await need(stage, session, "FETCH 1 FLAGS"), 1) or set()
    expect_that(stage, "\\TROPICAL" not in found, "no \\Tropical", " ".join(sorted(found)), "RFC3501-9-am")


#: What is no keyword.
NO_KEYWORDS = ('"quoted"', "two{2}", "per%cent", "st*ar", "paren(s", "brac]ket", "back\\slash", "caf\u00e9")


@case("imap/postel-names/keywords-with-special-characters", "POSTEL-imap_names-e", messages=("plain",))
async def keywords_with_special_characters(stage: Stage) -> None:
    """A keyword with special characters is refused, or what comes back is in the grammar."""
    for keyword in NO_KEYWORDS:
        session = await stage.imap(select="INBOX")
        reply = await ask(stage, session, f"STORE 1 +FLAGS ({keyword})", ids=("POSTEL-imap_names-e",))
        if reply.ok:
            shown_now = await need(stage, session, "FETCH 1 FLAGS")
            faults = [each.fault or b'"' in each.raw for each in shown_now.named("FETCH")]
            unwanted = set('"{%*()\\') if keyword[0] != "\\" else set()
            found = flags_of(shown_now, 1) or set()
            odd = [flag for flag in found if not flag.startswith("\\") and unwanted & set(flag)]
            expect_that(stage, not any(faults) and not odd, "an atom, or none", told(shown_now), "POSTEL-imap_names-e")
        else:
            stage.expect_tagged(reply, "NO|BAD", "POSTEL-imap_names-e")
        await session.close()


@case("imap/rfc3501-7.1/listed-flags-are-kept", "RFC3501-7.1-d", messages=("plain",))
async def listed_flags_are_kept(stage: Stage) -> None:
    """Each flag that PERMANENTFLAGS lists is there in the next session."""
    session = await stage.imap()
    reply = await need(stage, session, "SELECT INBOX")
    code = reply.coded("PERMANENTFLAGS")
    values = code.arguments[0].items if code and code.arguments and isinstance(code.arguments[0], Items) else ()
    permanent = [each.data.decode("latin-1") for each in values if isinstance(each, Scalar) and each.data != b"\\*"]
    stage.require(bool(permanent), "flags in PERMANENTFLAGS")
    await need(stage, session, f"STORE 1 FLAGS ({' '.join(permanent)})")
    await need(stage, session, "LOGOUT")
    session = await stage.imap(select="INBOX")
    found = flags_of(await need(stage, session, "FETCH 1 FLAGS"), 1) or set()
    missing = {flag.upper() for flag in permanent} - found
    expect_that(stage, not missing, " ".join(permanent), " ".join(sorted(found)), "RFC3501-7.1-d")
