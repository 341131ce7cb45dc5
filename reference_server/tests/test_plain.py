"""PLAIN: RFC 4616's grammar and preparation, with and without an initial response."""

from __future__ import annotations

import os

import pytest

from reference_server.sasl import Challenge, Check, Failure, FailureReason, SaslStep, Success
from reference_server.sasl.plain import Plain
from reference_server.tests.sasl_credentials import OneAccount

MALFORMED = Failure(FailureReason.MALFORMED)
NOT_AUTHENTICATED = Failure(FailureReason.NOT_AUTHENTICATED)


def exchange(message: bytes, credentials: OneAccount | None = None) -> SaslStep:
    mechanism = Plain(credentials or OneAccount("tim", "tanstaaf tanstaaf"), os.urandom)
    step = mechanism.start(message)
    return mechanism.checked(step.call()) if isinstance(step, Check) else step


@pytest.mark.parametrize(
    "message",
    [
        b"\0tim\0tanstaaf tanstaaf",
        b"tim\0tim\0tanstaaf tanstaaf",  # acting as oneself, said
        "\0t\u00adim\0tanstaaf\u00a0tanstaaf".encode(),  # prepared to the same strings
    ],
)
def test_right_password(message: bytes) -> None:
    assert exchange(message) == Success("tim")


@pytest.mark.parametrize(
    "message",
    [
        b"\0tim\0tanstaaf",
        b"\0Tim\0tanstaaf tanstaaf",
        b"\0eve\0tanstaaf tanstaaf",
        b"eve\0tim\0tanstaaf tanstaaf",  # the password is right, the identity is not his
        b"\0tim\0\x07",  # cannot be prepared
        "\0\u00ad\0x".encode(),  # empty once prepared (RFC 4616 §2)
        "\0tim\0\u00ad".encode(),
    ],
)
def test_not_authenticated(message: bytes) -> None:
    assert exchange(message) == NOT_AUTHENTICATED


@pytest.mark.parametrize(
    "message",
    [b"", b"tim", b"\0tim", b"tim\0tanstaaf", b"\0tim\0", b"\0\0x", b"\0tim\0a\0b", b"\0tim\0\xff", b"\0t\xc3\0x"],
)
def test_malformed_messages_ask_nobody(message: bytes) -> None:
    credentials = OneAccount("tim", "tanstaaf")
    assert exchange(message, credentials) == MALFORMED
    assert credentials.asked == []


def test_without_initial_response_the_challenge_is_empty() -> None:
    mechanism = Plain(OneAccount("tim", "p"), os.urandom)
    assert mechanism.start(None) == Challenge(b"")
    assert isinstance(mechanism.respond(b"\0tim\0p"), Check)
    assert mechanism.checked(True) == Success("tim")


def test_out_of_turn() -> None:
    mechanism = Plain(OneAccount("tim", "p"), os.urandom)
    with pytest.raises(RuntimeError):
        mechanism.checked(True)
    mechanism.start(b"\0tim\0p")
    with pytest.raises(RuntimeError):
        mechanism.respond(b"\0tim\0p")
