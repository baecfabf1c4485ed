"""Tokens of the local issuer, for the JWT authorizers that trust it."""

from collections.abc import Iterator

from samrun.applications import load_applications
from samrun.endpoints import Endpoints
from samrun.errors import UserError
from samrun.oidc.issuer import Issuer
from samrun.settings import TokenSettings
from samrun.template.model.application import Application
from samrun.template.model.authorizers import SUBJECT, JwtAuthorizer
from samrun.template.model.http_apis import HttpApi
from samrun.template.model.rest_apis import RestApi


class NoLocalAuthorizerError(UserError):
    """No authorizer of the template trusts the local issuer."""


def create_token(settings: TokenSettings) -> str:
    """Return a token for the stack that runs on the settings' data folder.

    Raises NoStackError, NoLocalAuthorizerError, TemplateError and KeyFileError.
    """
    endpoints = Endpoints.read(settings.data)
    application = load_applications(
        [settings.template], overrides=settings.overrides, endpoints=endpoints, region=settings.region
    )
    return Issuer(endpoints.issuer, settings.data).token(
        subject=settings.subject or _subject(application),
        audience=settings.audience or _audience(settings, application, endpoints.issuer),
        scope=" ".join(settings.scopes) if settings.scopes or settings.subject else _scope(application),
        lifetime=settings.lifetime,
        claims=settings.claims,
    )


def try_it_token(api: HttpApi, issuer: Issuer) -> str | None:
    """Return the token that the API's Metadata asks for in its TryIt; None if no route would check it."""
    authorizer = next(_trusting(api, issuer.url), None)
    if authorizer is None or api.try_it_token is None:
        return None
    token_spec = api.try_it_token
    return issuer.token(subject=token_spec.subject, audience=_first(authorizer), scope=token_spec.scope)


def accepts_local_tokens(api: HttpApi, issuer: Issuer) -> bool:
    """Tell whether a route of the API checks tokens of the local issuer."""
    return any(_trusting(api, issuer.url))


def _trusting(api: HttpApi | RestApi, issuer: str) -> Iterator[JwtAuthorizer]:
    for route in api.routes if isinstance(api, HttpApi) else api.methods:
        authorizer = route.authorizer
        if isinstance(authorizer, JwtAuthorizer) and authorizer.issuer == issuer and authorizer.audiences != ():
            yield authorizer


def _first(authorizer: JwtAuthorizer) -> str:
    """Return the audience for a token: the first one, or any if the authorizer accepts every one."""
    return authorizer.audiences[0] if authorizer.audiences else "local"


def _subject(application: Application) -> str:
    return next((api.try_it_token.subject for api in application.apis if api.try_it_token), SUBJECT)


def _scope(application: Application) -> str:
    return next((api.try_it_token.scope for api in application.apis if api.try_it_token), "")


def _audience(settings: TokenSettings, application: Application, issuer: str) -> str:
    for api in application.all_apis:
        for authorizer in _trusting(api, issuer):
            return _first(authorizer)
    raise NoLocalAuthorizerError(
        f"{settings.template.path}: no route has a JWT authorizer of the local issuer, {issuer}. Set the parameter "
        "in the JwtConfiguration to {issuer}, in samconfig.toml under [default.samrun.parameters], "
        "or name the token's audience with --audience."
    )
