"""Bootstrap: builds the parts of the order function from its settings. Only the entry points call it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

import boto3

from functions.order.http.authorization import Scopes
from functions.order.outbox.event_publisher import EventPublisher
from functions.order.outbox.lease import Lease
from functions.order.outbox.relay import OutboxRelay
from functions.order.outbox.table import Outbox
from functions.order.producer.authentication import authentication_by
from functions.order.producer.kafka_publisher import PAUSE_AFTER_FAILURE, SEND_BUDGET, KafkaPublisher, producer_factory
from functions.order.producer.secrets import SECRETS_CONFIG
from functions.order.storage.client import dynamodb_client
from functions.order.storage.queries import OrderQueries
from functions.order.storage.store import OrderStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.settings import ApiSettings, KafkaSettings, RelaySettings

# Nobody waits for the relay: it gives a slow broker more time than a request does. In seconds.
RELAY_SEND_BUDGET = 8.0

_utc_now = partial(datetime.now, UTC)


@cache
def dynamodb() -> DynamoDBClient:
    """Return the one DynamoDB client of this environment."""
    return dynamodb_client()


def scopes(settings: ApiSettings) -> Scopes:
    """Return the scopes that the API requires."""
    return Scopes(write=settings.write_scope, read_all=settings.read_all_scope)


def order_store(settings: ApiSettings) -> OrderStore:
    """Build the store that records and cancels orders."""
    return OrderStore(client=dynamodb(), table=settings.table)


def order_queries(settings: ApiSettings) -> OrderQueries:
    """Build the queries that list orders."""
    return OrderQueries(client=dynamodb(), table=settings.table)


def outbox(settings: RelaySettings) -> Outbox:
    """Build the outbox of the table of orders."""
    return Outbox(client=dynamodb(), table=settings.table)


def kafka_publisher(
    settings: KafkaSettings, *, budget: float = SEND_BUDGET, pause: float = PAUSE_AFTER_FAILURE
) -> KafkaPublisher:
    """Build the publisher to the topic of order events; budget and pause are in seconds."""
    authentication = authentication_by(
        settings.authentication,
        secret_arn=settings.secret_arn,
        ca_secret_arn=settings.ca_secret_arn,
        client=partial(boto3.client, "secretsmanager", config=SECRETS_CONFIG),
    )
    connect = producer_factory(servers=settings.servers, authentication=authentication, budget=budget)
    return KafkaPublisher(topic=settings.topic, connect=connect, budget=budget, pause=pause)


def request_publisher(settings: ApiSettings, publisher: KafkaPublisher) -> EventPublisher:
    """Build the event publisher of the API. It leaves refused events to the relay, which quarantines them."""
    return EventPublisher(publisher=publisher, outbox=outbox(settings), clock=_utc_now, quarantines=False)


def outbox_relay(settings: RelaySettings) -> OutboxRelay:
    """Build the relay. After a failed send it connects again at once: nobody waits for it."""
    publisher = kafka_publisher(settings.kafka, budget=RELAY_SEND_BUDGET, pause=0)
    outbox_table = outbox(settings)
    event_publisher = EventPublisher(publisher=publisher, outbox=outbox_table, clock=_utc_now, quarantines=True)
    return OutboxRelay(outbox=outbox_table, event_publisher=event_publisher, clock=_utc_now)


def relay_lease(settings: RelaySettings) -> Lease:
    """Build the lease that lets one relay work at a time."""
    return Lease(client=dynamodb(), table=settings.table, name="relay", clock=time.time)
