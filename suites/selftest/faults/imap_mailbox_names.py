"""Faults of mailbox names: INBOX in any case, and modified UTF-7 (RFC 3501 §5.1, §5.1.3, §9)."""

from __future__ import annotations

import re

from reference_server.imap.names import MailboxName
from reference_server.imap.renderer import Renderer
from suites.selftest.fault import Fault
from suites.selftest.imap_variants import fault, hearing, imap_variant, refusing_lines


def _only_capital_inbox(command: str, requirements: str) -> Fault:
    return fault(
        f"mailbox_names/only-capital-inbox-in-{command.lower()}",
        f"{command} knows INBOX in capitals only",
        requirements,
        refusing_lines(
            lambda line: (
                re.match(rb"\S+ %b\b" % command.encode(), line) is not None
                and re.search(rb"(?!INBOX)(?i:inbox)", line) is not None
            )
        ),
        command,
        seen_in="servers that compare INBOX as it is",
    )


class _Utf8Names(Renderer):
    """Names go out in UTF-8 though nobody asked for it."""

    def mailbox(self, name: MailboxName) -> bytes:
        return self.string(name.text.encode()) if name.text.isascii() else b'"%b"' % name.text.encode()


class _UpperShift(Renderer):
    """The base64 of names goes out in capitals."""

    def mailbox(self, name: MailboxName) -> bytes:
        return re.sub(rb"&[^-]+-", lambda match: match[0].upper(), super().mailbox(name))


#: Commands with a mailbox name, and the requirements about INBOX in another case.
_INBOX_COMMANDS = (
    *((name, "9-at 5.1-c") for name in ("SELECT", "EXAMINE", "STATUS", "APPEND", "COPY")),
    ("CREATE", "6.3.3-b"),
    ("DELETE", "6.3.4-c"),
    ("RENAME", "6.3.5-d"),
)

FAULTS: tuple[Fault, ...] = (
    *(_only_capital_inbox(*row) for row in _INBOX_COMMANDS),
    fault(
        "mailbox_names/names-in-utf-8",
        "Names go out in UTF-8",
        "5.1.3-a 5.1.3-h 5.1.3-b",
        imap_variant(renderer=_Utf8Names),
        "LIST",
        seen_in="servers that send names as they keep them",
    ),
    fault(
        "mailbox_names/shifts-in-capitals",
        "The base64 of names goes out in capitals",
        "5.1.3-c 5.1.3-d 5.1.3-a",
        imap_variant(renderer=_UpperShift),
        "LIST",
    ),
    fault(
        "mailbox_names/names-of-letters",
        "Names in modified UTF-7 can only be created",
        "5.1.3-a 5.1.3-b",
        refusing_lines(lambda line: b"&" in line and b"CREATE" not in line),
        "LIST",
    ),
    fault(
        "mailbox_names/names-regardless-of-case",
        "Names are folded to lower case",
        "5.1.3-d 5.1.3-c",
        hearing(lambda line: re.sub(rb"&[^-]*-", lambda match: match[0].swapcase(), line)),
        "CREATE",
    ),
)
