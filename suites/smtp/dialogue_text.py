"""Writing SMTP dialogues from Python: header and steps of docs/dialogues.md, as text. Knows no clauses."""

from __future__ import annotations

from collections.abc import Iterable

#: A generated dialogue: its case id and its text.
Generated = tuple[str, str]

#: What a dialogue sends as its message where the content does not matter; dots would have to be doubled.
MESSAGE = ("C: Subject: a message of the suite", "C:", "C: Hello.", "C: .")


def expecting(pattern: str, *requirements: str) -> str:
    """An `S:` step, labelled with the requirements that it judges."""
    label = f"  [[{', '.join(requirements)}]]" if requirements else ""
    return f"S: {pattern}{label}"


def raw(text: str) -> str:
    """A `C!` step that sends this text as it stands, escapes included."""
    return f'C! "{text}"'


def dialogue(
    title: str,
    steps: Iterable[str],
    *,
    protocol: str = "smtp",
    start: str = "",
    messages: str = "",
    requires: str = "",
) -> str:
    """An SMTP dialogue. Header keys without a value are left out."""
    header = {"title": title, "protocol": protocol, "start": start, "messages": messages, "requires": requires}
    lines = [f"{key}: {value}" for key, value in header.items() if value]
    return "\n".join([*lines, "", *steps, ""])


def slug(text: str) -> str:
    """A text as part of a case id: lower-case letters and digits, anything else a hyphen."""
    cleaned = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower())
    return "-".join(cleaned.split())
