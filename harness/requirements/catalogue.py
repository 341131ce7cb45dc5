"""The catalogue: every requirement of every document, by id. Reading and checking a file is catalogue_file.py's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from harness.errors import Position, UsageError
from harness.requirements.catalogue_file import CatalogueFile, Document
from harness.requirements.model import Requirement


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All requirements by id, in the order of their documents: RFCs by number, then postel's own checks."""

    requirements: Mapping[str, Requirement]
    _documents: tuple[Document, ...]

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Read every `*.toml` of the directory. Raises UsageError at the first thing that is wrong."""
        paths = sorted(directory.glob("*.toml"))
        if not paths:
            raise UsageError(
                "no requirement catalogue here",
                position=Position(directory),
                mend="the directory must hold files such as rfc1939.toml",
            )
        found = sorted((CatalogueFile.read(path).parse() for path in paths), key=lambda pair: pair[0].order)
        requirements = {requirement.id: requirement for _, members in found for requirement in members}
        return cls(MappingProxyType(requirements), tuple(document for document, _ in found))

    def get(self, requirement_id: str) -> Requirement:
        """The requirement of that id. Raises UsageError with the nearest ids when there is none."""
        try:
            return self.requirements[requirement_id]
        except KeyError:
            near = get_close_matches(requirement_id, list(self.requirements), n=3, cutoff=0.6)
            mend = f"did you mean {' or '.join(near)}?" if near else "`postel requirements` lists them all"
            raise UsageError(f"no requirement {requirement_id!r} in the catalogue", mend=mend) from None

    def documents(self) -> tuple[Document, ...]:
        """The documents that have a file."""
        return self._documents

    def of(self, document: str) -> tuple[Requirement, ...]:
        """The requirements of a document, named `RFC1939` or `POSTEL`. Raises UsageError for one without a file."""
        names = [known.name for known in self._documents]
        if document not in names:
            mend = f"documents are {', '.join(names)}"
            raise UsageError(f"no document {document!r} in the catalogue", mend=mend)
        return tuple(requirement for requirement in self if requirement.document == document)

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements.values())

    def __len__(self) -> int:
        return len(self.requirements)

    def __contains__(self, requirement_id: object) -> bool:
        return requirement_id in self.requirements
