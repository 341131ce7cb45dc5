"""The certificate made on the fly, and the server's TLS context."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from reference_server.tls import CertificateFiles, certificate_files, server_context

NAMES = ("mail.a.test", "localhost", "127.0.0.1")


def handshake(files: CertificateFiles, client: ssl.SSLContext, name: str) -> str | None:
    """Let a client and a server talk through memory; the TLS version they agree on."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server_context(files).wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    done: set[ssl.SSLObject] = set()
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue
    assert len(done) == 2
    return theirs.version()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return certificate_files(tmp_path_factory.mktemp("tls"), NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_is_content(files: CertificateFiles, name: str) -> None:
    client = ssl.create_default_context(cafile=str(files.authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(files, client, name) == "TLSv1.3"


def test_other_names_are_not_covered(files: CertificateFiles) -> None:
    client = ssl.create_default_context(cafile=str(files.authority))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, client, "other.test")


def test_a_client_that_does_not_know_the_authority_refuses(files: CertificateFiles) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, ssl.create_default_context(), "localhost")


def test_tls_1_2_is_the_least(files: CertificateFiles) -> None:
    """RFC 8996 §4 and §5: neither 1.0 nor 1.1."""
    assert server_context(files).minimum_version is ssl.TLSVersion.TLSv1_2
    client = ssl.create_default_context(cafile=str(files.authority))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert handshake(files, client, "localhost") == "TLSv1.2"


def test_the_certificate_is_kept(tmp_path: Path) -> None:
    first = certificate_files(tmp_path, NAMES)
    before = first.certificate.read_bytes()
    assert certificate_files(tmp_path, NAMES).certificate.read_bytes() == before
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
