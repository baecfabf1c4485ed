"""Request validation of a REST API: the parameters that a method requires, and the schema of its body.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from collections.abc import Mapping
from typing import Any

from samrun.template.resolution.booleans import is_true

_VALIDATOR = "x-amazon-apigateway-request-validator"
_PLACES = {"header": "header", "query": "querystring"}


def required_parameters(document: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters without which a request is refused, as `header.NAME` or `querystring.NAME`."""
    if not _validates(document, operation, "validateRequestParameters"):
        return ()
    return tuple(
        f"{_PLACES[parameter['in']]}.{parameter['name']}"
        for parameter in operation.get("parameters") or []
        if parameter.get("in") in _PLACES and parameter.get("required")
    )


def body_schema(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the JSON schema of the body, with the definitions to which it refers; None if any body may come."""
    if not _validates(document, operation, "validateRequestBody"):
        return None
    schema = _schema(operation)
    if schema is None:
        return None
    shared = {name: document[name] for name in ("definitions", "components") if name in document}
    return {**schema, **shared}


def _validates(document: Mapping[str, Any], operation: Mapping[str, Any], what: str) -> bool:
    validators = document.get("x-amazon-apigateway-request-validators") or {}
    name = operation.get(_VALIDATOR, document.get(_VALIDATOR))
    return is_true((validators.get(name) or {}).get(what, False))


def _schema(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the operation's JSON body, in Swagger 2 as in OpenAPI 3."""
    in_body = (each.get("schema") for each in operation.get("parameters") or [] if each.get("in") == "body")
    content = (operation.get("requestBody") or {}).get("content") or {}
    schema: Mapping[str, Any] | None = next(in_body, None) or (content.get("application/json") or {}).get("schema")
    return schema
