"""Listeners of the local broker that encrypt and ask for a password: their certificates and their users.

The ways to log in to a deployed cluster can be tried on one machine this way. The certificates are signed by a CA
of our own: clients have to be told to trust it.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import UserScramCredentialUpsertion

from local import docker
from local.files import write_whole
from local.kafka import KafkaUnreachableError, Listener, with_admin
from local.ports import LOOPBACK

MECHANISM = "SCRAM-SHA-512"

_VALID = timedelta(days=3650)


def tls(port: int, *, folder: Path) -> Listener:
    """Return a listener that encrypts; its certificates are kept in `folder`, and made if it has none."""
    return Listener(name="TLS", port=port, protocol="SSL", properties=_keystore(folder))


def scram(port: int, *, folder: Path) -> Listener:
    """Return a listener that encrypts and asks for the password of a user: see `set_password`."""
    return Listener(
        name="SCRAM",
        port=port,
        protocol="SASL_SSL",
        properties={
            **_keystore(folder),
            "sasl.enabled.mechanisms": MECHANISM,
            f"{MECHANISM.lower()}.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
        },
    )


def ca_certificate(folder: Path) -> str:
    """Return the certificate, in PEM, of the CA that signed the certificates of `folder`."""
    return _ca(folder).read_text()


def set_password(bootstrap: str, *, username: str, password: str) -> None:
    """Make the user, or give it another password, by the plain listener `bootstrap`.

    Raises KafkaUnreachableError.
    """

    def upsert(admin: KafkaAdminClient) -> None:
        [refusal] = admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(username, MECHANISM, password)]
        ).values()
        if refusal:
            raise KafkaUnreachableError(f"Kafka at {bootstrap} does not take the user {username}: {refusal}")

    with_admin(bootstrap, upsert)


def _ca(folder: Path) -> Path:
    return folder / "ca.pem"


def _keystore(folder: Path) -> dict[str, object]:
    server = folder / "server.pem"
    if not server.exists():
        ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _ca_certificate(ca_key)
        certificate = _server_certificate(server_key, ca, ca_key)
        key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(_ca(folder), ca.public_bytes(Encoding.PEM))
        # What Kafka calls a keystore in PEM: the key, and the chain from the certificate to the CA.
        write_whole(server, key + certificate.public_bytes(Encoding.PEM) + ca.public_bytes(Encoding.PEM))
    return {"ssl.keystore.type": "PEM", "ssl.keystore.location": server}


def _ca_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Local Kafka CA")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _certificate(name, issuer=name, key=key, issuer_key=key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName(docker.HOST_NAME),
            x509.IPAddress(ipaddress.ip_address(LOOPBACK)),
        ]
    )
    return (
        _certificate(_name("Local Kafka"), issuer=ca.subject, key=key, issuer_key=ca_key)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _certificate(
    subject: x509.Name,
    *,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    # Python 3.13 and newer want the two identifiers, which name the key of subject and issuer.
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
