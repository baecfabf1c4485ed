"""Caller of Lambda's API in this process, as botocore calls it: by its serializer, its parser and its shapes."""

from typing import Any

import botocore.session
import httpx
from botocore.exceptions import ParamValidationError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from starlette.types import ASGIApp

_MODEL = botocore.session.get_session().get_service_model("lambda")


class RefusalError(Exception):
    """The API answered with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LambdaCaller:
    """Caller of one web application. It holds each answer against the shape that botocore has for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lambda")

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation, and return its answer. Raises RefusalError."""
        model: Any = _MODEL.operation_model(operation)
        request = create_serializer("rest-json").serialize_to_request(parameters, model)
        response = await self.client.request(
            request["method"],
            request["url_path"],
            params=request["query_string"],
            content=request["body"],
            headers=request["headers"],
        )
        answer = {"status_code": response.status_code, "headers": response.headers, "body": response.content}
        parsed = create_parser("rest-json").parse(answer, model.output_shape)
        metadata = parsed.pop("ResponseMetadata")
        if response.status_code >= 300:
            self._check_error(parsed["Error"]["Code"], response.status_code, model)
            raise RefusalError(response.status_code, parsed["Error"]["Code"], parsed["Error"]["Message"])
        assert metadata["HTTPStatusCode"] == model.http["responseCode"]
        if model.output_shape is None:
            return {}
        _check_shape(parsed, response.json(), model.output_shape)
        return dict(parsed)

    def _check_error(self, code: str, status: int, model: Any) -> None:
        """Fail if the operation has this error with another status."""
        statuses = {each.name: each.metadata["error"]["httpStatusCode"] for each in model.error_shapes}
        assert statuses.get(code, status) == status


def _check_shape(parsed: Any, raw: Any, shape: Any) -> None:
    """Fail if an answer has not the types of its shape, or something that the shape does not have."""
    report = ParamValidator().validate(parsed, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    _check_names(raw, shape)


def _check_names(raw: Any, shape: Any) -> None:
    match shape.type_name:
        case "structure":
            names = {each.serialization.get("name", name): each for name, each in shape.members.items()}
            assert raw.keys() <= names.keys()
            for name, value in raw.items():
                _check_names(value, names[name])
        case "list":
            for each in raw:
                _check_names(each, shape.member)
        case "integer" | "long":
            assert type(raw) is int
        case "boolean":
            assert type(raw) is bool
        case "string":
            assert type(raw) is str
