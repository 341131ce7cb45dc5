"""Enacting a dialogue: the coroutine that plays its steps on a stage, so that a dialogue is a case like any other.

Each `S:` step becomes one observation. What cannot be judged any more is not: after an answer of the wrong kind the
dialogue ends, since later steps would only accuse of consequences.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.cases import Case, Script
from harness.dialogue import Dialogue
from harness.dialogue.model import MAIL_PROTOCOLS
from harness.enact_imap import ImapEnactment
from harness.enact_pop3 import Pop3Enactment
from harness.enact_smtp import SmtpEnactment
from harness.enactment import Enactment
from harness.stage import Stage

#: Who plays the dialogues of a protocol.
ENACTMENTS: Mapping[str, type[Enactment]] = {
    "pop3": Pop3Enactment,
    "imap": ImapEnactment,
    **dict.fromkeys(MAIL_PROTOCOLS, SmtpEnactment),
}


def dialogue_case(dialogue: Dialogue) -> Case:
    """The case that plays a dialogue. One that sends mail makes its messages itself, in place of finding them."""
    mail = dialogue.protocol in MAIL_PROTOCOLS
    return Case(
        id=dialogue.id,
        title=dialogue.title,
        protocol="smtp" if mail else dialogue.protocol,
        requirements=dialogue.requirements,
        script=script_of(dialogue),
        position=dialogue.position,
        digest=dialogue.digest,
        requires=dialogue.requires,
        messages=() if mail else dialogue.messages,
        isolation=dialogue.isolation,
        source=dialogue.source,
        endpoint=dialogue.protocol if mail else "",
        users=2 if mail and "other" in dialogue.names else 1,
    )


def script_of(dialogue: Dialogue) -> Script:
    """The coroutine that plays a dialogue's steps in order."""

    enactment = ENACTMENTS[dialogue.protocol]

    async def script(stage: Stage) -> None:
        await enactment(dialogue, stage).play()

    return script
