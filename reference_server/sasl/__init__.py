"""SASL mechanisms (RFC 4422), server side, as state machines without I/O."""

from __future__ import annotations

from collections.abc import Mapping

from reference_server.sasl.mechanism import (
    Challenge,
    Check,
    Failure,
    FailureReason,
    MechanismFactory,
    SaslStep,
    ServerMechanism,
    Success,
)
from reference_server.sasl.plain import Plain
from reference_server.sasl.saslprep import SaslprepError, saslprep
from reference_server.sasl.scram import ScramSha256

__all__ = [
    "MECHANISMS",
    "Challenge",
    "Check",
    "Failure",
    "FailureReason",
    "MechanismFactory",
    "SaslStep",
    "SaslprepError",
    "ServerMechanism",
    "Success",
    "saslprep",
]

MECHANISMS: Mapping[str, MechanismFactory] = {
    "SCRAM-SHA-256": ScramSha256,
    "PLAIN": Plain,
}
"""Every mechanism by its registered name; `Settings.mechanisms` says which are offered, and in which order."""
