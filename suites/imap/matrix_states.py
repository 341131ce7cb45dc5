"""Each command in each state: refused where it is not valid, accepted where it is (RFC 3501 §3 and §6).

What a command does where it is valid is asked all over the suite; here only whether the state permits it. NO and BAD
are one answer: the RFC leaves the choice.
"""

from __future__ import annotations

from dataclasses import dataclass

from suites.imap.dialogue_text import Generated, dialogue, done, expecting, sent

REFUSED = "NO | BAD"


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that is right but for the state, and the capability that it needs."""

    slug: str
    line: str
    requires: str = ""


#: Valid in the authenticated and the selected state (RFC 3501 §6.3).
AUTHENTICATED = (
    Command("select", "SELECT INBOX"),
    Command("examine", "EXAMINE INBOX"),
    Command("create", "CREATE lantern"),
    Command("delete", "DELETE lantern"),
    Command("rename", "RENAME lantern beacon"),
    Command("subscribe", "SUBSCRIBE INBOX"),
    Command("unsubscribe", "UNSUBSCRIBE INBOX"),
    Command("list", 'LIST "" *'),
    Command("lsub", 'LSUB "" *'),
    Command("status", "STATUS INBOX (MESSAGES)"),
    Command("append", 'APPEND INBOX {literal "Subject: too early\\r\\n\\r\\nNobody is logged in.\\r\\n"}'),
    Command("namespace", "NAMESPACE", "NAMESPACE"),
    Command("enable", "ENABLE CONDSTORE", "ENABLE"),
    Command("getquotaroot", "GETQUOTAROOT INBOX", "QUOTA"),
)

#: Valid in the selected state only (RFC 3501 §6.4).
SELECTED = (
    Command("check", "CHECK"),
    Command("close", "CLOSE"),
    Command("expunge", "EXPUNGE"),
    Command("search", "SEARCH ALL"),
    Command("fetch", "FETCH 1 FLAGS"),
    Command("store", "STORE 1 +FLAGS (\\Seen)"),
    Command("copy", "COPY 1 INBOX"),
    Command("uid-search", "UID SEARCH ALL"),
    Command("uid-fetch", "UID FETCH 1:* FLAGS"),
    Command("uid-store", "UID STORE 1:* +FLAGS (\\Seen)"),
    Command("uid-copy", "UID COPY 1:* INBOX"),
    Command("unselect", "UNSELECT", "UNSELECT"),
    Command("uid-expunge", "UID EXPUNGE 1:*", "UIDPLUS"),
    Command("move", "MOVE 1 INBOX", "MOVE"),
    Command("uid-move", "UID MOVE 1:* INBOX", "MOVE"),
    Command("sort", "SORT (ARRIVAL) UTF-8 ALL", "SORT"),
    Command("thread", "THREAD REFERENCES UTF-8 ALL", "THREAD=REFERENCES"),
)

#: Valid before authentication only (RFC 3501 §6.2).
NOT_AUTHENTICATED = (
    Command("login", 'LOGIN $user "$password"'),
    Command("authenticate", "AUTHENTICATE PLAIN"),
    Command("starttls", "STARTTLS"),
)

#: Valid in every state (RFC 3501 §6.1).
ANY = (
    Command("capability", "CAPABILITY"),
    Command("noop", "NOOP"),
    Command("logout", "LOGOUT"),
)

#: What each state is called in a case id, and the start that brings it about.
STATES = (("before-login", "greeted"), ("without-a-mailbox", "authenticated"), ("with-a-mailbox", "selected"))


def _before_login(command: Command) -> Generated:
    steps = [sent(command.line), expecting(REFUSED, "RFC3501-3.1-a", "RFC3501-3-a")]
    steps += [sent("NOOP"), expecting("OK", "RFC3501-6.1-a")]
    title = f"{command.slug.upper()} before a login is refused"
    text = dialogue(title, steps, start="greeted", requires=command.requires)
    return f"imap/rfc3501-3.1/{command.slug}-before-login", text


def _without_mailbox(command: Command) -> Generated:
    steps = [sent(command.line), expecting(REFUSED, "RFC3501-3.2-a", "RFC3501-3-a")]
    steps += [sent("STATUS INBOX (MESSAGES UNSEEN)")]
    steps += [expecting("* STATUS INBOX (MESSAGES 1 UNSEEN 1)", "RFC3501-3.2-a"), "S: OK"]
    title = f"{command.slug.upper()} without a selected mailbox is refused and does nothing"
    text = dialogue(title, steps, messages="1 plain", requires=command.requires)
    return f"imap/rfc3501-3.2/{command.slug}-without-a-mailbox", text


def _after_close(command: Command) -> Generated:
    steps = [*done("CLOSE"), sent(command.line), expecting(REFUSED, "RFC3501-6.4.2-b")]
    title = f"{command.slug.upper()} after CLOSE is refused"
    text = dialogue(title, steps, start="selected", messages="1 plain", requires=command.requires)
    return f"imap/rfc3501-6.4.2/{command.slug}-after-close", text


def _no_way_back(command: Command, state: str, start: str) -> Generated:
    steps = [sent(command.line), expecting(REFUSED, "RFC3501-6.2-b")]
    if start == "selected":
        steps += [sent("FETCH 1 UID"), expecting("* 1 FETCH (UID $m1)", "RFC3501-6-a")]
        steps += [expecting("OK", "RFC3501-6-a")]
    else:
        steps += [sent("STATUS INBOX (MESSAGES)"), expecting("OK", "RFC3501-6.2-b")]
    title = f"{command.slug.upper()} after a login is refused"
    text = dialogue(title, steps, start=start, messages="1 plain" if start == "selected" else "")
    return f"imap/rfc3501-6.2/{command.slug}-{state}", text


def _any_state(command: Command, state: str, start: str) -> Generated:
    text = dialogue(
        f"{command.slug.upper()} is accepted in this state",
        [sent(command.line), expecting("OK", "RFC3501-6.1-a")],
        start=start,
    )
    return f"imap/rfc3501-6.1/{command.slug}-{state}", text


def _still_accepted(command: Command, state: str, start: str, requirement: str) -> Generated:
    """A command of the authenticated state, made to succeed: the mailbox that it is about exists where it must."""
    before = done("CREATE lantern") if command.slug in ("delete", "rename") else []
    steps = [*before, sent(command.line), expecting("OK", requirement)]
    text = dialogue(f"{command.slug.upper()} is accepted in this state", steps, start=start, requires=command.requires)
    return f"imap/rfc3501-6.3/{command.slug}-{state}", text


def _selected(command: Command) -> Generated:
    steps = [sent(command.line), expecting("OK", "RFC3501-6.4-a")]
    title = f"{command.slug.upper()} is accepted with a selected mailbox"
    text = dialogue(title, steps, start="selected", messages="1 plain", requires=command.requires)
    return f"imap/rfc3501-6.4/{command.slug}-with-a-mailbox", text


def cases() -> list[Generated]:
    """A case for each command in each state."""
    base = [command for command in AUTHENTICATED if not command.requires]
    return [
        *map(_before_login, (*AUTHENTICATED, *SELECTED)),
        *map(_without_mailbox, SELECTED),
        *map(_after_close, [command for command in SELECTED if not command.requires]),
        *[_no_way_back(command, *state) for command in NOT_AUTHENTICATED for state in STATES[1:]],
        *[_any_state(command, *state) for command in ANY for state in STATES],
        *[_still_accepted(command, *STATES[1], "RFC3501-6.3-a") for command in base],
        *[_still_accepted(command, *STATES[2], "RFC3501-6.4-b") for command in base],
        *map(_selected, [command for command in SELECTED if not command.requires]),
    ]
