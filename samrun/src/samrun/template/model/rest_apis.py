"""REST APIs of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer
from samrun.template.model.http_apis import Throttle

Passthrough = Literal["when_no_match", "when_no_templates", "never"]
"""Condition on which a mapped integration passes on a request for whose content type it has no template."""


@dataclass(frozen=True, kw_only=True)
class MockResponse:
    """The fixed answer of a mock integration, such as the one that SAM writes for CORS."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class IntegrationResponse:
    """Response for the results of an integration whose text matches `pattern`; with None, for all other results.

    The text is the error message of a function (empty if there is no error), or the status of a service. A header is a
    text in quotes, or names a part of the result. `template` is a mapping template; None: the result is the body.
    """

    pattern: str | None
    status: int
    headers: Mapping[str, str]
    template: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceCall:
    """Call of a service of AWS by its name in boto3: an `action` of its API, or a request to a `path`.

    The path may have parts in braces, which parameters of the integration fill in.
    """

    service: str
    method: str
    action: str | None = None
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class MappedIntegration:
    """Integration that is no proxy: it makes a request of its own, for the function of its method or for a `service`.

    `templates` are the mapping templates of requests, by content type. A request of another type is passed on as it is,
    or refused: `passthrough` says when. `parameters` are values by their place, such as `header.X-Kind`: a text in
    quotes, or a part of the request, such as `method.request.path.id`.
    """

    responses: tuple[IntegrationResponse, ...]
    service: ServiceCall | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    passthrough: Passthrough = "when_no_match"


@dataclass(frozen=True, kw_only=True)
class GatewayResponse:
    """Change to a response that the API itself makes, such as 403. None: the status or the body stays as it is.

    The body is a template with `$context.error.message`, `$context.error.messageString` and the like.
    """

    status: int | None
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, kw_only=True)
class RestMethod:
    """A method of a REST API's resource: method (or ANY), path template, and what answers.

    That is a function, a mock, or the service of a mapped integration.

    The required parameters are `header.NAME` or `querystring.NAME`. The body must match `body_schema`, a JSON schema.
    `throttle` limits this method alone. `timeout` is in seconds.
    """

    method: str
    path: str
    function: str | None = None
    mock: MockResponse | None = None
    mapped: MappedIntegration | None = None
    """Makes the request that the function or the service gets, and the response; None: the function does both."""
    authorizer: LambdaAuthorizer | JwtAuthorizer | None = None
    scopes: tuple[str, ...] = ()
    api_key_required: bool = False
    required_parameters: tuple[str, ...] = ()
    body_schema: Mapping[str, Any] | None = None
    throttle: Throttle | None = None
    timeout: float = 29.0

    @property
    def key(self) -> str:
        """The method and the path: `GET /books/{book_id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class PolicyStatement:
    """A statement of a resource policy. `conditions` are the values by operator and key.

    With `principals`, it names callers; without, it is about everybody.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: bool = False
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Limit of the requests with one API key in each period; in the first period, `offset` requests fewer."""

    limit: int
    period: Literal["DAY", "WEEK", "MONTH"]
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class UsagePlan:
    """Limits of the requests with each API key of a plan, to all methods and to single ones (`GET /books`)."""

    name: str
    throttle: Throttle | None = None
    method_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    quota: Quota | None = None


@dataclass(frozen=True, kw_only=True)
class RestApi:
    """A REST API (API Gateway v1) with one stage.

    Requests whose content type is one of the `binary_media_types` reach the function in base64. `responses` are the
    API's gateway responses by type, such as `DEFAULT_4XX`. The throttle limits all methods that have none of their
    own, together. `stack` is the name of the stack that the API belongs to; None stands for the first of several.
    """

    logical_id: str
    stage: str
    methods: tuple[RestMethod, ...]
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    binary_media_types: tuple[str, ...] = ()
    responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    throttle: Throttle | None = None
    api_keys: Mapping[str, str] = field(default_factory=dict)
    """The name of each key by its value."""
    usage_plans: Mapping[str, UsagePlan] = field(default_factory=dict)
    """The usage plan of each key by the key's value."""
    policy: tuple[PolicyStatement, ...] | None = None
    """The resource policy; None if every request is let in."""
    arn: str = ""
    """The ARN of its stage."""
    stack: str | None = None
