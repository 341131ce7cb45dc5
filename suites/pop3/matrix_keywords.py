"""Keywords in lower and mixed case (RFC 1939 §3), and keywords that no server knows."""

from __future__ import annotations

from suites.pop3.dialogue_text import dialogue, expecting

ANY_CASE = "RFC1939-3-c"

#: Keyword, argument, positive response line, body steps, capability.
TRANSACTION_KEYWORDS: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("stat", "", "+OK 1 <number> <any>", (), ""),
    ("list", "1", "+OK 1 <number> <any>", (), ""),
    ("retr", "1", "+OK", ("S: <message $m1>",), ""),
    ("dele", "1", "+OK", (), ""),
    ("noop", "", "+OK", (), ""),
    ("rset", "", "+OK", (), ""),
    ("quit", "", "+OK", (), ""),
    ("top", "1 0", "+OK", (), "TOP"),
    ("uidl", "1", "+OK 1 <unique-id>", (), "UIDL"),
)

#: Case id's last part, title, and what is sent (as in `C!`).
UNKNOWN = (
    ("unknown-keyword", "A keyword of no RFC", "C: XYZZ"),
    ("unknown-keyword-with-argument", "An unknown keyword with an argument", "C: XTND XMIT"),
    ("keyword-of-another-protocol", "A keyword of SMTP", "C: HELO"),
    ("long-unknown-keyword", "A keyword of forty letters", "C: " + "ABCDEFGHIJ" * 4),
    ("keyword-cut-short", "A keyword that lacks its last letter", "C: RET 1"),
    ("keyword-with-letter-too-much", "A keyword with a letter too much", "C: STATX"),
    ("keyword-and-number-run-together", "A keyword and its argument run together", "C: RETR1"),
)


def _mixed(word: str) -> str:
    return "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(word))


def _spelt(style: str, spelt: str, row: tuple[str, str, str, tuple[str, ...], str]) -> tuple[str, str]:
    word, argument, pattern, body, requires = row
    steps = [f"C: {spelt} {argument}".rstrip(), expecting(pattern, ANY_CASE), *body]
    title = f"{word.upper()} in {style} case works"
    return (
        f"pop3/rfc1939-3/{word}-in-{style}-case",
        dialogue(title, steps, messages="1 plain", requires=requires),
    )


def _login(style: str, user: str, password: str) -> tuple[str, str]:
    steps = [
        f"C: {user} $user",
        expecting("+OK", ANY_CASE),
        f"C: {password} $password",
        expecting("+OK", ANY_CASE),
        "C: STAT",
        expecting("+OK 1 <number> <any>"),
    ]
    title = f"USER and PASS in {style} case log in"
    return f"pop3/rfc1939-3/login-in-{style}-case", dialogue(title, steps, start="greeted", messages="1 plain")


def _unknown(slug: str, title: str, sent: str, start: str, where: str) -> tuple[str, str]:
    inside = start == "transaction"
    probe = ["C: STAT", expecting("+OK 1 <number> <any>")] if inside else ["C: QUIT", expecting("+OK")]
    steps = [sent, expecting("-ERR", "RFC1939-3-p"), *probe]
    return f"pop3/rfc1939-3/{slug}-{where}", dialogue(
        f"{title} is refused {where.replace('-', ' ')}", steps, start=start, messages="1 plain" if inside else ""
    )


def cases() -> list[tuple[str, str]]:
    """Each keyword in two spellings, and each unknown keyword in both states."""
    found: list[tuple[str, str]] = []
    for row in TRANSACTION_KEYWORDS:
        found += [_spelt("lower", row[0], row), _spelt("mixed", _mixed(row[0]), row)]
    found += [_login("lower", "user", "pass"), _login("mixed", "uSeR", "PasS")]
    for slug, title, sent in UNKNOWN:
        found += [
            _unknown(slug, title, sent, "greeted", "before-login"),
            _unknown(slug, title, sent, "transaction", "after-login"),
        ]
    return found
