from __future__ import annotations

from datetime import date

import pytest

from reference_server.imap import commands as c
from reference_server.imap import searchkeys as k
from reference_server.imap.commands import SearchReturn, SortKey
from reference_server.imap.dialect import Dialect
from reference_server.imap.errors import BadCommand, RefusedCommand
from reference_server.imap.limits import GrammarLimits
from reference_server.imap.parser import parse
from reference_server.imap.response_codes import BadCharset
from reference_server.imap.sets import SAVED_RESULT, SequenceRange, SequenceSet
from reference_server.tests.imap_dialects import BARE, FULL, REV2, UTF8, command_text, without

DAY = date(2024, 2, 3)
SEEN = k.HasFlag("\\Seen")
RECENT = k.HasFlag("\\Recent")
FROM, TO, CC, BCC = (k.AddressField[name] for name in ("FROM", "TO", "CC", "BCC"))
BEFORE, ON, SINCE = k.DateRelation
TWO_TO_END = SequenceSet((SequenceRange(2, None), SequenceRange(7, 7)))

KEYS = [
    (b"ALL", k.Everything()),
    (b"answered", k.HasFlag("\\Answered")), (b"DELETED", k.HasFlag("\\Deleted")), (b"DRAFT", k.HasFlag("\\Draft")),
    (b"FLAGGED", k.HasFlag("\\Flagged")), (b"SEEN", SEEN), (b"RECENT", RECENT),
    (b"UNANSWERED", k.Not(k.HasFlag("\\Answered"))), (b"UNDELETED", k.Not(k.HasFlag("\\Deleted"))),
    (b"UNDRAFT", k.Not(k.HasFlag("\\Draft"))), (b"UNFLAGGED", k.Not(k.HasFlag("\\Flagged"))),
    (b"UNSEEN", k.Not(SEEN)), (b"OLD", k.Not(RECENT)), (b"NEW", k.And((RECENT, k.Not(SEEN)))),
    (b"KEYWORD $X", k.HasFlag("$X")), (b"UNKEYWORD all", k.Not(k.HasFlag("all"))),
    (b"FROM x", k.AddressContains(FROM, "x")), (b'TO "x y"', k.AddressContains(TO, "x y")),
    (b"CC {2}\r\nxy", k.AddressContains(CC, "xy")), (b'BCC ""', k.AddressContains(BCC, "")),
    (b"SUBJECT NIL", k.SubjectContains("NIL")), (b"BODY x", k.BodyContains("x")), (b"TEXT )", None),
    (b"TEXT x]", k.TextContains("x]")), (b"HEADER X-A \"\"", k.HeaderContains("X-A", "")),
    (b"HEADER {2}\r\nTo {1}\r\nx", k.HeaderContains("To", "x")),
    (b"BEFORE 3-Feb-2024", k.InternalDate(BEFORE, DAY)), (b'ON "03-FEB-2024"', k.InternalDate(ON, DAY)),
    (b"SINCE 3-feb-2024", k.InternalDate(SINCE, DAY)), (b"SENTBEFORE 03-Feb-2024", k.SentDate(BEFORE, DAY)),
    (b"SENTON 3-Feb-2024", k.SentDate(ON, DAY)), (b"SENTSINCE 3-Feb-2024", k.SentDate(SINCE, DAY)),
    (b"LARGER 0", k.Larger(0)), (b"SMALLER 4294967295", k.Smaller(4294967295)), (b"LARGER 007", k.Larger(7)),
    (b"2:*,7", k.InSet(TWO_TO_END)), (b"UID 2:*,7", k.InSet(TWO_TO_END, uid=True)),
    (b"NOT SEEN", k.Not(SEEN)), (b"NOT NOT SEEN", k.Not(k.Not(SEEN))), (b"(SEEN)", SEEN), (b"((SEEN))", SEEN),
    (b"OR SEEN RECENT", k.Or(SEEN, RECENT)), (b"OR OR SEEN RECENT SEEN", k.Or(k.Or(SEEN, RECENT), SEEN)),
    (b"SEEN RECENT", k.And((SEEN, RECENT))), (b"(SEEN RECENT) SEEN", k.And((k.And((SEEN, RECENT)), SEEN))),
    (b"NOT (SEEN RECENT)", k.Not(k.And((SEEN, RECENT)))), (b"OR (SEEN) NOT RECENT", k.Or(SEEN, k.Not(RECENT))),
    (b'TEXT {7}\r\n" x \r\n)', k.TextContains('" x \r\n)')),
]  # fmt: skip

EXTENDED = [
    ("WITHIN", b"OLDER 1", k.Older(1)),
    ("WITHIN", b"YOUNGER 86400", k.Younger(86400)),
    ("SEARCHRES", b"$", k.InSet(SAVED_RESULT)),
    ("SEARCHRES", b"UID $", k.InSet(SAVED_RESULT, uid=True)),
]


