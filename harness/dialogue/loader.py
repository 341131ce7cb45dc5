"""Loader: every `.dialogue` file of a folder. A file's path below the folder is its case's id."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from harness.dialogue.model import MAIL_PROTOCOLS, Dialogue
from harness.dialogue.parser import decode_dialogue, parse_dialogue
from harness.errors import Position, UsageError

#: Octets of a dialogue file; more is not one.
MOST_OCTETS = 1024 * 1024

_PART = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def load_dialogues(root: Path) -> list[Dialogue]:
    """Every dialogue below `root`, sorted by id. Raises one UsageError that lists every file that is wrong."""
    if not root.is_dir():
        raise UsageError("no such folder", position=Position(root), mend="name the folder that holds the suites")
    dialogues: list[Dialogue] = []
    errors: list[UsageError] = []
    for path in sorted(root.rglob("*.dialogue")):
        try:
            dialogues.append(_load(path, root))
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        listed = "".join(f"\n  {error}" for error in errors)
        raise UsageError(f"{len(errors)} dialogues cannot be read:{listed}")
    return sorted(dialogues, key=lambda dialogue: dialogue.id)


def read_dialogue(path: Path) -> Dialogue:
    """The dialogue of one file, without an id. Raises UsageError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_OCTETS + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot be read: {reason}", position=Position(path), mend="make it readable") from None
    if len(data) > MOST_OCTETS:
        raise UsageError(f"more than {MOST_OCTETS} octets", position=Position(path), mend="split it, or use a @case")
    return parse_dialogue(decode_dialogue(data, path), path)


def _load(path: Path, root: Path) -> Dialogue:
    parts = path.relative_to(root).with_suffix("").parts
    place = Position(path)
    if len(parts) != 3:
        mend = "put it at protocol/section/slug.dialogue, such as pop3/rfc1939-5/list-of-a-deleted-message.dialogue"
        raise UsageError("its path is not a case id", position=place, mend=mend)
    protocol, section, slug = parts
    if not _PART.fullmatch(section):
        raise UsageError(f"the folder {section!r} is not a section", position=place, mend="name it like rfc1939-5")
    if not _SLUG.fullmatch(slug):
        mend = "use lower-case letters, digits and single hyphens"
        raise UsageError(f"the name {slug!r} is not a slug", position=place, mend=mend)
    dialogue = read_dialogue(path)
    suite = "smtp" if dialogue.protocol in MAIL_PROTOCOLS else dialogue.protocol
    if protocol != suite:
        raise UsageError(
            f"a dialogue of {dialogue.protocol} lies in {protocol}/",
            position=place,
            mend=f"move it to {suite}/, or change its protocol",
        )
    return replace(dialogue, id="/".join(parts))
