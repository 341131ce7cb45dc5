"""Faults of NAMESPACE (RFC 2342), ENABLE (RFC 5161), UIDPLUS (RFC 4315), and of MOVE that expunges too much."""

from __future__ import annotations

import re
from dataclasses import replace

from reference_server.conversation import blocking
from reference_server.imap import commands as c
from reference_server.imap import responses as r
from reference_server.imap.message_sets import chosen
from reference_server.imap.outcome import Handling
from reference_server.imap.response_codes import CopyUid
from reference_server.imap.session import ImapSession
from reference_server.imap.storing import EVERY_UID
from reference_server.store.flag_changes import FlagChange
from reference_server.store.records import Flags, SystemFlag
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, doing, fault, handler_of, refusing_lines, said


def _namespaced(**changes: str) -> Build:
    """A variant with another prefix or delimiter in its personal namespace."""
    return said(
        r.NamespaceData,
        lambda data: replace(data, personal=tuple(replace(each, **changes) for each in data.personal)),
    )


def _marking(session: ImapSession, command: c.Expunge) -> Handling:
    """UID EXPUNGE removes all of its set, \\Deleted or not."""
    view = session.required_view()
    if command.uids is not None:
        ranges = chosen(view, command.uids, uid=True)
        mail, deleted = session.store.mail, Flags(SystemFlag.DELETED)
        yield from blocking(lambda: mail.store_flags(view.id, ranges, FlagChange.ADD, deleted, since=view.mod_sequence))
    return (yield from handler_of("UID EXPUNGE")(session, command))


def _expunging(session: ImapSession, command: c.Move) -> Handling:
    """MOVE ends in an EXPUNGE."""
    done = yield from handler_of("MOVE")(session, command)
    view = session.required_view()
    yield from blocking(lambda: session.store.mail.expunge(view.id, EVERY_UID))
    return done


FAULTS: tuple[Fault, ...] = (
    fault(
        "namespace/another-delimiter",
        "NAMESPACE gives another delimiter than LIST",
        "RFC2342-5-e",
        _namespaced(delimiter="."),
        "NAMESPACE",
    ),
    fault(
        "namespace/prefix-of-nothing",
        "Under the prefix of the personal namespace nothing can be made",
        "RFC2342-5-f",
        refusing_lines(lambda line: b'CREATE "lookout"' in line),
        "NAMESPACE",
        "CREATE",
    ),
    fault(
        "namespace/made-and-not-listed",
        "What is made under the prefix is not listed",
        "RFC2342-5-g",
        said(r.ListData, lambda data: None if data.name and data.name.text == "lookout" else data),
        "NAMESPACE",
        "LIST",
    ),
    fault(
        "uidplus/copy-of-another",
        "COPYUID gives UIDs of copies one too high",
        "RFC4315-3-k",
        coded(CopyUid, lambda code: replace(code, destination=tuple(uid + 1 for uid in code.destination))),
        "COPY",
        "UID",
    ),
    fault(
        "uidplus/uids-of-one-message",
        "UID EXPUNGE takes no set with a star",
        "RFC4315-4-a",
        refusing_lines(lambda line: b"UID EXPUNGE 1:*" in line),
        "UID",
    ),
    fault(
        "uidplus/all-of-the-set",
        "UID EXPUNGE removes messages without \\Deleted",
        "RFC4315-2.1-b",
        doing("UID EXPUNGE", _marking),
        "UID",
        alone=True,
    ),
    fault(
        "move/expunges",
        "MOVE removes whatever has \\Deleted",
        "RFC6851-3.3-b",
        doing("MOVE", _expunging),
        "MOVE",
        seen_in="servers that make MOVE of COPY, STORE and EXPUNGE",
    ),
    fault(
        "enable/all-or-nothing",
        "ENABLE enables nothing where one name is unknown",
        "RFC5161-3.1-c",
        refusing_lines(lambda line: re.search(rb"ENABLE .*X-", line) is not None),
        "ENABLE",
    ),
)
