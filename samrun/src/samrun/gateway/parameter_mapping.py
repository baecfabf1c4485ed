"""Parameter mapping of HTTP APIs: the parameters of a service integration, with the parts of the request in them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from samrun.json_path import MISSING, part

# A part of the request: alone (`$request.body.name`), or within a text (`${request.body.name}`).
_ALONE = re.compile(r"\$((?:request|context|stageVariables)\..+)")
_WITHIN = re.compile(r"\$\{((?:request|context|stageVariables)\.[^}]+)\}")


def mapped_parameters(declared: Mapping[str, str], event: Mapping[str, Any], body: bytes) -> dict[str, str]:
    """Return the parameters for a request; one whose part the request does not have is missing.

    `event` is the request as an event in format 1.0, with the route's key in its context.
    """
    mapped = {name: _mapped(text, event, body.decode(errors="replace")) for name, text in declared.items()}
    return {name: text for name, text in mapped.items() if text is not None}


def _mapped(text: str, event: Mapping[str, Any], body: str) -> str | None:
    if alone := _ALONE.fullmatch(text):
        return request_part(alone[1], event, body)
    return _WITHIN.sub(lambda found: request_part(found[1], event, body) or "", text)


def request_part(name: str, event: Mapping[str, Any], body: str) -> str | None:
    """Return a part of the request, such as `request.header.X-Kind`, as a text; None if there is none.

    `event` is the request as an event in format 1.0.
    """
    match name.split(".", 2):
        case ["context", *_]:
            return _text(part(event["requestContext"], name.removeprefix("context")))
        case ["stageVariables", variable]:
            return (event["stageVariables"] or {}).get(variable)
        case ["request", "body"]:
            return body or None
        case ["request", "body", path]:
            return _text(part(_json(body), f"$.{path}"))
        case ["request", "path"]:
            return str(event["path"])
        case ["request", place, parameter]:
            return _parameter(place, parameter, event)
    return None


def _parameter(place: str, name: str, event: Mapping[str, Any]) -> str | None:
    match place:
        case "header":
            by_name = {header.lower(): values for header, values in event["multiValueHeaders"].items()}
            return _joined(by_name.get(name.lower()))
        case "querystring":
            return _joined((event["multiValueQueryStringParameters"] or {}).get(name))
        case "path":
            return (event["pathParameters"] or {}).get(name)
    return None


def _joined(values: list[str] | None) -> str | None:
    return None if values is None else ",".join(values)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return MISSING


def _text(value: Any) -> str | None:
    if value is MISSING or value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value)
