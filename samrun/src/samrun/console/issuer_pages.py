"""Pages of the local token issuer: its metadata and its public key."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.oidc.issuer import Issuer


def routes(issuer: Issuer) -> list[BaseRoute]:
    """Return the routes, which are below /issuer."""

    def configuration(_: Request) -> Response:
        return JSONResponse(issuer.configuration())

    def jwks(_: Request) -> Response:
        return JSONResponse(issuer.jwks())

    return [
        Route("/issuer/.well-known/openid-configuration", configuration),
        Route("/issuer/.well-known/jwks.json", jwks),
    ]
