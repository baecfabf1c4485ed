"""Mapping templates of a REST API: what they can name of a request or of a result, and what they can change.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from samrun.gateway.velocity import Map, Text, in_template, json_text_of, render
from samrun.json_path import MISSING, part

_PLACES = {"path": "pathParameters", "querystring": "queryStringParameters", "header": "headers"}


class Input:
    """`$input`: a body, and the parameters of the request."""

    def __init__(self, body: str, event: Mapping[str, Any]) -> None:
        self.body = Text(body)
        self._parameters = Map({place: in_template(event[name] or {}) for place, name in _PLACES.items()})

    def path(self, path: str) -> Any:
        """Return a part of the body; an empty text if there is none."""
        found = self._part(path)
        return in_template(None if found is MISSING else found)

    def json(self, path: str) -> str:
        """Return a part of the body, as JSON."""
        found = self._part(path)
        return Text('""' if found is MISSING else json_text_of(found))

    def params(self, name: str | None = None) -> Any:
        """Return a parameter of the path, the query or the headers, in this order; without a name, all of them."""
        if name is None:
            return self._parameters
        return next((each[name] for each in self._parameters.values() if name in each), Text())

    def _part(self, path: str) -> Any:
        try:
            content = json.loads(self.body or "{}")
        except ValueError:
            content = str(self.body)
        return part(content, path)


class Util:
    """`$util`."""

    def escapeJavaScript(self, text: Any) -> str:  # noqa: N802 - these names are API Gateway's
        """Return a text with quotes, backslashes and line breaks escaped."""
        return Text(json.dumps(str(text), ensure_ascii=False)[1:-1].replace("'", "\\'"))

    def parseJson(self, text: str) -> Any:  # noqa: N802
        """Return the value of a JSON text."""
        return in_template(json.loads(text))

    def urlEncode(self, text: Any) -> str:  # noqa: N802
        """Return a text as a part of a URL."""
        return Text(quote(str(text), safe="*-._").replace("%20", "+"))

    def urlDecode(self, text: str) -> str:  # noqa: N802
        """Return the text of a part of a URL."""
        return Text(unquote(text.replace("+", " ")))

    def base64Encode(self, text: Any) -> str:  # noqa: N802
        """Return a text in base64."""
        return Text(base64.b64encode(str(text).encode()).decode())

    def base64Decode(self, text: str) -> str:  # noqa: N802
        """Return the text of base64."""
        return Text(base64.b64decode(text).decode(errors="replace"))


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A text from a mapping template, and the changes that the template made."""

    text: str
    overrides: Mapping[str, Any]


def render_request(template: str, event: Mapping[str, Any], body: str) -> Rendered:
    """Return what a template makes of a request. Raises MappingTemplateError.

    The overrides are `path`, `querystring` and `header`, each by name.
    """
    return _render(template, event, body, "requestOverride", ("path", "querystring", "header"))


def render_response(template: str, event: Mapping[str, Any], body: str) -> Rendered:
    """Return what a template makes of the result of an integration. Raises MappingTemplateError.

    The overrides are `status`, and `header` by name.
    """
    return _render(template, event, body, "responseOverride", ("header",))


def _render(template: str, event: Mapping[str, Any], body: str, override: str, places: tuple[str, ...]) -> Rendered:
    overrides = Map({place: Map() for place in places})
    context = in_template(event["requestContext"])
    context[override] = overrides
    names = {
        "input": Input(body, event),
        "util": Util(),
        "context": context,
        "stageVariables": in_template(event["stageVariables"] or {}),
    }
    return Rendered(text=render(template, names), overrides=overrides)