def key_of(octets: bytes, dialect: Dialect = FULL) -> k.SearchKey:
    command = parse(command_text(b"a SEARCH " + octets), dialect)
    assert isinstance(command, c.Search)
    return command.key


@pytest.mark.parametrize(("octets", "key"), [case for case in KEYS if case[1] is not None])
def test_keys_of_rfc_3501(octets: bytes, key: k.SearchKey) -> None:
    assert key_of(octets, BARE) == key_of(octets) == key
    assert parse(command_text(b"a UID SEARCH " + octets), FULL) == c.Search("a", key, uid=True)
    assert parse(command_text(b"a SORT (DATE) UTF-8 " + octets), FULL) == c.Sort(
        "a", (c.SortCriterion(SortKey.DATE),), key
    )


@pytest.mark.parametrize(("extension", "octets", "key"), EXTENDED)
def test_keys_of_extensions_need_their_capability(extension: str, octets: bytes, key: k.SearchKey) -> None:
    assert key_of(octets) == key
    with pytest.raises(BadCommand):
        key_of(octets, without(extension))


def test_modseq() -> None:
    assert key_of(b"MODSEQ 0") == key_of(b"MODSEQ 0", without("CONDSTORE")) == k.ModSeqSince(0)
    assert key_of(b'MODSEQ "/flags/\\\\seen" all 9223372036854775807') == k.ModSeqSince(9223372036854775807, "\\Seen")
    assert key_of(b'modseq "/flags/$x" priv 1') == k.ModSeqSince(1, "$x")
    with pytest.raises(BadCommand):
        key_of(b"MODSEQ 1", without("CONDSTORE", "QRESYNC"))
    assert k.uses_mod_sequences(key_of(b"OR SEEN NOT (SEEN MODSEQ 1)"))
    assert not k.uses_mod_sequences(key_of(b"OR SEEN NOT (SEEN TEXT MODSEQ)"))


BAD = [
    b"", b" ALL", b"ALL ", b"ALL  SEEN", b"FOO", b"()", b"(SEEN", b"SEEN)", b"( SEEN)", b"(SEEN )", b"NOT",
    b"OR SEEN", b"OR",
    b"OR SEEN ", b"NOT ", b"KEYWORD", b'KEYWORD "x"', b"KEYWORD \\Seen", b"FROM", b"FROM ", b"HEADER x", b"TEXT )",
    b"TEXT x y",
    b"BEFORE 30-Feb-2024", b"BEFORE 1-1-2024", b'BEFORE "1-Jan-2024', b"BEFORE 1-Jan-24", b"BEFORE 001-Jan-2024",
    b"BEFORE {10}\r\n1-Jan-2024", b"ON 0-Jan-2024", b"ON 1-Jan-0000", b"LARGER", b"LARGER x", b"LARGER -1",
    b"LARGER 4294967296",
    b"LARGER 99999999999999999999", b"UID", b"UID x", b"UID SEEN", b"1:", b"0", b"*:*:*", b"1 $ ,", b"OLDER 0",
    b"YOUNGER x",
    b"MODSEQ", b"MODSEQ x", b"MODSEQ 9223372036854775808", b'MODSEQ "/flags/x" 1', b'MODSEQ "/x/y" all 1',
    b'MODSEQ "/flags/" all 1',
    b'MODSEQ "/flags/x" none 1', b"CHARSET", b"CHARSET UTF-8", b"ALL CHARSET UTF-8", b"CHARSET UTF-8  ALL", b"RETURN",
    b"RETURN ALL",
    b"RETURN (ALL)", b"RETURN (FOO) ALL", b"RETURN (MIN MAX ALL", b"RETURN() ALL", b"CHARSET UTF-8 RETURN (ALL) ALL",
    b"TEXT {1}\r\n\xe4", b"CHARSET UTF-8 TEXT {1}\r\n\xe4", b"CHARSET US-ASCII TEXT {1}\r\n\x80",
    b'CHARSET UTF-8 TEXT "\xc3\xa4"',
]  # fmt: skip


@pytest.mark.parametrize("octets", BAD)
def test_errors_of_syntax_are_bad(octets: bytes) -> None:
    for command in (b"a SEARCH ", b"a UID SEARCH "):
        with pytest.raises(BadCommand) as bad:
            parse(command_text(command + octets), FULL)
        assert bad.value.tag == "a"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"CHARSET utf-8 TEXT {2}\r\n\xc3\xa4", "ä"),
        (b'charset "UTF-8" TEXT {2}\r\n\xc3\xa4', "ä"),
        (b"CHARSET ISO-8859-1 TEXT {1}\r\n\xe4", "ä"),
        (b"CHARSET US-ASCII TEXT x", "x"),
    ],
)
def test_strings_are_in_the_charset(octets: bytes, text: str) -> None:
    assert key_of(octets, BARE) == k.TextContains(text)


