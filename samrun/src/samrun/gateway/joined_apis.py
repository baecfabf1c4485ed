"""Joined APIs: serves all HTTP APIs and REST APIs of a stack on one port.

On AWS, each API has a host of its own, and the path of a stage other than `$default` begins with the stage. Here:

1. A path that begins with the stage of an API (`/Prod/orders`) is a path of that API, if the API has it.
2. Else the path is taken without a stage, as `sam local start-api` takes it: `/orders` is a path of every API.

Among several APIs, the most specific route decides. Of two routes that are equal, the first one gets the requests.
The APIs of a further template's stack are also below its name: `/rewards/orders` and `/rewards/Prod/orders`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from samrun.gateway.paths import raw_path, without_segments, without_trailing_slash
from samrun.gateway.routes import Routes
from samrun.template.model.http_apis import HttpApi, Route
from samrun.template.model.rest_apis import RestApi, RestMethod

Api = HttpApi | RestApi
_Served = tuple[Api, ASGIApp]


def join_apis(apis: Sequence[_Served]) -> ASGIApp:
    """Return one web application of several APIs.

    The paths without a route belong to the first API that has an OpenAPI document, else to the first API.
    """
    joined = _join(apis)
    names = dict.fromkeys(api.stack for api, _ in apis if api.stack)
    if not names:
        return joined
    return _StacksOfApis({name: _join([each for each in apis if each[0].stack == name]) for name in names}, joined)


def _join(apis: Sequence[_Served]) -> ASGIApp:
    return apis[0][1] if len(apis) == 1 and apis[0][0].stage is None else _JoinedApis(apis)


def full_keys(api: Api) -> Iterator[str]:
    """Yield the key of each route of an API with the stage in the path, as on AWS: `GET /Prod/orders`."""
    for route in _routes(api):
        yield f"{route.method or '$default'} /{api.stage}{route.path or ''}" if api.stage else route.key


def plain_keys(api: Api) -> Iterator[str]:
    """Yield the key of each route of an API without the stage: `GET /orders`."""
    for route in _routes(api):
        yield route.key


def _routes(api: Api) -> Sequence[Route | RestMethod]:
    return api.routes if isinstance(api, HttpApi) else api.methods


class _StacksOfApis:
    """The APIs of all stacks, and below the name of each further stack its own."""

    def __init__(self, by_name: Mapping[str, ASGIApp], every: ASGIApp) -> None:
        self._by_name = by_name
        self._every = every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["path"][1:].partition("/")[0]
        if stack := self._by_name.get(name):
            # The `root_path` is for stages.
            await stack({**without_segments(scope, 1), "root_path": ""}, receive, send)
        else:
            await self._every(scope, receive, send)


class _JoinedApis:
    def __init__(self, apis: Sequence[_Served]) -> None:
        self._all = _Group(apis)
        stages = dict.fromkeys(api.stage for api, _ in apis if api.stage)
        self._by_stage = {stage: _Group([each for each in apis if each[0].stage == stage]) for stage in stages}
        documented = (app for api, app in apis if isinstance(api, HttpApi) and api.openapi_document)
        self._without_route = next(documented, apis[0][1])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stage: str = scope["path"][1:].partition("/")[0]
        group = self._by_stage.get(stage)
        in_stage = without_segments(scope, 1)
        if group and (app := group.find(in_stage)):
            await app(in_stage, receive, send)
        elif app := self._all.find(scope):
            await app(scope, receive, send)
        elif group:
            await group.first(in_stage, receive, send)
        else:
            await self._without_route(scope, receive, send)


class _Group:
    """APIs whose routes compete for a request."""

    def __init__(self, apis: Sequence[_Served]) -> None:
        self.first = apis[0][1]
        self._app_by_route = {id(route): app for api, app in apis for route in _routes(api)}
        self._routes = Routes([route for api, _ in apis for route in _routes(api)])
        self._methods = Routes([route for api, _ in apis if isinstance(api, RestApi) for route in api.methods])

    def find(self, scope: Scope) -> ASGIApp | None:
        """Return the application of the API that has a route for a request, or None."""
        decoded, raw = scope["path"], raw_path(scope)
        for method in _methods(scope):
            # REST APIs do not decode the path, so that `a%2Fb` is one segment of it.
            match = self._routes.match_each(
                method, lambda route: raw if isinstance(route, RestMethod) else decoded
            ) or self._methods.match(method, without_trailing_slash(raw))
            if match:
                return self._app_by_route[id(match.route)]
        return None


def _methods(scope: Scope) -> Iterable[str]:
    """Yield the method of a request, and then the one about which a preflight request asks."""
    yield scope["method"]
    requested = Headers(scope=scope).get("access-control-request-method")
    if scope["method"] == "OPTIONS" and requested:
        yield requested
