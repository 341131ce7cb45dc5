"""Whether a target can be tested at all: greeting, login, a message in and out again, goodbye.

Where one of these is not green, harness, container or profile is broken, or the server is far from conforming; run
`postel doctor` before reading further results.
"""

from __future__ import annotations

from harness.cases import Case
from suites.gathering import generated
from suites.pop3.dialogue_text import dialogue, expecting

_GOODBYE = ("C: QUIT", expecting("+OK", "RFC1939-4.QUIT-a"), expecting("<eof>", "RFC1939-3-o"))

DIALOGUES: tuple[tuple[str, str], ...] = (
    (
        "smoke/pop3/greeting-and-goodbye",
        dialogue(
            "The server greets and says goodbye",
            [expecting("+OK", "RFC1939-4-b"), *_GOODBYE],
            start="connected",
        ),
    ),
    (
        "smoke/pop3/login",
        dialogue(
            "The account of the profile logs in and finds its maildrop empty",
            [
                "C: USER $user",
                expecting("+OK", "RFC1939-7.USER-c"),
                "C: PASS $password",
                expecting("+OK", "RFC1939-7.PASS-c"),
                "C: STAT",
                expecting("+OK 0 0 <any>", "RFC1939-5.STAT-c"),
            ],
            start="greeted",
        ),
    ),
    (
        "smoke/pop3/message-in-and-out",
        dialogue(
            "A message that is loaded is listed and comes back octet by octet",
            [
                "C: LIST",
                expecting("+OK", "RFC1939-5.LIST-d"),
                expecting("1 <octets $m1> <any>", "RFC1939-5.LIST-f"),
                expecting(".", "RFC1939-5.LIST-d"),
                "C: RETR 1",
                expecting("+OK", "RFC1939-5.RETR-d"),
                expecting("<message $m1>", "RFC1939-5.RETR-e"),
            ],
            messages="1 plain",
        ),
    ),
    (
        "smoke/pop3/message-is-deleted",
        dialogue(
            "A message that is marked is gone in the next session, so that mailboxes can be emptied",
            [
                "C: DELE 1",
                expecting("+OK", "RFC1939-5.DELE-d"),
                "C: QUIT",
                expecting("+OK", "RFC1939-6.QUIT-b"),
                expecting("<eof>", "RFC1939-6.QUIT-f"),
                "C2: STAT",
                expecting("+OK 0 0 <any>", "RFC1939-6.QUIT-a").replace("S:", "S2:", 1),
            ],
            messages="1 plain",
        ),
    ),
    (
        "smoke/pop3/nonsense-is-refused",
        dialogue(
            "A command that nobody knows is refused, and the session goes on",
            [
                "C: XYZZ",
                expecting("-ERR", "RFC1939-3-p"),
                "C: NOOP",
                expecting("+OK", "RFC1939-5.NOOP-b"),
            ],
        ),
    ),
)

CASES: tuple[Case, ...] = tuple(generated(DIALOGUES))
