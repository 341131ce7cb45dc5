"""The defaults are within what the RFCs demand of a server."""

from __future__ import annotations

from reference_server.sasl import MECHANISMS
from reference_server.settings import TEST_COST, Limits, PasswordCost, Settings


def test_limits_are_no_tighter_than_the_rfcs_permit() -> None:
    limits = Limits()
    assert limits.pop3_line >= 255  # RFC 2449 §4
    assert limits.smtp_line >= 512  # RFC 5321 §4.5.3.1.4
    assert limits.sasl_line >= 12_288  # RFC 4954 §4
    assert limits.message >= 64 * 1024  # RFC 5321 §4.5.3.1.7
    assert limits.recipients >= 100  # RFC 5321 §4.5.3.1.8
    assert limits.pop3_idle >= 600  # RFC 1939 §3
    assert limits.smtp_idle >= 300  # RFC 5321 §4.5.3.2.7


def test_scram_iterates_enough_whatever_the_cost() -> None:
    """RFC 7677 §4; a client may refuse less."""
    assert min(PasswordCost().scram_iterations, TEST_COST.scram_iterations) >= 4096


def test_every_mechanism_that_is_offered_exists() -> None:
    assert set(Settings().mechanisms) <= set(MECHANISMS)
