"""IDLE: news as it happens, until the client says DONE (RFC 2177)."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from reference_server.actions import Heard
from reference_server.conversation import Await
from reference_server.imap import commands
from reference_server.imap.outcome import Completion, Handling, Improper
from reference_server.imap.responses import Continue
from reference_server.imap.state import State, Updates
from reference_server.lines import Framing, LineBuffer

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

_LINE = 1024


class Woken(Enum):
    """What comes instead of a line."""

    CHANGED = auto()


def idle(session: ImapSession, _: commands.Idle) -> Handling:
    """IDLE."""

    def take(buffer: LineBuffer) -> object | None:
        return Woken.CHANGED if session.mail_changed else buffer.take_line(_LINE)

    yield session.send(Continue("Idling"))
    while True:
        yield from session.catch_up(Updates.EVERYTHING)
        if session.state is State.LOGOUT:
            return Completion("Idle no more")
        line = cast(bytes | Framing | Woken, (yield Await(take)))
        if line is Woken.CHANGED:
            continue
        if isinstance(line, bytes):
            yield Heard(line)
            if commands.is_done(line):
                return Completion("Idle no more")
        raise Improper("DONE expected")
