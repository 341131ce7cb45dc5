"""The strict grammar of what several IMAP responses share: flags, capabilities, mailbox names (RFC 3501 §9)."""

from __future__ import annotations

from harness.wire.imap_scan import Scan

_UNDEFINED_FLAG = "RFC3501-9-am"
_MISPLACED_FLAG = "RFC3501-9-ao"
CAPABILITIES = "RFC3501-9-ac"
_REV1 = "RFC3501-7.2.1-a"
_EIGHT_BIT_NAME = "RFC3501-5.1-b"
KEYWORD = "RFC3501-9-an"

#: Requirements that these rules judge.
REQUIREMENTS = (_UNDEFINED_FLAG, _MISPLACED_FLAG, CAPABILITIES, _REV1, _EIGHT_BIT_NAME, KEYWORD)

_SYSTEM_FLAGS = frozenset({b"\\ANSWERED", b"\\FLAGGED", b"\\DELETED", b"\\SEEN", b"\\DRAFT"})


def flag(scan: Scan, *, recent: bool = False, wildcard: bool = False) -> bytes:
    r"""A flag; `recent`: \Recent may stand here, `wildcard`: \* may."""
    if not scan.token(b"\\"):
        return scan.atom(KEYWORD, "keyword:not-an-atom").upper()
    if scan.token(b"*"):
        if not wildcard:
            raise scan.fail(_MISPLACED_FLAG, r"\* in PERMANENTFLAGS only", "flag:wildcard")
        return b"\\*"
    name = b"\\" + scan.atom(_UNDEFINED_FLAG).upper()
    if name == b"\\RECENT":
        if not recent:
            raise scan.fail(_MISPLACED_FLAG, r"\Recent in FETCH only", "flag:recent")
    elif name not in _SYSTEM_FLAGS:
        raise scan.fail(_UNDEFINED_FLAG, "a system flag, or a keyword without a backslash", "flag:undefined")
    scan.held(_MISPLACED_FLAG)
    return name


def capabilities(scan: Scan) -> None:
    """Atoms, each behind one space, IMAP4rev1 among them; up to a bracket or the end."""
    names: set[bytes] = set()
    while scan.peek() == b" ":
        scan.space()
        names.add(scan.atom(CAPABILITIES).upper())
    if b"IMAP4REV1" not in names:
        raise scan.fail(_REV1, "IMAP4rev1 among the capabilities", "capability:no-imap4rev1")
    scan.held(_REV1)


def mailbox(scan: Scan, requirement: str) -> bytes:
    """A mailbox name, without 8-bit octets unless UTF-8 was enabled (RFC 6855 §3)."""
    name = scan.astring(requirement)
    if not name.isascii() and not (scan.dialect.utf8 or scan.dialect.rev2):
        raise scan.fail(_EIGHT_BIT_NAME, "a mailbox name in modified UTF-7", "mailbox:8-bit")
    scan.held(_EIGHT_BIT_NAME)
    return name
