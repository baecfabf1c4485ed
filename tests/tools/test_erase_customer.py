"""Tool that erases a customer, with moto's AWS in this process."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from functions.notify.dead_letters import DeadLetters
from functions.notify.events.records import Record
from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_PAID, Customer, order_id_for
from functions.order.http.schema import stored_order
from functions.order.outbox.table import Outbox
from functions.order.storage.store import OrderErasedError, OrderStore
from samrun.testing.kafka_records import batch, kafka_mapping
from samrun.testing.kafka_records import record as kafka_record
from samrun.testing.mapping import DiscardedBatch, InvocationResult, send_to_on_failure_destination
from tests.notify.samples import EVENTS
from tests.order.environment import plain_deployment
from tests.order.orders import CANCELLATION, order_of, stored_item
from tests.project import ROOT
from tests.tools.dead_letters_template import OUTPUTS, REGION, RESOURCES
from tools.deadletters import dead_letter_queue
from tools.deadletters.dead_letter import DeadLetter
from tools.deadletters.locations import Locations
from tools.erase_customer import __main__ as tool
from tools.erase_customer import feedback_reports, locations
from tools.erase_customer.customer_dead_letters import is_of_customer
from tools.erase_customer.locations import PersonalDataLocations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.order.domain.order import Order

# It uses moto without the fixtures by which conftest.py knows.
pytestmark = pytest.mark.emulated_aws

NOW = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
# Of the customer; none of these may be left.
NAME, ADDRESS, PHONE, REASON = "Ada Lovelace", "ada@example.com", "+4930123456", "Moved to Ockham Park"
ADA = Customer(id="cus_ada", name=NAME, email=ADDRESS, phone=PHONE, locale="en-GB", channels=("mail", "text"))
EVE = Customer(id="cus_eve", name="Eve", email="eve@example.com")
ADAS = order_of(customer=ADA, pending=())
EVES = order_of("pay_eve", customer=EVE, pending=())


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # moto is one server, so a receive without a wait misses nothing.
    monkeypatch.setattr(dead_letter_queue, "WAIT", 0)
    monkeypatch.setattr(feedback_reports, "WAIT", 0)


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all tests: a new one reads boto3's descriptions of the services again."""
    return boto3.Session(region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nothing")


@pytest.fixture
def found(session: boto3.Session) -> Iterator[PersonalDataLocations]:
    """The table of template.yaml, both queues and the bucket, empty."""
    with mock_aws():
        sqs, s3, dynamodb = session.client("sqs"), session.client("s3"), session.client("dynamodb")
        s3.create_bucket(Bucket="discarded-batches")
        table = plain_deployment().properties("OrdersTable")
        wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
        dynamodb.create_table(TableName="orders", **{name: table[name] for name in wanted})
        yield PersonalDataLocations(
            dynamodb=dynamodb,
            orders="orders",
            dead_letters=Locations(
                sqs=sqs,
                s3=s3,
                functions=session.client("lambda"),
                queue_url=sqs.create_queue(QueueName="dead-letters")["QueueUrl"],
                bucket="discarded-batches",
                function="NotifyFunction",
            ),
            feedback_queue_url=sqs.create_queue(QueueName="feedback")["QueueUrl"],
        )


@pytest.fixture
def store(found: PersonalDataLocations) -> OrderStore:
    return OrderStore(client=found.dynamodb, table="orders")


def dead_letter(found: PersonalDataLocations, offset: int, order: Order, *, key: str | None = None) -> None:
    """Put the record of an order's event into the queue, as notify does."""
    published = event_of(order, ORDER_PAID)
    encoded = base64.b64encode((key or published.key).encode()).decode()
    value = base64.b64encode(published.value).decode()
    source = {"topic": "t", "partition": 0, "offset": offset, "key": encoded, "value": value, "headers": []}
    record = Record(partition_id="t-0", topic="t", partition=0, offset=offset, key=encoded, source=source)
    sqs, queue_url = found.dead_letters.sqs, found.dead_letters.queue_url
    DeadLetters(client=sqs, queue_url=queue_url).put(record, reason="it cannot be rendered")


def discard(found: PersonalDataLocations, *orders: Order) -> None:
    """Put a batch of these orders' events into the bucket, as a mapping does."""
    records = [
        kafka_record(offset, value=event_of(order, ORDER_PAID).value) for offset, order in enumerate(orders, start=10)
    ]
    discarded = DiscardedBatch(
        batch=batch(*records),
        condition="RetryAttemptsExhausted",
        attempts=4,
        last_result=InvocationResult(request_id="r", payload=b"{}", function_error="Unhandled"),
        at=NOW,
        mapping=kafka_mapping(),
        bootstrap="b:1",
    )
    bucket = f"arn:aws:s3:::{found.dead_letters.bucket}"
    send_to_on_failure_destination(discarded, arn=bucket, client=lambda service: found.dead_letters.s3)


def ses_event(order_id: str, **changes: Any) -> dict[str, Any]:
    """Return an event of SES about a mail of an order."""
    event = json.loads((ROOT / "events/ses/bounced.json").read_text())
    event["detail"]["mail"]["tags"]["order_id"] = [base64.urlsafe_b64encode(order_id.encode()).decode().rstrip("=")]
    return {**event, **changes}


def wrapped(event: Any) -> dict[str, Any]:
    """Return the message about an event that feedback failed on, as Lambda sends it."""
    return {"version": "1.0", "requestPayload": event, "responseContext": {"functionError": "Unhandled"}}


def report(found: PersonalDataLocations, body: Any) -> None:
    """Put one of SES's reports into the queue."""
    found.dead_letters.sqs.send_message(QueueUrl=found.feedback_queue_url, MessageBody=json.dumps(body))


def visible(found: PersonalDataLocations, queue_url: str) -> int:
    """Return how many messages every reader of a queue can receive now."""
    attributes = found.dead_letters.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    return int(attributes["ApproximateNumberOfMessages"])


def everything(found: PersonalDataLocations) -> str:
    """Return all that is stored, as text; base64 is decoded."""
    items = found.dynamodb.scan(TableName="orders")["Items"]
    indexed = found.dynamodb.scan(TableName="orders", IndexName="by_customer")["Items"]
    s3, bucket = found.dead_letters.s3, found.dead_letters.bucket
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    objects = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
    values = [
        base64.b64decode(record["value"]).decode()
        for text in objects
        for records in json.loads(json.loads(text)["payload"])["records"].values()
        for record in records
    ]
    return json.dumps([items, indexed, objects, values])


def test_erased_customer_is_in_no_table_queue_or_bucket(
    found: PersonalDataLocations, store: OrderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    cancelled = order_of(
        "pay_2",
        customer=ADA,
        pending=(),
        status="cancelled",
        cancellation=replace(CANCELLATION, reason=REASON),
    )
    for order in (ADAS, cancelled, EVES):
        store.add(order)
    for offset, order in enumerate((ADAS, cancelled, EVES)):
        dead_letter(found, offset, order)
        report(found, wrapped(ses_event(order.order_id)))
    discard(found, ADAS, EVES)
    assert all(text in everything(found) for text in (NAME, ADDRESS, PHONE, REASON))

    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    left = everything(found)
    assert [text for text in (NAME, ADDRESS, PHONE, REASON, "en-GB") if text in left] == []
    assert left.count("eve@example.com") == 2, "in the table and in the bucket"
    assert store.get_order(EVES.order_id) == EVES
    assert visible(found, found.dead_letters.queue_url) == 1, "Eve's dead letter"
    assert visible(found, found.feedback_queue_url) == 1, "the report about Eve's mail"
    said = capsys.readouterr().out
    assert said.count("  erased\n") == 2
    assert "Dead letters: 3 removed" in said
    assert "Reports of SES that were not processed: 2 removed" in said
    assert "Kafka: the topic has the events of these orders until its retention.ms" in said
    assert [text for text in (NAME, ADDRESS, PHONE, REASON) if text in said] == []


def test_erased_order_keeps_what_books_need(found: PersonalDataLocations, store: OrderStore) -> None:
    store.add(ADAS)
    before = stored_item(found.dynamodb, ADAS.order_id)
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    after = stored_item(found.dynamodb, ADAS.order_id)
    assert {name for name in before if before[name] != after[name]} == {"customer"}
    assert after.keys() - before.keys() == {"erased_at"}
    assert after["customer"] == {
        "M": {"id": {"S": "cus_ada"}, "name": {"S": "erased"}, "email": {"S": "erased@erased.invalid"}}
    }


def test_repeated_request_finds_the_erased_order_and_a_cancellation_is_refused(
    found: PersonalDataLocations, store: OrderStore
) -> None:
    store.add(ADAS)
    tool.erase_customer(found, "cus_ada", dry_run=False)
    repeated = store.add(ADAS)
    assert repeated
    assert repeated.erased_at
    assert stored_order(repeated)["customer"]["name"] == "erased"
    with pytest.raises(OrderErasedError):
        store.cancel(ADAS.order_id, CANCELLATION, customer_id="cus_ada")


def test_dry_run_says_what_would_be_erased_and_changes_nothing(
    found: PersonalDataLocations, store: OrderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(ADAS)
    dead_letter(found, 1, ADAS)
    discard(found, ADAS)
    report(found, wrapped(ses_event(ADAS.order_id)))
    before = everything(found)
    assert tool.erase_customer(found, "cus_ada", dry_run=True) == 0
    assert everything(found) == before
    assert visible(found, found.dead_letters.queue_url) == visible(found, found.feedback_queue_url) == 1
    said = capsys.readouterr().out
    assert "would be erased" in said
    assert "Dead letters: 2 would be removed" in said
    assert said.endswith("Nothing was changed.\n")


def test_second_run_finds_nothing_to_do(
    found: PersonalDataLocations, store: OrderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(ADAS)
    tool.erase_customer(found, "cus_ada", dry_run=False)
    before = everything(found)
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    assert everything(found) == before
    assert "erased before" in capsys.readouterr().out


def test_order_with_a_pending_or_a_quarantined_event_is_named_and_the_others_are_erased(
    found: PersonalDataLocations, store: OrderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    pending, refused = (order_of(reference, customer=ADA) for reference in ("pay_pending", "pay_refused"))
    for order in (ADAS, pending, refused):
        store.add(order)
    Outbox(client=found.dynamodb, table="orders").quarantine(refused, ORDER_PAID, reason="too large", now=NOW)
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 1
    assert store.get_order(ADAS.order_id).erased_at
    assert (store.get_order(pending.order_id), store.get_order(refused.order_id)) == (pending, refused)
    said = capsys.readouterr().out
    assert "not erased: an event is pending. Run this again in some minutes" in said
    assert "not erased: its event is quarantined. Requeue it, and run this again" in said


def test_all_orders_of_a_customer_are_found_page_by_page(found: PersonalDataLocations, store: OrderStore) -> None:
    client, original = found.dynamodb, found.dynamodb.get_paginator
    for number in range(7):
        store.add(order_of(f"pay_{number}", customer=ADA, pending=()))

    class SmallPages:
        def paginate(self, **query: Any) -> Any:
            return original("query").paginate(**query, PaginationConfig={"PageSize": 2})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "get_paginator", lambda name: SmallPages())
        assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    assert all(store.get_order(order_id_for(f"pay_{number}")).erased_at for number in range(7))


def test_dead_letter_of_the_customer_is_found_also_without_its_order(
    found: PersonalDataLocations, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key may be unreadable, or the order may be in no table any more."""
    dead_letter(found, 1, ADAS, key="no order")
    dead_letter(found, 2, EVES, key="no order")
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    assert visible(found, found.dead_letters.queue_url) == 1
    assert "The table has no order of this customer." in capsys.readouterr().out


@pytest.mark.parametrize("sender", [wrapped, lambda event: event], ids=["Lambda", "EventBridge"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"detail-type": "Email Opened"}, {"time": "no time"}],
    ids=["bounced", "a kind that feedback ignores", "another form"],
)
def test_report_is_removed_whoever_gave_it_up_and_whatever_it_says(
    found: PersonalDataLocations, store: OrderStore, sender: Callable[[Any], Any], changes: dict[str, Any]
) -> None:
    for order in (ADAS, EVES):
        store.add(order)
        report(found, sender(ses_event(order.order_id, **changes)))
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    assert visible(found, found.feedback_queue_url) == 1, "the report about Eve's mail"


# As many brackets as a message may have, and more than the parser of JSON allows.
NESTED = "[" * 200_000


@pytest.mark.parametrize("body", ["hello", NESTED, "[]", "null", "5"], ids=["text", "nested", "list", "null", "5"])
def test_message_that_cannot_be_read_is_named_and_not_changed(
    found: PersonalDataLocations, store: OrderStore, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    store.add(ADAS)
    for queue_url in (found.dead_letters.queue_url, found.feedback_queue_url):
        found.dead_letters.sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 1
    assert store.get_order(ADAS.order_id).erased_at, "the rest is erased"
    assert visible(found, found.dead_letters.queue_url) == visible(found, found.feedback_queue_url) == 1
    warned = capsys.readouterr().err
    assert "is not a dead letter of notify (KeyError): not changed. It expires 14 days after" in warned
    assert "1 reports name no order: not changed. They expire after 14 days." in warned


def test_either_queue_with_a_message_that_cannot_be_read_gives_status_1(
    found: PersonalDataLocations, store: OrderStore
) -> None:
    store.add(ADAS)
    assert tool.erase_customer(found, "cus_ada", dry_run=False) == 0
    for queue_url in (found.dead_letters.queue_url, found.feedback_queue_url):
        found.dead_letters.sqs.send_message(QueueUrl=queue_url, MessageBody="hello")
        assert tool.erase_customer(found, "cus_ada", dry_run=False) == 1
        found.dead_letters.sqs.purge_queue(QueueUrl=queue_url)


def record_with(key: Any, value: Any) -> DeadLetter:
    record = {"key": key, "value": value}
    return DeadLetter(topic="t", partition=0, offset=1, reason="r", when=NOW, where="queue", place="m", record=record)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


# Bytes, texts that are no base64, and what Lambda never sends.
ANYTHING = st.none() | st.integers() | st.text(max_size=8) | st.binary(max_size=40).map(encoded)


@given(ANYTHING, ANYTHING | st.just(encoded(NESTED.encode())) | st.just(encoded(b'{"data": [1]}')))
def test_record_of_any_bytes_is_of_nobody(key: Any, value: Any) -> None:
    assert not is_of_customer(record_with(key, value), {ADAS.order_id}, "cus_ada")


@given(ANYTHING | st.just(encoded(NESTED.encode())))
def test_key_says_whose_a_record_is_whatever_its_value(value: Any) -> None:
    assert is_of_customer(record_with(encoded(ADAS.order_id.encode()), value), {ADAS.order_id}, "cus_ada")


@pytest.mark.parametrize("event_type", EVENTS)
def test_event_says_whose_a_record_is_whatever_its_key_and_its_topic(event_type: str) -> None:
    event = deepcopy(EVENTS[event_type])
    del event["data"]["customer"]["id"]  # a service may leave it out
    dead_letter = record_with(encoded(b"shipment-7"), encoded(json.dumps(event).encode()))
    assert is_of_customer(dead_letter, {event["subject"]}, "cus_ada")
    assert not is_of_customer(dead_letter, {"ord_of_another"}, "cus_ada")


def template() -> dict[str, Any]:
    return {
        "Resources": {
            **RESOURCES,
            "OrdersTable": {"Type": "AWS::DynamoDB::Table", "Properties": plain_deployment().properties("OrdersTable")},
            "FeedbackDeadLetterQueue": {"Type": "AWS::SQS::Queue"},
        },
        "Outputs": {
            **OUTPUTS,
            "OrdersTableName": {"Value": {"Ref": "OrdersTable"}},
            "FeedbackDeadLetterQueueUrl": {"Value": {"Ref": "FeedbackDeadLetterQueue"}},
        },
    }


def test_customer_of_a_stack_in_aws_is_erased_by_the_stacks_name(
    deployed: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(template())
    found = locations.deployed("shop", region=REGION)
    store = OrderStore(client=found.dynamodb, table=found.orders)
    store.add(ADAS)
    assert tool.main(["--customer-id", "cus_ada", "--stack", "shop", "--region", REGION]) == 0
    assert store.get_order(ADAS.order_id).erased_at
    assert "Dead letters: 0 removed" in capsys.readouterr().out


def test_customer_is_erased_from_a_restored_table(deployed: Callable[[dict[str, Any]], None]) -> None:
    """With the parameter OrdersTableName the stack has no table of its own: its output names the restored one."""
    made = template()
    table = made["Resources"].pop("OrdersTable")
    restored = boto3.client("dynamodb", region_name=REGION)
    wanted = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    restored.create_table(TableName="orders-2", **{name: table["Properties"][name] for name in wanted})
    made["Outputs"]["OrdersTableName"] = {"Value": "orders-2"}
    deployed(made)
    store = OrderStore(client=restored, table="orders-2")
    store.add(ADAS)
    assert tool.main(["--customer-id", "cus_ada", "--stack", "shop", "--region", REGION]) == 0
    assert store.get_order(ADAS.order_id).erased_at


def test_outputs_that_the_tools_read_are_in_the_template() -> None:
    assert template()["Outputs"].keys() <= plain_deployment().outputs.keys()


def test_error_names_a_stack_without_a_table_of_orders(
    deployed: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"FeedbackDeadLetterQueueUrl": {"Value": {"Ref": "FeedbackDeadLetterQueue"}}}
    deployed({"Resources": {"FeedbackDeadLetterQueue": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs})
    assert tool.main(["--customer-id", "cus_ada", "--stack", "shop", "--region", REGION]) == 1
    assert "The stack shop has no output OrdersTableName. Is it a stack of template.yaml?" in capsys.readouterr().err


def test_command_without_a_customer_is_refused() -> None:
    with pytest.raises(SystemExit) as raised:
        tool.main([])
    assert raised.value.code == 2
