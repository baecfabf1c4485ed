"""JWT authorizers: decide who may call a route, as API Gateway's do.

The checks: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
These descriptions come from captured answers: a missing token, a token with too few parts, a wrong audience, an
issuer that cannot be reached. The other descriptions are our own, in the same style.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request

from samrun.gateway.errors import GatewayError
from samrun.gateway.json_text import json_text
from samrun.gateway.keys import Fetch, IssuerKeys, KeysUnavailableError, UnknownKeyError, fetch_json
from samrun.template.model.authorizers import JwtAuthorizer
from samrun.template.model.http_apis import HttpApi, Route
from samrun.template.model.rest_apis import RestApi, RestMethod

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


class RefusedError(GatewayError):
    """A request is refused with 401 or 403.

    `challenge` is the `www-authenticate` header of an HTTP API's answer. `expired`: the token was valid earlier.
    """

    def __init__(self, status: int, challenge: str, *, expired: bool = False) -> None:
        super().__init__(status, challenge)
        self.status = status
        self.challenge = challenge
        self.expired = expired


class InvalidTokenError(GatewayError):
    """The token is not valid; the message is the description that the client gets."""

    def __init__(self, description: str, *, expired: bool = False) -> None:
        super().__init__(description)
        self.expired = expired


@dataclass(frozen=True, kw_only=True)
class JwtCaller:
    """The claims and scopes of a valid token. `scopes` is None if the route requires none."""

    claims: Mapping[str, Any]
    scopes: tuple[str, ...] | None

    def in_event(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of the event, in which every claim is a string.

        An array becomes `[a b]`, an object becomes JSON, and a claim that is null is absent. Captured in
        https://github.com/floci-io/floci/pull/2011.
        """
        return {"jwt": self.in_event_1()}

    def in_event_1(self) -> dict[str, Any]:
        """Return the same for an event in format 1.0, in which the claims have no `jwt` around them."""
        claims = {name: _claim(value) for name, value in self.claims.items() if value is not None}
        return {"claims": claims, "scopes": None if self.scopes is None else list(self.scopes)}


class Authorizers:
    """The JWT authorizers of an API. `warn` gets a line about each failure, without tokens and claims."""

    def __init__(self, api: HttpApi | RestApi, *, warn: Callable[[str], None], fetch: Fetch = fetch_json) -> None:
        routes: Sequence[Route | RestMethod] = api.routes if isinstance(api, HttpApi) else api.methods
        issuers = {route.authorizer.issuer for route in routes if isinstance(route.authorizer, JwtAuthorizer)}
        self._keys = {issuer: IssuerKeys(issuer, warn=warn, fetch=fetch) for issuer in issuers}

    async def caller(self, request: Request, route: Route | RestMethod) -> JwtCaller | None:
        """Return the caller of a request, or None for a route without a JWT authorizer. Raises RefusedError."""
        if not isinstance(route.authorizer, JwtAuthorizer):
            return None
        token = _token(request, route.authorizer.identity_source)
        if not token:
            raise RefusedError(401, "Bearer")
        try:
            claims = await self._claims(token, route.authorizer)
        except InvalidTokenError as error:
            challenge = _challenge(route, "invalid_token", str(error))
            raise RefusedError(401, challenge, expired=error.expired) from None
        if not route.scopes:
            return JwtCaller(claims=claims, scopes=None)
        scopes = (*_words(claims.get("scope")), *_words(claims.get("scp")))
        if set(scopes).isdisjoint(route.scopes):
            raise RefusedError(
                403, _challenge(route, "insufficient_scope", "the token does not have a scope that is required")
            )
        return JwtCaller(claims=claims, scopes=scopes)

    async def _claims(self, token: str, authorizer: JwtAuthorizer) -> Mapping[str, Any]:
        """Return the claims of the token if it is valid. Raises InvalidTokenError."""
        if token.count(".") != 2:
            raise InvalidTokenError("token contains an invalid number of segments")
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
            raise InvalidTokenError("the key of the token is unknown") from None
        except KeysUnavailableError as error:
            raise InvalidTokenError(str(error)) from None
        except (jwt.PyJWTError, ValueError) as error:
            expired = isinstance(error, jwt.ExpiredSignatureError)
            raise InvalidTokenError(_description(error), expired=expired) from None
        if authorizer.audiences is None:
            return claims
        # API Gateway reads client_id only if the token has no aud, as Cognito's access tokens.
        audiences = _listed(claims["aud"] if "aud" in claims else claims.get("client_id"))
        if not any(audience in authorizer.audiences for audience in audiences):
            raise InvalidTokenError("the token does not have a valid audience")
        return claims


def _token(request: Request, identity_source: str) -> str:
    """Return the token in the identity source, without the word Bearer; empty if there is none."""
    _, place, name = identity_source.split(".", 2)
    values = request.headers.getlist(name) if place == "header" else request.query_params.getlist(name)
    found = _TOKEN.fullmatch(",".join(values).strip())
    return found[1] if found else ""


def _challenge(route: Route | RestMethod, error: str, description: str) -> str:
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


def _claim(value: Any) -> str:
    return f"[{' '.join(map(_claim, value))}]" if isinstance(value, list) else json_text(value)
