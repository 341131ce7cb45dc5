"""One catalogue file: its tables read, checked, and made into requirements.

A file has `[document]` (number, title, date, optional withdrawn) and then `[[requirement]]` tables in the order of
the RFC. `postel.toml`, whose checks no RFC states, has no number. Whatever is wrong is one UsageError that names
the file, the line and the mend; it knows nothing of other files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from harness.errors import Position, UsageError
from harness.requirements.model import Requirement
from harness.verdicts import Level

ROLES = ("server", "client", "both")

_ID = re.compile(r"(?P<stem>(?P<document>RFC\d+|POSTEL)-\w[\w.]*)-(?P<letters>[a-z]{1,2})")
_TABLE = re.compile(r"\s*\[\[\s*requirement\s*\]\]")
_TOML_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")
_FILE_KEYS = {"document": dict, "requirement": list}
_DOCUMENT_KEYS = {"number": int, "title": str, "date": str, "withdrawn": list}
_REQUIREMENT_KEYS = {"id": str, "level": str, "role": str, "summary": str, "untestable": str, "errata": list}
_REQUIRED_KEYS = ("id", "level", "role", "summary")
_CHOICES = {"level": tuple(Level), "role": ROLES}
_APPENDICES = 1000  # more than any RFC has sections
_POSTEL_LEVELS = (Level.SHOULD, Level.SHOULD_NOT, Level.MAY)


@dataclass(frozen=True, slots=True)
class Document:
    """What a catalogue file describes: an RFC, or postel's own checks (number None).

    `withdrawn` holds ids that were once given and must never be given again.
    """

    number: int | None
    title: str
    date: str
    withdrawn: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """`RFC1939` or `POSTEL`: what every id of the document begins with."""
        return "POSTEL" if self.number is None else f"RFC{self.number}"

    @property
    def order(self) -> tuple[bool, int]:
        """Sorts RFCs by number, and postel's own checks after them."""
        return (self.number is None, self.number or 0)


