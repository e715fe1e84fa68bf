"""Certificates for a cluster: an authority of its own, and one for each side, signed by it.

Whoever has one of them may join the cluster, and so run programs on its machines: the folder is for its owner alone.
"""

import datetime
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from videod import files

#: who gets one besides the authority
SIDES = ("scheduler", "worker", "client")
DAYS = 3650
_DAY = datetime.timedelta(days=1)


def make(folder: Path, days: int = DAYS) -> list[Path]:
    """The files `ca.pem`, and `.pem` and `.key` of each side. Raises FileExistsError where one is there, OSError."""
    files.private_folder(folder)
    now = datetime.datetime.now(datetime.UTC)
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("videod cluster")
    made = [_write(folder / "ca.pem", _pem(_certificate(issuer, issuer, authority, authority, now, days, None)), 0o644)]
    for side in SIDES:
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate(_name(f"videod {side}"), issuer, key, authority, now, days, side)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        made += [_write(folder / f"{side}.pem", _pem(signed), 0o644), _write(folder / f"{side}.key", secret, 0o600)]
    return made


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey,
    now: datetime.datetime, days: int, side: str | None,
) -> x509.Certificate:  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)  # clocks differ
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=side is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(side is None), critical=True)
    )
    if side is not None:
        both = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(f"{side}.videod")]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes, mode: int) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    return path
