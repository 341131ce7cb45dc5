"""Notebook: what a case takes down: each expectation with what was seen, remarks, and the transcript.

What POP3, IMAP and SMTP replies are expected to be is said here once, so that every case says it alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.cases import Observation
from harness.clients.imap import ImapReply
from harness.corpus import CorpusMessage
from harness.dialogue import compare_message
from harness.normalise.imap import canonical as imap_canonical
from harness.normalise.pop3 import canonical
from harness.normalise.smtp import canonical as smtp_canonical
from harness.transcript import Recorder
from harness.verdicts import Facet
from harness.wire.pop3 import Pop3Reply
from harness.wire.smtp import SmtpReply


class Notebook:
    """One performance's notebook. `exact`: nothing is put before or behind a loaded message's bytes."""

    def __init__(self, recorder: Recorder, *, exact: bool) -> None:
        self.recorder = recorder
        self.messages: tuple[CorpusMessage, ...] = ()
        self.uids: dict[int, str] = {}  # names of loaded messages by UID, as far as the case knows them
        self.observations: list[Observation] = []
        self.notes: list[str] = []
        self._exact = exact

    def expect(
        self,
        *requirements: str,
        holds: bool,
        facet: Facet,
        expected: str,
        observed: str,
        kind: str,
        event: int | None = None,
    ) -> bool:
        """Take down one expectation that cites requirements; returns whether it holds."""
        self.observe(Observation(requirements, facet, holds, expected, observed, kind, event=self._event(event)))
        return holds

    def expect_status(self, reply: Pop3Reply, status: str, *requirements: str, command: bytes | None = None) -> bool:
        """Expect a POP3 reply's status indicator."""
        return self.expect(
            *requirements,
            holds=reply.status == status,
            facet=Facet.STATUS,
            expected=status,
            observed=shown(reply.raw),
            kind=f"status:{_class(reply)}",
            event=reply.event,
        )

    def expect_tagged(self, reply: ImapReply, condition: str, *requirements: str) -> bool:
        """Expect how an IMAP command ends: `OK`, `NO`, `BAD`, or one of several (`NO|BAD`)."""
        return self.expect(
            *requirements,
            holds=reply.condition in condition.split("|"),
            facet=Facet.STATUS,
            expected=condition,
            observed=shown(reply.tagged.raw),
            kind=f"status:{reply.condition if reply.condition in ('OK', 'NO', 'BAD') else 'other'}",
            event=reply.tagged.event,
        )

    def expect_code(self, reply: ImapReply, name: str, *requirements: str) -> bool:
        """Expect a response code of this name in the tagged response or the untagged ones before it."""
        found = reply.coded(name)
        return self.expect(
            *requirements,
            holds=found is not None,
            facet=Facet.CODE,
            expected=f"the response code {name}",
            observed=shown(reply.tagged.raw),
            kind="code" if found is not None else "no-code",
            event=reply.tagged.event,
        )

    def expect_reply(self, reply: SmtpReply, codes: str, *requirements: str) -> bool:
        """Expect an SMTP reply's code: `250`, `5yz`, or one of several (`250|25z`). Its canonical form is compared."""
        self.observe(
            Observation(
                requirements=requirements,
                facet=Facet.STATUS,
                holds=has_code(reply, codes),
                expected=codes,
                observed=shown(reply.raw),
                kind=f"code:{reply.code:03d}",
                canonical=self.smtp_canonical(self._command_of(reply), reply),
                event=self._event(reply.event),
            )
        )
        return has_code(reply, codes)

    def _command_of(self, reply: SmtpReply) -> bytes | None:
        """The command that a reply answered, as the transcript has it."""
        exchanges = self.recorder.transcript.exchanges
        return next((each.command for each in reversed(exchanges) if each.last == reply.event), None)

    def expect_message(self, reply: Pop3Reply, message: CorpusMessage, *requirements: str) -> bool:
        """Expect the body of a reply to RETR to be this message, byte for byte, but for trace fields before it."""
        difference = compare_message(message.data, reply.body, exact=self._exact) if reply.body is not None else None
        holds = reply.body is not None and difference is None
        return self.expect(
            *requirements,
            holds=holds,
            facet=Facet.CONTENT,
            expected=f"the {message.kind} message of {len(message.data)} octets",
            observed="the message" if holds else (difference.text if difference else shown(reply.raw)),
            kind="same" if holds else (f"content:{difference.kind}" if difference else f"status:{_class(reply)}"),
            event=reply.event,
        )

    def expect_delivered(
        self, found: Sequence[bytes], messages: Sequence[CorpusMessage | bytes], *requirements: str
    ) -> bool:
        """Expect that what was delivered are these messages in any order, byte for byte, but for trace fields on top.

        RFC 5321 §4.4 (trace fields), §4.5.2 (transparency).
        """
        left = list(found)
        difference = ""
        kind = "same"
        for message in messages:
            data = message if isinstance(message, bytes) else message.data
            compared = [(compare_message(data, each, exact=False), each) for each in left]
            same = next((each for unlike, each in compared if unlike is None), None)
            if same is not None:
                left.remove(same)
            elif kind == "same":
                nearest = compared[0][0] if compared else None
                kind = f"content:{nearest.kind}" if nearest else "not-delivered"
                difference = nearest.text if nearest else "no message"
        holds = kind == "same" and not left
        counts = f"{len(found)} messages" if len(found) != len(messages) or holds else f"{len(found)} messages, altered"
        return self.expect(
            *requirements,
            holds=holds,
            facet=Facet.CONTENT,
            expected=f"{len(messages)} messages delivered as they were sent",
            observed=f"{counts}; {difference}" if difference else counts,
            kind=kind if kind != "same" or holds else "too-many",
        )

    def note(self, text: str) -> None:
        """Add a remark to the result."""
        self.notes.append(text)

    def observe(self, observation: Observation) -> None:
        """Take down a ready observation (dialogues do), without secrets."""
        masked = self.recorder.mask_text(observation.observed)
        self.observations.append(replace(observation, observed=masked))

    def canonical(self, command: bytes | None, reply: Pop3Reply) -> dict[str, object]:
        """A reply's canonical form, for the comparison with the oracle."""
        return canonical(command, reply, self.messages)

    def imap_canonical(self, command: bytes | None, reply: ImapReply) -> dict[str, object]:
        """An IMAP reply's canonical form, for the comparison with the oracle."""
        return imap_canonical(command, reply, self.messages, self.uids)

    def smtp_canonical(self, command: bytes | None, reply: SmtpReply) -> dict[str, object]:
        """An SMTP or LMTP reply's canonical form, for the comparison with the oracle."""
        return smtp_canonical(command, reply)

    def _event(self, event: int | None) -> int | None:
        events = len(self.recorder.transcript.events)
        return event if event is not None else (events - 1 if events else None)


def has_code(reply: SmtpReply, codes: str) -> bool:
    """Whether a reply's code is one of `250|25z|5yz`; y and z stand for any digit (RFC 5321 §4.2.1)."""
    return any(re.fullmatch(re.sub("[yz]", "[0-9]", code), f"{reply.code:03d}") for code in codes.split("|"))


def _class(reply: Pop3Reply) -> str:
    return reply.status if reply.status in ("+OK", "-ERR") else "other"


def shown(raw: bytes, limit: int = 120) -> str:
    """Bytes of a target as printable text, for a sentence: control and non-ASCII octets as escapes, long ones cut."""
    text = raw[:limit].decode("latin-1").encode("unicode_escape").decode("ascii")
    return f"`{text}`" + (f" … ({len(raw)} octets)" if len(raw) > limit else "")
