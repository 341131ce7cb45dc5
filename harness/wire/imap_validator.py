"""The strict validator of IMAP: judges every response of a transcript, whatever the case was about.

It accuses only where the transcript alone proves the fault. A session is left alone once its responses might not answer
what they seem to answer: after an answer that ended early, after octets that a server may read in another way, and
after a response that breaks the framing. RFC 3501 §9 and the grammars of its extensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.transcript import Exchange
from harness.verdicts import Facet
from harness.wire import (
    imap_answer,
    imap_laws,
    imap_lines,
    imap_scan,
    imap_syntax,
    imap_syntax_body,
    imap_syntax_extensions,
    imap_syntax_words,
)
from harness.wire.findings import Findings, Report, Violation
from harness.wire.imap import ContinuationRequest, ImapResponse, TaggedResponse, UntaggedResponse
from harness.wire.imap_answer import ImapAnswer, alone, login_name, take_apart
from harness.wire.imap_laws import Mailboxes, View
from harness.wire.imap_lines import check_line
from harness.wire.imap_scan import LITERAL, Dialect
from harness.wire.imap_values import Items, Scalar

__all__ = ["REQUIREMENTS", "Capabilities", "Report", "Violation", "validate"]

#: What a target announces: parameters by capability in upper case.
Capabilities = Mapping[str, Sequence[str]]

#: The modules that judge beside this one.
PARTS = (
    imap_answer,
    imap_laws,
    imap_lines,
    imap_scan,
    imap_syntax,
    imap_syntax_body,
    imap_syntax_extensions,
    imap_syntax_words,
)

_GREETING = "RFC3501-9-ap"
_COMPLETION = "RFC3501-2.2.2-c"
_TAG = "RFC3501-2.2.2-a"
_BYE = "RFC3501-6.1.3-a"
_CAPABILITY = "RFC3501-6.1.1-a"
_SEARCH = "RFC3501-6.4.4-a"
_READ_ONLY = "RFC3501-6.3.2-e"
_EXAMINE = "RFC3501-6.3.2-a"
_SYSTEM_FLAGS = "RFC3501-7.2.6-a"
#: What must come before the OK to SELECT: requirement, name of the data or of the code.
_SELECT = (
    ("RFC3501-6.3.1-a", "FLAGS"),
    ("RFC3501-6.3.1-b", "EXISTS"),
    ("RFC3501-6.3.1-c", "RECENT"),
    ("RFC3501-6.3.1-e", "[PERMANENTFLAGS]"),
    ("RFC3501-6.3.1-f", "[UIDNEXT]"),
    ("RFC3501-6.3.1-g", "[UIDVALIDITY]"),
)
_OWN_REQUIREMENTS = (
    _GREETING,
    _COMPLETION,
    _TAG,
    _BYE,
    _CAPABILITY,
    _SEARCH,
    _READ_ONLY,
    _EXAMINE,
    _SYSTEM_FLAGS,
    *(requirement for requirement, _ in _SELECT),
)

#: Every requirement that the validator judges.
REQUIREMENTS = frozenset(
    _OWN_REQUIREMENTS
    + imap_lines.REQUIREMENTS
    + imap_scan.REQUIREMENTS
    + imap_syntax.REQUIREMENTS
    + imap_syntax_body.REQUIREMENTS
    + imap_syntax_extensions.REQUIREMENTS
    + imap_syntax_words.REQUIREMENTS
    + imap_laws.REQUIREMENTS
)

_FIVE = frozenset({"\\ANSWERED", "\\FLAGGED", "\\DELETED", "\\SEEN", "\\DRAFT"})
_CHANGES_NAMES = frozenset({"CREATE", "DELETE", "RENAME"})


@dataclass(slots=True)
class _Session:
    """What is known of one session of the transcript."""

    view: View
    sent: bytes  # all commands of the session
    dialect: Dialect = field(default_factory=Dialect)
    begun: bool = False
    trusted: bool = True
    completed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Validation:
    """One transcript being judged."""

    sent: Mapping[int, bytes]
    findings: Findings = field(default_factory=Findings)
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    sessions: dict[int, _Session] = field(default_factory=dict)

    def take(self, index: int, exchange: Exchange, *, alone: bool) -> None:
        session = self.sessions.get(exchange.session)
        if session is None:
            view = View(self.findings, self.mailboxes, account=b"(session %d)" % exchange.session)
            session = self.sessions[exchange.session] = _Session(view, self.sent.get(exchange.session, b""))
        answer = take_apart(index, exchange, alone=alone)
        if not session.trusted or not exchange.complete or not answer.knowable:
            session.trusted = False
            return
        if not session.begun:
            session.begun = True
            self._greeting(answer)
        self._before(answer, session)
        for response in answer.responses:
            self._response(answer, response, session)
            if not session.trusted:
                return
        session.view.kept_numbers(answer)
        self._after(answer, session)

    def _check(
        self, requirement: str, holds: bool, answer: ImapAnswer, expected: str, observed: str | bytes, kind: str
    ) -> None:
        if holds:
            self.findings.passed(requirement)
            return
        self.findings.check(
            requirement, False, answer.place, expected=expected, observed=observed, kind=kind, facet=Facet.DATA
        )

    def _greeting(self, answer: ImapAnswer) -> None:
        first = answer.responses[0] if answer.responses else None
        greets = isinstance(first, UntaggedResponse) and first.condition in ("OK", "PREAUTH", "BYE")
        self._check(
            _GREETING, greets, answer, "a greeting of * OK, * PREAUTH or * BYE", answer.exchange.reply, "no-greeting"
        )

    def _before(self, answer: ImapAnswer, session: _Session) -> None:
        """What a command changes before its responses come."""
        if answer.name in ("SELECT", "EXAMINE"):
            session.view.open(answer.arguments)
        elif answer.name in _CHANGES_NAMES:
            self.mailboxes.changed |= {name.strip(b'"') for name in (answer.arguments, *answer.arguments.split())}
        elif answer.name == "LANGUAGE":
            session.dialect.language = True

    def _response(self, answer: ImapAnswer, response: ImapResponse, session: _Session) -> None:
        broken = check_line(response, answer, session.dialect, self.findings)
        match response:
            case TaggedResponse(tag):
                self._tagged(answer, tag, response, session)
            case UntaggedResponse("ENABLED"):
                enabled = {each.upper for each in response.arguments if isinstance(each, Scalar)}
                session.dialect.utf8 = session.dialect.utf8 or "UTF8=ACCEPT" in enabled
                session.dialect.rev2 = session.dialect.rev2 or "IMAP4REV2" in enabled
            case UntaggedResponse() if not broken:
                session.view.follow(answer, response)
            case ContinuationRequest():
                pass
        if broken in (LITERAL, _TAG):
            session.trusted = False  # what follows may be part of something else

    def _tagged(self, answer: ImapAnswer, tag: str, response: TaggedResponse, session: _Session) -> None:
        """Each command is completed once, with its own tag (RFC 3501 §2.2.2)."""
        if answer.tagged is response:
            session.completed.add(tag)
            self.findings.passed(_COMPLETION)
            self.findings.passed(_TAG)
        elif tag in session.completed:
            self._check(_COMPLETION, False, answer, "one tagged response for each command", response.raw, "again")
        else:
            session.trusted = False
            if tag.encode("utf-8", "surrogateescape") + b" " not in session.sent:  # else it was sent within a literal
                expected = "*, + or the tag of a command in progress"
                self._check(_TAG, False, answer, expected, response.raw, "unknown-tag")

    # -- what an answer must hold -----------------------------------------------------------------------------------

    def _after(self, answer: ImapAnswer, session: _Session) -> None:
        untagged = [each for each in answer.responses if isinstance(each, UntaggedResponse)]
        if answer.name in ("SELECT", "EXAMINE") and answer.tagged is not None:
            self._selected(answer, untagged, session)
        elif answer.name in ("CLOSE", "UNSELECT", "LOGOUT") and answer.ok:
            session.view.open(b"")
        elif answer.name == "LOGIN" and answer.ok:
            session.view.account = login_name(answer) or session.view.account
        if not answer.ok or not answer.alone:
            return
        names = [each.name for each in untagged]
        shown = answer.exchange.reply
        if answer.name == "LOGOUT":
            self._check(_BYE, "BYE" in names, answer, "* BYE before the tagged OK", shown, "no-bye")
        elif answer.name == "CAPABILITY":
            count = names.count("CAPABILITY")
            self._check(
                _CAPABILITY, count == 1, answer, "one untagged CAPABILITY", shown, f"capability:{min(count, 2)}"
            )
        elif answer.name in ("SEARCH", "UID SEARCH") and not answer.arguments.upper().startswith(b"RETURN"):
            found = "SEARCH" in names or "ESEARCH" in names
            self._check(_SEARCH, found, answer, "an untagged SEARCH before the tagged OK", shown, "no-search")

    def _selected(self, answer: ImapAnswer, untagged: Sequence[UntaggedResponse], session: _Session) -> None:
        if not answer.ok:
            session.view.open(b"")
            return
        session.view.selected(answer, untagged[-1] if untagged else None)
        if not answer.alone:
            return
        given = {each.name for each in untagged} | {f"[{each.code.name}]" for each in untagged if each.code}
        tagged = answer.tagged
        code = tagged.code.name if tagged is not None and tagged.code is not None else ""
        for requirement, name in _SELECT:
            if name == "RECENT" and session.dialect.rev2:
                continue
            what = _EXAMINE if answer.name == "EXAMINE" else requirement
            self._check(
                what, name in given, answer, f"{name} before the tagged OK", answer.exchange.reply, f"no-{name}"
            )
        if answer.name == "EXAMINE":
            self._check(
                _READ_ONLY, code == "READ-ONLY", answer, "OK [READ-ONLY]", answer.exchange.reply, "no-read-only"
            )
        flags = [each for each in untagged if each.name == "FLAGS" and not each.fault]
        if flags and flags[-1].arguments and isinstance(flags[-1].arguments[0], Items):
            items = flags[-1].arguments[0].items
            listed = {each.upper for each in items if isinstance(each, Scalar)}
            self._check(_SYSTEM_FLAGS, listed >= _FIVE, answer, "the five system flags", flags[-1].raw, "flags:missing")


def validate(exchanges: Sequence[Exchange], capabilities: Capabilities | None = None) -> Report:
    """Judge every IMAP exchange of a transcript. `capabilities` is what the target announced elsewhere."""
    own = [(index, exchange) for index, exchange in enumerate(exchanges) if exchange.protocol == "imap"]
    by_session: dict[int, list[tuple[int, Exchange]]] = {}
    for index, exchange in own:
        by_session.setdefault(exchange.session, []).append((index, exchange))
    lonely: dict[int, bool] = {}
    for pairs in by_session.values():
        for (index, _), single in zip(pairs, alone([exchange for _, exchange in pairs]), strict=True):
            lonely[index] = single
    sent = {session: b"\n".join(each.command or b"" for _, each in pairs) for session, pairs in by_session.items()}
    validation = _Validation(sent)
    for index, exchange in own:
        validation.take(index, exchange, alone=lonely[index])
    return validation.findings.report()
