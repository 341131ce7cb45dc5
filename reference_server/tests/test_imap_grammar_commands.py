from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reference_server.imap import commands as c
from reference_server.imap.commands import ListReturn, ListSelection, StatusItem, StoreMode
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.fetchitems import Attribute
from reference_server.imap.fragmenter import LiteralAnnounced
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.names import MailboxName
from reference_server.imap.parser import RULES, UID_RULES, Announced, announced, parse
from reference_server.imap.response_codes import Code
from reference_server.imap.sets import SAVED_RESULT, SequenceRange, SequenceSet
from reference_server.tests.imap_dialects import BARE, FULL, RESYNCING, REV2, UTF8, command_text, fragments, without

INBOX = MailboxName("INBOX")
FOO = MailboxName("foo")


def numbers(*ranges: tuple[int | None, int | None]) -> SequenceSet:
    return SequenceSet(tuple(SequenceRange(first, last) for first, last in ranges))


ONE = numbers((1, 1))
NOON = datetime(2024, 2, 3, 12, 0, 0, tzinfo=timezone(timedelta(hours=-1, minutes=-30)))

KNOWN = [
    (b"CAPABILITY", c.Capability("a")),
    (b"noop", c.Noop("a")),
    (b"LogOut", c.Logout("a")),
    (b"STARTTLS", c.StartTls("a")),
    (b"CHECK", c.Check("a")),
    (b"CLOSE", c.Close("a")),
    (b"EXPUNGE", c.Expunge("a")),
    (b"LOGIN joe secret", c.Login("a", b"joe", b"secret")),
    (b'LOGIN "jo\\"e\\\\" {3+}\r\n"\r\n', c.Login("a", b'jo"e\\', b'"\r\n')),
    (b"LOGIN ] NIL", c.Login("a", b"]", b"NIL")),
    (b'LOGIN "" {0}\r\n', c.Login("a", b"", b"")),
    (b'LOGIN "{3}" "a\tb\x01"', c.Login("a", b"{3}", b"a\tb\x01")),
    (b"LOGIN {3}\r\n\xe4\xff\n x", c.Login("a", b"\xe4\xff\n", b"x")),
    (b"AUTHENTICATE plain", c.Authenticate("a", "PLAIN", None)),
    (b"SELECT inBox", c.Select("a", INBOX)),
    (b"SELECT {5}\r\ninbox", c.Select("a", INBOX)),
    (b"EXAMINE foo", c.Select("a", FOO, read_only=True)),
    (b'SELECT "NIL"', c.Select("a", MailboxName("NIL"))),
    (b"SELECT !#$&-'+,-.:;<=>?@^_`|[}~]", c.Select("a", MailboxName("!#$&'+,-.:;<=>?@^_`|[}~]"))),
    (b'SELECT "a b%*(){\\"\\\\"', c.Select("a", MailboxName('a b%*(){"\\'))),
    (b"SELECT &AOQ-/inbox", c.Select("a", MailboxName("\u00e4/inbox"))),
    (b"SELECT inbox/Inbox", c.Select("a", MailboxName("INBOX/Inbox"))),
    (b"CREATE foo", c.Create("a", FOO)),
    (b"CREATE foo/", c.Create("a", FOO, for_children=True)),
    (b"DELETE foo", c.Delete("a", FOO)),
    (b"RENAME foo {5}\r\ninbox", c.Rename("a", FOO, INBOX)),
    (b"SUBSCRIBE foo", c.Subscribe("a", FOO)),
    (b"UNSUBSCRIBE foo", c.Unsubscribe("a", FOO)),
    (b'LIST "" *', c.List("a", "", ("*",))),
    (b'LIST "" ""', c.List("a", "", ("",))),
    (b'LIST foo/ "%/*]"', c.List("a", "foo/", ("%/*]",))),
    (b'LIST "" inbox/%', c.List("a", "", ("INBOX/%",))),
    (b'LIST "" &AOQ-*', c.List("a", "", ("\u00e4*",))),
    (b'LIST "" &*', c.List("a", "", ())),
    (b'LIST "&" *', c.List("a", "", ())),
    (b'LSUB "" {1}\r\n%', c.Lsub("a", "", ("%",))),
    (b"STATUS foo (MESSAGES unseen Messages)", c.Status("a", FOO, (StatusItem.MESSAGES, StatusItem.UNSEEN))),
    (b"STATUS foo (RECENT UIDNEXT UIDVALIDITY)",
     c.Status("a", FOO, (StatusItem.RECENT, StatusItem.UIDNEXT, StatusItem.UIDVALIDITY))),
    (b"APPEND foo {3}\r\n\xff\r\n", c.Append("a", FOO, (c.AppendMessage(b"\xff\r\n"),))),
    (b'APPEND foo (\\seen \\SEEN $X $x) " 3-Feb-2024 12:00:00 -0130" {1}\r\nx',
     c.Append("a", FOO, (c.AppendMessage(b"x", ("\\Seen", "$X"), NOON),))),
    (b'APPEND foo () "03-feb-2024 12:00:00 +0000" {1}\r\nx',
     c.Append("a", FOO, (c.AppendMessage(b"x", (), datetime(2024, 2, 3, 12, tzinfo=UTC)),))),
    (b"COPY 1 foo", c.Copy("a", ONE, FOO)),
    (b"UID COPY 1:*,*:3,* foo", c.Copy("a", numbers((1, None), (None, 3), (None, None)), FOO, uid=True)),
    (b"FETCH 4294967295 FLAGS", c.Fetch("a", numbers((4294967295, 4294967295)), (Attribute.FLAGS,))),
    (b"uid fetch 1 (flags)", c.Fetch("a", ONE, (Attribute.FLAGS,), uid=True)),
    (b"STORE 1 FLAGS ()", c.Store("a", ONE, StoreMode.REPLACE, ())),
    (b"STORE 1 +flags.silent (\\ANSWERED x)", c.Store("a", ONE, StoreMode.ADD, ("\\Answered", "x"), silent=True)),
    (b"UID STORE 1 -FLAGS \\Draft \\Foo +x",
     c.Store("a", ONE, StoreMode.REMOVE, ("\\Draft", "\\Foo", "+x"), uid=True)),
]  # fmt: skip

