"""CAPABILITY, NOOP, LOGOUT (RFC 3501 §6.1) and ID (RFC 2971), which are valid in any state; ENABLE (RFC 5161)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.imap import commands
from reference_server.imap.capabilities import ENABLEABLE, IMPLIED
from reference_server.imap.outcome import Completion, Handling
from reference_server.imap.responses import CapabilityData, Condition, Enabled, IdData, StatusResponse
from reference_server.imap.state import State

if TYPE_CHECKING:
    from reference_server.imap.session import ImapSession

_IDENTITY = ((b"name", b"postel"), (b"vendor", b"postel"))


def capability(session: ImapSession, _: commands.Capability) -> Handling:
    """CAPABILITY (RFC 3501 §6.1.1)."""
    yield session.send(CapabilityData(session.capability_names()))
    return Completion("That is what I can do")


def noop(session: ImapSession, _: commands.Noop) -> Handling:
    """NOOP: its use is the news before its end (RFC 3501 §6.1.2)."""
    yield from ()
    return Completion("Nothing done")


def logout(session: ImapSession, _: commands.Logout) -> Handling:
    """LOGOUT: BYE before OK (RFC 3501 §6.1.3)."""
    session.deselect()
    yield session.send(StatusResponse(Condition.BYE, "Signing off"))
    session.state = State.LOGOUT
    return Completion("Until next time")


def identify(session: ImapSession, _: commands.Id) -> Handling:
    """ID: whoever the client is, it is told who the server is (RFC 2971 §3.1)."""
    yield session.send(IdData(_IDENTITY))
    return Completion("Pleased to meet you")


def enable(session: ImapSession, command: commands.Enable) -> Handling:
    """ENABLE: what is not known is passed over in silence (RFC 5161 §3.1)."""
    offered = set(session.capability_names()).intersection(ENABLEABLE)
    wanted = [name for name in dict.fromkeys(command.capabilities) if name in offered]
    named = [name for name in wanted if name not in session.enabled]
    implied = [other for name in wanted for other in IMPLIED.get(name, ()) if other in offered]
    session.enable(session.enabled.union(wanted, implied))
    yield session.send(Enabled(tuple(named)))
    return Completion("Enabled")
