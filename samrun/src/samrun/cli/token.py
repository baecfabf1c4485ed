"""Tokens of the local issuer, for the JWT authorizers that trust it."""

from samrun.applications import load_applications
from samrun.endpoints import Endpoints
from samrun.errors import UserError
from samrun.oidc.issuer import Issuer
from samrun.oidc.try_it_token import first_audience, local_authorizers
from samrun.settings import TokenSettings
from samrun.template.model.application import Application
from samrun.template.model.authorizers import SUBJECT


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


def _subject(application: Application) -> str:
    return next((api.try_it_token.subject for api in application.apis if api.try_it_token), SUBJECT)


def _scope(application: Application) -> str:
    return next((api.try_it_token.scope for api in application.apis if api.try_it_token), "")


def _audience(settings: TokenSettings, application: Application, issuer: str) -> str:
    for api in application.all_apis:
        for authorizer in local_authorizers(api, issuer):
            return first_audience(authorizer)
    raise NoLocalAuthorizerError(
        f"{settings.template.path}: no route has a JWT authorizer of the local issuer, {issuer}. Set the parameter "
        "in the JwtConfiguration to {issuer}, in samconfig.toml under [default.samrun.parameters], "
        "or name the token's audience with --audience."
    )