EXTENDED = [
    ("SASL-IR", b"AUTHENTICATE PLAIN AGEAYg==", c.Authenticate("a", "PLAIN", b"\0a\0b")),
    ("SASL-IR", b"AUTHENTICATE PLAIN =", c.Authenticate("a", "PLAIN", b"")),
    ("ID", b"ID nil", c.Id("a", None)),
    ("ID", b"ID ()", c.Id("a", ())),
    ("ID", b'ID ("name" "x" "os" NIL)', c.Id("a", ((b"name", b"x"), (b"os", None)))),
    ("ENABLE", b"ENABLE condstore imap4rev2 X-A", c.Enable("a", ("CONDSTORE", "IMAP4rev2", "X-A"))),
    ("IDLE", b"IDLE", c.Idle("a")),
    ("NAMESPACE", b"NAMESPACE", c.Namespace("a")),
    ("UNSELECT", b"UNSELECT", c.Unselect("a")),
    ("UIDPLUS", b"UID EXPUNGE 1", c.Expunge("a", ONE)),
    ("MOVE", b"MOVE 1 foo", c.Move("a", ONE, FOO)),
    ("MOVE", b"UID MOVE 1 foo", c.Move("a", ONE, FOO, uid=True)),
    ("SEARCHRES", b"UID MOVE $ foo", c.Move("a", SAVED_RESULT, FOO, uid=True)),
    ("CREATE-SPECIAL-USE", b"CREATE foo (USE (\\drafts \\X))",
     c.Create("a", FOO, special_uses=("\\Drafts", "\\X"))),
    ("CREATE-SPECIAL-USE", b"CREATE foo (USE ())", c.Create("a", FOO)),
    ("LIST-EXTENDED", b'LIST () "" *', c.List("a", "", ("*",), extended=True)),
    ("LIST-EXTENDED", b'LIST "" ("" foo {1}\r\n%)', c.List("a", "", ("", "foo", "%"), extended=True)),
    ("LIST-EXTENDED", b'LIST (remote recursivematch SUBSCRIBED) "" * RETURN (children subscribed)',
     c.List("a", "", ("*",), True,
            frozenset({ListSelection.REMOTE, ListSelection.RECURSIVEMATCH, ListSelection.SUBSCRIBED}),
            frozenset({ListReturn.CHILDREN, ListReturn.SUBSCRIBED}))),
    ("LIST-EXTENDED", b'LIST "" * RETURN ()', c.List("a", "", ("*",), extended=True)),
    ("LIST-STATUS", b'LIST "" * RETURN (STATUS (MESSAGES))',
     c.List("a", "", ("*",), extended=True, status=(StatusItem.MESSAGES,))),
    ("SPECIAL-USE", b'LIST (SPECIAL-USE) "" *',
     c.List("a", "", ("*",), extended=True, selection=frozenset({ListSelection.SPECIAL_USE}))),
    ("SPECIAL-USE", b'LIST "" * RETURN (SPECIAL-USE)',
     c.List("a", "", ("*",), extended=True, returns=frozenset({ListReturn.SPECIAL_USE}))),
    ("STATUS=SIZE", b"STATUS foo (SIZE)", c.Status("a", FOO, (StatusItem.SIZE,))),
    ("QUOTA=RES-MESSAGE", b"STATUS foo (DELETED)", c.Status("a", FOO, (StatusItem.DELETED,))),
    ("QUOTA=RES-STORAGE", b"STATUS foo (DELETED-STORAGE)", c.Status("a", FOO, (StatusItem.DELETED_STORAGE,))),
    ("MULTIAPPEND", b"APPEND foo {1}\r\nx (\\Seen) {2}\r\nyy",
     c.Append("a", FOO, (c.AppendMessage(b"x"), c.AppendMessage(b"yy", ("\\Seen",))))),
    ("BINARY", b"APPEND foo ~{2}\r\n\x00x", c.Append("a", FOO, (c.AppendMessage(b"\x00x", binary=True),))),
    ("UTF8=ACCEPT", b"APPEND foo (\\Seen) UTF8 (~{2}\r\n\xc3\xa4)",
     c.Append("a", FOO, (c.AppendMessage(b"\xc3\xa4", ("\\Seen",), binary=True, utf8=True),))),
    ("LITERAL+", b"SELECT {3+}\r\nfoo", c.Select("a", FOO)),
    ("QUOTA", b'GETQUOTA ""', c.GetQuota("a", b"")),
    ("QUOTA", b"GETQUOTAROOT inbox", c.GetQuotaRoot("a", INBOX)),
    ("QUOTASET", b'SETQUOTA "" (STORAGE 512 message 9223372036854775807)',
     c.SetQuota("a", b"", (("STORAGE", 512), ("MESSAGE", 9223372036854775807)))),
    ("QUOTASET", b"SETQUOTA x ()", c.SetQuota("a", b"x", ())),
]  # fmt: skip

