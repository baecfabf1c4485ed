"""REST APIs of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer
from samrun.template.model.http_apis import Throttle


@dataclass(frozen=True, kw_only=True)
class MockResponse:
    """The fixed answer of a mock integration, such as the one that SAM writes for CORS."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class IntegrationResponse:
    """Response for results whose whole error message matches `pattern`; with None, for all other results.

    The message of a result without an error is empty.
    """

    pattern: str | None
    status: int
    headers: Mapping[str, str]


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
    """A method of a REST API's resource: method (or ANY), path template, and the function or the mock that answers.

    The required parameters are `header.NAME` or `querystring.NAME`. The body must match `body_schema`, a JSON schema.
    `throttle` limits this method alone. `timeout` is in seconds.
    """

    method: str
    path: str
    function: str | None = None
    mock: MockResponse | None = None
    responses: tuple[IntegrationResponse, ...] = ()
    """With any: the function gets only the request's body, and its result is the response's body."""
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
    stack: str | None = None
