"""Certificates of the tests' own authority, for servers on loopback and for a client of theirs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIVES = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path
    both: Path
    """The key and after it the certificate, as servers want them."""


class Authority:
    """Signs what it is asked for, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("Headrace's tests")
        made = _unsigned(self._name, self._name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(_usage(signs_certificates=True), critical=True)
        mine = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        made = made.add_extension(mine, critical=False)
        self.file = folder / "ca.pem"
        """What clients and servers trust."""
        self.file.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def sign(self, name: str) -> Certificate:
        """A certificate for a server at 127.0.0.1 or localhost, or for a client of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _unsigned(_named(name), self._name, key.public_key())
        places = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.SubjectAlternativeName(places), critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        made = made.add_extension(_usage(signs_certificates=False), critical=True)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(signer, critical=False)
        signed = made.sign(self._key, SHA256()).public_bytes(Encoding.PEM)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        found = Certificate(
            certificate=self._folder / f"{name}.pem",
            key=self._folder / f"{name}.key",
            both=self._folder / f"{name}.both.pem",
        )
        found.certificate.write_bytes(signed)
        found.key.write_bytes(secret)
        found.both.write_bytes(secret + signed)
        return found


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - LIVES, now + LIVES
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
