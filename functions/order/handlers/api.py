"""The order function: records paid orders, and tells the other services of them, for API Gateway's HTTP API."""

# Powertools leaves exception_handler() and append_context() without types.
# mypy: disable-error-code="untyped-decorator, no-untyped-call"

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError

from functions.order import body, documentation
from functions.order.body import BodyRefusedError
from functions.order.callers import Caller, ForbiddenError, Scopes, UnauthenticatedError, caller_of
from functions.order.dynamodb import LONGEST_CALL, StoreUnavailableError, dynamodb_client
from functions.order.events import event_of
from functions.order.fields import LONGEST_REFERENCE
from functions.order.listing import CursorInvalidError, OrderListing, Page
from functions.order.observability import logger, metrics, tracer
from functions.order.orders import ORDER_CANCELLED, Cancellation, Status, to_milliseconds
from functions.order.outbox import Outbox
from functions.order.problems import gateway_answer, problem, wrong_fields
from functions.order.publisher import NotPublishedError
from functions.order.schema import (
    NewCancellation,
    NewOrder,
    OrderPage,
    StoredOrder,
    order_page,
    stored_order,
)
from functions.order.store import AlreadyCancelledError, OrderStore, OrderUnknownError, PaymentTakenError
from functions.order.traceparent import continue_or_start, trace_id
from functions.order.wiring import kafka_publisher

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.exceptions import NotFoundError
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.order.orders import Order

# The send leaves this much of the invocation, in seconds, to the call that takes off the order's mark.
RESERVED_FOR_MARK = LONGEST_CALL + 0.5

SCOPES = Scopes(write=os.environ["ORDERS_WRITE_SCOPE"], read_all=os.environ["ORDERS_READ_ALL_SCOPE"])
IS_SAM_LOCAL = os.environ.get("AWS_SAM_LOCAL") == "true"

dynamodb = dynamodb_client()
table = os.environ["ORDERS_TABLE"]
store = OrderStore(client=dynamodb, table=table)
outbox = Outbox(client=dynamodb, table=table)
listing = OrderListing(client=dynamodb, table=table)
publisher = kafka_publisher()
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=body.parse)
app.configure_openapi(**documentation.API)

OrderId = Annotated[str, Path(description="As it was answered when the order was placed.")]


@app.post("/orders", **documentation.PLACE_ORDER)
def place_order(
    new_order: Annotated[NewOrder, Body(openapi_examples=documentation.NEW_ORDER_EXAMPLES)],
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


@app.get("/orders", **documentation.LIST_ORDERS)
def list_orders(
    status: Annotated[Status | None, Query(description="Only orders in this status.")] = None,
    cursor: Annotated[str | None, Query(max_length=128, description="The `next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Most orders of a page.")] = 20,
) -> OrderPage:
    """Answer a page of the orders that the caller may read."""
    reader = caller()
    if reader.may_read_all:
        page = listing.of_all(status=status, cursor=cursor, limit=limit)
    elif reader.subject and len(reader.subject) <= LONGEST_REFERENCE:
        page = listing.of_customer(reader.subject, status=status, cursor=cursor, limit=limit)
    else:  # no customer is called like that, and DynamoDB would refuse to look
        page = Page(orders=(), next_cursor=None)
    return order_page(page)


@app.get("/orders/<order_id>", **documentation.GET_ORDER)
def get_order(order_id: OrderId) -> Response[StoredOrder]:
    """Answer an order as it is stored now."""
    reader = caller()
    order = store.get(order_id)
    if not reader.may_read(order.customer.id):
        raise OrderUnknownError  # also to those who may not know that there is one
    return answer(HTTPStatus.OK, order)


@app.post("/orders/<order_id>/cancellation", **documentation.CANCEL_ORDER)
def cancel_order(order_id: OrderId, new_cancellation: NewCancellation) -> Response[StoredOrder]:
    """Cancel the order, then publish that event."""
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
    if order.pending == (ORDER_CANCELLED,):
        publish(order)
    # Else an older event must go out first: whoever publishes that leaves this one to the relay.
    return answer(HTTPStatus.OK, order)


def caller() -> Caller:
    """Who made the request. Raises UnauthenticatedError."""
    return caller_of(app.current_event.raw_event, scopes=SCOPES, is_sam_local=IS_SAM_LOCAL)


def answer(status: HTTPStatus, order: Order, headers: dict[str, str] | None = None) -> Response[StoredOrder]:
    """The order as JSON, under `status`."""
    return Response(status, content_type="application/json", body=stored_order(order), headers=headers)


@tracer.capture_method(capture_response=False)
def publish(order: Order) -> None:
    """Publish the order's only pending event now if that goes quickly; what stays marked, the relay publishes."""
    [event_type] = order.pending
    budget = app.lambda_context.get_remaining_time_in_millis() / 1000 - RESERVED_FOR_MARK
    subject: dict[str, Any] = {"order_id": order.order_id, "event_type": event_type}
    try:
        receipt = publisher.publish(event_of(order, event_type), budget=budget)
        logger.info(
            "event published",
            **subject,
            topic=receipt.topic,
            partition=receipt.partition,
            offset=receipt.offset,
        )
        outbox.mark_published(order, event_type)
    except NotPublishedError as error:  # some is refused for good: the relay finds that, too, and sets it aside
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - the order is recorded, and the answer has to say so
        reason = f"its mark could not be taken off, so it is published again: {name_of(error)}"
    else:
        count("EventsPublished")
        return
    count("EventsDeferred")
    logger.warning("event deferred", **subject, reason=reason)


def count(metric: str) -> None:
    """Count one of these."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


@app.exception_handler(BodyRefusedError)
def body_refused(error: BodyRefusedError) -> Response[str]:
    """400, 413, 415 or 422: the body cannot be read."""
    return problem(error.status, error.detail)


@app.exception_handler(RequestValidationError)
def fields_wrong(error: RequestValidationError) -> Response[str]:
    """422: the request is not what the API takes; every wrong field is named."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Nothing was done: correct the fields below and send the request again.",
        errors=wrong_fields(error.errors()),
    )


