"""Writing dialogues from Python: header and steps of docs/dialogues.md, as text. Knows no protocol's clauses."""

from __future__ import annotations

from collections.abc import Iterable


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
    start: str = "transaction",
    messages: str = "",
    requires: str = "",
) -> str:
    """A POP3 dialogue. Header keys without a value are left out."""
    header = {"title": title, "protocol": "pop3", "start": start, "messages": messages, "requires": requires}
    lines = [f"{key}: {value}" for key, value in header.items() if value]
    return "\n".join([*lines, "", *steps, ""])
