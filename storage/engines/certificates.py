"""Mutual TLS for SeaweedFS's internal channel, so that `weed shell` without a certificate of this installation is turned away.

The authority that signs the two certificates is forgotten as soon as it has signed: nobody can make a third one.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from storage.engines.private_files import private_directory, write_private

NODE: Final = "classproof-node"
OPERATOR: Final = "classproof-operator"
LIFE: Final = timedelta(days=3650)
RENEW_BEFORE: Final = timedelta(days=365)
ROLES: Final = ("master", "volume", "filer", "s3", "admin", "worker", "msg_broker", "mq")


def ensure_certificates(directory: Path, now: datetime, *, hosts: Sequence[str] = ("localhost",)) -> None:
    """Make `ca.crt`, `node.*` and `operator.*` unless they are there and good for another year. Called while the engine is down."""
    if _good_until(directory / "ca.crt") > now + RENEW_BEFORE and (directory / "operator.key").exists():
        return
    private_directory(directory)
    authority_key = generate_private_key(SECP256R1())
    authority = _name("classproof-engines")
    authority_crt = (
        _builder(authority, authority, authority_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, SHA256())
    )
    for name in (NODE, OPERATOR):
        key = generate_private_key(SECP256R1())
        addresses = x509.SubjectAlternativeName([*(x509.DNSName(host) for host in hosts), x509.IPAddress(IPv4Address("127.0.0.1"))])
        certificate = _builder(_name(name), authority, key, now).add_extension(addresses, critical=False).sign(authority_key, SHA256())
        short = "node" if name == NODE else "operator"
        write_private(directory / f"{short}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        write_private(directory / f"{short}.crt", certificate.public_bytes(Encoding.PEM))
    write_private(directory / "ca.crt", authority_crt.public_bytes(Encoding.PEM))  # last: its presence says that all is there


def security_toml(directory: Path, *, volume_write_key: str, volume_read_key: str, filer_write_key: str, filer_read_key: str) -> bytes:
    """The engine's security file: every role demands a certificate of this installation, every HTTP write and read a signed token."""
    lines = [
        f'[jwt.signing]\nkey = "{volume_write_key}"\n',
        f'[jwt.signing.read]\nkey = "{volume_read_key}"\n',
        f'[jwt.filer_signing]\nkey = "{filer_write_key}"\n',
        f'[jwt.filer_signing.read]\nkey = "{filer_read_key}"\n',
        f'[grpc]\nca = "{directory}/ca.crt"\n',
    ]
    pair = f'cert = "{directory}/node.crt"\nkey = "{directory}/node.key"\n'
    lines += [f'[grpc.{role}]\n{pair}allowed_commonNames = "{NODE},{OPERATOR}"\n' for role in ROLES]
    lines.append(f"[grpc.client]\n{pair}")
    return "\n".join(lines).encode()


def operator_toml(directory: Path) -> bytes:
    """The security file of `weed shell`: the launcher's own certificate, no signing keys."""
    return f'[grpc]\nca = "{directory}/ca.crt"\n\n[grpc.client]\ncert = "{directory}/operator.crt"\nkey = "{directory}/operator.key"\n'.encode()


def _good_until(certificate: Path) -> datetime:
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (FileNotFoundError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
    )
