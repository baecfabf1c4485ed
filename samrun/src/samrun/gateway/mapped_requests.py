"""Mapped integrations of a REST API: makes their requests, and the responses of their results.

https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-data-mappings.html
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError
from starlette.responses import Response

from samrun.functions.invoker import Invoker
from samrun.gateway import rest_errors
from samrun.gateway.mapping_templates import render_request, render_response
from samrun.gateway.parameter_mapping import request_part
from samrun.gateway.responses import FunctionFailedError
from samrun.gateway.service_calls import call_service, filled_in
from samrun.gateway.velocity import MappingTemplateError
from samrun.json_path import part
from samrun.services.clients import Clients
from samrun.template.model.rest_apis import IntegrationResponse, MappedIntegration, RestMethod, ServiceCall

Accept = Callable[[str, bytes], None]
"""Invokes a function, by its name, with an event, in the background."""

_JSON = "application/json"
# The header of a request to Lambda that nobody waits for.
_INVOCATION_TYPE = "x-amz-invocation-type"


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request of an integration: its body, and its parameters by place and name."""

    body: str
    parameters: Mapping[str, Mapping[str, str]]

    @property
    def is_event(self) -> bool:
        """Tell whether it invokes a function asynchronously."""
        headers = {name.lower(): value for name, value in self.parameters["header"].items()}
        return headers.get(_INVOCATION_TYPE) == "Event"


@dataclass(frozen=True, kw_only=True)
class _Result:
    """Result of an integration. The `text` is what the patterns of responses match."""

    text: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


class MappedRequests:
    """The mapped integrations of an API.

    They invoke functions by `invoker`, or by `accept` if nobody waits for the result, and call the services of
    `client`.
    """

    def __init__(self, invoker: Invoker, *, accept: Accept, client: Clients) -> None:
        self._invoker = invoker
        self._accept = accept
        self._client = client

    async def response(
        self, method: RestMethod, mapped: MappedIntegration, event: Mapping[str, Any], body: bytes
    ) -> Response:
        """Return the response to a request, which is `event` in format 1.0.

        Raises RestError, MappingTemplateError, the errors of an Invoker, and FunctionFailedError if a service does not
        answer.
        """
        request = _request(mapped, event, body.decode(errors="replace"))
        result = await (
            self._called(mapped.service, request) if mapped.service else self._invoked(method.function or "", request)
        )
        for response in mapped.responses:
            if response.pattern is None or re.fullmatch(response.pattern, result.text):
                return _response(response, result, event)
        raise MappingTemplateError(f"none of the integration's responses is for the result {result.text!r}")

    async def _invoked(self, function: str, request: _Request) -> _Result:
        payload = _payload(request.body)
        if request.is_event:
            self._accept(function, payload)
            return _Result(text="", body="")
        result = await self._invoker.invoke(function, payload)
        text = result.error_message if result.function_error else ""
        return _Result(text=text, body=result.payload.decode(errors="replace"))

    async def _called(self, service: ServiceCall, request: _Request) -> _Result:
        try:
            answer = await asyncio.to_thread(
                call_service,
                service,
                request.body,
                path=filled_in(service.path, request.parameters["path"]),
                query=request.parameters["querystring"],
                headers=request.parameters["header"],
                client=self._client,
            )
        except (httpx.HTTPError, BotoCoreError) as error:
            raise FunctionFailedError(f"{service.service} does not answer: {error}") from error
        return _Result(text=str(answer.status_code), body=answer.text, headers=answer.headers)


def _request(mapped: MappedIntegration, event: Mapping[str, Any], body: str) -> _Request:
    """Return the request of an integration. Raises RestError and MappingTemplateError."""
    parameters: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    for name, source in mapped.parameters.items():
        place, _, parameter = name.partition(".")
        value = _value(source, event, body)
        if place in parameters and value is not None:
            parameters[place][parameter] = value
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    kind = headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    template = mapped.templates.get(kind)
    if template is None:
        if mapped.passthrough == "never" or (mapped.passthrough == "when_no_templates" and mapped.templates):
            raise rest_errors.unsupported_media_type()
        return _Request(body=body, parameters=parameters)
    rendered = render_request(template, event, body)
    for place, overrides in rendered.overrides.items():
        parameters[place] |= {name: str(value) for name, value in overrides.items()}
    return _Request(body=rendered.text, parameters=parameters)


def _value(source: str, event: Mapping[str, Any], body: str) -> str | None:
    """Return the value of a parameter: a text in quotes, or a part of the request."""
    if len(source) > 1 and source[0] == source[-1] == "'":
        return source[1:-1]
    return request_part(source.removeprefix("method."), event, body)


def _payload(body: str) -> bytes:
    """Return the payload for a function. Raises RestError if it is not JSON."""
    try:
        json.loads(body.strip() or "{}")
    except ValueError as error:
        raise rest_errors.body_is_not_json(str(error)) from None
    return (body.strip() or "{}").encode()


def _response(declared: IntegrationResponse, result: _Result, event: Mapping[str, Any]) -> Response:
    """Return the response that is declared for a result. Raises MappingTemplateError."""
    status, body, headers = declared.status, result.body, {}
    for name, source in declared.headers.items():
        value = _value_of_result(source, result, event)
        if value is not None:
            headers[name] = value
    if declared.template is not None:
        rendered = render_response(declared.template, event, body)
        body = rendered.text
        headers |= {name: str(value) for name, value in rendered.overrides["header"].items()}
        status = _status(rendered.overrides, status)
    return Response(body, status, headers, media_type=_JSON)


def _status(overrides: Mapping[str, Any], status: int) -> int:
    if "status" not in overrides:
        return status
    text = str(overrides["status"])
    if not re.fullmatch("[1-5][0-9]{2}", text):
        raise MappingTemplateError(f"the template sets the status {text!r}, which is not one of HTTP")
    return int(text)


def _value_of_result(source: str, result: _Result, event: Mapping[str, Any]) -> str | None:
    name = source.removeprefix("integration.response.")
    match name.split(".", 1):
        case _ if name == source:
            return _value(source, event, "")
        case ["header", header]:
            return {each.lower(): value for each, value in result.headers.items()}.get(header.lower())
        case ["body"]:
            return result.body
        case ["body", path]:
            return _text(part(_content(result.body), f"$.{path}", missing=None))
    return None


def _content(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)
