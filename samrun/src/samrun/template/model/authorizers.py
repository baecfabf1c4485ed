"""Authorizers of APIs, and the tokens that try them."""

from dataclasses import dataclass
from typing import Literal

PayloadFormat = Literal["1.0", "2.0"]
"""Version of the event that an HTTP API sends to a function."""

SUBJECT = "local"
"""Subject of a local token for which neither the template nor the command line names one."""


@dataclass(frozen=True, kw_only=True)
class JwtAuthorizer:
    """A JWT authorizer. `identity_source` is `$request.header.NAME` or `$request.querystring.NAME`.

    `audiences` is None if every audience is accepted: a REST API with a user pool does not tell its clients apart.
    """

    name: str
    issuer: str
    audiences: tuple[str, ...] | None
    identity_source: str


@dataclass(frozen=True, kw_only=True)
class LambdaAuthorizer:
    """A Lambda authorizer: `function` decides about each request.

    A TOKEN authorizer gets the value of its only identity source, which `token_pattern` must match. A REQUEST
    authorizer gets the whole request. An identity source is `header.NAME`, `querystring.NAME`, `stageVariables.NAME`
    or `context.NAME`. The result holds for `ttl` seconds for requests with the same identity; 0 means that it is not
    cached. `api_arn` is the ARN of the API with its stage; the function gets it with the method and the path.
    `timeout` is in seconds; it is the longest time that an integration may take.
    """

    name: str
    function: str
    kind: Literal["TOKEN", "REQUEST"]
    identity_sources: tuple[str, ...]
    api_arn: str
    ttl: int = 0
    token_pattern: str | None = None
    payload_format: PayloadFormat = "1.0"
    """Format of the event of an HTTP API's authorizer. The events of a REST API have one format."""
    simple_responses: bool = False
    """The function returns `isAuthorized`, and not a policy."""
    timeout: float = 29.0


@dataclass(frozen=True, kw_only=True)
class TryItToken:
    """Subject and scopes of the token in `TryIt`; spaces separate the scopes."""

    subject: str
    scope: str
