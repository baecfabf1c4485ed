"""Pages of the view Flow: the recent flows, and one flow as a timeline."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.console.flow.flow_index import Flow, FlowId, FlowIndex, Seen
from samrun.console.flow.sample_requests import SampleRequestPages, sample_title
from samrun.console.flow.timeline import Timeline
from samrun.console.flow.timeline_builder import TimelineBuilder
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.control.stack_parts import StackParts

VIEW = View(title="Flow", path="/flow")
_PAGE = 50
_MAX_LISTED = 1_000


@dataclass(frozen=True, kw_only=True)
class _Row:
    """Row of the list: a flow, and its timeline without what is found only by a text."""

    flow: Flow
    timeline: Timeline


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the view."""
    view = _FlowPages(parts, pages)
    return [
        Route("/", view.flows),
        Route(VIEW.path, view.flows),
        *SampleRequestPages(parts, pages).routes(),
        Route(f"{VIEW.path}/{{kind}}/{{name:path}}", view.flow),
    ]


class _FlowPages:
    def __init__(self, parts: StackParts, pages: HtmlPages) -> None:
        self._parts = parts
        self._pages = pages
        self._index = FlowIndex(parts)
        self._timelines = TimelineBuilder(parts, self._index)

    async def flows(self, request: Request) -> Response:
        """Answer with the list, or with nothing if its reader has this version of it."""
        version = self._index.version()
        if request.query_params.get("version") == version:
            return Response(status_code=204)
        query, limit = request.query_params.get("q", "").strip(), _limit(request)
        found, rows = await run_in_threadpool(self._rows, self._index.look(), query, limit)
        if query and len(found) == 1 and "version" not in request.query_params:
            return RedirectResponse(found[0].id.path, 303)
        template = "flow/templates/rows.html" if "version" in request.query_params else "flow/templates/flows.html"
        return self._pages.render(
            request,
            template,
            version=version,
            query=query,
            rows=rows,
            limit=limit,
            has_more=len(found) > limit,
            sample=sample_title(self._parts.application),
        )

    async def flow(self, request: Request) -> Response:
        """Answer with a timeline, or with nothing if its reader has this version of it."""
        version = self._index.version()
        if request.query_params.get("version") == version:
            return Response(status_code=204)
        flow_id = FlowId(request.path_params["kind"], request.path_params["name"])
        found = await run_in_threadpool(self._timeline, self._index.look(), flow_id)
        if found is None:
            what = "what led to this message" if flow_id.kind == "message" else flow_id.name
            raise HTTPException(404, f"samrun has not seen {what}, or has forgotten it.")
        flow, timeline = found
        if flow.id != flow_id:
            return _moved(request, flow.id)
        template = "flow/templates/steps.html" if "version" in request.query_params else "flow/templates/flow.html"
        return self._pages.render(request, template, version=version, flow=flow, timeline=timeline)

    def _rows(self, seen: Seen, query: str, limit: int) -> tuple[list[Flow], list[_Row]]:
        with self._index.lock:
            self._index.update(seen)
            found = self._index.find(query) if query else list(self._index.newest())
            shown = found[:limit]
            return found, [_Row(flow=each, timeline=self._timelines.build(each, with_mentions=False)) for each in shown]

    def _timeline(self, seen: Seen, flow_id: FlowId) -> tuple[Flow, Timeline] | None:
        with self._index.lock:
            self._index.update(seen)
            flow = self._sender(flow_id.name) if flow_id.kind == "message" else self._index.get(flow_id)
            return (flow, self._timelines.build(flow)) if flow else None

    def _sender(self, message: str) -> Flow | None:
        """Return the flow in which a message was sent. Of a batch with several, its timeline tells which one it was."""
        flows = self._index.flows_of_message(message)
        names = {f"mail-{message}", f"text-message-{message}"}
        return next((each for each in flows if names & self._timelines.message_steps(each)), None)


def _moved(request: Request, flow_id: FlowId) -> Response:
    """Return the answer for a flow that has become a part of another: a request whose record was seen since."""
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"hx-redirect": flow_id.path})
    return RedirectResponse(flow_id.path, 303)


def _limit(request: Request) -> int:
    limit = request.query_params.get("limit", "")
    return min(max(int(limit), 1), _MAX_LISTED) if limit.isdecimal() else _PAGE
