"""Selects the route of a request, as API Gateway does: the most specific match wins."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local.model import Route

_VARIABLE = re.compile(r"\{(?P<name>[^{}+]+)(?P<greedy>\+?)\}")


@dataclass(frozen=True, kw_only=True)
class Match:
    """A route and the values of its path variables, decoded."""

    route: Route
    path_parameters: Mapping[str, str]


class Routes:
    """The routes of one API."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._templates = sorted(map(_Template, routes), key=lambda template: template.rank)

    def match(self, method: str, path: str) -> Match | None:
        """Return the most specific route for a decoded path, or None."""
        for template in self._templates:
            if template.route.method in {None, "ANY", method} and (found := template.pattern.fullmatch(path)):
                values = dict(zip(template.variables, found.groups(), strict=True))
                return Match(route=template.route, path_parameters=values)
        return None


class _Template:
    """A route with its path as a pattern, and its rank: lower is more specific."""

    def __init__(self, route: Route) -> None:
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
        # First every full match, then the greedy ones; of equals the leftmost literal decides, then the method.
        self.rank = (int(2 in specificity), specificity, route.method == "ANY")


def _pattern(segment: str, variable: re.Match[str] | None) -> str:
    if variable is None:
        return re.escape(segment)
    return "(.+)" if variable["greedy"] else "([^/]+)"


def _specificity(variable: re.Match[str] | None) -> int:
    if variable is None:
        return 0
    return 2 if variable["greedy"] else 1
