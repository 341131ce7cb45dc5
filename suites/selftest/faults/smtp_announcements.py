"""What EHLO lists that it should not, and mailboxes that VRFY and EXPN tell wrongly. RFC 5321 §3.5, §4.1.1.1."""

from __future__ import annotations

from suites.selftest.fault import Fault
from suites.selftest.smtp_variants import announcing, fault, instead, replying, swap


def _tells(slug: str, title: str, requirements: str, told: bytes) -> Fault:
    """A mailbox that was found is told as something else."""
    build = replying(rb"^(VRFY|EXPN) ", swap(rb"<.*>", told))
    return fault(f"verify/{slug}", title, requirements, build, "VRFY", "EXPN")


FAULTS = (
    fault(
        "announced/equals-sign",
        "AUTH is listed with an equals sign too",
        "4.1.1.1-c",
        announcing(lambda lines: [*lines, "AUTH=PLAIN LOGIN"]),
        "EHLO",
        seen_in="Exchange 5.5",
    ),
    fault(
        "announced/etrn",
        "ETRN is taken, and not listed",
        "4.1.1.1-d",
        instead(rb"^ETRN", b"250 2.0.0 queued"),
        "ETRN",
    ),
    fault(
        "verify/expn-is-out-of-order",
        "EXPN is out of order",
        "3.5.1-a",
        instead(rb"^EXPN user", b"503 5.5.1 not now"),
        "EXPN",
    ),
    _tells("full-name", "A person's name stands for the mailbox", "3.5.1-c 3.5.2-a", b"Lena Fischer"),
    _tells("elsewhere", "VRFY tells a mailbox of an inner host", "3.5.2-c", b"<user@internal.test>"),
)