CONDSTORE = [
    (b"STATUS foo (HIGHESTMODSEQ)", c.Status("a", FOO, (StatusItem.HIGHESTMODSEQ,))),
    (b"SELECT foo (CONDSTORE)", c.Select("a", FOO, condstore=True)),
    (b"FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775807)",
     c.Fetch("a", ONE, (Attribute.FLAGS,), changed_since=9223372036854775807)),
    (b"STORE 1 (unchangedsince 0) FLAGS x", c.Store("a", ONE, StoreMode.REPLACE, ("x",), unchanged_since=0)),
]  # fmt: skip

QRESYNC = [
    (b"SELECT foo (QRESYNC (1 20))", c.Select("a", FOO, quick_resync=c.QuickResync(1, 20))),
    (b"EXAMINE foo (CONDSTORE QRESYNC (1 20 1))",
     c.Select("a", FOO, True, True, c.QuickResync(1, 20, ONE))),
    (b"SELECT foo (QRESYNC (1 20 (1 5)))",
     c.Select("a", FOO, quick_resync=c.QuickResync(1, 20, None, ONE, numbers((5, 5))))),
    (b"SELECT foo (QRESYNC (1 20 1:5 (1 5:4)))",
     c.Select("a", FOO, quick_resync=c.QuickResync(1, 20, numbers((1, 5)), ONE, numbers((5, 4))))),
    (b"UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
     c.Fetch("a", ONE, (Attribute.FLAGS,), True, 1, vanished=True)),
]  # fmt: skip


