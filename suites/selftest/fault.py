"""Fault: one deliberate, named bug in the reference, and the requirements that it breaks.

Faults prove the suites. Each is modelled on a bug that a real server had, and must be reported under its own
requirement: a case that no fault can turn red is not a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reference_server.server import MailServer
from reference_server.settings import Settings

Build = Callable[[Settings], MailServer]


@dataclass(frozen=True, slots=True)
class Fault:
    """One faulty variant of the reference.

    `id` is `protocol/theme/slug`. `requirements` are those that the bug breaks; a deviation must name one of them.
    `build` makes the faulty server. `seen_in` says where a bug of this kind was seen. `touches` are the commands
    (keywords) in whose answers the bug can show; none means that it can show in any. `alone`: the bug lies between
    sessions, so that cases meet it one by one.
    """

    id: str
    title: str
    requirements: tuple[str, ...]
    build: Build
    seen_in: str = ""
    protocol: str = "pop3"
    touches: tuple[str, ...] = ()
    alone: bool = False
