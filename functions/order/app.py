"""The order API's entry point: its routes, and the answer that each error gets."""
# mypy: allow-untyped-decorators
# Powertools leaves exception_handler() without types.

from __future__ import annotations

import logging
import os
import traceback
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.order import body, documentation, events
from functions.order.body import BodyRefusedError
from functions.order.orders import ORDER_PAID
from functions.order.problems import gateway_answer, problem, wrong_fields
from functions.order.publisher import KafkaPublisher, NotPublishedError, producer_factory
from functions.order.schema import NewOrder, StoredOrder, stored_order
from functions.order.store import OrderStore, OrderUnknownError, PaymentTakenError, StoreUnavailableError
from functions.order.traceparent import continue_or_start

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.exceptions import NotFoundError
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from functions.order.orders import Order

# A call takes 7 s at worst: two tries of 1 s to connect and 2 s to read, and up to a second in between.
DYNAMODB_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    tcp_keepalive=True,
)
# The send leaves this much of the invocation, in seconds, to the call that takes off the order's mark.
RESERVED_FOR_MARK = 7.5

logger = Logger()
logging.getLogger("kafka").setLevel(logging.ERROR)  # below, it tells of every connection and every try
# At DEBUG they log whole requests, which hold customers: they must not, whatever the level of the function is.
for library in ("aws_lambda_powertools", "boto3", "botocore", "urllib3"):
    logging.getLogger(library).setLevel(logging.WARNING)

store = OrderStore(client=boto3.client("dynamodb", config=DYNAMODB_CONFIG), table=os.environ["ORDERS_TABLE"])
publisher = KafkaPublisher(
    topic=os.environ["ORDER_EVENTS_TOPIC"],
    connect=producer_factory(
        servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        authentication=os.environ["KAFKA_AUTHENTICATION"],
    ),
)
app = APIGatewayHttpResolver(enable_validation=True, json_body_deserializer=body.parse)
app.configure_openapi(**documentation.API)


@app.post("/orders", **documentation.PLACE_ORDER)
def place_order(
    new_order: Annotated[NewOrder, Body(openapi_examples=documentation.NEW_ORDER_EXAMPLES)],
) -> Response[StoredOrder]:
    """Record the order, then publish its event; a repeated request completes what an earlier one left undone."""
    order = new_order.to_order(
        now=datetime.now(UTC),
        traceparent=continue_or_start(app.current_event.headers.get("traceparent")),
    )
    earlier = store.add(order)
    if earlier is not None:
        if ORDER_PAID in earlier.pending:
            publish(earlier)
        return answer(HTTPStatus.OK, earlier, {"Idempotent-Replayed": "true"})
    logger.info("order recorded", order_id=order.order_id)
    publish(order)
    return answer(HTTPStatus.CREATED, order, {"Location": f"/orders/{order.order_id}"})


@app.get("/orders/<order_id>", **documentation.GET_ORDER)
def get_order(
    order_id: Annotated[str, Path(description="As it was answered when the order was placed.")],
) -> Response[StoredOrder]:
    """Answer an order as it is stored now."""
    return answer(HTTPStatus.OK, store.get(order_id))


def answer(status: HTTPStatus, order: Order, headers: dict[str, str] | None = None) -> Response[StoredOrder]:
    """The order as JSON, under `status`."""
    return Response(status, content_type="application/json", body=stored_order(order), headers=headers)


def publish(order: Order) -> None:
    """Publish the order's event now if that goes quickly; what stays marked, the relay publishes."""
    event = events.order_paid(order)
    budget = app.lambda_context.get_remaining_time_in_millis() / 1000 - RESERVED_FOR_MARK
    subject: dict[str, Any] = {"order_id": order.order_id, "event_type": event.event_type}
    try:
        receipt = publisher.publish(event, budget=budget)
        logger.info(
            "event published",
            **subject,
            topic=receipt.topic,
            partition=receipt.partition,
            offset=receipt.offset,
        )
        store.mark_published(order, event.event_type)
    except NotPublishedError as error:
        logger.warning("event deferred", **subject, reason=str(error))
    except Exception as error:  # noqa: BLE001 - the order is recorded, and the answer has to say so
        reason = f"its mark could not be taken off, so it is published again: {name_of(error)}"
        logger.warning("event deferred", **subject, reason=reason)


@app.exception_handler(BodyRefusedError)
def body_refused(error: BodyRefusedError) -> Response[str]:
    """400, 413, 415 or 422: the body cannot be read."""
    return problem(error.status, error.detail)


@app.exception_handler(RequestValidationError)
def fields_wrong(error: RequestValidationError) -> Response[str]:
    """422: the body is no order; every wrong field is named."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The order is not recorded: correct the fields below and send it again.",
        errors=wrong_fields(error.errors()),
    )


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
    return problem(HTTPStatus.NOT_FOUND, "This API has POST /orders and GET /orders/{order_id}.")


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


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's HTTP API, payload version 2."""
    try:
        body.check(event)
    except BodyRefusedError as error:
        return gateway_answer(body_refused(error))
    return app.resolve(event, context)