@pytest.mark.parametrize(
    "octets", [b"SEARCH CHARSET X-FOO TEXT {1}\r\n\xff", b"SORT (DATE) X-FOO ALL", b"UID THREAD REFERENCES X-FOO ALL"]
)
def test_an_unknown_charset_is_refused_with_those_that_are_known(octets: bytes) -> None:
    with pytest.raises(RefusedCommand) as refused:
        parse(command_text(b"a " + octets), FULL)
    assert isinstance(refused.value.code, BadCharset)
    assert {"US-ASCII", "UTF-8"} <= set(refused.value.code.charsets)


def test_with_utf8_strings_are_utf8_and_a_charset_is_bad() -> None:
    assert key_of('TEXT "ä"'.encode(), UTF8) == key_of('TEXT "ä"'.encode(), REV2) == k.TextContains("ä")
    assert key_of(b"CHARSET UTF-8 TEXT x", REV2) == k.TextContains("x")
    with pytest.raises(BadCommand):
        key_of(b"CHARSET UTF-8 ALL", UTF8)


@pytest.mark.parametrize(
    ("options", "returns"),
    [
        (b"()", {SearchReturn.ALL}),
        (b"(min MAX)", {SearchReturn.MIN, SearchReturn.MAX}),
        (b"(COUNT ALL)", {SearchReturn.COUNT, SearchReturn.ALL}),
        (b"(SAVE)", {SearchReturn.SAVE}),
    ],
)
def test_return_options(options: bytes, returns: set[SearchReturn]) -> None:
    command = parse(command_text(b"a SEARCH RETURN " + options + b" CHARSET UTF-8 ALL"), FULL)
    assert command == c.Search("a", k.Everything(), returns=frozenset(returns))
    with pytest.raises(BadCommand):
        parse(command_text(b"a SEARCH RETURN " + options + b" ALL"), without("ESEARCH"))


def test_save_needs_its_own_capability() -> None:
    with pytest.raises(BadCommand):
        key_of(b"RETURN (SAVE) ALL", without("SEARCHRES"))


def test_return_may_be_a_string_to_search_for() -> None:
    assert key_of(b"TEXT RETURN") == k.TextContains("RETURN")


def test_sort_and_thread() -> None:
    criteria = (c.SortCriterion(SortKey.SUBJECT), c.SortCriterion(SortKey.SIZE, reverse=True))
    assert parse(command_text(b"a uid sort (subject reverse size) utf-8 1"), FULL) == c.Sort(
        "a", criteria, k.InSet(SequenceSet((SequenceRange(1, 1),))), uid=True
    )
    for algorithm in ("ORDEREDSUBJECT", "references"):
        line = f"a THREAD {algorithm} UTF-8 SEEN".encode()
        assert parse(command_text(line), FULL) == c.Thread("a", algorithm.upper(), SEEN)
    with pytest.raises(BadCommand):
        parse(command_text(b"a THREAD REFERENCES UTF-8 ALL"), without("THREAD=REFERENCES"))
    with pytest.raises(BadCommand):
        parse(command_text(b"a THREAD REFERENCES UTF-8 ALL"), without("THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT"))
    with pytest.raises(BadCommand):
        parse(command_text(b"a SORT (DATE) UTF-8 ALL"), without("SORT"))


BAD_SORTS = [
    b"SORT",
    b"SORT ()",
    b"SORT (DATE)",
    b"SORT (DATE) UTF-8",
    b"SORT (REVERSE) UTF-8 ALL",
    b"SORT (FOO) UTF-8 ALL",
    b"SORT DATE UTF-8 ALL",
    b"SORT (DATE REVERSE) UTF-8 ALL",
    b"SORT (REVERSE REVERSE DATE) UTF-8 ALL",
    b"THREAD",
    b"THREAD FOO UTF-8 ALL",
    b"THREAD REFERENCES UTF-8",
    b"SORT (DATE) CHARSET UTF-8 ALL",
]


@pytest.mark.parametrize("octets", BAD_SORTS)
def test_errors_of_syntax_of_sort_and_thread(octets: bytes) -> None:
    with pytest.raises((BadCommand, RefusedCommand)):
        parse(command_text(b"a " + octets), FULL)


@pytest.mark.parametrize("opening", [b"(", b"NOT ", b"OR ALL "])
def test_nesting_is_limited(opening: bytes) -> None:
    limits = GrammarLimits()
    close = b")" if opening == b"(" else b""
    for levels in (limits.nesting, limits.nesting + 1, 10_000):
        text = command_text(b"a SEARCH " + opening * levels + b"ALL" + close * levels)
        if levels == limits.nesting:
            assert parse(text, FULL, limits).tag == "a"
            continue
        with pytest.raises(BadCommand):
            parse(text, FULL, limits)


def test_the_number_of_keys_is_limited() -> None:
    limits = GrammarLimits(search_keys=10)
    assert parse(command_text(b"a SEARCH" + b" ALL" * 10), FULL, limits).tag == "a"
    with pytest.raises(BadCommand):
        parse(command_text(b"a SEARCH" + b" ALL" * 11), FULL, limits)
