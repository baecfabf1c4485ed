"""Pages that send sample requests to the application's APIs: a form that its OpenAPI document fills in."""

import itertools
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.console.flow.api_operations import ApiOperation, operations_of
from samrun.console.flow.body_fields import fields_of, with_values
from samrun.console.flow.flow_index import FlowId
from samrun.console.flow.sample_sender import MAX_COUNT, MAX_RATE, SampleRequest, SampleSender
from samrun.console.shell.forms import read_form
from samrun.console.shell.html_pages import HtmlPages
from samrun.control.stack_parts import StackParts
from samrun.endpoints import stack_url
from samrun.oidc.try_it_token import try_it_token
from samrun.template.model.application import Application

PATH = "/flow/new"
_BODY = "body"
_PARAMETER = "path "


def sample_title(application: Application) -> str | None:
    """Return the title of the first sample that the application's APIs offer; None if there is none."""
    first = next(iter(operations_of(application)), None)
    return first.sample_title if first else None


class SampleRequestPages:
    """Pages of the samples of one stack."""

    def __init__(self, parts: StackParts, pages: HtmlPages) -> None:
        self._parts = parts
        self._pages = pages
        self._sender = SampleSender()

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.form),
            Route(PATH, self.send, methods=["POST"]),
            Route(f"{PATH}/run", self.run),
            Route(f"{PATH}/stop", self.stop, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """Answer with the form of an operation."""
        operations = operations_of(self._parts.application)
        operation = _chosen(operations, request.query_params.get("operation"))
        return self._form(request, operations, operation, operation and operation.example)

    async def send(self, request: Request) -> Response:
        """Send what the form says: once, many times, or show it as a command."""
        form = await read_form(request)
        operations = operations_of(self._parts.application)
        operation = _chosen(operations, form.get("operation"))
        if operation is None:
            raise HTTPException(404, "No OpenAPI document of the application has this operation.")
        show = partial(self._form, request, operations, operation, form=form)
        try:
            body = json.loads(form[_BODY]) if _BODY in form else with_values(operation.example, form)
        except (ValueError, RecursionError) as error:
            return show(operation.example, error=f"The body is not JSON: {error}", status=400)
        sample = self._sample(operation, form, body)
        if form.get("action") == "curl":
            return show(body, curl=sample.as_curl("samrun token"))
        count, rate = _number(form, "count", MAX_COUNT), _number(form, "rate", MAX_RATE)
        if count is None or rate is None:
            text = f"Write a count from 1 to {MAX_COUNT}, and a rate from 1 to {MAX_RATE} requests a second."
            return show(body, error=text, status=400)
        if count > 1:
            self._sender.start(sample, count=count, rate=rate)
            return RedirectResponse(f"{PATH}/run", 303)
        try:
            trace = await self._sender.send(sample)
        except httpx.HTTPError as error:
            return show(body, error=f"{sample.target} does not answer: {error}", status=502)
        return RedirectResponse(FlowId("trace", trace).path, 303)

    async def run(self, request: Request) -> Response:
        """Answer with the state of the requests that are being sent."""
        is_part = "hx-request" in request.headers
        template = "flow/templates/run_state.html" if is_part else "flow/templates/run.html"
        return self._pages.render(request, template, run=self._sender.run)

    async def stop(self, _: Request) -> Response:
        """Send no more requests."""
        self._sender.stop()
        return RedirectResponse(f"{PATH}/run", 303)

    def _sample(self, operation: ApiOperation, form: Mapping[str, str], body: Any) -> SampleRequest:
        return SampleRequest(
            operation=operation,
            url=stack_url(self._parts.endpoints.api or "", operation.api.stack),
            path_values={name: form.get(f"{_PARAMETER}{name}", "") for name in operation.path_parameters},
            body=body,
            token=partial(self._token, operation),
        )

    def _token(self, operation: ApiOperation) -> str | None:
        return try_it_token(operation.api, self._parts.issuer) if self._parts.issuer else None

    def _form(
        self,
        request: Request,
        operations: list[ApiOperation],
        operation: ApiOperation | None,
        body: Any,
        *,
        form: Mapping[str, str] | None = None,
        error: str = "",
        curl: str = "",
        status: int = 200,
    ) -> Response:
        sent = form or {}
        as_json = _BODY in sent or (not form and request.query_params.get("as") == "json")
        # Those without a group come first: below a group, they would look like a part of it.
        fields = sorted(fields_of(body), key=lambda each: each.group != "") if operation else []
        return self._pages.render(
            request,
            "flow/templates/new.html",
            status=status,
            operations=operations,
            operation=operation,
            has_token=bool(operation and self._token(operation)),
            parameters=[
                (f"{_PARAMETER}{name}", name, sent.get(f"{_PARAMETER}{name}", "")) for name in _names(operation)
            ],
            new=operation.api.new_in_each_sample if operation else (),
            groups=[(name, list(group)) for name, group in itertools.groupby(fields, key=lambda each: each.group)],
            body=sent.get(_BODY) or json.dumps(body, indent=2, ensure_ascii=False),
            as_json=as_json,
            count=sent.get("count", "1"),
            rate=sent.get("rate", "5"),
            max_count=MAX_COUNT,
            max_rate=MAX_RATE,
            error=error,
            curl=curl,
        )


def _names(operation: ApiOperation | None) -> tuple[str, ...]:
    return operation.path_parameters if operation else ()


def _chosen(operations: list[ApiOperation], key: str | None) -> ApiOperation | None:
    """Return the operation that was named; without a name, the first one."""
    return next((each for each in operations if key in {None, each.key}), None)


def _number(form: Mapping[str, str], name: str, maximum: int) -> int | None:
    text = form.get(name, "1").strip()
    return int(text) if text.isdecimal() and len(text) < 9 and 1 <= int(text) <= maximum else None