def parsed(octets: bytes, dialect: Dialect = FULL) -> c.Command:
    return parse(command_text(b"a " + octets), dialect)


@pytest.mark.parametrize(("octets", "command"), KNOWN)
def test_commands_of_rfc_3501(octets: bytes, command: c.Command) -> None:
    if b"+}" not in octets:
        assert parsed(octets, BARE) == command
    assert parsed(octets) == command


@pytest.mark.parametrize(("extension", "octets", "command"), EXTENDED)
def test_commands_of_extensions_need_their_capability(extension: str, octets: bytes, command: c.Command) -> None:
    assert parsed(octets) == command
    with pytest.raises(BadCommand) as bad:
        parsed(octets, without(extension))
    assert bad.value.tag == "a"


@pytest.mark.parametrize(("octets", "command"), CONDSTORE)
def test_condstore(octets: bytes, command: c.Command) -> None:
    assert parsed(octets) == parsed(octets, without("CONDSTORE")) == command
    with pytest.raises(BadCommand):
        parsed(octets, without("CONDSTORE", "QRESYNC"))


@pytest.mark.parametrize(("octets", "command"), QRESYNC)
def test_qresync_needs_enable(octets: bytes, command: c.Command) -> None:
    assert parsed(octets, RESYNCING) == command
    with pytest.raises(BadCommand):
        parsed(octets)


@pytest.mark.parametrize("octets", [b"MOVE 1 foo", b"UID EXPUNGE $", b"STATUS foo (SIZE DELETED)", b"IDLE", b"ENABLE x",
                                    b'LIST (SUBSCRIBED) "" * RETURN (STATUS (UNSEEN))',
                                    b"SELECT {3+}\r\nfoo"])  # fmt: skip
def test_imap4rev2_includes_extensions(octets: bytes) -> None:
    assert parsed(octets, REV2).tag == "a"
    with pytest.raises(BadCommand):
        parsed(octets, BARE)


