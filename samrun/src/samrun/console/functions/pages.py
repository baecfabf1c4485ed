"""Pages of the view Functions: configuration, invocations, mappings, and the switch that disturbs a function."""

import asyncio
import zlib
from collections.abc import Iterable
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.administration.kafka_connection import KafkaConnection
from samrun.console.functions.invocation_view import InvocationLine, invocation_line, invocation_view_of
from samrun.console.functions.lambda_access import LambdaAccess
from samrun.console.functions.trigger_lines import triggers_of
from samrun.console.shell.forms import read_form
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.console.shell.sample_files import SampleFiles
from samrun.control.stack_parts import StackParts
from samrun.errors import UserError
from samrun.functions.disturbances import KINDS, DisturbanceError, disturbance
from samrun.functions.invocation_log import LoggedInvocation
from samrun.template.model.functions import Function

VIEW = View(title="Functions", path="/functions")

_FUNCTION = VIEW.path + "/{function}"
_PAGE = 50


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the view."""
    view = _FunctionPages(parts, pages)
    return [
        Route(VIEW.path, view.functions),
        Route(_FUNCTION, view.function),
        Route(_FUNCTION + "/invocations", view.invocations),
        Route(_FUNCTION + "/invocations/{number:int}", view.invocation),
        Route(_FUNCTION + "/mappings", view.mappings),
        Route(_FUNCTION + "/mappings/{uuid}", view.change_mapping, methods=["POST"]),
        Route(_FUNCTION + "/disturbance", view.disturb, methods=["POST"]),
        Route(_FUNCTION + "/invoke", view.invoke_form),
        Route(_FUNCTION + "/invoke", view.invoke, methods=["POST"]),
    ]


class _FunctionPages:
    def __init__(self, parts: StackParts, pages: HtmlPages) -> None:
        self._parts = parts
        self._pages = pages
        templates = (each.template for each in parts.application.functions)
        self._samples = SampleFiles(template for template in templates if template)
        self._lambda = LambdaAccess(url=parts.endpoints.lambda_, kafka=KafkaConnection(bootstrap=parts.endpoints.kafka))

    async def functions(self, request: Request) -> Response:
        application = self._parts.application
        rows = [(each, triggers_of(each.name, application), self._recent(each.name)) for each in application.functions]
        return self._render(request, "functions.html", rows=rows, disturbances=self._parts.disturbances.all())

    async def function(self, request: Request) -> Response:
        function = self._function(request)
        return self._render(
            request,
            "function.html",
            triggers=triggers_of(function.name, self._parts.application),
            disturbance=self._parts.disturbances.all().get(function.name),
            kinds=KINDS,
            has_mappings=any(each.function == function.name for each in self._parts.application.mappings),
            problem="",
            **self._invocation_values(request, function),
        )

    async def invocations(self, request: Request) -> Response:
        """Answer with the list of the newest, or with nothing if its reader has this version of it."""
        if request.query_params.get("version") == self._version():
            return Response(status_code=204)
        return self._render(request, "invocations.html", **self._invocation_values(request, self._function(request)))

    def _invocation_values(self, request: Request, function: Function) -> dict[str, Any]:
        before = request.query_params.get("before", "")
        limit = int(before) if before.isdecimal() and len(before) < 20 else None
        found = [
            each for each in self._parts.invocations.after(0, function.name) if limit is None or each.number < limit
        ]
        lines = [invocation_line(each) for each in reversed(found[-_PAGE:])]
        return {
            "function": function,
            "invocations": lines,
            "older": lines[-1].number if len(found) > _PAGE else None,
            "is_newest": limit is None,
            "version": self._version(),
        }

    def _version(self) -> str:
        return f"{self._parts.invocations.started}.{self._parts.invocations.under_way}"

    def _recent(self, function: str) -> list[InvocationLine]:
        """Return the newest invocations, the newest first."""
        found = list(self._parts.invocations.after(0, function))
        return [invocation_line(each) for each in islice(reversed(found), 20)]

    async def invocation(self, request: Request) -> Response:
        function, number = self._function(request), request.path_params["number"]
        found = _numbered(self._parts.invocations.after(number - 1, function.name), number)
        if found is None:
            raise HTTPException(404, f"{function.name} has no invocation {number}, or samrun has forgotten it.")
        return self._render(request, "invocation.html", function=function, invocation=invocation_view_of(found))

    async def mappings(self, request: Request) -> Response:
        return await self._mappings(request, "")

    async def change_mapping(self, request: Request) -> Response:
        fields = await read_form(request)
        uuid, action = request.path_params["uuid"], fields.get("action", "")
        try:
            await asyncio.to_thread(self._lambda.change, uuid, action, fields.get("to", ""))
        except UserError as error:
            return await self._mappings(request, str(error))
        return await self._mappings(request, "")

    async def _mappings(self, request: Request, problem: str) -> Response:
        """Answer with the mappings: as a part of the function's page, or as a page to a browser without script.

        A reader who has this version of them gets nothing.
        """
        function = self._function(request)
        try:
            found = await asyncio.to_thread(self._lambda.statuses, function.name)
        except UserError as error:
            found, problem = [], str(error)
        version = f"{zlib.crc32(repr((found, problem)).encode()):x}"
        if request.query_params.get("shown") == version:
            return Response(status_code=204)
        template = "mappings.html" if "hx-request" in request.headers else "mappings_page.html"
        return self._render(request, template, function=function, mappings=found, problem=problem, version=version)

    async def disturb(self, request: Request) -> Response:
        function, fields = self._function(request), await read_form(request)
        try:
            if fields.get("kind") == "none":
                self._parts.disturbances.mend(function.name)
            else:
                seconds = fields.get("seconds", "")
                wanted = disturbance(fields.get("kind"), float(seconds) if _is_number(seconds) else seconds)
                self._parts.disturbances.disturb(function.name, wanted)
        except DisturbanceError as error:
            raise HTTPException(422, str(error)) from error
        return RedirectResponse(f"{VIEW.path}/{function.name}", status_code=303)

    async def invoke_form(self, request: Request) -> Response:
        name = request.query_params.get("sample", "")
        file = await asyncio.to_thread(self._samples.find, name) if name else None
        number = request.query_params.get("invocation", "")
        event = file.text if file else "{}"
        function = self._function(request)
        if number.isdecimal() and len(number) < 20:
            found = _numbered(self._parts.invocations.after(int(number) - 1, function.name), int(number))
            event = found.event.decode(errors="replace") if found else event
        return await self._form(request, event=event, problem="")

    async def invoke(self, request: Request) -> Response:
        function, fields = self._function(request), await read_form(request)
        event = fields.get("event", "")
        try:
            response = await asyncio.to_thread(self._lambda.invoke, function.name, event.encode(errors="replace"))
        except UserError as error:
            return await self._form(request, event=event, problem=str(error), status=422)
        for each in reversed(list(self._parts.invocations.after(0, function.name))):
            if each.request_id == response.request_id:
                return RedirectResponse(f"{VIEW.path}/{function.name}/invocations/{each.number}", status_code=303)
        return RedirectResponse(f"{VIEW.path}/{function.name}", status_code=303)

    async def _form(self, request: Request, *, status: int = 200, **values: Any) -> Response:
        samples = await asyncio.to_thread(self._samples.all)
        return self._render(
            request,
            "invoke.html",
            status=status,
            function=self._function(request),
            samples=[each.name for each in samples],
            chosen=request.query_params.get("sample", ""),
            **values,
        )

    def _function(self, request: Request) -> Function:
        name = request.path_params["function"]
        for function in self._parts.application.functions:
            if function.name == name:
                return function
        raise HTTPException(404, f"There is no function {name}.")

    def _render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        return self._pages.render(request, f"functions/templates/{template}", status=status, **values)


def _numbered(invocations: Iterable[LoggedInvocation], number: int) -> LoggedInvocation | None:
    return next((each for each in invocations if each.number == number), None)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
