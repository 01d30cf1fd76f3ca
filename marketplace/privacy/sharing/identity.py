"""Who a party is on the wire: a self-signed certificate whose fingerprint the others know beforehand.

Trust model: no certificate authority. The fingerprint is what a seat told the others; whoever shows another one is
somebody else. The certificate says nothing but its key: no name, and no date that a wrong clock could trip over.
"""

from __future__ import annotations

import secrets
import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

__all__ = ["MAX_CERTIFICATE", "TlsIdentity", "fingerprint_of", "has_signed"]

MAX_CERTIFICATE: Final = 4096

_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gradmarket compute seat")])
_FROM, _TO = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def fingerprint_of(certificate: bytes) -> bytes:
    """Return the SHA-256 of a certificate in DER."""
    return sha256(certificate).digest()


def has_signed(certificate: bytes, signature: bytes, data: bytes) -> bool:
    """Whether whoever holds the key of a certificate signed `data`."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True)
class TlsIdentity:
    """A certificate and its private key, P-256; the repr shows no key."""

    certificate: bytes
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Return a fresh identity."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(
            issuer_name=_NAME,
            subject_name=_NAME,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=_FROM,
            not_valid_after=_TO,
        )
        certificate = builder.sign(key, hashes.SHA256())
        return cls(certificate.public_bytes(Encoding.DER), key)

    @classmethod
    def from_bytes(cls, certificate: bytes, key: bytes, password: bytes) -> Self:
        """Read what `to_bytes` gave."""
        private = load_der_private_key(key, password)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            msg = "this is not the key of a compute seat: use the file that belongs to the certificate"
            raise ValueError(msg)  # noqa: TRY004 - the value is of the wrong kind
        return cls(certificate, private)

    def to_bytes(self, password: bytes) -> tuple[bytes, bytes]:
        """Return the certificate and the private key, the key encrypted."""
        form = BestAvailableEncryption(password)
        return self.certificate, self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, form)

    @property
    def fingerprint(self) -> bytes:
        """What the others must know: SHA-256 of the certificate."""
        return fingerprint_of(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """Return a signature of `data`, at most 72 bytes: ECDSA with SHA-256."""
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def context(self, peer: bytes, *, server: bool) -> ssl.SSLContext:
        """Return a TLS 1.3 context that accepts exactly one certificate from the other side.

        Args:
            peer: that certificate, in DER.
            server: whether this side listens.
        """
        out = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        out.minimum_version = ssl.TLSVersion.TLSv1_3
        out.check_hostname = False  # there is no name, the certificate itself is what is known
        out.verify_mode = ssl.CERT_REQUIRED
        out.load_verify_locations(cadata=peer)
        if server:
            out.num_tickets = 0  # nobody resumes, and a side that never reads would never take them
        # The standard library reads keys from files only: it gets one that is encrypted and gone at once.
        password = secrets.token_bytes(32).hex().encode("ascii")
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder, "chain.pem")
            chain.touch(0o600)
            pem = x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM)
            form = BestAvailableEncryption(password)
            chain.write_bytes(pem + self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, form))
            out.load_cert_chain(chain, password=password)
        return out
