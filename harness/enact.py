"""Enacting a dialogue: the coroutine that plays its steps on a stage, so that a dialogue is a case like any other.

Each `S:` step becomes one observation. What cannot be judged any more is not: after an answer of the wrong kind the
dialogue ends, since later steps would only accuse of consequences.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.cases import Case, Script
from harness.dialogue import Dialogue
from harness.enact_imap import ImapEnactment
from harness.enact_pop3 import Pop3Enactment
from harness.enactment import Enactment
from harness.errors import UsageError
from harness.stage import Stage

#: Who plays the dialogues of a protocol.
ENACTMENTS: Mapping[str, type[Enactment]] = {"pop3": Pop3Enactment, "imap": ImapEnactment}


def dialogue_case(dialogue: Dialogue) -> Case:
    """The case that plays a dialogue."""
    return Case(
        id=dialogue.id,
        title=dialogue.title,
        protocol=dialogue.protocol,
        requirements=dialogue.requirements,
        script=script_of(dialogue),
        position=dialogue.position,
        digest=dialogue.digest,
        requires=dialogue.requires,
        messages=dialogue.messages,
        isolation=dialogue.isolation,
        source=dialogue.source,
    )


def script_of(dialogue: Dialogue) -> Script:
    """The coroutine that plays a dialogue's steps in order."""

    enactment = ENACTMENTS.get(dialogue.protocol)
    if enactment is None:
        problem = f"dialogues of {dialogue.protocol} cannot be played yet"
        raise UsageError(problem, position=dialogue.position, mend=f"they can be for {', '.join(ENACTMENTS)}")

    async def script(stage: Stage) -> None:
        await enactment(dialogue, stage).play()

    return script
