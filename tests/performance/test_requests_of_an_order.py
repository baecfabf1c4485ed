"""Requests and units of an order, from POST to the mail's feedback: exactly those that it needs.

It is a gate that a busy machine does not move: a further write, read or produce fails it, and costs each order its time
and its price.
"""

from __future__ import annotations

import base64
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.storage.order_item import PENDING_SHARDS
from functions.order.storage.store import OrderStore
from samrun.testing.aws import client
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database
from tests.order.orders import order_of
from tests.performance.invocation_counts import CountedFunctions, InvocationCounts
from tests.project import ROOT, copy_to
from tests.system.fake_ses import Ses, serving
from tests.system.killable_functions import application, to_place
from tests.system.order_events import event_of
from tools.cost.bill import WRITES_OF_A_MAIL, WRITES_OF_AN_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDER = ("OrderFunction", "functions.order.handlers.api")
RELAY = ("RelayFunction", "functions.order.handlers.relay")
NOTIFY = ("NotifyFunction", "functions.notify.handlers.notify")
FEEDBACK = ("FeedbackFunction", "functions.notify.handlers.feedback")
PLACED = {"dynamodb.PutItem": 1, "kafka.Produce": 1, "dynamodb.UpdateItem": 1}
# The notification that events/ses/ are about.
OF_THE_FEEDBACK = {
    "order_id": {"S": "ord_a7yuqahkcwyojza3z7chx7dkkq"},
    "notification_id": {"S": "3d340d65-4092-54eb-b504-a38ead16a186#mail"},
}
# A statement of place_order, which the planted ones follow.
RECORDED = 'count("OrdersRecorded")\n'

pytestmark = pytest.mark.xdist_group("requests-of-an-order")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database(tmp_path_factory.mktemp("database")) as database:
        yield database


@pytest.fixture(scope="module")
def functions(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountedFunctions]:
    with Broker(tmp_path_factory.mktemp("broker")) as broker, serving(Ses()) as ses:
        broker.create_topic("order-events", partitions=1)
        template = application(kafka=broker.bootstrap, dynamodb=database.url)
        database.create_tables(template)
        yield CountedFunctions(application=template, services={"dynamodb": database.url, "sesv2": ses})


def notify_event(number: int) -> dict[str, Any]:
    """Return the mapping's event with one record, about an order of its own."""
    event = event_of(number)
    record = {
        "topic": "order-events",
        "partition": 0,
        "offset": number,
        "key": base64.b64encode(event["subject"].encode()).decode(),
        "value": base64.b64encode(json.dumps(event).encode()).decode(),
        "headers": [],
    }
    return {"eventSource": "SelfManagedKafka", "records": {"order-events-0": [record]}}


def test_an_order_takes_two_writes_and_a_produce_and_a_repeated_request_one_write(functions: CountedFunctions) -> None:
    new, repeated = functions.invoke(*ORDER, to_place("pay_new"), to_place("pay_new"))
    assert new == InvocationCounts(requests=PLACED, units=WRITES_OF_AN_ORDER)
    assert repeated.requests == {"dynamodb.PutItem": 1}


def test_the_relay_reads_each_shard_once_and_the_order_once(functions: CountedFunctions, database: Database) -> None:
    order = order_of("pay_relayed", created_at=datetime.now(UTC) - timedelta(minutes=1))
    with closing(client("dynamodb", database.url)) as dynamodb:
        OrderStore(client=dynamodb, table="OrdersTable").add(order)
    relay = json.loads((ROOT / "events/schedule/relay.json").read_text())
    [sent] = functions.invoke(*RELAY, relay)
    assert sent.requests == {
        "dynamodb.Query": PENDING_SHARDS,
        "dynamodb.BatchGetItem": 1,
        "kafka.Produce": 1,
        # The lease is taken and renewed, and the order marked; then the lease is released.
        "dynamodb.UpdateItem": 3,
        "dynamodb.DeleteItem": 1,
    }


def test_a_mail_takes_its_claim_its_send_and_its_mark_and_one_write_for_its_feedback(
    functions: CountedFunctions, database: Database
) -> None:
    [mail] = functions.invoke(*NOTIFY, notify_event(1))
    # Two batches of one statement. DynamoDB Local does not tell the units of batches.
    assert mail.requests == {"dynamodb.BatchExecuteStatement": 2, "sesv2.SendEmail": 1}

    delivered = json.loads((ROOT / "events/ses/delivered.json").read_text())
    with closing(client("dynamodb", database.url)) as dynamodb:
        dynamodb.put_item(TableName="NotificationsTable", Item={**OF_THE_FEEDBACK, "status": {"S": "sent"}})
    [feedback] = functions.invoke(*FEEDBACK, delivered)
    assert feedback == InvocationCounts(requests={"dynamodb.UpdateItem": 1}, units=1)
    assert mail.requests["dynamodb.BatchExecuteStatement"] + feedback.units == WRITES_OF_A_MAIL


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        (
            'bootstrap.dynamodb().put_item(TableName=settings.table, Item={"order_id": {"S": "planted"}})',
            {"dynamodb.PutItem": 2},
        ),
        (
            'bootstrap.dynamodb().get_item(TableName=settings.table, Key={"order_id": {"S": order.order_id}})',
            {"dynamodb.GetItem": 1},
        ),
        ("publish(order)", {"kafka.Produce": 2, "dynamodb.UpdateItem": 2}),
    ],
    ids=["write", "round trip", "produce"],
)
def test_a_planted_request_is_found(
    functions: CountedFunctions, tmp_path: Path, planted: str, found: dict[str, int]
) -> None:
    api = copy_to(tmp_path) / "functions/order/handlers/api.py"
    api.write_text(api.read_text().replace(RECORDED, f"{RECORDED}    {planted}\n", 1))
    [sent] = functions.invoke(*ORDER, to_place(f"pay_{tmp_path.name}"), root=tmp_path)
    assert sent.requests == PLACED | found
