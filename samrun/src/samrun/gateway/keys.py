"""Public keys of a token issuer: fetched by OpenID Connect discovery, and cached."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm

from samrun.error_code import error_code
from samrun.gateway.errors import GatewayError

# Seconds. In observations, API Gateway waited no longer for an issuer. AWS does not document it.
_TIMEOUT = 1.5
# Seconds that API Gateway may cache a key:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
_CACHE_LIFETIME = 2 * 3600.0
# Minimum seconds between two fetches: many invented key ids must not cause many requests to the issuer.
_PAUSE = 10.0
_PAUSE_AFTER_FAILURE = 1.0
_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}

Fetch = Callable[[str], Awaitable[Any]]


class KeysUnavailableError(GatewayError):
    """The issuer does not serve its keys; the message has API Gateway's words."""


class UnknownKeyError(GatewayError):
    """The issuer has no RSA key with that id."""


async def fetch_json(url: str) -> Any:
    """Return the JSON at `url`. Raises httpx.HTTPError, or ValueError if the answer or the URL is invalid."""
    host, _ = urlsplit(url).hostname, urlsplit(url).port  # reading the port checks it
    # A proxy cannot reach this machine's addresses; an issuer elsewhere may need one.
    elsewhere = host not in _THIS_MACHINE
    async with httpx.AsyncClient(trust_env=elsewhere, timeout=_TIMEOUT) as client:
        try:
            return (await client.get(url)).raise_for_status().json()
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from error


class IssuerKeys:
    """The keys of one issuer. `warn` gets one line about each outage of the issuer."""

    def __init__(
        self,
        issuer: str,
        *,
        warn: Callable[[str], None],
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._warn = warn
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._cached_until = self._next_fetch = float("-inf")
        self._failure = ""
        self._fetching = asyncio.Lock()

    async def key(self, key_id: str) -> RSAPublicKey:
        """Return the key with that id. Raises UnknownKeyError and KeysUnavailableError."""
        if self._cached(key_id) is None:
            async with self._fetching:
                if self._cached(key_id) is None and self._clock() >= self._next_fetch:
                    await self._refresh()
        if key := self._cached(key_id):
            return key
        if self._failure:
            raise KeysUnavailableError(self._failure)
        raise UnknownKeyError(self._issuer)

    def _cached(self, key_id: str) -> RSAPublicKey | None:
        return self._keys.get(key_id) if self._clock() < self._cached_until else None

    async def _refresh(self) -> None:
        url, step = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", "OIDC discovery endpoint"
        try:
            url, step = str((await self._fetch(url))["jwks_uri"]), "JWKS"
            self._keys = _rsa_keys(await self._fetch(url))
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            if not self._failure:
                self._warn(
                    f"Cannot verify tokens, so every request gets 401: the issuer's {url} gave no "
                    f"{'keys' if step == 'JWKS' else 'jwks_uri'} ({error_code(error)}: {error}). "
                    "Start the issuer, or name another in the template's JwtConfiguration."
                )
            self._failure = f"{step} communication error"
            self._next_fetch = self._clock() + _PAUSE_AFTER_FAILURE
        else:
            self._failure = ""
            self._next_fetch, self._cached_until = self._clock() + _PAUSE, self._clock() + _CACHE_LIFETIME


def _rsa_keys(jwks: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """Return the RSA keys for signatures by id. Raises LookupError or TypeError if it is not a JWK Set (RFC 7517)."""
    keys = {}
    for jwk in jwks["keys"]:
        if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = RSAAlgorithm.from_jwk(jwk)
        except (InvalidKeyError, ValueError, LookupError, TypeError):
            continue  # the other keys can still be used
        if isinstance(key, RSAPublicKey):
            keys[str(jwk.get("kid"))] = key
    return keys
