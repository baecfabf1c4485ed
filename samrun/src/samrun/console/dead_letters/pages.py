"""Pages of the view Dead letters: what could not be delivered, the event or the records of each, and replay."""

import asyncio
from collections.abc import Collection, Sequence
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.administration.kafka_connection import KafkaConnection
from samrun.console.dead_letters.dead_letter_box import MAX_LISTED, DeadLetterBox
from samrun.console.functions.lambda_access import LambdaAccess
from samrun.console.kafka.cluster import Cluster
from samrun.console.kafka.record_view import RecordView, record_view_of
from samrun.console.shell.content import content_of, visible
from samrun.console.shell.forms import read_form
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.control.stack_parts import StackParts
from samrun.dead_letters.dead_letter import DeadLetter, DeadLetterError, RecordSpan
from samrun.dead_letters.replay import Replayer
from samrun.errors import UserError
from samrun.functions.invocation_log import LoggedInvocation

VIEW = View(title="Dead letters", path="/dead-letters")

_DEAD_LETTER = VIEW.path + "/{kind}/{place}/{id:path}"
_MAX_ERROR = 500  # characters
_MAX_RECORDS = 20  # on the page of one dead letter


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the view."""
    view = _DeadLetterPages(parts, pages)
    return [
        Route(VIEW.path, view.dead_letters),
        Route(_DEAD_LETTER, view.dead_letter),
        Route(_DEAD_LETTER, view.act, methods=["POST"]),
    ]


class _DeadLetterPages:
    def __init__(self, parts: StackParts, pages: HtmlPages) -> None:
        self._parts = parts
        self._pages = pages
        kafka = KafkaConnection(bootstrap=parts.endpoints.kafka)
        self._cluster = Cluster(kafka)
        access = LambdaAccess(url=parts.endpoints.lambda_, kafka=kafka)
        replayer = Replayer(application=parts.application, bootstrap=parts.endpoints.kafka, invoke=access.invoke)
        self._box = DeadLetterBox(parts, replayer)

    async def dead_letters(self, request: Request) -> Response:
        states = await asyncio.to_thread(self._box.states)
        lines = sorted((line for state in states for line in state.lines), key=lambda line: line.at, reverse=True)
        return self._pages.render(
            request,
            "dead_letters/templates/letters.html",
            states=states,
            lines=lines,
            maximum=MAX_LISTED,
            invocations=self._invocations({line.request_id for line in lines}),
            done=request.query_params.get("done", ""),
        )

    async def dead_letter(self, request: Request) -> Response:
        return await self._page(request, problem="")

    async def act(self, request: Request) -> Response:
        fields, where = await read_form(request), _where(request)
        try:
            if fields.get("action") == "replay":
                done = await asyncio.to_thread(self._box.replay, *where)
            elif fields.get("action") == "delete":
                await asyncio.to_thread(self._box.delete, *where)
                done = "The dead letter is deleted."
            else:
                raise HTTPException(422, "A dead letter can be replayed or deleted.")
        except UserError as error:
            return await self._page(request, problem=str(error), status=409)
        return RedirectResponse(f"{VIEW.path}?done={quote(done)}", status_code=303)

    async def _page(self, request: Request, *, problem: str, status: int = 200) -> Response:
        try:
            dead_letter, target = await asyncio.to_thread(self._box.dead_letter, *_where(request))
        except DeadLetterError as error:
            raise HTTPException(404, problem or str(error)) from error
        contents = dead_letter.contents
        invocation = self._invocations({contents.request_id}).get(contents.request_id)
        result = invocation.result if invocation else None
        records, missing = await asyncio.to_thread(self._records, contents.spans)
        return self._pages.render(
            request,
            "dead_letters/templates/letter.html",
            status=status,
            dead_letter=dead_letter,
            target=target,
            invocation=invocation,
            error_message=visible(result.error_message[:_MAX_ERROR]) if result else "",
            records=records,
            missing=missing,
            more=_count(dead_letter) - len(records) - len(missing),
            event=content_of(contents.event) if contents.event and not records else None,
            body=content_of(dead_letter.body),
            problem=problem,
        )

    def _invocations(self, request_ids: Collection[str | None]) -> dict[str | None, LoggedInvocation]:
        """Return the invocations with these ids that samrun remembers: their results say more than the dead letters."""
        log = self._parts.invocations.after(0) if any(request_ids) else ()
        return {each.request_id: each for each in log if each.request_id in request_ids}

    def _records(self, spans: Sequence[RecordSpan]) -> tuple[list[RecordView], list[str]]:
        """Return the first records of a dead letter as Kafka has them, and what is wrong with the others."""
        found: list[RecordView] = []
        missing: list[str] = []
        places = [
            (span.partition, offset) for span in spans for offset in range(span.first, span.last + 1)[:_MAX_RECORDS]
        ]
        for partition, offset in places[:_MAX_RECORDS]:
            try:
                found.append(record_view_of(self._cluster.record(partition.topic, partition.partition, offset)))
            except UserError as error:
                missing.append(str(error))
        return found, missing


def _where(request: Request) -> tuple[str, str, str]:
    values = request.path_params
    return values["kind"], values["place"], values["id"]


def _count(dead_letter: DeadLetter) -> int:
    return sum(span.last - span.first + 1 for span in dead_letter.contents.spans)
