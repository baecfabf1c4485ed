"""Issuer of tokens for local use: the parts of an OpenID provider that an API needs."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from samrun.errors import UserError
from samrun.supervision.files import write_atomically

LIFETIME = 12 * 3600
"""Default lifetime of a token, in seconds."""

_ALGORITHM = "RS256"
_OWNER_ONLY = 0o600


class KeyFileError(UserError):
    """The issuer's key file has no RSA key."""


class Issuer:
    """Issuer of tokens. Its key is in the stack's data folder, so that tokens stay valid after a restart."""

    def __init__(self, url: str, data: Path) -> None:
        """Read the key, or create it if there is none. Raises KeyFileError."""
        self.url = url
        self._key = _stored_key(data / "issuer" / "key.pem")
        self._jwk = _public_jwk(self._key)

    def configuration(self) -> dict[str, Any]:
        """Return the issuer's metadata. OpenID Connect Discovery 1.0 requires more, for users who sign in."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": [_ALGORITHM],
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public key, as a JWK Set (RFC 7517)."""
        return {"keys": [self._jwk]}

    def token(
        self,
        *,
        subject: str,
        audience: str,
        scope: str = "",
        lifetime: float = LIFETIME,
        claims: Mapping[str, str] | None = None,
    ) -> str:
        """Return a token. Spaces separate the scopes. `lifetime` is in seconds; with a negative one it has expired."""
        now = int(time.time())
        standard = {"iss": self.url, "sub": subject, "aud": audience, "iat": now, "exp": now + int(lifetime)}
        scopes = {"scope": scope} if scope else {}
        return jwt.encode(
            {**(claims or {}), **standard, **scopes}, self._key, _ALGORITHM, headers={"kid": self._jwk["kid"]}
        )


def _stored_key(file: Path) -> RSAPrivateKey:
    if not file.exists():
        key = generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomically(file, pem, mode=_OWNER_ONLY)
        return key
    try:
        stored = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError:
        stored = None
    if not isinstance(stored, RSAPrivateKey):
        raise KeyFileError(f"{file} has no RSA key. Delete it; the next start creates a new one.")
    return stored


def _public_jwk(key: RSAPrivateKey) -> dict[str, Any]:
    numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    public = {name: numbers[name] for name in ("e", "kty", "n")}
    # The key's thumbprint (RFC 7638) is made of the members above, in this order and without spaces.
    digest = hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest()
    key_id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**public, "kid": key_id, "use": "sig", "alg": _ALGORITHM}
