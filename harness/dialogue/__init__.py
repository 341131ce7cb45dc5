"""Dialogues: cases as data. The language (docs/dialogues.md), its parser, its writer, its matchers."""

from harness.dialogue.bindings import Bindings, substitute
from harness.dialogue.content import ContentKind, Difference, compare_message, compare_top
from harness.dialogue.from_transcript import transcript_to_dialogue
from harness.dialogue.loader import load_dialogues, read_dialogue
from harness.dialogue.matchers import BodyResult, Match, Mismatch, Result, match_loss
from harness.dialogue.model import Dialogue, Expect, Pattern, Role, Send, SendRaw, Step, body_steps
from harness.dialogue.parser import parse_dialogue
from harness.dialogue.pop3 import Pop3ReplyLike, match_body, match_reply, match_status
from harness.dialogue.writer import write_dialogue

__all__ = [
    "Bindings",
    "BodyResult",
    "ContentKind",
    "Dialogue",
    "Difference",
    "Expect",
    "Match",
    "Mismatch",
    "Pattern",
    "Pop3ReplyLike",
    "Result",
    "Role",
    "Send",
    "SendRaw",
    "Step",
    "body_steps",
    "compare_message",
    "compare_top",
    "load_dialogues",
    "match_body",
    "match_loss",
    "match_reply",
    "match_status",
    "parse_dialogue",
    "read_dialogue",
    "substitute",
    "transcript_to_dialogue",
    "write_dialogue",
]