BAD = [
    b"", b" NOOP", b"NOOP ", b"NOOP x", b"NOOP\t", b"FOO", b"XFOO", b"UID", b"UID NOOP", b"UID  FETCH 1 FLAGS",
    b"NOOP\x00",
    b"LOGIN", b"LOGIN x", b"LOGIN x ", b"LOGIN  x y", b"LOGIN x y ", b"LOGIN x y z", b"LOGIN x\ty", b'LOGIN "x y',
    b'LOGIN "x"y z',
    b'LOGIN "\\x" y', b'LOGIN "a\rb" y', b'LOGIN "a\nb" y', b'LOGIN "a\x00" y', b'LOGIN "\xe4" y', b"LOGIN \xe4 y",
    b"LOGIN (x) y",
    b"LOGIN x% y", b"LOGIN x* y", b"LOGIN x\\ y", b"LOGIN x{ y", b"LOGIN x{1}\r\ny z", b'LOGIN "x{1}\r\ny" z',
    b"LOGIN {1}\r\nxy z",
    b"LOGIN {2}\r\n\x00x y", b"LOGIN ~{1}\r\nx y", b"LOGIN {1} y", b"LOGIN x\x7f y",
    b"AUTHENTICATE", b"AUTHENTICATE PLAIN AGEAYg", b"AUTHENTICATE PLAIN A===", b"AUTHENTICATE PLAIN ",
    b"AUTHENTICATE PLAIN x x",
    b"AUTHENTICATE PLAIN *", b'AUTHENTICATE "PLAIN"',
    b"SELECT", b"SELECT (foo)", b"SELECT foo ", b"SELECT foo ()", b"SELECT foo (FOO)",
    b"SELECT foo (CONDSTORE CONDSTORE)",
    b"SELECT foo bar", b"SELECT foo%", b'SELECT ""x',
    b"CREATE foo ()", b"CREATE foo (USE)", b"CREATE foo (USE \\Sent)", b"CREATE foo (USE (Sent))",
    b"CREATE foo (X (\\Sent))",
    b"RENAME foo", b"RENAME foo bar baz", b"RENAME foo bar (X)",
    b"LIST", b'LIST ""', b'LIST "" * *', b'LIST "" ()', b'LIST (FOO) "" *', b'LIST (RECURSIVEMATCH) "" *',
    b'LIST (REMOTE RECURSIVEMATCH) "" *', b'LIST (RECURSIVEMATCH SPECIAL-USE) "" *', b'LIST "" * RETURN',
    b'LIST "" * RETURN (FOO)',
    b'LIST "" * RETURN (STATUS)', b'LIST "" * RETURN (STATUS ())',
    b'LIST "" * RETURN (STATUS (UNSEEN) STATUS (SIZE))', b'LIST * ""',
    b'LSUB "" (*)', b'LSUB () "" *', b'LSUB "" * RETURN ()',
    b"STATUS foo", b"STATUS foo ()", b"STATUS foo MESSAGES", b"STATUS foo (FOO)", b"STATUS foo (MESSAGES )",
    b"STATUS foo (MESSAGES",
    b"STATUS foo (MESSAGES  UNSEEN)", b"STATUS foo(MESSAGES)",
    b"APPEND", b"APPEND foo", b"APPEND foo x", b'APPEND foo "x"', b"APPEND foo (\\Recent) {1}\r\nx",
    b"APPEND foo \\Seen {1}\r\nx",
    b'APPEND foo "31-Feb-2024 12:00:00 +0000" {1}\r\nx', b'APPEND foo "1-Feb-2024 12:00:00 +0000" {1}\r\nx',
    b"APPEND foo {1}\r\nx ", b"APPEND foo {1}\r\n\x00", b"APPEND foo {1}\r\nx{1}\r\nx", b"APPEND foo UTF8 ({1}\r\nx)",
    b"APPEND foo UTF8 (~{1}\r\nx", b"APPEND foo (\\Seen){1}\r\nx",
    b'APPEND foo " 3-Feb-2024 12:00:00 +0000" () {1}\r\nx',
    b"APPEND foo (\\*) {1}\r\nx",
    b"COPY 1", b"COPY foo", b"COPY 0 foo", b"COPY 1:0 foo", b"COPY 01 foo", b"COPY 4294967296 foo", b"COPY 1, foo",
    b"COPY ,1 foo",
    b"COPY 1::2 foo", b"COPY 1:2:3 foo", b"COPY 1,,2 foo", b"COPY 1 2 foo", b"COPY -1 foo", b"COPY $,1 foo",
    b"COPY a foo", b"COPY 1:$ foo",
    b"STORE 1 FLAGS", b"STORE 1 FLAGS ", b"STORE 1 FLAG x", b"STORE 1 FLAGS.LOUD x", b"STORE 1 +FLAGS \\Recent",
    b"STORE 1 FLAGS (x",
    b"STORE 1 FLAGS (x)y", b"STORE 1 ++FLAGS x", b"STORE 1 FLAGS \\*", b"STORE 1 FLAGS (x  y)", b'STORE 1 FLAGS ("x")',
    b"STORE 1 FLAGS \xe4", b"STORE 1 FLAGS \\", b"STORE 1 () FLAGS x", b"STORE 1 (UNCHANGEDSINCE) FLAGS x",
    b"STORE 1 (FOO 1) FLAGS x",
    b"STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) FLAGS x", b"STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS x",
    b"ENABLE", b"ENABLE ", b"ENABLE (x)", b"ENABLE x ", b"ID", b"ID x", b'ID "NIL"', b'ID ("a")',
    b'ID ("a" "b" "A" "c")', b'ID (a "b")',
    b'ID ("' + b"x" * 31 + b'" NIL)', b'ID ("x" "' + b"x" * 1025 + b'")',
    b"ID (" + b" ".join(b'"%d" NIL' % n for n in range(31)) + b")",
    b"UID EXPUNGE", b"EXPUNGE 1", b"SETQUOTA x", b"SETQUOTA x (STORAGE)", b"SETQUOTA x (STORAGE -1)",
    b"SETQUOTA x (S 1 s 2)",
    b'SETQUOTA "" (STORAGE 9223372036854775808)', b"GETQUOTA", b"IDLE x", b"DONE",
]  # fmt: skip


