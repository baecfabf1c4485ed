"""`samrun token`: prints a token of the local issuer, for the JWT authorizers that trust it."""

import argparse

from samrun.cli.arguments import add_token_options, read_token_settings
from samrun.endpoints import Endpoints
from samrun.errors import UserError
from samrun.oidc.issuer import Issuer
from samrun.oidc.token_defaults import TokenDefaults
from samrun.settings import TokenSettings

DESCRIPTION = "Prints a token, and nothing else, for the API of a stack that runs."
EXAMPLES = (
    "samrun token --sub ada --scope orders:write",
    'curl -H "authorization: Bearer $(samrun token)" http://127.0.0.1:3000/YOUR-ROUTE',
)


class NoLocalAuthorizerError(UserError):
    """No authorizer of the template trusts the local issuer."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_token_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print the token."""
    print(create_token(read_token_settings(options)))
    return 0


def create_token(settings: TokenSettings) -> str:
    """Return a token for the stack that runs on the settings' data folder.

    Raises NoStackError, NoLocalAuthorizerError, TemplateError and KeyFileError.
    """
    endpoints = Endpoints.of_running_stack(settings.data)
    defaults = _defaults(settings, endpoints)
    audience = settings.audience or defaults.audience
    if audience is None:
        source = settings.template.path if settings.template else f"The stack that runs on {settings.data}"
        raise NoLocalAuthorizerError(
            f"{source}: no route has a JWT authorizer of the local issuer, {endpoints.issuer}. Set the parameter "
            "in the JwtConfiguration to {issuer}, in samconfig.toml under [default.samrun.parameters], "
            "or name the token's audience with --audience."
        )
    return Issuer(endpoints.issuer, settings.data).token(
        subject=settings.subject or defaults.subject,
        audience=audience,
        scope=" ".join(settings.scopes) if settings.scopes or settings.subject else defaults.scope,
        lifetime=settings.lifetime,
        claims=settings.claims,
    )


def _defaults(settings: TokenSettings, endpoints: Endpoints) -> TokenDefaults:
    if settings.template is None:
        return TokenDefaults.read(settings.data)
    from samrun.applications import load_applications  # it brings the SAM translator, which takes a second

    application = load_applications(
        [settings.template], overrides=settings.overrides, endpoints=endpoints, region=settings.region
    )
    return TokenDefaults.of(application, endpoints.issuer)
