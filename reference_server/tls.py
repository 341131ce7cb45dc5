"""TLS for test runs: a certificate authority and a server certificate made on the fly, and the server's context.

TLS 1.2 and later only (RFC 8996, RFC 8314 §4.1). The authority's key is thrown away at once.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALIDITY = timedelta(days=3650)
_FILES = ("ca.pem", "certificate.pem", "key.pem")


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where a server's certificate is: PEM files."""

    authority: Path
    """What a client must trust."""
    certificate: Path
    key: Path


def certificate_files(directory: Path, names: Sequence[str]) -> CertificateFiles:
    """The certificate kept in the directory, made for these names and addresses where it is missing. Raises OSError."""
    files = CertificateFiles(*(directory / name for name in _FILES))
    if not files.certificate.exists():  # written last, so the others are there as well
        authority, key, certificate = _make(names)
        files.authority.write_bytes(authority)
        _write_private(files.key, key)
        files.certificate.write_bytes(certificate)
    return files


def server_context(files: CertificateFiles) -> ssl.SSLContext:
    """A context for the server's side. Raises OSError, and ssl.SSLError for files that do not fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def _make(names: Sequence[str]) -> tuple[bytes, bytes, bytes]:
    """PEM of the authority's certificate, of the server's key and of its certificate."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "postel reference, for tests only")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    authority_usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        _builder(issuer, issuer, authority_key.public_key(), authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(authority_usage, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server_usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        _builder(issuer, subject, authority_key.public_key(), server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(server_usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    return authority.public_bytes(pem), key, certificate.public_bytes(pem)


def _builder(
    issuer: x509.Name, subject: x509.Name, issuer_key: ec.EllipticCurvePublicKey, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    # Clients compare these dates with their own clock, so they come from the real time, not from the server's Clock.
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
