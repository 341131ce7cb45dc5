"""A transcript becomes a dialogue: what was sent is sent again, and replies of the same kind must come.

For reproducing a case without the harness's scripts, and for keeping what was seen as a new case. Replies keep what a
client acts on: status or code, response code or enhanced code, and the end of the connection; bodies on request. What
needs TLS within a session, or more octets than a transcript keeps, cannot be said in a dialogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.dialogue.imap_transcript_writer import ImapWriter
from harness.dialogue.model import START_STATES, Dialogue
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.transcript_writer import Writer
from harness.dialogue.writer import write_dialogue
from harness.errors import UsageError
from harness.transcript import Transcript


def transcript_to_dialogue(
    transcript: Transcript,
    *,
    title: str,
    protocol: str,
    names: Mapping[str, bytes] | None = None,
    messages: Sequence[str] = (),
    requires: Sequence[str] = (),
    bodies: bool = False,
) -> Dialogue:
    """The dialogue that sends again what the transcript shows, from the connection on.

    `names` are values that become `$name` where they were sent (account names); the mask becomes `$password`.
    `bodies`: multi-line replies are matched line by line too, but not IMAP's data. Raises UsageError for what no
    dialogue can say.
    """
    if protocol not in START_STATES:
        raise UsageError(f"no dialogue can be written for {protocol}", mend=f"it can for {', '.join(START_STATES)}")
    writer = (ImapWriter if protocol == "imap" else Writer)(
        protocol, {name: value for name, value in (names or {}).items() if value}, bodies
    )
    for index, event in enumerate(transcript.events):
        writer.event(event)
        for exchange in transcript.exchanges:
            if exchange.last == index and exchange.complete:
                writer.exchange(exchange)
    dialogue = Dialogue(
        title=" ".join(re.sub(r"[\x00-\x20#]+", " ", title).split()) or "Written from a transcript",
        protocol=protocol,
        start="connected",
        steps=tuple(writer.steps),
        messages=tuple(messages),
        requires=tuple(requires),
    )
    return parse_dialogue(write_dialogue(dialogue), "transcript")
