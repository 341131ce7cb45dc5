"""UTF8=ACCEPT (RFC 6855) and IMAP4rev2 (RFC 9051), once they are enabled and before."""

from __future__ import annotations

from suites.imap.boxes import filled, note, octets
from suites.imap.dialogue_text import Generated, dialogue, expecting, raw

U = "RFC6855-{}"
V = "RFC9051-{}"
UTF8, REV2 = "UTF8=ACCEPT", "IMAP4rev2"

_NAME = octets("Fähre".encode())
#: The same name in modified UTF-7.
_SEVEN = "F&AOQ-hre"
#: Octets that are sent as they are get no prefix of themselves.
_CREATED = (
    "C: NAMESPACE",
    "S: * NAMESPACE (($prefix $sep <any>) <any>) <any>",
    "S: OK",
    raw(f'x1 CREATE \\"${{prefix}}{_NAME}\\"\\r\\n'),
    "S: OK",
)
_HEADER = "Subject: Grüße\r\n\r\nAhoi.\r\n".encode()


def _enabled(name: str) -> list[str]:
    return [f"C: ENABLE {name}", f"S: * ENABLED ({name})".replace("(", "").replace(")", ""), "S: OK"]


def _appended(data: bytes) -> list[str]:
    head = f"x1 APPEND INBOX UTF8 (~{{{len(data)}}}\\r\\n"
    return [f'C! "{head}"', "S: +", f'C! "{octets(data)})\\r\\n"']


_UTF8 = (
    (
        "enable",
        "ENABLE UTF8=ACCEPT is told by ENABLED",
        [
            "C: ENABLE UTF8=ACCEPT",
            expecting("* ENABLED UTF8=ACCEPT", U.format("3-a")),
            expecting("OK", U.format("3-a")),
        ],
    ),
    (
        "name-in-utf8",
        "A mailbox name in UTF-8 is accepted",
        [*_enabled(UTF8), *_CREATED[:-1], expecting("OK", U.format("3-e"), U.format("3-b"))],
    ),
    (
        "name-listed-in-utf8",
        "A mailbox name is listed in UTF-8",
        [
            *_enabled(UTF8),
            *_CREATED,
            'C: LIST "" F*',
            expecting(f'* LIST (<any>) <any> "{_NAME}"', U.format("3-h")),
            "S: OK",
        ],
    ),
    (
        "name-in-utf7-before-enabling",
        "Who has not enabled UTF8=ACCEPT sees the same mailbox in modified UTF-7",
        [
            *_enabled(UTF8),
            *_CREATED,
            'C2: LIST "" F*',
            expecting(f'* LIST (<any>) <any> "{_SEVEN}"', U.format("3-f"), U.format("3-d")).replace("S:", "S2:", 1),
            "S2: OK",
        ],
    ),
    (
        "name-made-in-utf7",
        "A mailbox made in modified UTF-7 is found in UTF-8",
        [
            f"C: CREATE {_SEVEN}",
            "S: OK",
            *_enabled(UTF8),
            raw(f'x1 STATUS \\"{_NAME}\\" (MESSAGES)\\r\\n'),
            expecting("OK", U.format("3-f")),
        ],
    ),
    (
        "malformed-utf8",
        "A quoted string that is no UTF-8",
        [*_enabled(UTF8), raw('x1 CREATE \\"F\\xc3(hre\\"\\r\\n'), expecting("BAD", U.format("3-c"))],
    ),
    (
        "control-character-in-name",
        "A name with a control character",
        [*_enabled(UTF8), raw('x1 CREATE \\"F\\xc2\\x85hre\\"\\r\\n'), expecting("NO | BAD", U.format("3-g"))],
    ),
    (
        "line-separator-in-name",
        "A name with U+2028",
        [*_enabled(UTF8), raw('x1 CREATE \\"F\\xe2\\x80\\xa8hre\\"\\r\\n'), expecting("NO | BAD", U.format("3-g"))],
    ),
    (
        "header-without-enabling",
        "A header in UTF-8 needs UTF8=ACCEPT",
        [*_appended(_HEADER), expecting("NO | BAD", U.format("4-b"))],
    ),
    (
        "header-in-utf8",
        "A header in UTF-8 is kept",
        [
            *_enabled(UTF8),
            *_appended(_HEADER),
            expecting("OK", U.format("4-a")),
            "C: SELECT INBOX",
            "S: OK",
            "C: FETCH 1 BODY.PEEK[]",
            expecting(f'* 1 FETCH (BODY[] "{octets(_HEADER)}")', U.format("4-a")),
            "S: OK",
        ],
    ),
    (
        "search-with-charset",
        "SEARCH with a charset is refused once UTF8=ACCEPT is enabled",
        [*_enabled(UTF8), "C: SELECT INBOX", "S: OK", "C: SEARCH CHARSET UTF-8 ALL", expecting("BAD", U.format("3-i"))],
    ),
    (
        "search-in-utf8",
        "SEARCH takes UTF-8 in a quoted string once enabled",
        [
            *_enabled(UTF8),
            *filled([note("=?utf-8?Q?Gr=C3=BC=C3=9Fe?="), note("other")]),
            raw(f'x1 SEARCH SUBJECT \\"{octets("grüße".encode())}\\"\\r\\n'),
            expecting("* SEARCH 1", U.format("3-b")),
            expecting("OK", U.format("3-b")),
        ],
    ),
)

