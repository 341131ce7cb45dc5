"""Faults of NAMESPACE (RFC 2342), and of what UIDPLUS tells of copies (RFC 4315 §2.1, §3)."""

from __future__ import annotations

from dataclasses import replace

from reference_server.imap import responses as r
from reference_server.imap.response_codes import CopyUid
from suites.selftest.fault import Build, Fault
from suites.selftest.imap_variants import coded, fault, refusing_lines, said


def _namespaced(**changes: str) -> Build:
    """A variant with another prefix or delimiter in its personal namespace."""
    return said(
        r.NamespaceData,
        lambda data: replace(data, personal=tuple(replace(each, **changes) for each in data.personal)),
    )


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
)
