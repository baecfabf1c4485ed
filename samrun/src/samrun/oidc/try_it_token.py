"""Token with which an API can be tried: the one that the API's Metadata describes in `TryItToken`."""

from collections.abc import Iterator

from samrun.oidc.issuer import Issuer
from samrun.template.model.authorizers import JwtAuthorizer
from samrun.template.model.http_apis import HttpApi
from samrun.template.model.rest_apis import RestApi


def try_it_token(api: HttpApi, issuer: Issuer) -> str | None:
    """Return the token that the API's Metadata asks for in its TryIt; None if no route would check it."""
    authorizer = next(local_authorizers(api, issuer.url), None)
    if authorizer is None or api.try_it_token is None:
        return None
    token_spec = api.try_it_token
    return issuer.token(subject=token_spec.subject, audience=first_audience(authorizer), scope=token_spec.scope)


def local_authorizers(api: HttpApi | RestApi, issuer: str) -> Iterator[JwtAuthorizer]:
    """Yield the authorizer of each route of the API that checks tokens of this issuer."""
    for route in api.routes if isinstance(api, HttpApi) else api.methods:
        authorizer = route.authorizer
        if isinstance(authorizer, JwtAuthorizer) and authorizer.issuer == issuer and authorizer.audiences != ():
            yield authorizer


def first_audience(authorizer: JwtAuthorizer) -> str:
    """Return the audience for a token: the first one, or any if the authorizer accepts every one."""
    return authorizer.audiences[0] if authorizer.audiences else "local"
