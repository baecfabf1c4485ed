"""HTTP APIs and function URLs of an application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer, PayloadFormat, TryItToken


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """Limit of requests: `rate` a second in the long run, and `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True, kw_only=True)
class ServiceIntegration:
    """Call of a service of AWS by a route, without a function. The parameters of the call come from the request.

    A parameter is a text with parts of the request in it, such as `$request.body.name` or `${request.path.id}`.
    """

    subtype: Literal["SQS-SendMessage"]
    parameters: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of an HTTP API: method (or ANY), path template (`/books/{book_id}`, `/{proxy+}`), and what answers.

    That is a function, by its name, or a `service`.

    `method` and `path` are None for the API's `$default` route. A route without an authorizer accepts every request.
    A token needs one of the scopes. A route with a `throttle` does not count towards the API's. `timeout` is in
    seconds; None stands for API Gateway's own.
    """

    method: str | None
    path: str | None
    function: str | None = None
    service: ServiceIntegration | None = None
    authorizer: JwtAuthorizer | LambdaAuthorizer | None = None
    scopes: tuple[str, ...] = ()
    throttle: Throttle | None = None
    payload_format: PayloadFormat = "2.0"
    timeout: float | None = None

    @property
    def key(self) -> str:
        """The key of the route in events and RouteSettings: `GET /books/{book_id}` or `$default`."""
        return "$default" if self.path is None else f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Cors:
    """The CORS configuration of an HTTP API or of a function URL. `*` stands for any value; `max_age` is in seconds."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True, kw_only=True)
class HttpApi:
    """An HTTP API (API Gateway v2).

    Its Metadata may have `OpenApiDocument`, a file that the docs page shows, and `TryIt` and `NextSteps`, a command and
    a text that the banner shows. In both, `{api}`, `{console}` and the like stand for the stack's addresses. In the
    command, `{token}` stands for the shell's call of `samrun token`, whose token `TryItToken` describes.
    `new_in_each_sample` are JSON pointers: the console gives these parts of a sample's body a new text each time.
    The throttle limits the routes that have none of their own, all together. The paths of an API with a `stage` also
    exist with `/STAGE` before them; None stands for the stage `$default`, which is in no path.
    `stack` is the name of the stack that the API belongs to; None stands for the first of several.
    """

    logical_id: str
    routes: tuple[Route, ...]
    openapi_document: Path | None
    try_it: str | None = None
    next_steps: str | None = None
    try_it_token: TryItToken | None = None
    new_in_each_sample: tuple[str, ...] = ()
    throttle: Throttle | None = None
    cors: Cors | None = None
    stage: str | None = None
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    stack: str | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionUrl:
    """A URL of a function, or of its alias `qualifier`. On one machine, a `path` stands for the URL's own host."""

    logical_id: str
    function: str
    path: str
    qualifier: str | None = None
    cors: Cors | None = None
