"""Request validator of a REST API: refuses a request before it reaches the function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jsonschema.exceptions import SchemaError, UnknownType
from jsonschema.validators import validator_for
from referencing.exceptions import Unresolvable
from starlette.requests import Request

from samrun.gateway.rest_errors import invalid_body, missing_parameters, unusable_model
from samrun.template.model.rest_apis import RestMethod

# Errors of a schema that passed the check of its form, for example because it refers to itself or to nothing.
_UNUSABLE = (Unresolvable, UnknownType, re.error, RecursionError, TypeError)


class RequestValidator:
    """The checks of the methods of an API. `warn` gets a line about each model that cannot be used."""

    def __init__(self, methods: Iterable[RestMethod], *, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._validators = {
            method.key: self._validator(method.key, method.body_schema)
            for method in methods
            if method.body_schema is not None
        }

    def check(self, method: RestMethod, request: Request, body: bytes) -> None:
        """Check the parameters and the body that the method requires. Raises RestError."""
        missing = [name for place, _, name in map(_parts, method.required_parameters) if not _has(request, place, name)]
        if missing:
            raise missing_parameters(missing)
        if method.key in self._validators:
            self._check_body(method.key, body)

    def _check_body(self, key: str, body: bytes) -> None:
        validator = self._validators[key]
        if validator is None:
            self._warn(f"{key}: no request is answered, because the model of the body cannot be used")
            raise unusable_model()
        try:
            found = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise invalid_body() from error
        try:
            valid = validator.is_valid(found)
        except _UNUSABLE as error:
            self._warn(_unusable(key, _reason(error)))
            raise unusable_model() from error
        if not valid:
            raise invalid_body()

    def _validator(self, key: str, schema: Mapping[str, Any]) -> Any:
        """Return the validator of a schema, or None for a schema that cannot be used."""
        kind: Any = validator_for(schema)
        try:
            kind.check_schema(schema)
        except SchemaError as error:
            self._warn(_unusable(key, f"{error.message} (at {error.json_path})"))
        except _UNUSABLE as error:
            self._warn(_unusable(key, _reason(error)))
        else:
            return kind(schema)
        return None


def _unusable(key: str, reason: str) -> str:
    return f"{key}: the model of the body is no JSON schema that can be used: {reason}. Correct it in the template"


def _reason(error: Exception) -> str:
    """Return a reason in one line, without the body of a request."""
    match error:
        case UnknownType():
            return f"there is no type {error.type!r}"
        case Unresolvable():
            return f"there is no {error.ref}"
        case RecursionError():
            return "it refers to itself without end, or the body is nested too deeply"
    return str(error)


def _parts(parameter: str) -> tuple[str, str, str]:
    return parameter.partition(".")


def _has(request: Request, place: str, name: str) -> bool:
    return name in (request.headers if place == "header" else request.query_params)
