"""The testbed beside a target on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.errors import SetupError
from harness.testbed.bed import LoopbackBed
from harness.testbed.certificate import hop_tls


async def loopback_bed(clock: Callable[[], float] = time.monotonic) -> LoopbackBed:
    """A running testbed on loopback, whose times are seconds of `clock`.

    Raises SetupError where the system has not the addresses for it.
    """
    bed = LoopbackBed(hop_tls(), clock)
    try:
        await bed.start()
    except OSError as error:
        await bed.stop()
        raise SetupError(
            f"the testbed cannot listen on 127.1.1.1: {error.strerror or error}",
            mend="every address of 127.0.0.0/8 must be this machine, as it is on Linux",
        ) from error
    return bed
