"""Tokens of the local issuer, for the authorizers of a template that trust it."""

from collections.abc import Iterator

from local.endpoints import Endpoints
from local.errors import PlainError
from local.issuer import SUBJECT, Issuer
from local.model import Application, HttpApi, JwtAuthorizer
from local.settings import TokenSettings
from local.template import load


class NoLocalAuthorizerError(PlainError):
    """No authorizer of the template trusts the local issuer."""


def token(settings: TokenSettings) -> str:
    """Return a token for the stack that runs on the settings' data folder.

    Raises NoStackError, NoLocalAuthorizerError, TemplateError and KeyFileError.
    """
    endpoints = Endpoints.read(settings.data)
    application = load(
        settings.template,
        parameters=endpoints.fill_in(settings.parameters),
        region=settings.region,
        aws=endpoints.aws,
    )
    return Issuer(endpoints.issuer, settings.data).token(
        subject=settings.subject or _subject(application),
        audience=settings.audience or _audience(settings, application, endpoints.issuer),
        scope=" ".join(settings.scopes),
        lifetime=settings.lifetime,
        claims=settings.claims,
    )


def try_it_token(api: HttpApi, issuer: Issuer) -> str | None:
    """Return the token that the API's Metadata wants for its TryIt; None where no route would look at it."""
    authorizer = next(_trusting(api, issuer.url), None)
    if authorizer is None or api.try_it_token is None:
        return None
    wanted = api.try_it_token
    return issuer.token(subject=wanted.subject, audience=authorizer.audiences[0], scope=wanted.scope)


def _trusting(api: HttpApi, issuer: str) -> Iterator[JwtAuthorizer]:
    for route in api.routes:
        if route.authorizer and route.authorizer.issuer == issuer and route.authorizer.audiences:
            yield route.authorizer


def _subject(application: Application) -> str:
    return next((api.try_it_token.subject for api in application.apis if api.try_it_token), SUBJECT)


def _audience(settings: TokenSettings, application: Application, issuer: str) -> str:
    for api in application.apis:
        for authorizer in _trusting(api, issuer):
            return authorizer.audiences[0]
    raise NoLocalAuthorizerError(
        f"{settings.template}: no route has a JWT authorizer of the local issuer, {issuer}. Give the parameter that "
        "its JwtConfiguration reads the value {issuer}, in samconfig.toml under [default.local_run.parameters], "
        "or name the token's audience with --audience."
    )
