"""The base subject, by which messages are sorted and threaded.

Knows RFC 5256 §2.1 and §5. Linear in the subject.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reference_server.mime.encoded_words import decode_words

_SPACES = re.compile(r"[ \t\r\n]+")

# subj-blob = "[" *BLOBCHAR "]" *WSP
_BLOB = re.compile(r"\[[^\[\]]*+\][ \t]*+")
# subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
_REFWD = re.compile(r"(?:re|fwd?)[ \t]*+(?:\[[^\[\]]*+\][ \t]*+)?:", re.IGNORECASE | re.ASCII)
# subj-fwd-hdr = "[fwd:"        subj-fwd-trl = "]"        subj-trailer = "(fwd)" / WSP
_FWD_HEADER = "[fwd:"
_FWD_TRAILER = "]"
_TRAILER = "(fwd)"


class BaseSubject(NamedTuple):
    """The base subject, and whether what was taken off makes the message a reply or a forward (RFC 5256 §3)."""

    text: str
    is_reply: bool


def base_subject(value: bytes | None) -> BaseSubject:
    """The base subject of an unfolded Subject value; of none, the empty one."""
    text = _SPACES.sub(" ", decode_words(value or b""))  # step (1)
    start, end, is_reply = 0, len(text), False
    while True:
        end, trailed = _without_trailers(text, start, end)  # step (2)
        start, led = _without_leaders(text, start, end)  # steps (3) to (5)
        is_reply = is_reply or trailed or led
        forwarded = end - start >= len(_FWD_HEADER) + len(_FWD_TRAILER) and (
            text[start : start + len(_FWD_HEADER)].lower() == _FWD_HEADER and text[end - 1] == _FWD_TRAILER
        )
        if not forwarded:
            return BaseSubject(text[start:end], is_reply)
        start, end, is_reply = start + len(_FWD_HEADER), end - len(_FWD_TRAILER), True  # step (6)


def _without_trailers(text: str, start: int, end: int) -> tuple[int, bool]:
    forwarded = False
    while end > start:
        if text[end - 1] in " \t":
            end -= 1
        elif text[max(start, end - len(_TRAILER)) : end].lower() == _TRAILER:
            end -= len(_TRAILER)
            forwarded = True
        else:
            break
    return end, forwarded


def _without_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """Where the text begins after replies, forwards, and blobs: all blobs but one that is all there is left."""
    replied = False
    while True:
        while start < end and text[start] in " \t":
            start += 1
        last_blob = position = start
        while blob := _BLOB.match(text, position, end):
            last_blob, position = position, blob.end()
        refwd = _REFWD.match(text, position, end)
        if refwd is None:
            return (position if position < end else last_blob), replied
        start, replied = refwd.end(), True