def letters_of(rank: int) -> str:
    """The letters of an id by their rank: 1 is a, 26 is z, 27 is aa."""
    letters = ""
    while rank:
        rank, letter = divmod(rank - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def section_numbers(section: str) -> tuple[int, ...]:
    """The numbers that a section begins with, for its order.

    (5,) of `5.LIST`, (8, 1, 2) of `8.1.2`, () of a word; an appendix (`C`, `F.6`) comes after every number.
    """
    appendix = re.fullmatch(r"([A-Z])(?:\.(\d+))?", section)
    if appendix:
        return (_APPENDICES, ord(appendix[1]), int(appendix[2] or 0))
    head = re.match(r"\d+(?:\.\d+)*", section)
    return tuple(int(part) for part in head.group().split(".")) if head else ()


class CatalogueFile:
    """The text and the tables of one file, and where in the text each table begins."""

    def __init__(self, path: Path, text: str, tables: dict[str, Any]) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.tables = tables
        self.starts = [number for number, line in enumerate(self.lines, 1) if _TABLE.match(line)]

    @classmethod
    def read(cls, path: Path) -> CatalogueFile:
        """Read a file. Raises UsageError when it is no TOML or cannot be read."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls(path, text, tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            place = _TOML_PLACE.search(str(error))
            position = Position(path, int(place[1]), int(place[2])) if place else Position(path)
            problem = f"not valid TOML: {_TOML_PLACE.sub('', str(error))}"
            raise UsageError(problem, position=position, mend="see https://toml.io for the syntax") from error
        except (OSError, UnicodeDecodeError) as error:
            mend = "a catalogue is a readable UTF-8 text file"
            raise UsageError(f"cannot be read: {error}", position=Position(path), mend=mend) from error

    def parse(self) -> tuple[Document, tuple[Requirement, ...]]:
        """The document and its requirements. Raises UsageError at the first thing that is wrong."""
        self._check_keys(self.tables, _FILE_KEYS, 0)
        document = self._document()
        tables = self.tables.get("requirement", [])
        if len(tables) != len(self.starts):
            raise self._error("requirements are not tables", 1, "requirement", "write [[requirement]] on its own line")
        members: list[Requirement] = []
        for line, table in zip(self.starts, tables, strict=True):
            requirement = self._requirement(table, line, document)
            self._check_order(requirement, members, line, document)
            members.append(requirement)
        return document, tuple(members)

    def _document(self) -> Document:
        table = self.tables.get("document")
        if table is None:
            raise self._error("no [document] table", 1, "", "begin the file with [document], number, title and date")
        line = self._line_of("document", 0)
        self._check_keys(table, _DOCUMENT_KEYS, line)
        self._check_present(table, ("title", "date"), line, "[document]")
        if not all(isinstance(name, str) and _ID.fullmatch(name) for name in table.get("withdrawn", ())):
            raise self._error("withdrawn holds what is no id", line, "withdrawn", 'write withdrawn = ["RFC1939-3-d"]')
        document = Document(table.get("number"), table["title"], table["date"], frozenset(table.get("withdrawn", ())))
        name = document.name.lower()
        if self.path.stem != name:
            raise self._error(f"the file is about {document.name}", line, "number", f"name it {name}.toml")
        return document

    def _requirement(self, table: dict[str, Any], line: int, document: Document) -> Requirement:
        self._check_keys(table, _REQUIREMENT_KEYS, line)
        self._check_present(table, _REQUIRED_KEYS, line, table.get("id", "requirement"))
        if "untestable" in table:
            self._check_present(table, ("untestable",), line, table["id"])
        self._check_choices(table, line)
        self._check_id(table["id"], table["level"], line, document)
        if not all(type(number) is int and number > 0 for number in table.get("errata", ())):
            raise self._error(f"{table['id']} has an erratum without number", line, "errata", "write errata = [1234]")
        return Requirement(
            id=table["id"],
            level=Level(table["level"]),
            role=table["role"],
            summary=table["summary"],
            untestable=table.get("untestable", ""),
            errata=tuple(table.get("errata", ())),
        )

    def _check_keys(self, table: Mapping[str, Any], known: Mapping[str, type], line: int) -> None:
        for key, value in table.items():
            if key not in known:
                raise self._error(f"unknown key {key!r}", line, key, _suggest(key, known))
            if type(value) is not known[key]:
                kind = {str: "a string", int: "a whole number", list: "a list", dict: "a table"}[known[key]]
                raise self._error(f"{key} has a value of the wrong type", line, key, f"give it {kind}")

    def _check_present(self, table: Mapping[str, Any], keys: Iterable[str], line: int, owner: str) -> None:
        for key in keys:
            if not table.get(key, "").strip():
                raise self._error(f"{owner} has no {key}", line, key, f'give it {key} = "..."')

    def _check_choices(self, table: Mapping[str, Any], line: int) -> None:
        for key, known in _CHOICES.items():
            value = table[key]
            if value not in known:
                mend = _suggest(value.upper() if key == "level" else value.lower(), known)
                raise self._error(f"{table['id']} has the {key} {value!r}", line, key, mend)

    def _check_id(self, name: str, level: str, line: int, document: Document) -> None:
        parts = _ID.fullmatch(name)
        if parts is None or parts["document"] != document.name:
            form = f"write {document.name}-SECTION-LETTER, such as {document.name}-3-a"
            raise self._error(f"{name!r} is no id of {document.name}", line, "id", form)
        if name in document.withdrawn:
            raise self._error(f"{name} was withdrawn", line, "id", "letters are never reused: take the next one")
        if document.number is None and level not in _POSTEL_LEVELS:
            raise self._error(f"{name} is a {level}", line, "level", "no RFC states it: SHOULD at most")

    def _check_order(self, new: Requirement, before: list[Requirement], line: int, document: Document) -> None:
        ids = {old.id for old in before}
        if new.id in ids:
            raise self._error(f"{new.id} is defined twice", line, "id", "letters are never reused: take the next one")
        stem = f"{new.document}-{new.section}"
        rank = 1
        while (expected := f"{stem}-{letters_of(rank)}") in ids | document.withdrawn:
            rank += 1
        if new.id != expected:
            raise self._error(f"{new.id} is out of order", line, "id", f"expected {expected}")
        if not before or before[-1].section == new.section:
            return
        earlier = [old.id for old in before if old.section == new.section]
        if earlier:
            raise self._error(f"{new.id} is apart from its section", line, "id", f"move it after {earlier[-1]}")
        if section_numbers(new.section) < section_numbers(before[-1].section):
            raise self._error(f"{new.id} comes after {before[-1].id}", line, "id", "keep to the order of the RFC")

    def _error(self, problem: str, table_line: int, key: str, mend: str) -> UsageError:
        line = self._line_of(key, table_line) if key else table_line
        return UsageError(problem, position=Position(self.path, line), mend=mend)

    def _line_of(self, key: str, table_line: int) -> int:
        """The line of the table (0: of the whole file) that begins with the key; else the table's own line."""
        begins = re.compile(rf"\s*\[*\s*\"?{re.escape(key)}(?!\w)")
        start = max(table_line, 1)
        for number, line in enumerate(self.lines[start - 1 :], start):
            if begins.match(line):
                return number
            if table_line and number > start and line.lstrip().startswith("["):
                break
        return start


def _suggest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(word, names, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(names)}"
