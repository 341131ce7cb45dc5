"""Requirement: one normative statement of an RFC that binds a server, in the project's own words."""

from __future__ import annotations

from dataclasses import dataclass

from harness.verdicts import Level


@dataclass(frozen=True, slots=True)
class Requirement:
    """One statement of an RFC.

    `id` is `RFC1939-5.LIST-a`: document, section, letter (letters go on with aa and are never reused).
    `untestable` says why no dialogue can decide it; empty for all others. `errata` holds verified erratum numbers.
    """

    id: str
    level: Level
    role: str
    summary: str
    untestable: str = ""
    errata: tuple[int, ...] = ()

    @property
    def document(self) -> str:
        """`RFC1939`, or `POSTEL` for checks that no RFC states."""
        return self.id.split("-", 1)[0]

    @property
    def section(self) -> str:
        """`5.LIST` of `RFC1939-5.LIST-a`."""
        return self.id.split("-", 1)[1].rsplit("-", 1)[0]

    @property
    def clause(self) -> str:
        """How a person cites it: `RFC 1939 §5 (LIST)`."""
        if self.document == "POSTEL":
            return f"postel check {self.id}"
        number, _, detail = self.section.partition(".")
        while detail[:1].isdigit():
            more, _, detail = detail.partition(".")
            number = f"{number}.{more}"
        return f"RFC {self.document.removeprefix('RFC')} §{number}" + (f" ({detail})" if detail else "")
