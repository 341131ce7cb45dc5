"""Message-IDs, normalized, as threading compares them.

Knows RFC 5322 §3.6.4 (msg-id) and RFC 5256 §3 (quoting makes no difference, case does; what a message refers to).
"""

from __future__ import annotations

import re

from reference_server.mime.content_type import unquote
from reference_server.mime.parse import Entity

# msg-id = "<" id-left "@" id-right ">"; bounded, so that a long field of bad ones is still read in one pass
_ID = re.compile(
    rb"<((?:\"[^\"\\]{0,998}+(?:\\.[^\"\\]{0,998}+){0,99}+\"|[^\x00-\x20\"<>@]++){1,99}+)"
    rb"@(\[[^\[\]<>\x00-\x20]++\]|[^\[\]<>@\"\x00-\x20]++)>",
    re.DOTALL,
)
_QUOTED = re.compile(rb"\"((?:[^\"\\]|\\.)*+)\"", re.DOTALL)


def message_ids(value: bytes) -> tuple[bytes, ...]:
    """All valid ids of an unfolded value in their order, without angle brackets and quoting."""
    return tuple([_unquoted(left) + b"@" + right for left, right in _ID.findall(value)])


def message_id(message: Entity) -> bytes | None:
    """The id of a message; None where it has no valid one."""
    return next(iter(message_ids(message.header.first(b"message-id") or b"")), None)


def references(message: Entity) -> tuple[bytes, ...]:
    """The ids of a message's ancestors, oldest first: those of References, or else the first of In-Reply-To."""
    ids = message_ids(message.header.first(b"references") or b"")
    return ids or message_ids(message.header.first(b"in-reply-to") or b"")[:1]


def _unquoted(left: bytes) -> bytes:
    return _QUOTED.sub(lambda match: unquote(match[1]), left) if b'"' in left else left
