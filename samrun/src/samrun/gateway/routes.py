"""Routes of an API: the most specific one that matches a request is selected, as in API Gateway."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

_VARIABLE = re.compile(r"\{(?P<name>[^{}+]+)(?P<greedy>\+?)\}")


class Selectable(Protocol):
    """A route of an HTTP API, or a method of a REST API. Without a path, it takes every request."""

    @property
    def method(self) -> str | None: ...

    @property
    def path(self) -> str | None: ...


R = TypeVar("R", bound=Selectable)


@dataclass(frozen=True, kw_only=True)
class Match(Generic[R]):
    """A route and the values of its path variables, as they are in the path."""

    route: R
    path_parameters: Mapping[str, str]


class Routes(Generic[R]):
    """The routes of one API."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._templates = sorted((_Template(route) for route in routes), key=lambda template: template.rank)

    def match(self, method: str, path: str) -> Match[R] | None:
        """Return the most specific route for a path, or None."""
        return self.match_each(method, lambda _: path)

    def match_each(self, method: str, path: Callable[[R], str]) -> Match[R] | None:
        """Return the most specific route for a path that each route sees in its own way, or None."""
        for template in self._templates:
            if template.route.method not in {None, "ANY", method}:
                continue
            if found := template.pattern.fullmatch(path(template.route)):
                values = dict(zip(template.variables, found.groups(), strict=True))
                return Match(route=template.route, path_parameters=values)
        return None


class _Template(Generic[R]):
    """A route with its path as a pattern, and its rank: lower is more specific."""

    def __init__(self, route: R) -> None:
        self.route = route
        if route.path is None:
            self.variables: list[str] = []
            self.pattern = re.compile(".*", re.DOTALL)
            self.rank = (2, [0], False)
            return
        segments = [(segment, _VARIABLE.fullmatch(segment)) for segment in route.path.split("/")]
        self.variables = [variable["name"] for _, variable in segments if variable]
        self.pattern = re.compile("/".join(_pattern(*segment) for segment in segments), re.DOTALL)
        specificity = [_specificity(variable) for _, variable in segments]
        # Full matches come before greedy ones. Among equals, the leftmost literal decides, and then the method.
        self.rank = (int(2 in specificity), specificity, route.method == "ANY")


def _pattern(segment: str, variable: re.Match[str] | None) -> str:
    if variable is None:
        return re.escape(segment)
    return "(.+)" if variable["greedy"] else "([^/]+)"


def _specificity(variable: re.Match[str] | None) -> int:
    if variable is None:
        return 0
    return 2 if variable["greedy"] else 1
