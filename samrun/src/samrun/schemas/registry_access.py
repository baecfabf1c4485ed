"""Access to a registry of Confluent's kind: the secrets of a mapping's AccessConfigs.

https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html#services-consume-kafka-events-auth
"""

import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from samrun.schemas.schema import SchemaUnavailableError
from samrun.services.secrets import SecretError, read_secret

_SUPPORTED = {"BASIC_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE"}
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """Access with secrets: their ARNs by the type of AWS. `client` returns the boto3 client of a service."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    client: Callable[[str], Any] | None = None

    def http_client(self, url: str) -> httpx.Client:
        """Return a client of the registry, with the secrets as they are now. Raises SchemaUnavailableError."""
        if unsupported := ", ".join(sorted(self.secrets.keys() - _SUPPORTED)):
            raise SchemaUnavailableError(
                f"{unsupported} is not supported here: set SCHEMA_REGISTRY_URL to a registry without authentication"
            )
        try:
            return httpx.Client(base_url=url, auth=self._auth(), verify=self._tls(), timeout=_PATIENCE)
        except SecretError as error:
            raise SchemaUnavailableError(
                f"{error}. Create it, or set SCHEMA_REGISTRY_URL to a registry without authentication"
            ) from error
        except ssl.SSLError as error:
            raise SchemaUnavailableError(f"the secrets of AccessConfigs hold no certificate in PEM: {error}") from error

    def _auth(self) -> tuple[str, str] | None:
        if "BASIC_AUTH" not in self.secrets:
            return None
        found = self._read("BASIC_AUTH", "username", "password")
        return found["username"], found["password"]

    def _tls(self) -> ssl.SSLContext | bool:
        if not self.secrets.keys() & {"CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE"}:
            return True
        context = ssl.create_default_context()
        if "SERVER_ROOT_CA_CERTIFICATE" in self.secrets:
            certificate = self._read("SERVER_ROOT_CA_CERTIFICATE", "certificate")["certificate"]
            context = ssl.create_default_context(cadata=certificate)
        if "CLIENT_CERTIFICATE_TLS_AUTH" in self.secrets:
            self._load_client_certificate(context)
        return context

    def _load_client_certificate(self, context: ssl.SSLContext) -> None:
        found = self._read("CLIENT_CERTIFICATE_TLS_AUTH", "certificate", "privateKey", optional=["privateKeyPassword"])
        # Python's ssl reads a certificate from files only.
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
            certificate.write_text(found["certificate"])
            key.write_text(found["privateKey"])
            context.load_cert_chain(certificate, key, found.get("privateKeyPassword") or "")

    def _read(self, kind: str, *fields: str, optional: list[str] | None = None) -> Mapping[str, str]:
        assert self.client is not None  # noqa: S101 - only an access without secrets has no client
        return read_secret(self.client("secretsmanager"), self.secrets[kind], *fields, optional=optional or [])
