"""A transcript as plain text, a line for each event, for reports that know no markup."""

from __future__ import annotations

from collections.abc import Sequence

from harness.results import EventRecord
from harness.transcript import KEEP_HEAD, EventKind
from reports.visible import visible_octets, visible_text
from reports.words import EVENT_WORDS

_CUT = "[the rest of the transcript is in run.ndjson]"


def transcript_text(events: Sequence[EventRecord], limit: int) -> str:
    """The transcript in about `limit` characters at most; what is left out is said."""
    lines: list[str] = []
    length = 0
    for event in events:
        for line in _lines(event):
            room = limit - length
            if room <= 0:
                return "\n".join([*lines, _CUT])
            lines.append(line if len(line) <= room else f"{line[:room]} [{len(line) - room} more characters]")
            length += len(line) + 1
    return "\n".join(lines)


def _lines(event: EventRecord) -> list[str]:
    stamp = f"{event.at:9.3f}"
    session = str(event.session) if event.session > 1 else ""
    if event.kind not in (EventKind.SENT, EventKind.RECEIVED) or event.text:
        words = EVENT_WORDS.get(event.kind, event.kind)
        return [visible_text(f"{stamp} --{session} {words}{': ' + event.text if event.text else ''}")]
    label = f"{stamp} {'C' if event.kind == EventKind.SENT else 'S'}{session}:"
    if not event.omitted:
        return [f"{label} {visible_octets(line)}" for line in _split(event.data)]
    return [
        *(f"{label} {visible_octets(line)}" for line in _split(event.data[:KEEP_HEAD])),
        f"{label} [{event.omitted} octets omitted; SHA-256 of the whole: {visible_text(event.sha256)}]",
        *(f"{label} {visible_octets(line)}" for line in _split(event.data[KEEP_HEAD:])),
    ]


def _split(data: str) -> list[str]:
    """Lines with their line feeds."""
    lines = data.split("\n")
    return [*(line + "\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]