@app.exception_handler(CursorInvalidError)
def cursor_invalid(_: CursorInvalidError) -> Response[str]:
    """422: the cursor is not one that this API gave."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Nothing was done: correct the fields below and send the request again.",
        errors=[{"field": "/cursor", "message": "Input should be the next_cursor of another page"}],
    )


@app.exception_handler(UnauthenticatedError)
def unauthenticated(_: UnauthenticatedError) -> Response[str]:
    """401: only what has passed the API's authorizer is served."""
    return problem(
        HTTPStatus.UNAUTHORIZED,
        "Send a token, as Authorization: Bearer …",
        headers={"WWW-Authenticate": "Bearer"},
    )


@app.exception_handler(ForbiddenError)
def forbidden(error: ForbiddenError) -> Response[str]:
    """403: the token has not the scope."""
    return problem(HTTPStatus.FORBIDDEN, str(error))


@app.exception_handler(OrderUnknownError)
def order_unknown(_: OrderUnknownError) -> Response[str]:
    """404: no such order."""
    return problem(HTTPStatus.NOT_FOUND, "There is no order with this id.")


@app.exception_handler(PaymentTakenError)
def payment_taken(_: PaymentTakenError) -> Response[str]:
    """409: the payment has another order, of which the answer tells nothing."""
    return problem(
        HTTPStatus.CONFLICT,
        "Another order was recorded for this payment: send that one again unchanged, or name another payment.",
    )


@app.exception_handler(AlreadyCancelledError)
def already_cancelled(_: AlreadyCancelledError) -> Response[str]:
    """409: the order is cancelled, and was so for another reason."""
    return problem(HTTPStatus.CONFLICT, "The order was cancelled before, for another reason: that one stands.")


@app.exception_handler(StoreUnavailableError)
def store_unavailable(_: StoreUnavailableError) -> Response[str]:
    """503: DynamoDB is away or throttles; repeating the request is safe."""
    logger.warning("store unavailable")
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Orders cannot be read or recorded right now: send the same request again.",
        headers={"Retry-After": "1"},
    )


@app.not_found
def route_unknown(_: NotFoundError) -> Response[str]:
    """404: no such route."""
    return problem(
        HTTPStatus.NOT_FOUND, "This API has /orders, /orders/{order_id} and /orders/{order_id}/cancellation."
    )


@app.exception_handler(Exception)
def bug(error: Exception) -> Response[str]:
    """500: whatever nobody expected, such as a missing permission."""
    # Where it happened and no message, which could quote the order.
    frames = traceback.format_tb(error.__traceback__)
    logger.error("request failed", error_type=name_of(error), frames=frames)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault: send the same request again later.")


def name_of(error: Exception) -> str:
    """The code that AWS answered, else the error's type: the message could quote the order."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def warm_up() -> None:
    """Connect to Kafka before the first order; a broker that is away is logged and no more."""
    try:
        publisher.warm()
    except NotPublishedError as error:
        logger.warning("kafka not warmed up", reason=str(error))


# Only where no snapshot is taken: all environments restored from one would be the same idempotent producer.
if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") in {"on-demand", "provisioned-concurrency"}:
    warm_up()


@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's HTTP API, payload version 2."""
    # API Gateway writes headers in lower case; who invokes by hand may not.
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    traceparent = continue_or_start(headers)
    logger.set_correlation_id(trace_id(traceparent))
    app.append_context(traceparent=traceparent)
    try:
        body.check(headers, event)
    except BodyRefusedError as error:
        return gateway_answer(body_refused(error))
    # Powertools takes the name of a media type for case-sensitive, which it is not.
    content_type = {"content-type": headers["content-type"].lower()} if "content-type" in headers else {}
    return app.resolve({**event, "headers": headers | content_type}, context)
