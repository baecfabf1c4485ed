"""Order function: records paid orders and publishes their events, behind API Gateway's HTTP API."""

# Powertools leaves exception_handler() and append_context() without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import os
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import WithJsonSchema

from functions.order import bootstrap
from functions.order.domain.decisions import is_published_inline
from functions.order.domain.order import ORDER_ID, Cancellation, Status
from functions.order.domain.order_number import OrderNumberInvalidError, order_id_start
from functions.order.domain.order_page import Page
from functions.order.domain.timestamps import to_milliseconds
from functions.order.domain.traceparent import continue_or_start, trace_id
from functions.order.handlers.error_answers import ANSWERS, answer_to
from functions.order.handlers.powertools_metrics import metrics
from functions.order.http import openapi, request_body
from functions.order.http.authorization import Caller, caller_of
from functions.order.http.field_types import MAX_REFERENCE, REFERENCE
from functions.order.http.problems import gateway_answer
from functions.order.http.request_body import BodyRefusedError
from functions.order.http.schema import (
    NewCancellation,
    NewOrder,
    OrderPage,
    StoredOrder,
    order_page,
    stored_order,
)
from functions.order.logs import logger
from functions.order.outbox.event_publisher import Disposition
from functions.order.producer.kafka_publisher import NotPublishedError
from functions.order.settings import ApiSettings
from functions.order.storage.client import MAX_CALL
from functions.order.storage.store import OrderUnknownError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.order.domain.order import Order

# The send leaves this much of the invocation to the call that marks the event as published. In seconds.
RESERVED_FOR_MARK = MAX_CALL + 0.5

settings = ApiSettings.from_environment(os.environ)
scopes = bootstrap.scopes(settings)
store = bootstrap.order_store(settings)
queries = bootstrap.order_queries(settings)
kafka = bootstrap.kafka_publisher(settings.kafka)
event_publisher = bootstrap.request_publisher(settings, kafka)
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=request_body.parse)
app.configure_openapi(**openapi.API)
app.exception_handler(list(ANSWERS))(answer_to)

OrderId = Annotated[
    str,
    Path(
        description="The `order_id` of the answer when you placed the order. No order has an id of another form: 404.",
        json_schema_extra={"pattern": ORDER_ID},
    ),
]


@app.post("/orders", **openapi.PLACE_ORDER)
def place_order(
    new_order: Annotated[NewOrder, Body(openapi_examples=openapi.NEW_ORDER_EXAMPLES)],
) -> Response[StoredOrder]:
    """Record the order, then publish its event."""
    caller().must_write()
    order = new_order.to_order(now=datetime.now(UTC), traceparent=app.context["traceparent"])
    earlier = store.add(order)
    if earlier is not None:
        count("OrdersReplayed")
        return answer(HTTPStatus.OK, earlier, {"Idempotent-Replayed": "true"})
    count("OrdersRecorded")
    logger.info("order recorded", order_id=order.order_id)
    publish(order)
    return answer(HTTPStatus.CREATED, order, {"Location": f"/orders/{order.order_id}"})


@app.get("/orders", **openapi.LIST_ORDERS)
def list_orders(
    status: Annotated[
        Status | None, Query(description="Only orders in this status."), WithJsonSchema(openapi.STATUS)
    ] = None,
    cursor: Annotated[
        str | None,
        Query(max_length=128, description="The `next_cursor` of the previous page."),
        WithJsonSchema(openapi.CURSOR),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="The most orders on a page.")] = 20,
    customer_id: Annotated[
        str | None,
        Query(max_length=MAX_REFERENCE, pattern=REFERENCE, description="Only orders of this customer."),
        WithJsonSchema(openapi.CUSTOMER_ID),
    ] = None,
    number: Annotated[
        str | None,
        Query(description="Only the customer's order with this `order_number`."),
        WithJsonSchema(openapi.NUMBER),
    ] = None,
) -> OrderPage:
    """Return a page of the orders that the caller may read."""
    reader = caller()
    id_start = None if number is None else order_id_start(number)
    customer = customer_id if reader.may_read_all else reader.subject or ""
    if customer is None:
        if number is not None:
            raise OrderNumberInvalidError("An order is found by its number only if you send its customer_id, too")
        page = queries.of_all(status=status, cursor=cursor, limit=limit)
    elif customer_id not in {None, customer} or not 0 < len(customer) <= MAX_REFERENCE:
        # Orders of another customer; or no customer has such an id, and DynamoDB would refuse the query.
        page = Page(orders=(), next_cursor=None)
    else:
        page = queries.of_customer(customer, status=status, id_start=id_start, cursor=cursor, limit=limit)
    return order_page(page)


