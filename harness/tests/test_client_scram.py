"""SCRAM-SHA-256: the example of RFC 7677 §3, and servers that cheat."""

from __future__ import annotations

import pytest

from harness.clients.scram import ScramSha256Client, prepared
from harness.errors import TargetProtocolError

SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def client() -> ScramSha256Client:
    return ScramSha256Client("user", "pencil", nonce="rOprNGfwEbeRWgbNEkqO")


def test_the_rfcs_example() -> None:
    scram = client()
    assert scram.first_message() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert scram.final_message(SERVER_FIRST) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    scram.verify(SERVER_FINAL)


@pytest.mark.parametrize("final", [b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", b"v=", b"", b"e=no", b"v=!"])
def test_a_wrong_server_signature(final: bytes) -> None:
    scram = client()
    scram.final_message(SERVER_FIRST)
    with pytest.raises(TargetProtocolError):
        scram.verify(final)


@pytest.mark.parametrize(
    "first",
    [
        SERVER_FIRST.replace(b"r=rO", b"r=xx"),
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        SERVER_FIRST.replace(b"i=4096", b"i=0"),
        SERVER_FIRST.replace(b"i=4096", b"i=99999999999"),
        SERVER_FIRST.replace(b"i=4096", b"i=many"),
        SERVER_FIRST.replace(b"s=W2", b"s=!!"),
        b"\xff",
    ],
)
def test_a_bad_first_message_is_refused_and_quickly(first: bytes) -> None:
    with pytest.raises(TargetProtocolError):
        client().final_message(first)


def test_names_are_escaped_and_prepared() -> None:
    assert ScramSha256Client("a=b,c", "x", nonce="n").first_message() == b"n,,n=a=3Db=2Cc,r=n"
    assert prepared("I\u00adX\u00a0\u2168") == "IX IX"
