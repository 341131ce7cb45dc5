"""SCRAM-SHA-256: RFC 7677's own exchange, a client of our own, and every way in which a message can be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_server.sasl import Challenge, Check, Failure, FailureReason, SaslStep, Success
from reference_server.sasl.scram import NONCE_OCTETS, ScramSha256
from reference_server.tests.sasl_credentials import OneAccount

MALFORMED = Failure(FailureReason.MALFORMED)
NOT_AUTHENTICATED = Failure(FailureReason.NOT_AUTHENTICATED)
KNOWN = OneAccount("tim", "tanstaaf")


def first(message: bytes | None, credentials: OneAccount = KNOWN) -> tuple[ScramSha256, SaslStep]:
    """A mechanism that was sent the client's first message, and what it answered."""
    mechanism = ScramSha256(credentials, os.urandom)
    step = mechanism.start(message)
    return mechanism, mechanism.checked(step.call()) if isinstance(step, Check) else step


def client_final(password: str, gs2: str, bare: str, server_first: str, binding: str | None = None) -> bytes:
    """What an honest client answers to the server's first message (RFC 5802 §3, written anew)."""
    nonce, salt, iterations = (field[2:] for field in server_first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without_proof = f"c={base64.b64encode((binding or gs2).encode()).decode()},r={nonce}"
    signed = f"{bare},{server_first},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()


def login(gs2: str, bare: str, password: str, credentials: OneAccount = KNOWN) -> SaslStep:
    """A whole exchange."""
    mechanism, step = first((gs2 + bare).encode(), credentials)
    if not isinstance(step, Challenge):
        return step
    verdict = mechanism.respond(client_final(password, gs2, bare, step.data.decode()))
    if not isinstance(verdict, Challenge):
        return verdict
    assert verdict.data.startswith(b"v=")
    return mechanism.respond(b"")


def test_rfc_7677_example() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    mechanism = ScramSha256(OneAccount("user", "pencil", salt), os.urandom)
    mechanism._nonce_tail = server_nonce  # the example's nonce is not base64, ours always is
    check = mechanism.start(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert isinstance(check, Check)
    assert mechanism.checked(check.call()) == Challenge(
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    verdict = mechanism.respond(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert verdict == Challenge(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert mechanism.respond(b"") == Success("user")


@pytest.mark.parametrize(
    ("gs2", "bare"),
    [
        ("n,,", "n=tim,r=abc"),
        ("y,,", "n=tim,r=abc"),  # a client that could bind, and sees that we do not offer it
        ("n,a=tim,", "n=tim,r=abc"),
        ("n,,", "n=tim,r=abc,x=later"),  # an optional extension is carried along
        ("n,,", "n=t\u00adim,r=abc"),
    ],
)
def test_right_password(gs2: str, bare: str) -> None:
    assert login(gs2, bare, "tanstaaf") == Success("tim")


@pytest.mark.parametrize(
    ("gs2", "bare", "password"),
    [
        ("n,,", "n=tim,r=abc", "tanstaaf!"),
        ("n,,", "n=eve,r=abc", "tanstaaf"),
        ("n,a=eve,", "n=tim,r=abc", "tanstaaf"),
        ("n,,", "n=\x07,r=abc", "tanstaaf"),
        ("n,,", "n=\u00ad,r=abc", "tanstaaf"),
    ],
)
def test_not_authenticated(gs2: str, bare: str, password: str) -> None:
    assert login(gs2, bare, password) == NOT_AUTHENTICATED


def test_names_may_hold_a_comma_and_an_equals_sign() -> None:
    assert login("n,,", "n=a=2Cb=3Dc,r=abc", "p", OneAccount("a,b=c", "p")) == Success("a,b=c")


def test_an_unknown_account_gets_a_challenge_like_any_other() -> None:
    _, known = first(b"n,,n=tim,r=abc")
    _, unknown = first(b"n,,n=eve,r=abc")
    assert isinstance(known, Challenge)
    assert isinstance(unknown, Challenge)
    assert len(known.data) == len(unknown.data)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n=tim,r=abc",
        b"n,n=tim,r=abc",
        b"p=tls-unique,,n=tim,r=abc",  # binding cannot be had under this name
        b"n,,m=new,n=tim,r=abc",  # an extension that must be understood (RFC 5802 §5.1)
        b"n,,n=,r=abc",
        b"n,,n=tim,r=",
        b"n,,n=tim,r=a b",
        b"n,,r=abc,n=tim",
        b"n,,n=ti=2cm,r=abc",
        b"n,,n=ti=m,r=abc",
        b"n,a=x=,n=tim,r=abc",
        b"n,,n=\xff,r=abc",
        b"n,,n=tim,r=abc,",
        b"N,,n=tim,r=abc",
    ],
)
def test_malformed_first_messages(message: bytes) -> None:
    assert first(message)[1] == MALFORMED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda final: b"",
        lambda final: final.partition(b",p=")[0],
        lambda final: final + b",x=y",
        lambda final: final.replace(b"p=", b"p=!"),
        lambda final: final[:-1],
        lambda final: b"\xff" + final,
    ],
)
def test_malformed_final_messages(spoil: object) -> None:
    mechanism, step = first(b"n,,n=tim,r=abc")
    assert isinstance(step, Challenge)
    final = client_final("tanstaaf", "n,,", "n=tim,r=abc", step.data.decode())
    assert callable(spoil)
    assert mechanism.respond(spoil(final)) == MALFORMED


@pytest.mark.parametrize("binding", ["y,,", "n,a=tim,"])
def test_a_header_that_changed_on_the_way_is_noticed(binding: str) -> None:
    mechanism, step = first(b"n,,n=tim,r=abc")
    assert isinstance(step, Challenge)
    final = client_final("tanstaaf", "n,,", "n=tim,r=abc", step.data.decode(), binding)
    assert mechanism.respond(final) == NOT_AUTHENTICATED


def test_a_nonce_that_is_not_ours_is_refused() -> None:
    mechanism, step = first(b"n,,n=tim,r=abc")
    assert isinstance(step, Challenge)
    foreign = step.data.decode().replace("r=abc", "r=abcd", 1)
    assert mechanism.respond(client_final("tanstaaf", "n,,", "n=tim,r=abc", foreign)) == NOT_AUTHENTICATED


def test_a_short_proof_is_refused() -> None:
    mechanism, step = first(b"n,,n=tim,r=abc")
    assert isinstance(step, Challenge)
    nonce = step.data.decode().partition(",")[0]
    assert mechanism.respond(f"c=biws,{nonce},p=AAAA".encode()) == NOT_AUTHENTICATED


def test_the_last_message_of_the_client_is_empty() -> None:
    mechanism, step = first(b"n,,n=tim,r=abc")
    assert isinstance(step, Challenge)
    mechanism.respond(client_final("tanstaaf", "n,,", "n=tim,r=abc", step.data.decode()))
    assert mechanism.respond(b"thanks") == MALFORMED


def test_an_exchange_that_is_over_stays_over() -> None:
    mechanism, _ = first(b"")
    with pytest.raises(RuntimeError):
        mechanism.respond(b"n,,n=tim,r=abc")
    with pytest.raises(RuntimeError):
        mechanism.checked(KNOWN.scram_keys("tim"))


def test_nonces_differ_and_are_long() -> None:
    nonces = {first(b"n,,n=tim,r=abc")[1] for _ in range(20)}
    assert len(nonces) == 20
    assert NONCE_OCTETS >= 16


def test_without_initial_response_the_challenge_is_empty() -> None:
    mechanism, step = first(None)
    assert step == Challenge(b"")
    assert isinstance(mechanism.respond(b"n,,n=tim,r=abc"), Check)


@settings(max_examples=25, deadline=None)
@given(name=st.text("abcäß,=λ-._", min_size=1, max_size=12), password=st.text("xyzß =,ł", min_size=1, max_size=12))
def test_any_name_and_password(name: str, password: str) -> None:
    credentials = OneAccount(name, password, iterations=1)
    bare = f"n={name.replace('=', '=3D').replace(',', '=2C')},r=abc"
    assert login("n,,", bare, password, credentials) == Success(name)
    assert login("n,,", bare, password + "x", credentials) == NOT_AUTHENTICATED
