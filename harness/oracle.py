"""Oracle: what the reference shows when it plays the same case, in process. A witness, not the law.

`ReferenceInProcess` is the reference server as a target of the harness's own event loop: the oracle plays on it, and so
does every faulty variant of it in `suites/selftest`. Performances are kept by the case's digest, so that one reference
serves any number of runs.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from harness.cases import Case, Performance
from harness.corpus import CorpusMessage, Trait
from harness.errors import HarnessError
from harness.player import Player
from harness.targets.model import Account, Endpoint, Loader, TargetState, TlsMode
from harness.targets.profile import Profile
from harness.results import TunedSetting
from reference_server.server import MailServer
from reference_server.settings import Settings

Build = Callable[[Settings], MailServer]


class Oracle:
    """Plays cases on the reference and remembers what it saw."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._kept: dict[str, asyncio.Task[Performance]] = {}

    async def perform(self, case: Case) -> Performance:
        """The reference's performance of a case: played once, whoever asks, however often."""
        key = f"{case.id} {case.digest}"
        task = self._kept.get(key)
        if task is None:
            task = self._kept[key] = asyncio.create_task(self._player.play(case))
        return await asyncio.shield(task)
