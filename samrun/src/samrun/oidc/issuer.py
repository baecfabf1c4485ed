"""An issuer of tokens for whoever has none: an OpenID provider of which there is only what an API needs of it."""

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

from local.errors import PlainError
from local.files import write_whole

LIFETIME = 12 * 3600
"""Seconds that a token lasts unless told otherwise."""

SUBJECT = "local"
"""Whose token it is where nobody says it."""

_ALGORITHM = "RS256"
_OWNER_ONLY = 0o600


class KeyFileError(PlainError):
    """The file of the issuer's key holds no RSA key."""


class Issuer:
    """Signs tokens with a key that is kept in the data folder of a stack, so that they outlive a restart."""

    def __init__(self, url: str, data: Path) -> None:
        """Read the key, or make it if there is none. Raises KeyFileError."""
        self.url = url
        self._key = _kept_key(data / "issuer" / "key.pem")
        self._jwk = _public_jwk(self._key)

    def configuration(self) -> dict[str, Any]:
        """Return the metadata, of which OpenID Connect Discovery 1.0 requires more: nobody can log in here."""
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
        """Return a token. The scopes are separated by spaces, the lifetime is in seconds; below 0, it is over."""
        now = int(time.time())
        standard = {"iss": self.url, "sub": subject, "aud": audience, "iat": now, "exp": now + int(lifetime)}
        scopes = {"scope": scope} if scope else {}
        return jwt.encode(
            {**(claims or {}), **standard, **scopes}, self._key, _ALGORITHM, headers={"kid": self._jwk["kid"]}
        )


def _kept_key(file: Path) -> RSAPrivateKey:
    if not file.exists():
        key = generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(file, pem, mode=_OWNER_ONLY)
        return key
    try:
        kept = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError:
        kept = None
    if not isinstance(kept, RSAPrivateKey):
        raise KeyFileError(f"{file} holds no RSA key: delete it, and the next start makes a new one.")
    return kept


def _public_jwk(key: RSAPrivateKey) -> dict[str, Any]:
    numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    public = {name: numbers[name] for name in ("e", "kty", "n")}
    # The key's thumbprint (RFC 7638): the members above, in this order and without blanks.
    digest = hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest()
    key_id = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**public, "kid": key_id, "use": "sig", "alg": _ALGORITHM}
