"""The strict validator of IMAP: what it accuses of what, and what it must not accuse."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.requirements.catalogue import Catalogue
from harness.tests.test_layers import ROOT
from harness.transcript import Exchange
from harness.wire.findings import Report
from harness.wire.imap_validator import REQUIREMENTS, validate

#: A command without its tag (None: none is under way) and the reply, where `{tag}` stands for the tag.
Turn = tuple[bytes | None, bytes]

GREETING: Turn = (None, b"* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n")
SELECT: Turn = (
    b"SELECT INBOX",
    b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)\r\n"
    b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Limited\r\n"
    b"* 3 EXISTS\r\n* 1 RECENT\r\n* OK [UNSEEN 2] first\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 20] next\r\n"
    b"{tag} OK [READ-WRITE] selected\r\n",
)
BODY = b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 12 1)'
ENVELOPE = (
    b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "s" (("A" NIL "a" "x.test")) (("A" NIL "a" "x.test")) '
    b'((NIL NIL "group" NIL)(NIL NIL "b" "x.test")(NIL NIL NIL NIL)) NIL NIL NIL NIL "<1@x.test>")'
)


def exchanges(turns: Sequence[Turn], session: int = 1) -> list[Exchange]:
    made: list[Exchange] = []
    for number, (command, reply) in enumerate(turns):
        tag = b"P%d" % number
        line = None if command is None else tag + b" " + command
        made.append(Exchange(session, "imap", line, reply.replace(b"{tag}", tag), 2 * number, 2 * number + 1))
    return made


def judge(*turns: Turn) -> Report:
    return validate(exchanges([GREETING, *turns]))


def accused(*turns: Turn) -> list[tuple[str, str]]:
    return [(violation.requirement, violation.kind) for violation in judge(*turns).violations]


GOOD: list[Turn] = [
    (b"CAPABILITY", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\n{tag} OK done\r\n"),
    (b"ID NIL", b'* ID ("name" "x" "version" NIL)\r\n{tag} OK done\r\n'),
    (b"AUTHENTICATE PLAIN", b"+ \r\n{tag} OK [CAPABILITY IMAP4rev1] in\r\n"),
    (b"NAMESPACE", b'* NAMESPACE (("" "/")) NIL (("#shared/" "/")("#x" NIL "X-A" ("b" "c")))\r\n{tag} OK done\r\n'),
    (b'LIST "" *', b'* LIST (\\Marked \\HasNoChildren) "/" INBOX\r\n* LIST () NIL {3}\r\na b\r\n{tag} OK done\r\n'),
    (b"STATUS x (MESSAGES)", b'* STATUS "x y" (MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ 9000000000)\r\n{tag} OK done\r\n'),
    SELECT,
    (b"FETCH 1:* (UID)", b"* 1 FETCH (UID 3)\r\n* 2 FETCH (UID 9)\r\n* 3 FETCH (UID 12)\r\n{tag} OK done\r\n"),
    (
        b"FETCH 1 ALL",
        b'* 1 FETCH (FLAGS (\\Seen \\Recent $Junk) INTERNALDATE " 7-Jul-1996 02:44:25 -0700" RFC822.SIZE 12 '
        b"ENVELOPE " + ENVELOPE + b")\r\n{tag} OK done\r\n",
    ),
    (b"FETCH 1 (BODY BODYSTRUCTURE)", b"* 1 FETCH (BODY %b BODYSTRUCTURE %b)\r\n{tag} OK done\r\n" % (BODY, BODY)),
    (
        b"FETCH 2 BODYSTRUCTURE",
        b"* 2 FETCH (BODYSTRUCTURE (" + BODY[:-1] + b' NIL ("inline" NIL) ("en" "de") "loc")'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 5 ' + ENVELOPE + b" " + BODY + b" 3 NIL NIL NIL)"
        b' "MIXED" ("boundary" "x") NIL "en" NIL))\r\n{tag} OK done\r\n',
    ),
    (b"UID FETCH 3 BODY[]", b"* 1 FETCH (UID 3 BODY[] {12}\r\nA: b\r\n\r\nxyzt)\r\n{tag} OK done\r\n"),
    (
        b"FETCH 1 (BODY[HEADER.FIELDS (A)]<0.2> BODY[1.2.MIME] BINARY[1] BINARY.SIZE[1])",
        b'* 1 FETCH (BODY[HEADER.FIELDS ("A")]<0> "A:" BODY[1.2.MIME] NIL BINARY[1] ~{1}\r\n\0 BINARY.SIZE[1] 1)\r\n'
        b"{tag} OK done\r\n",
    ),
    (b"SEARCH ALL", b"* SEARCH 1 2 3\r\n{tag} OK done\r\n"),
    (b"SEARCH MODSEQ 3", b"* SEARCH 1 (MODSEQ 900)\r\n{tag} OK done\r\n"),
    (b"SEARCH RETURN (ALL) ALL", b'* ESEARCH (TAG "P1") UID COUNT 2 ALL 1:3,5\r\n{tag} OK done\r\n'),
    (b"SORT (DATE) UTF-8 ALL", b"* SORT\r\n{tag} OK done\r\n"),
    (b"STORE 1 FLAGS ()", b"* 1 FETCH (FLAGS () MODSEQ (12))\r\n{tag} OK [HIGHESTMODSEQ 12] done\r\n"),
    (b"COPY 1 x", b"{tag} OK [COPYUID 1 3,5:7 1:4] done\r\n"),
    (b"NOOP", b"* 2 EXPUNGE\r\n* 2 FETCH (UID 12)\r\n* 3 EXISTS\r\n* 3 FETCH (UID 20)\r\n{tag} OK done\r\n"),
    (b"GETQUOTA x", b'* QUOTA "" (STORAGE 10 512 MESSAGE 1 2)\r\n* QUOTAROOT INBOX ""\r\n{tag} OK done\r\n'),
    (b"WHAT", b"* XDATA (anything) {2}\r\nhi\r\n{tag} NO [XCODE any text (here)] no\r\n"),
    (b"LOGOUT", b"* BYE bye\r\n{tag} OK done\r\n"),
]


def test_what_is_right_is_not_accused() -> None:
    report = judge(*GOOD)
    assert report.violations == ()
    assert len(report.checked) > 50
    assert set(report.checked) <= REQUIREMENTS


def test_every_requirement_is_in_the_catalogue_and_can_be_tested() -> None:
    known = {each.id: each for each in Catalogue.load(ROOT / "suites" / "requirements")}
    assert {name for name in REQUIREMENTS if name not in known} == set()
    assert {name for name in REQUIREMENTS if known[name].untestable} == set()


BAD: list[tuple[str, str, list[Turn]]] = [
    ("RFC3501-2.2-b", "line-end:lf", [(b"NOOP", b"{tag} OK done\n")]),
    ("RFC3501-9-f", "nul", [(b"NOOP", b"{tag} OK do\0ne\r\n")]),
    ("RFC3501-2.2.2-e", "condition", [(b"NOOP", b"{tag} DONE done\r\n")]),
    ("RFC3501-2.2.2-a", "unknown-tag", [(b"NOOP", b"Q9 OK done\r\n{tag} OK done\r\n")]),
    ("RFC3501-2.2.2-c", "again", [(b"NOOP", b"{tag} OK done\r\n"), (b"NOOP", b"P1 OK again\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-bg", "text:missing", [(b"NOOP", b"{tag} OK [ALERT]\r\n")]),
    ("RFC3501-9-bh", "text:8-bit", [(b"NOOP", b"{tag} OK d\xc3\xb6ne\r\n")]),
    ("RFC3501-9-bi", "code:not-closed", [(b"NOOP", b"{tag} OK [READ-ONLY now] done\r\n")]),
    ("RFC3501-9-bd", "number:zero", [(b"NOOP", b"* OK [UIDNEXT 0] x\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-ae", "continuation:no-space", [(b"IDLE", b"+\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-o", "challenge:not-base64", [(b"AUTHENTICATE SCRAM-SHA-256", b"+ r=x,i=1\r\n{tag} NO no\r\n")]),
    ("RFC4315-4-b", "appenduid", [(b"APPEND x", b"{tag} OK [APPENDUID 1 *] done\r\n")]),
    ("RFC3501-9-d", "space:several", [(b"SEARCH ALL", b"* SEARCH 1  2\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-d", "space:in-bracket", [(b"NOOP", b"* FLAGS ( \\Seen)\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-d", "space:in-bracket", [(b"NOOP", b"* FLAGS (\\Seen )\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-d", "space:at-end", [(b"NOOP", b"* 3 EXISTS \r\n{tag} OK done\r\n")]),
    ("RFC3501-9-aw", "space:at-end", [(b"SEARCH ALL", b"* SEARCH \r\n{tag} OK done\r\n")]),
    ("RFC3501-9-aw", "not-a-number", [(b"SEARCH ALL", b"* SEARCH x\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-bc", "number:too-big", [(b"NOOP", b"* 4294967296 EXISTS\r\n{tag} OK done\r\n")]),
    ("RFC3501-4.2-a", "not-a-number", [(b"NOOP", b"* 1 FETCH (RFC822.SIZE -1)\r\n{tag} OK done\r\n")]),
    ("RFC3501-4.3-f", "quoted:8-bit", [(b"X", b'* LIST () "/" "\xc3\xb6"\r\n{tag} OK done\r\n')]),
    ("RFC3501-9-be", "quoted:escape", [(b"X", b'* LIST () "/" "a\\b"\r\n{tag} OK done\r\n')]),
    ("RFC3501-5.1-b", "mailbox:8-bit", [(b"X", b'* LIST () "/" {2}\r\n\xc3\xb6\r\n{tag} OK done\r\n')]),
    ("RFC3501-4.3-e", "literal:count", [(b"X", b"* 1 FETCH (BODY[] {2}\r\nabc)\r\n{tag} OK done\r\n")]),
    ("RFC3501-4.3.1-c", "literal:nul", [(b"X", b"* 1 FETCH (BODY[] {2}\r\na\0)\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-au", "delimiter:length", [(b"X", b'* LIST () "//" x\r\n{tag} OK done\r\n')]),
    ("RFC3501-9-au", "attribute:no-backslash", [(b"X", b'* LIST (Marked) "/" x\r\n{tag} OK done\r\n')]),
    ("RFC3501-9-av", "attribute:several", [(b"X", b'* LIST (\\Marked \\Noselect) "/" x\r\n{tag} OK done\r\n')]),
    (
        "RFC3348-3-i",
        "attribute:contradiction",
        [(b"X", b'* LIST (\\HasChildren \\HasNoChildren) "/" x\r\n{tag} OK done\r\n')],
    ),
    ("RFC3501-9-ax", "not-a-list", [(b"X", b"* STATUS x MESSAGES\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-ba", "empty-list", [(b"X", b"* 1 FETCH ()\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-az", "number:unknown-name", [(b"EXPUNGE", b"* 1 EXPUNGED\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-bb", "not-a-string", [(b"X", b"* 1 FETCH (BODY[TEXT] hello)\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-ao", "flag:recent", [(b"X", b"* FLAGS (\\Recent)\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-ao", "flag:wildcard", [(b"X", b"* 1 FETCH (FLAGS (\\*))\r\n{tag} OK done\r\n")]),
    ("RFC3501-9-am", "flag:undefined", [(b"X", b"* 1 FETCH (FLAGS (\\Spam))\r\n{tag} OK done\r\n")]),
    (
        "RFC3501-9-ai",
        "date-time",
        [(b"X", b'* 1 FETCH (INTERNALDATE "7-Jul-1996 02:44:25 -0700")\r\n{tag} OK done\r\n')],
    ),
    (
        "RFC3501-9-bz",
        "date-time:zone",
        [(b"X", b'* 1 FETCH (INTERNALDATE "17-Jul-1996 02:44:25 GMT")\r\n{tag} OK x\r\n')],
    ),
    ("RFC3501-9-aj", "envelope:empty-list", [(b"X", b"* 1 FETCH (ENVELOPE (NIL NIL () NIL))\r\n{tag} OK x\r\n")]),
    ("RFC3501-9-g", "not-a-string", [(b"X", b"* 1 FETCH (ENVELOPE (NIL NIL ((NIL NIL a b))))\r\n{tag} OK x\r\n")]),
    ("RFC3501-9-w", "encoding:nil", [(b"X", b'* 1 FETCH (BODY ("A" "B" NIL NIL NIL NIL 3))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-s", "empty-list", [(b"X", b'* 1 FETCH (BODY ("A" "B" () NIL NIL "7BIT" 3))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-s", "parameters:odd", [(b"X", b'* 1 FETCH (BODY ("A" "B" ("c") NIL NIL "7BIT" 3))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-x", "not-a-number", [(b"X", b'* 1 FETCH (BODY ("A" "B" NIL NIL NIL "7BIT" -1))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-aa", "media:nil", [(b"X", b'* 1 FETCH (BODY (NIL "B" NIL NIL NIL "7BIT" 1))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-aa", "media:nil", [(b"X", b'* 1 FETCH (BODY ("A" NIL NIL NIL NIL "7BIT" 1))\r\n{tag} OK x\r\n')]),
    ("RFC3501-9-z", "body:no-parts", [(b"X", b"* 1 FETCH (BODY ())\r\n{tag} OK x\r\n")]),
    (
        "RFC3501-9-r",
        "body:extension-data",
        [(b"X", b'* 1 FETCH (BODY ("A" "B" NIL NIL NIL "7BIT" 1 NIL))\r\n{tag} OK x\r\n')],
    ),
    (
        "RFC3501-9-q",
        "body:undefined-extension",
        [(b"X", b'* 1 FETCH (BODYSTRUCTURE ("A" "B" NIL NIL NIL "7BIT" 1 NIL NIL NIL NIL 5))\r\n{tag} OK x\r\n')],
    ),
    (
        "RFC3501-9-y",
        "message:basic",
        [(b"X", b'* 1 FETCH (BODY ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 1))\r\n{tag} OK x\r\n')],
    ),
    ("RFC3501-7.2.1-a", "capability:no-imap4rev1", [(b"CAPABILITY", b"* CAPABILITY IDLE\r\n{tag} OK done\r\n")]),
    ("RFC3501-6.1.1-a", "capability:0", [(b"CAPABILITY", b"{tag} OK done\r\n")]),
    ("RFC3501-6.1.3-a", "no-bye", [(b"LOGOUT", b"{tag} OK done\r\n")]),
    ("RFC3501-6.4.4-a", "no-search", [(b"SEARCH SEEN", b"{tag} OK done\r\n")]),
    ("RFC2342-6-a", "namespace:not-a-list", [(b"NAMESPACE", b'* NAMESPACE "" NIL NIL\r\n{tag} OK done\r\n')]),
    ("RFC9208-4.2.1-a", "quota:not-triplets", [(b"GETQUOTA x", b'* QUOTA "" (STORAGE 1)\r\n{tag} OK done\r\n')]),
    ("RFC3501-6.3.1-g", "no-[UIDVALIDITY]", [(SELECT[0], SELECT[1].replace(b"UIDVALIDITY", b"XUID"))]),
    ("RFC3501-6.3.2-e", "no-read-only", [(b"EXAMINE INBOX", SELECT[1])]),
    ("RFC3501-7.2.6-a", "flags:missing", [(SELECT[0], SELECT[1].replace(b"FLAGS (\\Answered ", b"FLAGS (", 1))]),
    ("RFC3501-7.3.2-a", "recent:more-than-exists", [(SELECT[0], SELECT[1].replace(b"* 1 RECENT", b"* 9 RECENT"))]),
    ("RFC3501-5.2-c", "exists:fewer", [SELECT, (b"NOOP", b"* 2 EXISTS\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.3.1-b", "number:unknown", [SELECT, (b"NOOP", b"* 4 FETCH (FLAGS ())\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.3.1-b", "number:unknown", [SELECT, (b"SEARCH ALL", b"* SEARCH 4\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.4.1-c", "number:unknown", [SELECT, (b"NOOP", b"* 4 EXPUNGE\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.4.1-d", "expunge", [SELECT, (None, b"* 1 EXPUNGE\r\n")]),
    ("RFC3501-7.4.1-e", "expunge", [SELECT, (b"FETCH 1 FLAGS", b"* 1 EXPUNGE\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.4.1-f", "expunge", [SELECT, (b"STORE 1 FLAGS ()", b"* 1 EXPUNGE\r\n{tag} OK done\r\n")]),
    ("RFC3501-7.4.1-g", "expunge", [SELECT, (b"SEARCH ALL", b"* 1 EXPUNGE\r\n* SEARCH\r\n{tag} OK done\r\n")]),
    ("RFC3501-6.4.2-c", "expunge", [SELECT, (b"CLOSE", b"* 1 EXPUNGE\r\n{tag} OK done\r\n")]),
    (
        "RFC3501-2.3.1.2-a",
        "uid:order",
        [SELECT, (b"NOOP", b"* 1 FETCH (UID 9)\r\n* 2 FETCH (UID 8)\r\n{tag} OK done\r\n")],
    ),
    (
        "RFC3501-2.3.1.1-c",
        "uid:changed",
        [SELECT, (b"NOOP", b"* 1 FETCH (UID 3)\r\n* 1 FETCH (UID 4)\r\n{tag} OK done\r\n")],
    ),
    (
        "RFC3501-2.3.1.1-h",
        "uid:below-uidnext",
        [SELECT, (b"NOOP", b"* 4 EXISTS\r\n* 4 FETCH (UID 19)\r\n{tag} OK done\r\n")],
    ),
    (
        "RFC3501-2.3.1.1-e",
        "uidvalidity:smaller",
        [SELECT, (SELECT[0], SELECT[1].replace(b"UIDVALIDITY 7", b"UIDVALIDITY 6"))],
    ),
    (
        "RFC3501-6.4.5-c",
        "static:RFC822.SIZE",
        [SELECT, (b"X", b"* 1 FETCH (UID 3 RFC822.SIZE 9)\r\n* 1 FETCH (RFC822.SIZE 8)\r\n{tag} OK done\r\n")],
    ),
    (
        "RFC3501-2.3.4-a",
        "size",
        [SELECT, (b"X", b'* 1 FETCH (UID 3 RFC822.SIZE 9 BODY[] "12345678")\r\n{tag} OK done\r\n')],
    ),
    ("RFC3501-7.4.2-b", "origin", [SELECT, (b"FETCH 1 BODY[]", b'* 1 FETCH (BODY[]<0> "x")\r\n{tag} OK done\r\n')]),
    (
        "RFC3501-6.4.8-j",
        "uid:missing",
        [SELECT, (b"UID FETCH 3 BODY[]", b'* 1 FETCH (BODY[] "x")\r\n{tag} OK done\r\n')],
    ),
]


@pytest.mark.parametrize(("requirement", "kind", "turns"), BAD)
def test_what_is_wrong_is_accused(requirement: str, kind: str, turns: list[Turn]) -> None:
    assert accused(*turns) == [(requirement, kind)]


def test_the_greeting() -> None:
    report = validate(exchanges([(None, b"* 3 EXISTS\r\n")]))
    assert [(each.requirement, each.kind) for each in report.violations] == [("RFC3501-9-ap", "no-greeting")]


FAIR: list[list[Turn]] = [
    # UTF-8 was enabled.
    [
        (b"ENABLE UTF8=ACCEPT", b"* ENABLED UTF8=ACCEPT\r\n{tag} OK done\r\n"),
        (b"X", b'* LIST () "/" "\xc3\xb6"\r\n{tag} OK x\r\n'),
    ],
    # EXPUNGE in the answer to a UID command (RFC 3501 §7.4.1).
    [SELECT, (b"UID FETCH 3 FLAGS", b"* 1 EXPUNGE\r\n{tag} OK done\r\n")],
    # A FETCH of flags that came by itself need not have the UID.
    [SELECT, (b"UID FETCH 3 FLAGS", b"* 2 FETCH (FLAGS ())\r\n{tag} OK done\r\n")],
    # Another mailbox has other messages and another UIDVALIDITY.
    [
        SELECT,
        (b"SELECT x", SELECT[1].replace(b"* 3 EXISTS", b"* 1 EXISTS").replace(b"UIDVALIDITY 7", b"UIDVALIDITY 3")),
    ],
    # A mailbox that was made anew.
    [SELECT, (b"DELETE INBOX", b"{tag} OK x\r\n"), (SELECT[0], SELECT[1].replace(b"UIDVALIDITY 7", b"UIDVALIDITY 3"))],
    # An untagged BAD for a line without a tag.
    [(b"", b"* BAD what\r\n")],
    # What follows octets that a server may read as other commands.
    [(b"LOGIN {3}\r\na\0b x", b"Q1 OK [x\r\n"), (b"NOOP", b"Q2 OK done\r\n")],
    # The text of a status response may begin with a space.
    [(b"NOOP", b"{tag} BAD  no\r\n")],
    # What was sent as a literal may be read as a command by a server that refused the literal.
    [(b"LOGIN {10+}\r\nx9 LOGOUT\r", b"{tag} BAD no\r\nx9 OK out\r\n")],
    # QRESYNC sends flags of old messages while it selects.
    [(b"SELECT INBOX (QRESYNC (7 5))", SELECT[1].replace(b"{tag}", b"* 1 FETCH (UID 3 FLAGS () MODSEQ (6))\r\n{tag}"))],
    # VANISHED while it selects: which of the messages are older than UIDNEXT is not known then.
    [
        (SELECT[0], SELECT[1].replace(b"{tag}", b"* VANISHED 4\r\n{tag}")),
        (b"NOOP", b"* 2 FETCH (UID 3 FLAGS ())\r\n{tag} OK done\r\n"),
    ],
    # 63 bits for a mod-sequence, and no text behind a bare OK.
    [(b"X", b"* 1 FETCH (MODSEQ (9223372036854775807))\r\n{tag} OK\r\n")],
    # A body nested deeper than anybody need read.
    [(b"X", b"* 1 FETCH (BODY " + b"(" * 500 + b")" * 500 + b")\r\n{tag} OK x\r\n")],
]


@pytest.mark.parametrize("turns", FAIR)
def test_what_must_not_be_accused(turns: list[Turn]) -> None:
    assert accused(*turns) == []


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (b"LOGIN alice x", b'LOGIN "alice" y', True),
        (b"LOGIN {5}\r\nalice x", b'LOGIN "al\\ice" y', True),
        (b"LOGIN alice x", b"LOGIN {3+}\r\nbob x", False),
        (b"AUTHENTICATE PLAIN", b"AUTHENTICATE PLAIN", False),  # who that was is not to be seen
    ],
)
def test_mailboxes_of_one_name_are_told_apart_by_who_is_logged_in(first: bytes, second: bytes, same: bool) -> None:
    smaller: Turn = (SELECT[0], SELECT[1].replace(b"UIDVALIDITY 7", b"UIDVALIDITY 6"))
    one = exchanges([GREETING, (first, b"{tag} OK in\r\n"), SELECT])
    other = exchanges([GREETING, (second, b"{tag} OK in\r\n"), smaller], session=2)
    found = [violation.requirement for violation in validate([*one, *other]).violations]
    assert found == ["RFC3501-2.3.1.1-e"] * same


def test_a_pipelined_expunge_may_be_of_either_command() -> None:
    made = exchanges([GREETING, SELECT])
    made.append(Exchange(1, "imap", b"A FETCH 1 FLAGS", b"* 1 EXPUNGE\r\nA OK done\r\n", 10, 12))
    made.append(Exchange(1, "imap", b"B NOOP", b"B OK done\r\n", 11, 13))
    assert validate(made).violations == ()


def test_an_answer_that_ended_early_ends_the_session() -> None:
    made = exchanges([GREETING])
    made.append(Exchange(1, "imap", b"A NOOP", b"* 1 EXP", 10, 12, complete=False))
    made.append(Exchange(1, "imap", b"B NOOP", b"C OK done\n", 13, 14))
    assert validate(made).violations == ()
