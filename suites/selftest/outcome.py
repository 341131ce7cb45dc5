"""What became of faults: the results of a selftest, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Detection(StrEnum):
    """What became of one fault."""

    DETECTED = "detected"
    """A case deviates and names one of the fault's own requirements."""
    MISATTRIBUTED = "misattributed"
    """Cases turn red, and none names one."""
    UNDETECTED = "undetected"
    """Nothing turns red. A case that is lost or blocked is no detection."""


@dataclass(frozen=True, slots=True)
class FaultResult:
    """What became of one fault.

    `red` gives, for each case that it turned red, the requirements that the case named, `unjudged` for each that was
    lost or blocked why. `played` counts performances, `reason` says why the fault could not be examined to its end.
    """

    fault: str
    requirements: tuple[str, ...]
    detection: Detection
    red: Mapping[str, tuple[str, ...]]
    played: int
    seconds: float
    reason: str = ""
    unjudged: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Everything, under its name."""
        return {
            "fault": self.fault,
            "requirements": list(self.requirements),
            "detection": self.detection.value,
            "red": {case_id: list(named) for case_id, named in self.red.items()},
            "unjudged": dict(self.unjudged),
            "played": self.played,
            "seconds": self.seconds,
            **({"reason": self.reason} if self.reason else {}),
        }
