"""What the testbed's DNS shall answer: records and deliberate trouble, as data (RFC 1035 §3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `name` without the final dot, `type` (`MX`), `data` as in a zone file (`10 mx.a.test.`)."""

    name: str
    type: str
    data: str


class Trouble(StrEnum):
    """What else can become of a question. TRUNCATED: the answer comes over TCP only (RFC 7766 §5)."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    SILENCE = "silence"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Ailment:
    """Trouble with a name; for questions of one type, or of all types where `type` is ""."""

    name: str
    trouble: Trouble
    type: str = ""


#: Null MX: the domain takes no mail (RFC 7505 §3).
NULL_MX = "0 ."
