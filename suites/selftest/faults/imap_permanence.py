"""Faults of what stays with an IMAP message: its date, permanent flags, \\Recent (RFC 3501 §2.3, §6.3.1, §7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import count

from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.outcome import Handling, Refused
from reference_server.imap.renderer import Renderer
from reference_server.imap.renderer_strings import Pieces
from reference_server.imap.response_codes import PermanentFlags
from reference_server.imap.session import ImapSession
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import coded, fault, fetched, handled, handler_of, imap_variant, said

_FETCHES = count(1)


def _unflagged(code: PermanentFlags) -> PermanentFlags:
    return PermanentFlags(tuple(flag for flag in code.flags if flag != "\\Flagged"))


def _store_of_the_permanent(session: ImapSession, command: c.Store) -> Handling:
    r"""STORE of \Flagged is refused."""
    if "\\Flagged" in command.flags:
        raise Refused("That flag cannot be kept")
    return (yield from handler_of("STORE")(session, command))


class _Unflagged(Renderer):
    r"""PERMANENTFLAGS does not list \Flagged."""

    def pieces(self, responses: Iterable[r.Response]) -> Pieces:
        return super().pieces(map(_without_flagged, responses))


def _without_flagged(response: r.Response) -> r.Response:
    if isinstance(response, r.StatusResponse) and isinstance(response.code, PermanentFlags):
        return replace(response, code=_unflagged(response.code))
    return response


FAULTS: tuple[Fault, ...] = (
    fault(
        "permanence/date-moves",
        "INTERNALDATE is a second later each time",
        "2.3.1.1-i",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment + timedelta(seconds=next(_FETCHES)))),
        "FETCH",
    ),
    fault(
        "permanence/date-of-the-header",
        "A delivered message has the year of its Date field",
        "2.3.3-a",
        fetched(r.DateItem, lambda item: replace(item, moment=item.moment.replace(year=2019, day=1))),
        "FETCH",
    ),
    fault(
        "permanence/permanent-after-all",
        "A flag that PERMANENTFLAGS leaves out is kept",
        "2.3.2-g",
        coded(PermanentFlags, _unflagged),
        "STORE",
    ),
    fault(
        "permanence/not-permanent-is-an-error",
        "STORE of a flag that PERMANENTFLAGS leaves out is refused",
        "7.1-e",
        imap_variant(renderer=_Unflagged, commands=handled(STORE=_store_of_the_permanent)),
        "STORE",
    ),
    fault(
        "permanence/recent-is-nothing",
        "RECENT is 0 at SELECT, though messages have \\Recent",
        "6.3.1-i",
        said(r.Recent, lambda data: replace(data, messages=0)),
        "SELECT",
    ),
)