@app.get("/orders/<order_id>", **openapi.GET_ORDER)
def get_order(order_id: OrderId) -> Response[StoredOrder]:
    """Return an order as it is stored now."""
    reader = caller()
    order = store.get_order(order_id)
    if not reader.may_read(order.customer.id):
        raise OrderUnknownError  # the caller may not know that it exists
    return answer(HTTPStatus.OK, order)


@app.post("/orders/<order_id>/cancellation", **openapi.CANCEL_ORDER)
def cancel_order(order_id: OrderId, new_cancellation: NewCancellation) -> Response[StoredOrder]:
    """Cancel the order, then publish its event."""
    writer = caller()
    writer.must_write()
    order, is_new = store.cancel(
        order_id,
        Cancellation(
            reason=new_cancellation.reason,
            cancelled_at=to_milliseconds(datetime.now(UTC)),
            traceparent=app.context["traceparent"],
        ),
        customer_id=None if writer.may_read_all else writer.subject or "",
    )
    if not is_new:
        return answer(HTTPStatus.OK, order, {"Idempotent-Replayed": "true"})
    count("OrdersCancelled")
    logger.info("order cancelled", order_id=order.order_id)
    if is_published_inline(order):
        publish(order)
    return answer(HTTPStatus.OK, order)


def caller() -> Caller:
    """Return the caller of the request. Raises UnauthenticatedError."""
    return caller_of(app.current_event.raw_event, scopes=scopes, is_sam_local=settings.is_sam_local)


def answer(status: HTTPStatus, order: Order, headers: dict[str, str] | None = None) -> Response[StoredOrder]:
    """Return the order as JSON, with `status`."""
    return Response(status, content_type="application/json", body=stored_order(order), headers=headers)


def publish(order: Order) -> None:
    """Publish the order's only pending event if Kafka answers in time; else it stays pending, for the relay."""
    budget = app.lambda_context.get_remaining_time_in_millis() / 1000 - RESERVED_FOR_MARK
    if event_publisher.publish(order, budget=budget).disposition is Disposition.PUBLISHED:
        count("EventsPublished")
    else:
        count("EventsDeferred")


def count(metric: str) -> None:
    """Add one to the metric."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def warm_up() -> None:
    """Connect to Kafka before the first order. If Kafka is unavailable, only log it."""
    try:
        kafka.warm_up()
    except NotPublishedError as error:
        logger.warning("kafka warm-up failed", reason=str(error))


# Never before a snapshot: all environments restored from it would be the same idempotent producer.
if settings.connects_at_start:
    warm_up()


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's HTTP API, payload version 2."""
    # API Gateway writes header names in lower case; somebody who invokes the function by hand may not.
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    traceparent = continue_or_start(headers)
    logger.set_correlation_id(trace_id(traceparent))
    app.append_context(traceparent=traceparent)
    if event["requestContext"]["http"]["method"] == "GET":
        event = {**event, "body": None}  # RFC 9110 gives it no meaning
    try:
        request_body.check(headers, event)
    except BodyRefusedError as error:
        return gateway_answer(answer_to(error))
    # Powertools knows fewer spellings of the media type than `check`, which has accepted it.
    return app.resolve({**event, "headers": headers | {"content-type": "application/json"}}, context)
