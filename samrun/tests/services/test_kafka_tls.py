"""The certificates of the local broker."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from samrun.services import kafka_tls


def test_server_certificate_has_every_name_of_this_machine_and_the_cas_signature(tmp_path: Path) -> None:
    kafka_tls.tls(9093, folder=tmp_path)
    keystore = (tmp_path / "server.pem").read_bytes()
    server, shown_ca = x509.load_pem_x509_certificates(keystore)
    ca = x509.load_pem_x509_certificate(kafka_tls.ca_certificate(tmp_path).encode())
    assert shown_ca == ca
    server.verify_directly_issued_by(ca)
    key = load_pem_private_key(keystore, password=None)
    assert key.public_key() == server.public_key()
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "host.docker.internal"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_certificates_satisfy_the_strictest_clients(tmp_path: Path) -> None:
    kafka_tls.tls(9093, folder=tmp_path)
    client = ssl.create_default_context(cadata=kafka_tls.ca_certificate(tmp_path))
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem")
    for name in ("localhost", "127.0.0.1", "host.docker.internal"):
        shake_hands(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(client, server, "kafka.example")


def shake_hands(client_context: ssl.SSLContext, server_context: ssl.SSLContext, name: str) -> None:
    """Do a TLS handshake in memory. Raises ssl.SSLError."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=name)
    server = server_context.wrap_bio(up, down, server_side=True)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)


def test_listeners_share_and_reuse_the_certificates_of_a_folder(tmp_path: Path) -> None:
    tls = kafka_tls.tls(9093, folder=tmp_path)
    ca = kafka_tls.ca_certificate(tmp_path)
    scram = kafka_tls.scram(9094, folder=tmp_path)
    assert kafka_tls.ca_certificate(tmp_path) == ca
    assert tls.properties["ssl.keystore.location"] == scram.properties["ssl.keystore.location"]