_BOX = filled([note("first"), note("second")])
_REV2 = (
    (
        "enable",
        "ENABLE IMAP4rev2 is told by ENABLED",
        ["C: ENABLE IMAP4rev2", expecting("* ENABLED IMAP4rev2", V.format("A-a")), expecting("OK", V.format("A-a"))],
    ),
    (
        "search-before-enabling",
        "Before, SEARCH is answered by SEARCH",
        [
            *_BOX,
            "C: SEARCH ALL",
            expecting("* SEARCH 1 2", V.format("7.2.2-b")),
            expecting("* .", V.format("7.2.2-b")),
            "S: OK",
        ],
    ),
    (
        "esearch",
        "SEARCH is answered by ESEARCH",
        [
            *_enabled(REV2),
            *_BOX,
            "C: SEARCH ALL",
            expecting("* ESEARCH (TAG <any>) ALL 1:2", V.format("6.4.4-a")),
            expecting("* .", V.format("6.4.4-a")),
            "S: OK",
        ],
    ),
    (
        "esearch-of-nothing",
        "SEARCH that finds nothing is answered by ESEARCH without ALL",
        [*_enabled(REV2), *_BOX, "C: SEARCH FLAGGED", expecting("* ESEARCH (TAG <any>)", V.format("7.3.4-a")), "S: OK"],
    ),
    (
        "uid-esearch",
        "UID SEARCH has the UID indicator",
        [
            *_enabled(REV2),
            *_BOX,
            "C: UID SEARCH ALL",
            expecting("* ESEARCH (TAG <any>) UID ALL <any>", V.format("6.4.9-a")),
            "S: OK",
        ],
    ),
    (
        "search-without-charset",
        "SEARCH takes strings for UTF-8",
        [
            *_enabled(REV2),
            *filled([note("=?utf-8?Q?Gr=C3=BC=C3=9Fe?=")]),
            f'C: SEARCH SUBJECT {{literal "{octets("Grüße".encode())}"}}',
            expecting("* ESEARCH (TAG <any>) ALL 1", V.format("6.4.4-c"), V.format("6.4.4-d")),
            "S: OK",
        ],
    ),
    (
        "search-with-an-unknown-option",
        "SEARCH with an unknown option",
        [*_enabled(REV2), *_BOX, "C: SEARCH RETURN (ZEPPELIN) ALL", expecting("BAD", V.format("6.4.4-f"))],
    ),
    (
        "list-at-select",
        "SELECT brings a LIST of the mailbox",
        [*_enabled(REV2), "C: SELECT INBOX", expecting("* LIST (<any>) <any> INBOX", V.format("6.3.2-a")), "S: OK"],
    ),
    (
        "closed-at-select",
        "SELECT of another mailbox says CLOSED",
        [
            *_enabled(REV2),
            *_BOX,
            "C: SELECT INBOX",
            expecting("* OK [CLOSED]", V.format("6.3.2-d")),
            "S? * LIST (<any>) <any> INBOX",
            "S: OK",
        ],
    ),
    (
        "status-of-deleted-and-size",
        "STATUS gives DELETED and SIZE",
        [
            *_enabled(REV2),
            *_BOX,
            "C: STATUS INBOX (DELETED SIZE)",
            expecting("* STATUS INBOX (DELETED 0 SIZE <number 1..>)", V.format("6.3.11-b")),
            "S: OK",
        ],
    ),
    (
        "name-in-utf8",
        "LIST gives names in UTF-8",
        [
            *_enabled(REV2),
            *_CREATED,
            'C: LIST "" F*',
            expecting(f'* LIST (<any>) <any> "{_NAME}"', V.format("5.1-d")),
            "S: OK",
        ],
    ),
    (
        "name-in-utf7-before-enabling",
        "Before, names are in modified UTF-7",
        [
            f"C: CREATE {_SEVEN}",
            "S: OK",
            'C: LIST "" F*',
            expecting(f'* LIST (<any>) <any> "{_SEVEN}"', V.format("A-c"), V.format("A-b")),
            "S: OK",
        ],
    ),
    (
        "fetch-as-before",
        "FETCH gives what it gave",
        [
            *_enabled(REV2),
            *_BOX,
            "C: FETCH 1:2 (RFC822.SIZE)",
            expecting("* 1 FETCH (RFC822.SIZE <number 1..>)", V.format("A-a")),
            expecting("* 2 FETCH (RFC822.SIZE <number 1..>)", V.format("A-a")),
            "S: OK",
        ],
    ),
    (
        "appenduid",
        "APPEND has APPENDUID",
        [
            *_enabled(REV2),
            'C: APPEND INBOX {literal "Subject: x\\r\\n\\r\\nx\\r\\n"}',
            expecting("OK [APPENDUID <number 1..> <number 1..>]", V.format("6.3.12-b")),
        ],
    ),
    (
        "tag-twice",
        "A tag may come twice",
        [raw("x1 NOOP\\r\\n"), "S: OK", raw("x1 NOOP\\r\\n"), expecting("OK", V.format("2.2.1-a"))],
    ),
    (
        "capability",
        "IMAP4rev2 and IMAP4rev1 are announced",
        ["C: CAPABILITY", expecting("* CAPABILITY IMAP4rev2 IMAP4rev1 <any>", V.format("7.2.2-a")), "S: OK"],
    ),
)


def cases() -> list[Generated]:
    """Both tables."""
    found = [
        (f"imap/rfc6855-3/{slug}", dialogue(title, steps, requires=f"{UTF8} ENABLE")) for slug, title, steps in _UTF8
    ]
    return found + [
        (f"imap/rfc9051/{slug}", dialogue(title, steps, requires=f"{REV2.upper()} ENABLE"))
        for slug, title, steps in _REV2
    ]
