"""What the local stack runs, as read from a template. Plain values: every intrinsic function is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from local.schedules.expressions import Service, Times

ACCOUNT = "123456789012"


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function. `code` is what the root of its deployment package would be; `watched`, its own files."""

    name: str
    arn: str
    handler: str
    code: Path
    watched: Path
    timeout: int
    """Seconds an invocation may take."""
    memory: int
    """Megabytes, as the function reads them; the machine's own memory is the limit."""
    concurrency: int | None
    """Most environments at a time, where the template reserves it."""
    environment: Mapping[str, str]
    log_format: Literal["Text", "JSON"]
    log_level: str | None = None
    """ApplicationLogLevel, which holds with the format JSON."""


@dataclass(frozen=True, kw_only=True)
class JwtAuthorizer:
    """A JWT authorizer. `identity_source` is `$request.header.NAME` or `$request.querystring.NAME`."""

    name: str
    issuer: str
    audiences: tuple[str, ...]
    identity_source: str


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """How many requests are let through: `rate` a second in the long run, `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of an HTTP API: method (or ANY), path template (`/orders/{order_id}`, `/{proxy+}`), function name.

    `method` and `path` are None for the API's `$default` route. Without an authorizer everyone is let through;
    of the scopes, a token needs one. A throttle is the route's own, beside the API's.
    """

    method: str | None
    path: str | None
    function: str
    authorizer: JwtAuthorizer | None = None
    scopes: tuple[str, ...] = ()
    throttle: Throttle | None = None

    @property
    def key(self) -> str:
        """The route's key, as events and RouteSettings have it: `GET /orders/{order_id}` or `$default`."""
        return "$default" if self.path is None else f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class TryItToken:
    """For whom and for what the token in `TryIt` is; the scopes are separated by spaces."""

    subject: str
    scope: str


@dataclass(frozen=True, kw_only=True)
class HttpApi:
    """An HTTP API (API Gateway v2).

    Its Metadata may name a file, `OpenApiDocument`, for a page of docs, and a command, `TryIt`, to show to people;
    `{api}` in the command stands for the API's URL, `{token}` for a token as Metadata's `TryItToken` wants it.
    The throttle is of all routes together that have none of their own.
    """

    logical_id: str
    routes: tuple[Route, ...]
    openapi_document: Path | None
    try_it: str | None = None
    try_it_token: TryItToken | None = None
    throttle: Throttle | None = None


@dataclass(frozen=True, kw_only=True)
class KafkaLogin:
    """With what a mapping logs in: ARNs of secrets, of a user for SCRAM and of a CA's certificate, or None."""

    user: str | None = None
    ca: str | None = None


@dataclass(frozen=True, kw_only=True)
class KafkaMapping:
    """A Kafka event source mapping; names and units as in Lambda's API.

    `event_source_arn` is None for a self-managed cluster, and `bootstrap`, host:port,…, for one of MSK. `window` is in
    seconds, `starting_timestamp` (for AT_TIMESTAMP) in Unix seconds.

    `maximum_retries` does not count the first try; `maximum_age` is in seconds; None: without a limit. `on_failure` is
    the ARN of the bucket, queue or topic that gets the batches that are given up.
    """

    logical_id: str
    function: str
    function_arn: str
    topic: str
    consumer_group: str
    event_source_arn: str | None
    batch_size: int
    window: float
    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
    starting_timestamp: float | None
    partial_answers: bool
    bisect: bool = False
    maximum_retries: int | None = None
    maximum_age: float | None = None
    on_failure: str | None = None
    bootstrap: str | None = None
    login: KafkaLogin = KafkaLogin()


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule that invokes a function: of a rule of EventBridge's (`events`) or of EventBridge Scheduler's.

    `times` is what `expression` stands for. `start` and `end` bound them. `input`, JSON, is what the function gets
    instead of the service's own event. `retries` is how often an invocation that failed is tried again.
    """

    logical_id: str
    service: Service
    arn: str
    function: str
    expression: str
    times: Times
    start: datetime | None = None
    end: datetime | None = None
    input: str | None = None
    retries: int


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource that the functions use: a table, a queue, … with its physical name and resolved properties."""

    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Application:
    """All that a template declares and the local stack runs. `ignored`: in words, what it does not."""

    functions: tuple[Function, ...]
    apis: tuple[HttpApi, ...]
    mappings: tuple[KafkaMapping, ...]
    schedules: tuple[Schedule, ...]
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...]
