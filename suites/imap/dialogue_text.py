"""Writing IMAP dialogues from Python: header and steps of docs/dialogues.md, as text. Knows no protocol's clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: A generated case: its id and its dialogue.
Generated = tuple[str, str]


def sent(line: str) -> str:
    """A `C:` step; where the line has a space at an edge, or looks like no line, a `C!` step with a tag of its own."""
    if line != line.strip(" ") or "\t" in line:
        return raw(f"x1 {escaped(line)}\\r\\n")
    return f"C: {line}" if line else "C:"


def raw(text: str) -> str:
    """A `C!` step that sends this text as it stands, escapes included."""
    return f'C! "{text}"'


def escaped(text: str) -> str:
    """Text as it is written inside the quotes of a `C!` step."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


def expecting(pattern: str, *requirements: str) -> str:
    """An `S:` step, labelled with the requirements that it judges."""
    label = f"  [[{', '.join(requirements)}]]" if requirements else ""
    return f"S: {pattern}{label}"


def done(line: str) -> list[str]:
    """A command that must succeed, as a prerequisite."""
    return [sent(line), "S: OK"]


def all_done(lines: Iterable[str]) -> list[str]:
    """Commands that must succeed, as prerequisites."""
    return [step for line in lines for step in done(line)]


#: Binds $sep to the hierarchy delimiter, which has to be one of the two that are in use; else the case is blocked.
DELIMITER = (
    'C: LIST "" ""',
    'S: * LIST (<any>) "/" <any> | * LIST (<any>) "." <any>',
    "S: OK",
    'C: LIST "" ""',
    "S: * LIST (<any>) $sep <any>",
    "S: OK",
)


def listed(name: str, attributes: str = "<any>", kind: str = "LIST") -> str:
    """The pattern of one LIST response for a name whose levels are separated by `/` here and by $sep on the wire."""
    names = [name] if "/" not in name else [name, name.replace("/", ".")]
    return " | ".join(f'* {kind} ({attributes}) <any> "{escaped(each)}"' for each in names)


def inferior(name: str) -> str:
    """A name with its levels, for a `C:` step: `pier/boat` becomes `pier${sep}boat`."""
    return name.replace("/", "${sep}")


def dialogue(
    title: str,
    steps: Sequence[str],
    *,
    start: str = "authenticated",
    messages: str = "",
    requires: str = "",
) -> str:
    """An IMAP dialogue. Header keys without a value are left out."""
    header = {"title": title, "protocol": "imap", "start": start, "messages": messages, "requires": requires}
    lines = [f"{key}: {value}" for key, value in header.items() if value]
    return "\n".join([*lines, "", *steps, ""])
