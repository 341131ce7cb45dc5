"""Response codes: where in a status line they stand (RFC 2449 §8)."""

from __future__ import annotations

import re

from harness.cases import case
from harness.stage import Stage, shown
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from suites.pop3.acts import expect_that

#: Codes that are registered, in brackets, with further levels of detail (RFC 2449 §8.1, RFC 3206 §4, §5, RFC 6856 §5).
_REGISTERED = re.compile(rb"\[(?:LOGIN-DELAY|IN-USE|SYS/TEMP|SYS/PERM|AUTH|UTF8)(?:/[^\]\r\n]*)?\]", re.IGNORECASE)
_AT_THE_BEGINNING = re.compile(rb"(?:\+OK|-ERR) \[")


@case("pop3/rfc2449-8/code-begins-the-text", "RFC2449-8-a", requires=("RESP-CODES",))
async def code_begins_the_text(stage: Stage) -> None:
    """Where a refused login is answered with a response code, it stands right after -ERR and one space."""
    coded = [reply for reply in await _refusals(stage) if _REGISTERED.search(reply.raw)]
    if not coded:
        stage.not_applicable("neither a wrong password nor a maildrop in use was answered with a response code")
    for reply in coded:
        first = _AT_THE_BEGINNING.match(reply.raw) is not None
        expect_that(stage, first, "-ERR [CODE] and text", shown(reply.raw), "RFC2449-8-a", facet=Facet.GRAMMAR)


async def _refusals(stage: Stage) -> list[Pop3Reply]:
    """Answers to logins that fail: for the password, and for the lock that another session has."""
    wrong = await stage.pop3(login=False)
    refusals = [await wrong.login(stage.account.name, "not-the-password")]
    await stage.pop3()
    second = await stage.pop3(login=False)
    refusals.append(await second.login(stage.account.name, stage.account.password))
    return refusals