@pytest.mark.parametrize("octets", BAD)
def test_errors_of_syntax_are_bad_with_the_tag(octets: bytes) -> None:
    with pytest.raises(BadCommand) as bad:
        parse(command_text(b"a " + octets if octets else b"a"), FULL)
    assert bad.value.tag == "a"


BAD_WHEN_RESYNCING = [
    b"SELECT foo (QRESYNC)", b"SELECT foo (QRESYNC (1))", b"SELECT foo (QRESYNC (0 1))", b"SELECT foo (QRESYNC (1 0))",
    b"SELECT foo (QRESYNC (1 1 1:*))", b"SELECT foo (QRESYNC (1 1 $))", b"SELECT foo (QRESYNC (1 1 (1)))",
    b"SELECT foo (QRESYNC (1 1 1 (1 *)))", b"SELECT foo (QRESYNC (1 1 (1 1) 1))",
    b"SELECT foo (QRESYNC (1 1) QRESYNC (1 1))",
    b"FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", b"UID FETCH 1 FLAGS (VANISHED)",
    b"UID FETCH 1 FLAGS (CHANGEDSINCE 0 VANISHED)",
    b"UID FETCH 1 FLAGS ()",
]  # fmt: skip


@pytest.mark.parametrize("octets", BAD_WHEN_RESYNCING)
def test_errors_of_syntax_of_qresync(octets: bytes) -> None:
    with pytest.raises(BadCommand):
        parsed(octets, RESYNCING)


@pytest.mark.parametrize(
    "line", [b"", b" NOOP", b"+ NOOP", b"a+b NOOP", b"* NOOP", b"(a) NOOP", b"\xff NOOP", b"a\tNOOP", b"\x00"]
)
def test_without_a_tag_the_error_has_none(line: bytes) -> None:
    with pytest.raises(BadCommand) as bad:
        parse(command_text(line), FULL)
    assert bad.value.tag is None


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b'SELECT ""', Code.CANNOT),
        (b"SELECT a&b", Code.CANNOT),
        (b"CREATE /", Code.CANNOT),
        (b"CREATE a//b", Code.CANNOT),
        (b"CREATE a//", Code.CANNOT),
        (b"DELETE foo/", Code.CANNOT),
        (b"COPY 1 {2}\r\n\xc3\xa4", Code.CANNOT),
        (b'SUBSCRIBE "a\tb"', Code.CANNOT),
        (b"APPEND & {1}\r\nx", Code.CANNOT),
        (b"CREATE " + b"x" * 1001, Code.LIMIT),
    ],
)
def test_names_that_no_mailbox_can_have_are_refused(octets: bytes, code: Code) -> None:
    with pytest.raises(RefusedCommand) as refused:
        parsed(octets)
    assert (refused.value.tag, refused.value.name, refused.value.code) == ("a", octets.split()[0].decode(), code)


@pytest.mark.parametrize("octets", [b"RENAME &", b"SELECT & x", b"STATUS & ()", b"APPEND &"])
def test_bad_goes_before_no(octets: bytes) -> None:
    with pytest.raises(BadCommand):
        parsed(octets)


