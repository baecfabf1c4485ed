"""TLS listeners of the local broker: their certificates, and the users that authenticate on them.

With them, one machine can try the authentication methods of a deployed cluster. A CA of the stack signs the
certificates; clients must be configured to trust it.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from samrun.services.kafka import Listener, with_admin
from samrun.supervision import docker
from samrun.supervision.files import write_atomically
from samrun.supervision.ports import LOOPBACK

_SCRAM = {"SCRAM-SHA-256": ScramMechanism.SCRAM_SHA_256, "SCRAM-SHA-512": ScramMechanism.SCRAM_SHA_512}
_ITERATIONS = 4096  # the fewest that Kafka takes
_LOGIN_MODULES = "org.apache.kafka.common.security"

_VALID = timedelta(days=3650)


def tls(port: int, *, folder: Path) -> Listener:
    """Return a listener with TLS. Its certificates are in `folder`; they are created if the folder has none."""
    return Listener(name="TLS", port=port, protocol="SSL", properties=_keystore(folder))


def mutual_tls(port: int, *, folder: Path) -> Listener:
    """Return a listener with TLS on which clients authenticate with a certificate: see `client_certificate`."""
    return Listener(
        name="MTLS",
        port=port,
        protocol="SSL",
        properties={
            **_keystore(folder),
            "ssl.client.auth": "required",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": _ca(folder),
        },
    )


def scram(port: int, *, folder: Path, plain_users: Mapping[str, str] | None = None) -> Listener:
    """Return a listener with TLS on which clients authenticate with a password, by SCRAM or by PLAIN.

    `set_password` sets the passwords for SCRAM. Those for PLAIN, by user, are fixed when the broker starts.
    """
    users = "".join(f' user_{name}="{password}"' for name, password in (plain_users or {}).items())
    modules = dict.fromkeys(_SCRAM, f"{_LOGIN_MODULES}.scram.ScramLoginModule required;")
    if users:
        modules["PLAIN"] = f"{_LOGIN_MODULES}.plain.PlainLoginModule required{users};"
    return Listener(
        name="SCRAM",
        port=port,
        protocol="SASL_SSL",
        properties={
            **_keystore(folder),
            "sasl.enabled.mechanisms": ",".join(modules),
            **{f"{mechanism.lower()}.sasl.jaas.config": module for mechanism, module in modules.items()},
        },
    )


def ca_certificate(folder: Path) -> str:
    """Return the certificate, in PEM, of the CA that signed the certificates in `folder`."""
    return _ca(folder).read_text()


def client_certificate(folder: Path) -> tuple[str, str]:
    """Return a certificate for clients and its private key, both in PEM, for the listener of `mutual_tls`."""
    return (folder / "client.pem").read_text(), (folder / "client-key.pem").read_text()


def set_password(bootstrap: str, *, username: str, password: str) -> None:
    """Create the user or change its password for SCRAM, over the plain listener `bootstrap`.

    Raises KafkaUnreachableError.
    """

    def upsert(admin: AdminClient) -> None:
        for mechanism in _SCRAM.values():  # Kafka takes one of a user in a request
            credential = ScramCredentialInfo(mechanism, _ITERATIONS)
            change = UserScramCredentialUpsertion(username, credential, password.encode())
            admin.alter_user_scram_credentials([change])[username].result()

    with_admin(bootstrap, upsert)


def _ca(folder: Path) -> Path:
    return folder / "ca.pem"


def _keystore(folder: Path) -> dict[str, object]:
    server = folder / "server.pem"
    if not (server.exists() and (folder / "client.pem").exists()):  # an earlier version made none for clients
        _create_certificates(folder, server)
    return {"ssl.keystore.type": "PEM", "ssl.keystore.location": server}


def _create_certificates(folder: Path, server: Path) -> None:
    ca_key, server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = _ca_certificate(ca_key)
    certificate = _server_certificate(server_key, ca, ca_key)
    client = _certificate(_name("Local Kafka client"), issuer=ca.subject, key=client_key, issuer_key=ca_key)
    write_atomically(_ca(folder), ca.public_bytes(Encoding.PEM))
    write_atomically(folder / "client-key.pem", _private_bytes(client_key))
    write_atomically(folder / "client.pem", client.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    # Kafka's keystore in PEM is the key, and then the chain from the certificate to the CA.
    chain = certificate.public_bytes(Encoding.PEM) + ca.public_bytes(Encoding.PEM)
    write_atomically(server, _private_bytes(server_key) + chain)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


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
    # Python 3.13 and newer require the two identifiers of the subject's and the issuer's key.
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
