"""Where a requirement stands: its document, its section, and where a reader finds that text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.results import Header, RequirementRecord
from harness.verdicts import Level

_CLAUSE = re.compile(r"RFC (?P<number>\d+) §(?P<section>[0-9A-Z][0-9A-Z.]*)")
_NUMBER = re.compile(r"\d+|\D+")


@dataclass(frozen=True, slots=True)
class Section:
    """A section that requirements belong to. `key` is `RFC1939-5.LIST`; `url` is empty for postel's own checks."""

    key: str
    document: str
    label: str
    url: str


def section_of(requirement: RequirementRecord) -> Section:
    """The section that a requirement belongs to."""
    key = section_key(requirement.id)
    cited = _CLAUSE.match(requirement.clause)
    if cited is None:
        return Section(key, requirement.id.split("-", 1)[0], key, "")
    number, section = cited["number"], cited["section"].rstrip(".")
    part = "appendix" if section[0].isalpha() else "section"
    url = f"https://www.rfc-editor.org/rfc/rfc{number}#{part}-{section}"
    return Section(key, f"RFC {number}", requirement.clause.partition(" §")[2], url)


def section_key(requirement_id: str) -> str:
    """`RFC1939-5.LIST` of `RFC1939-5.LIST-a`."""
    return requirement_id.rsplit("-", 1)[0]


def requirement_of(header: Header, requirement_id: str) -> RequirementRecord:
    """The record of a requirement; one that the log does not describe shows as its id."""
    known = header.requirements.get(requirement_id)
    return known or RequirementRecord(requirement_id, Level.STATEMENT, requirement_id, "Not described in this log.")


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that puts `§9` before `§10`."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in _NUMBER.findall(text)]