def test_with_utf8_strings_and_names_are_utf8() -> None:
    assert parsed('SELECT "ä&Ä"'.encode(), UTF8) == c.Select("a", MailboxName("ä&Ä"))
    assert parsed('LIST "" "ä%"'.encode(), UTF8) == c.List("a", "", ("ä%",))
    for octets in (b'SELECT "\xe4"', b'SELECT "\xc0\x80"', b'SELECT "\xed\xa0\x80"', "SELECT ä".encode()):
        with pytest.raises(BadCommand):
            parsed(octets, UTF8)
    for octets in ('SELECT "\u2028"'.encode(), 'SELECT "\u0085"'.encode(), b"SELECT {1}\r\n\xff"):
        with pytest.raises(RefusedCommand):
            parsed(octets, UTF8)


def announcement(octets: bytes) -> LiteralAnnounced:
    last = fragments(octets)[-1]
    assert isinstance(last, LiteralAnnounced)
    return last


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"a LOGIN {3}\r\n", Announced("a", "LOGIN", None)),
        (b"a LOGIN {3}\r\nabc {65536}\r\n", Announced("a", "LOGIN", None)),
        (b"a APPEND foo (\\Seen) {67108864}\r\n", Announced("a", "APPEND", FOO)),
        (b"a APPEND {3}\r\nfoo {1}\r\nx ~{1}\r\n", Announced("a", "APPEND", FOO)),
        (b"a uid search OR SUBJECT {1}\r\n", Announced("a", "UID SEARCH", None)),
    ],
)
def test_a_command_is_judged_before_its_literal_comes(octets: bytes, expected: Announced) -> None:
    assert announced(announcement(octets), FULL) == expected


@pytest.mark.parametrize(
    "octets",
    [b"a NOOP {3}\r\n", b"a FOO {3}\r\n", b"a LOGIN x y{3}\r\n", b"a LOGIN  {3}\r\n", b"a SEARCH FOO {3}\r\n",
     b"a FETCH {3}\r\n", b"a LOGIN ~{3}\r\n", b"a {3}\r\n", b"a LOGIN {1}\r\n\x00 {3}\r\n",
     b'a LOGIN "{3}\r\n', b"a NOOP{3}\r\n"],
)  # fmt: skip
def test_an_error_before_a_literal_is_known_before_it_comes(octets: bytes) -> None:
    with pytest.raises(BadCommand) as bad:
        announced(announcement(octets), FULL)
    assert bad.value.tag == "a"


def test_a_name_that_cannot_be_is_refused_before_the_message_comes() -> None:
    with pytest.raises(RefusedCommand):
        announced(announcement(b"a APPEND a//b {3}\r\n"), FULL)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"a LOGIN {11}\r\n", Code.TOOBIG),
        (b"a APPEND foo {101}\r\n", Code.TOOBIG),
        (b"a APPEND foo {100}\r\n" + b"x" * 100 + b" {51}\r\n", Code.TOOBIG),
        (b"a APPEND foo {9223372036854775808}\r\n", Code.TOOBIG),
        (b"a APPEND foo {1}\r\nx {1}\r\nx {1}\r\n", Code.LIMIT),
    ],
)
def test_a_literal_beyond_the_limits_is_refused(octets: bytes, code: Code) -> None:
    limits = GrammarLimits(literal=10, message=100, literals=150, literal_count=2)
    with pytest.raises(RefusedCommand) as refused:
        announced(announcement(octets), FULL, limits)
    assert refused.value.code is code


def test_every_command_is_known_here() -> None:
    lines = [octets for octets, _ in KNOWN] + [octets for _, octets, _ in EXTENDED]
    words = [line.decode("latin-1").upper().split() for line in lines]
    assert set(RULES) - {first for first, *_ in words} == {"SEARCH", "SORT", "THREAD"}
    assert set(UID_RULES) - {rest[0] for first, *rest in words if first == "UID"} == {"SEARCH", "SORT", "THREAD"}


@pytest.mark.parametrize(
    ("line", "done"), [(b"DONE", True), (b"done", True), (b"DONE ", False), (b"", False), (b"a DONE", False)]
)
def test_what_ends_idle(line: bytes, done: bool) -> None:
    assert c.is_done(line) is done
