"""What of a command may be shown in a log: no password, no literal (they are long, and may be passwords)."""

from __future__ import annotations

import re

from reference_server.imap.fragmenter import CommandText

# Wherever the two names may stand, also in a command that is wrong in another way.
_SECRET = re.compile(rb"\A(\S*[ \t]+(?:LOGIN|AUTHENTICATE[ \t]+[^ \t]+))(?:[ \t].*)?\Z", re.IGNORECASE | re.DOTALL)


def shown(text: CommandText) -> bytes:
    """The command as one line: literals are only announced, and what follows LOGIN, or a SASL mechanism, is masked."""
    match = _SECRET.match(text.lines)
    if match is None:
        return text.lines.replace(b"\r\n", b"")
    return match[1] + (b" ***" if match.end(1) < len(text.lines) else b"")
