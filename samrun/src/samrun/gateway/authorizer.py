"""Decides who may call a route, as API Gateway's JWT authorizers do.

What is checked: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
The answers were taken from captures where there are any: a missing token, a token of too few parts, a wrong
audience, an issuer that cannot be reached. The other descriptions are ours, in their style.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request

from local.gateway.keys import Fetch, IssuerKeys, KeysUnavailableError, UnknownKeyError, fetch_json
from local.model import HttpApi, JwtAuthorizer, Route

_ALGORITHMS = ["RS256", "RS384", "RS512"]
_TOKEN = re.compile(r"(?:Bearer\s+)?(.*)", re.IGNORECASE | re.DOTALL)
_DESCRIPTIONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidIssuerError, "the token does not have a valid issuer"),
    (jwt.InvalidAlgorithmError, "signing method is invalid"),
    (jwt.InvalidSignatureError, "the token has an invalid signature"),
    (jwt.MissingRequiredClaimError, "the token lacks a claim that is required"),
)


class RefusedError(Exception):
    """A request that is not let through: 401 or 403, and what its `www-authenticate` header says."""

    def __init__(self, status: int, challenge: str) -> None:
        super().__init__(status, challenge)
        self.status = status
        self.challenge = challenge


class _InvalidTokenError(Exception):
    """The token does not hold; the message is the description that the client gets."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose token it was. `scopes` is None for a route that asks for none, whatever the token has."""

    claims: Mapping[str, Any]
    scopes: tuple[str, ...] | None

    def in_event(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of the event, in which every claim is a string.

        Arrays are `[a b]`, objects JSON, and what is null is absent: as captured in
        https://github.com/floci-io/floci/pull/2011.
        """
        claims = {name: _as_text(value) for name, value in self.claims.items() if value is not None}
        return {"jwt": {"claims": claims, "scopes": None if self.scopes is None else list(self.scopes)}}


class Authorizers:
    """The JWT authorizers of an API. `warn` is told, in a line without tokens and claims, of what fails."""

    def __init__(self, api: HttpApi, *, warn: Callable[[str], None], fetch: Fetch = fetch_json) -> None:
        issuers = {route.authorizer.issuer for route in api.routes if route.authorizer}
        self._keys = {issuer: IssuerKeys(issuer, warn=warn, fetch=fetch) for issuer in issuers}

    async def caller(self, request: Request, route: Route) -> Caller | None:
        """Return who calls; None for a route without an authorizer. Raises RefusedError."""
        if route.authorizer is None:
            return None
        token = _token(request, route.authorizer.identity_source)
        if not token:
            raise RefusedError(401, "Bearer")
        try:
            claims = await self._claims(token, route.authorizer)
        except _InvalidTokenError as error:
            raise RefusedError(401, _challenge(route, "invalid_token", str(error))) from None
        if not route.scopes:
            return Caller(claims=claims, scopes=None)
        scopes = (*_words(claims.get("scope")), *_words(claims.get("scp")))
        if set(scopes).isdisjoint(route.scopes):
            raise RefusedError(
                403, _challenge(route, "insufficient_scope", "the token does not have a scope that is required")
            )
        return Caller(claims=claims, scopes=scopes)

    async def _claims(self, token: str, authorizer: JwtAuthorizer) -> Mapping[str, Any]:
        """Return the claims of a token that holds. Raises _InvalidTokenError."""
        if token.count(".") != 2:
            raise _InvalidTokenError("token contains an invalid number of segments")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                raise jwt.InvalidAlgorithmError
            key = await self._keys[authorizer.issuer].key(header.get("kid", ""))
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                issuer=authorizer.issuer,
                options={"require": ["exp"], "verify_aud": False, "verify_sub": False, "verify_jti": False},
            )
        except UnknownKeyError:
            raise _InvalidTokenError("the key of the token is unknown") from None
        except KeysUnavailableError as error:
            raise _InvalidTokenError(str(error)) from None
        except (jwt.PyJWTError, ValueError) as error:
            raise _InvalidTokenError(_description(error)) from None
        # API Gateway reads client_id (Cognito's access tokens have no aud) only where there is no aud.
        audiences = _listed(claims["aud"] if "aud" in claims else claims.get("client_id"))
        if not any(audience in authorizer.audiences for audience in audiences):
            raise _InvalidTokenError("the token does not have a valid audience")
        return claims


def _token(request: Request, identity_source: str) -> str:
    """Return what the identity source has, without the word Bearer; nothing where it has nothing."""
    _, place, name = identity_source.split(".", 2)
    values = request.headers.getlist(name) if place == "header" else request.query_params.getlist(name)
    found = _TOKEN.fullmatch(",".join(values).strip())
    return found[1] if found else ""


def _challenge(route: Route, error: str, description: str) -> str:
    return f'Bearer scope="{" ".join(route.scopes)}" error="{error}" error_description="{description}"'


def _description(error: Exception) -> str:
    for kind, description in _DESCRIPTIONS:
        if isinstance(error, kind):
            return description
    return "the token cannot be read"


def _words(claim: Any) -> list[str]:
    """Return the scopes of a claim: words in a string, or a list of strings."""
    return claim.split() if isinstance(claim, str) else [each for each in _listed(claim) if isinstance(each, str)]


def _listed(claim: Any) -> list[Any]:
    return claim if isinstance(claim, list) else [claim]


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(map(_as_text, value))}]"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
