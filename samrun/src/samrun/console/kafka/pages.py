"""Pages of the view Kafka: topics with their partitions, groups and lag; records; and a form to publish one."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.lag_history import LagHistory
from samrun.administration.partition_offsets import Offsets
from samrun.administration.topic_admin import TopicError
from samrun.console.kafka.cluster import Cluster, PlaceError, RecordQuery
from samrun.console.kafka.lag_chart import HEIGHT, WIDTH, lag_chart
from samrun.console.kafka.publishing import PublishingError, new_record, publish
from samrun.console.kafka.record_view import Draft, draft_of, record_view_of
from samrun.console.kafka.sample_records import sample_records
from samrun.console.shell.forms import read_form
from samrun.console.shell.html_pages import HtmlPages, View
from samrun.console.shell.sample_files import SampleFiles
from samrun.control.stack_parts import StackParts
from samrun.mapping.record_finder import NoRecordError
from samrun.services.kafka import KafkaUnreachableError

VIEW = View(title="Kafka", path="/kafka")

_RECORD = VIEW.path + "/topics/{topic}/records/{partition:int}/{offset:int}"
_PLACE = re.compile(r"(\d{1,9})\.(\d{1,19})")
_TEMPLATES = "kafka/templates"
_UNAVAILABLE = 503

_Endpoint = Callable[[Request], Awaitable[Response]]


def routes(parts: StackParts, pages: HtmlPages) -> list[BaseRoute]:
    """Return the routes of the view."""
    view = _KafkaPages(parts, pages)
    return [
        Route(VIEW.path, view.topics),
        Route(VIEW.path + "/topics/{topic}", view.answered(view.topic)),
        Route(VIEW.path + "/topics/{topic}/lag", view.answered(view.lag)),
        Route(VIEW.path + "/topics/{topic}/publish", view.answered(view.publish_form)),
        Route(VIEW.path + "/topics/{topic}/publish", view.answered(view.publish), methods=["POST"]),
        Route(_RECORD, view.answered(view.record)),
        Route(_RECORD + "/{content}", view.answered(view.download)),
    ]


class _KafkaPages:
    def __init__(self, parts: StackParts, pages: HtmlPages) -> None:
        self._parts = parts
        self._pages = pages
        self._cluster = Cluster(KafkaConnection(bootstrap=parts.endpoints.kafka))
        self._history = LagHistory(self._cluster.lags)
        templates = (each.template for each in parts.application.functions)
        self._samples = SampleFiles(template for template in templates if template)

    def answered(self, endpoint: _Endpoint) -> _Endpoint:
        """Return an endpoint that answers with a page if there is no such topic or record."""

        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except (TopicError, NoRecordError) as error:
                raise HTTPException(404, str(error)) from error

        return answer

    async def topics(self, request: Request) -> Response:
        try:
            found, problem = await asyncio.to_thread(self._cluster.topics), ""
        except KafkaUnreachableError as error:
            found, problem = [], str(error)
        return self._render(request, "topics.html", topics=found, problem=problem, functions=self._functions())

    async def topic(self, request: Request) -> Response:
        query, problem = _query(request), ""
        partitions = await asyncio.to_thread(self._cluster.partitions, query.topic)
        try:
            result = await asyncio.to_thread(self._cluster.records, query)
        except PlaceError as error:
            result, problem = None, str(error)
        return self._render(
            request,
            "topic.html",
            query=query,
            result=result,
            rest=_written(result.rest) if result else "",
            is_forwards=query.after is not None or (query.before is None and query.begin not in {"", "latest"}),
            problem=problem,
            **self._lag_values(query.topic, partitions),
        )

    async def lag(self, request: Request) -> Response:
        topic = request.path_params["topic"]
        partitions = await asyncio.to_thread(self._cluster.partitions, topic)
        return self._render(request, "lag.html", **self._lag_values(topic, partitions))

    def _lag_values(self, topic: str, partitions: list[Any]) -> dict[str, Any]:
        groups = sorted({group for each in partitions for group in each.committed})
        return {
            "topic": topic,
            "partitions": partitions,
            "groups": groups,
            "end": sum(each.end for each in partitions),
            "functions": self._functions(),
            "chart": lag_chart(self._history.look(), topic),
            "width": WIDTH,
            "height": HEIGHT,
        }

    def _functions(self) -> dict[str, str]:
        """Return the function of each group that belongs to a mapping."""
        return {each.consumer_group: each.function for each in self._parts.application.mappings}

    async def record(self, request: Request) -> Response:
        topic, partition, offset = (request.path_params[name] for name in ("topic", "partition", "offset"))
        record = await asyncio.to_thread(self._cluster.record, topic, partition, offset)
        return self._render(
            request, "record.html", record=record_view_of(record), published="published" in request.query_params
        )

    async def download(self, request: Request) -> Response:
        topic, partition, offset = (request.path_params[name] for name in ("topic", "partition", "offset"))
        record = await asyncio.to_thread(self._cluster.record, topic, partition, offset)
        contents = {"key": record.key, "value": record.value}
        name = request.path_params["content"]
        if name not in contents:
            raise HTTPException(404)
        file = f"{topic}-{partition}-{offset}.{name}"
        return Response(
            contents[name] or b"",
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="{file}"', "x-content-type-options": "nosniff"},
        )

    async def publish_form(self, request: Request) -> Response:
        topic, chosen = request.path_params["topic"], request.query_params
        samples = await asyncio.to_thread(sample_records, self._samples)
        draft = next((each.draft for each in samples if each.name == chosen.get("sample")), Draft())
        if place := _PLACE.fullmatch(chosen.get("record", "")):
            record = await asyncio.to_thread(self._cluster.record, topic, int(place[1]), int(place[2]))
            draft = draft_of(record.key, record.value, record.headers)
        return await self._form(request, draft=draft, partition="", problem="")

    async def publish(self, request: Request) -> Response:
        topic, fields = request.path_params["topic"], await read_form(request)
        try:
            record = new_record(fields)
            partition, offset = await asyncio.to_thread(publish, self._cluster.connection, topic, record)
        except (PublishingError, TopicError, KafkaUnreachableError) as error:
            draft = Draft(
                key=fields.get("key", ""),
                value=fields.get("value", ""),
                headers=fields.get("headers", ""),
                is_base64="base64" in fields,
                is_tombstone="tombstone" in fields,
            )
            return await self._form(
                request,
                draft=draft,
                partition=fields.get("partition", ""),
                problem=str(error),
                status=_UNAVAILABLE if isinstance(error, KafkaUnreachableError) else 422,
            )
        path = f"{VIEW.path}/topics/{topic}/records/{partition.partition}/{offset}?published"
        return RedirectResponse(path, status_code=303)

    async def _form(self, request: Request, *, status: int = 200, **values: Any) -> Response:
        topic = request.path_params["topic"]
        samples = await asyncio.to_thread(sample_records, self._samples)
        # While Kafka does not answer, a form that was sent keeps what somebody has typed.
        partitions = [] if status == _UNAVAILABLE else await asyncio.to_thread(self._cluster.partitions, topic)
        return self._render(
            request,
            "publish.html",
            status=status,
            topic=topic,
            partitions=partitions,
            samples=[each.name for each in samples],
            chosen=request.query_params.get("sample", ""),
            **values,
        )

    def _render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        return self._pages.render(request, f"{_TEMPLATES}/{template}", status=status, **values)


def _query(request: Request) -> RecordQuery:
    asked = request.query_params
    partition = asked.get("partition", "")
    return RecordQuery(
        topic=request.path_params["topic"],
        partition=int(partition) if partition.isdecimal() and len(partition) < 10 else None,
        text=asked.get("q", ""),
        begin=asked.get("from", "").strip(),
        before=_read(asked["before"]) if "before" in asked else None,
        after=_read(asked["after"]) if "after" in asked else None,
    )


def _written(rest: Offsets) -> str:
    """Return offsets as a link has them: PARTITION.OFFSET,…"""
    return ",".join(f"{each.partition}.{offset}" for each, offset in sorted(rest.items()))


def _read(text: str) -> dict[int, int]:
    return {int(number): int(offset) for number, offset in _PLACE.findall(text)}
