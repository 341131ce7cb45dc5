"""IMAP's states (RFC 3501 §3), and what a client may be told in them while a command is carried out (§5.2, §7.4.1)."""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a session is (RFC 3501 §3)."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    SELECTED = auto()
    LOGOUT = auto()


class Updates(Enum):
    """What a command lets the client be told of the selected mailbox before it ends."""

    NOTHING = auto()
    SAME_NUMBERS = auto()
    """Anything but EXPUNGE: the client may have more commands under way that go by number (RFC 3501 §7.4.1)."""
    EVERYTHING = auto()
