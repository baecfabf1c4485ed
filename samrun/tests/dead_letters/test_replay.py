"""Places of dead letters, and their replay: on the local AWS and librdkafka's mock cluster."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from samrun.dead_letters.dead_letter import DeadLetterError, Place
from samrun.dead_letters.locations import find_places
from samrun.dead_letters.replay import OpenPlace, Replayer, open_place
from samrun.functions.invoker import InvocationResult
from samrun.mapping.batch import Batch
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.on_failure_destination import send_to_on_failure_destination
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.template.model.application import Application, Resource
from samrun.template.model.functions import AsynchronousInvocation, Function
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.testing.kafka_records import kafka_mapping
from support.local_aws import LocalAws
from support.mock_broker import MockBroker
from support.python_function import create_function

ACCOUNT = "eu-central-1:123456789012"
PARTITION = TopicPartition("orders", 0)
NOTHING = Application(functions=(), apis=(), mappings=(), schedules=(), resources=(), ignored=())


@dataclass(frozen=True, kw_only=True)
class Reply:
    payload: str = "null"
    function_error: str | None = None


class InvokedFunction:
    """A function that a replay invokes: it replies as the test says."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.reply = Reply()

    def invoke(self, function: str, event: bytes) -> Reply:
        self.events.append((function, json.loads(event)))
        return self.reply

    @property
    def event(self) -> Any:
        [(_, event)] = self.events
        return event


def fn(**changes: Any) -> Function:
    return replace(create_function(Path(), None), name="notify", **changes)


def mapping(**changes: Any) -> KafkaMapping:
    return replace(kafka_mapping(), topic="orders", function="notify", **changes)


@pytest.fixture
def function() -> InvokedFunction:
    return InvokedFunction()


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    broker = MockBroker()
    broker.create("orders")
    yield broker
    broker.close()


@pytest.fixture
def name() -> str:
    return f"place-{uuid.uuid4().hex}"


def replayer(function: InvokedFunction, broker: MockBroker | None = None, **changes: Any) -> Replayer:
    usual: dict[str, Any] = {"functions": (fn(),), "mappings": (mapping(),)}
    bootstrap = broker.bootstrap if broker else "127.0.0.1:1"
    return Replayer(application=replace(NOTHING, **usual | changes), bootstrap=bootstrap, invoke=function.invoke)


def opened(kind: Any, name: str, aws: LocalAws, **details: Any) -> OpenPlace:
    return open_place(Place(kind=kind, name=name, **details), client=aws.client, bootstrap="127.0.0.1:1")


def discard(aws: LocalAws, arn: str, *records: KafkaRecord) -> None:
    batch = DiscardedBatch(
        batch=Batch({PARTITION: records}),
        condition="RetryAttemptsExhausted",
        attempts=2,
        last_result=InvocationResult.of_error("ValueError", "poison"),
        at=datetime.now(UTC),
        mapping=mapping(function_arn=f"arn:aws:lambda:{ACCOUNT}:function:notify"),
        bootstrap="127.0.0.1:9092",
    )
    send_to_on_failure_destination(batch, arn=arn, client=aws.client)


def test_batch_in_a_bucket_is_invoked_again_with_the_mark_of_a_replay(
    local_aws: LocalAws, function: InvokedFunction, name: str
) -> None:
    local_aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    discard(local_aws, f"arn:aws:s3:::{name}", KafkaRecord(PARTITION, 7, 1000, value=b"{}"))
    bucket = opened("bucket", name, local_aws)
    [dead_letter] = bucket.dead_letters(10)
    assert replayer(function).target(dead_letter) == "notify"
    assert "notify has processed it" in replayer(function).replay(bucket, dead_letter.id)
    [record] = function.event["records"]["orders-0"]
    assert (record["offset"], record["headers"]) == (7, [{"replay": list(b"true")}])
    assert list(bucket.dead_letters(10)) == []


def test_metadata_in_a_queue_leads_to_the_records_in_kafka(
    local_aws: LocalAws, function: InvokedFunction, broker: MockBroker, name: str
) -> None:
    local_aws.client("sqs").create_queue(QueueName=name)
    broker.append("orders", *[(b"k", b"%d" % number, []) for number in range(4)])
    discard(local_aws, f"arn:aws:sqs:{ACCOUNT}:{name}", *[KafkaRecord(PARTITION, offset) for offset in (1, 2)])
    queue = opened("queue", name, local_aws)
    [dead_letter] = queue.dead_letters(10)
    replayer(function, broker).replay(queue, dead_letter.id)
    assert [each["offset"] for each in function.event["records"]["orders-0"]] == [1, 2]
    assert list(queue.dead_letters(10)) == []


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (
            Reply(function_error="Unhandled", payload='{"errorType": "ValueError", "errorMessage": "x"}'),
            "ValueError: x",
        ),
        (Reply(payload='{"batchItemFailures": [{"itemIdentifier": {}}]}'), "reported 1 again as failed"),
    ],
)
def test_dead_letter_stays_if_the_function_fails_again(
    local_aws: LocalAws, function: InvokedFunction, name: str, reply: Reply, why: str
) -> None:
    url = local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    attributes = {"ErrorMessage": {"DataType": "String", "StringValue": "of no use"}}
    local_aws.client("sqs").send_message(QueueUrl=url, MessageBody='{"a": 1}', MessageAttributes=attributes)
    queue, function.reply = opened("queue", name, local_aws, function="notify"), reply
    [dead_letter] = queue.dead_letters(10)
    with pytest.raises(DeadLetterError, match=why):
        replayer(function).replay(queue, dead_letter.id)
    assert function.event == {"a": 1}
    assert [each.id for each in queue.dead_letters(10)] == [dead_letter.id]


def test_message_returns_to_the_queue_that_it_came_from(
    local_aws: LocalAws, function: InvokedFunction, name: str
) -> None:
    sqs = local_aws.client("sqs")
    source = sqs.create_queue(QueueName=f"{name}-source")["QueueUrl"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = {"colour": {"DataType": "String", "StringValue": "blue"}}
    sqs.send_message(QueueUrl=url, MessageBody="order 7", MessageAttributes=attributes)
    queue = opened("queue", name, local_aws, redrives_to=(f"{name}-source",))
    [dead_letter] = queue.dead_letters(10)
    assert replayer(function).target(dead_letter) == f"{name}-source"
    replayer(function).replay(queue, dead_letter.id)
    [message] = sqs.receive_message(QueueUrl=source, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]["colour"]["StringValue"]) == ("order 7", "blue")
    assert list(queue.dead_letters(10)) == []
    assert function.events == []


def test_looking_at_a_queue_leaves_its_messages_there(local_aws: LocalAws, name: str) -> None:
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for number in range(25):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    queue = opened("queue", name, local_aws)
    assert len(list(queue.dead_letters(100))) == 25
    [first, *_] = queue.dead_letters(100)
    assert queue.find(first.id).body == first.body
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 10


def test_dead_letter_is_deleted_alone(local_aws: LocalAws, name: str) -> None:
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for text in ("a", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=text)
    queue = opened("queue", name, local_aws)
    first, second = queue.dead_letters(10)
    queue.delete(first.id)
    assert [each.id for each in queue.dead_letters(10)] == [second.id]
    with pytest.raises(DeadLetterError, match="not there any more"):
        queue.delete(first.id)


def test_record_in_a_topic_is_replayed_and_hidden(broker: MockBroker, function: InvokedFunction) -> None:
    record = DiscardedBatch(
        batch=Batch({PARTITION: (KafkaRecord(PARTITION, 7),)}),
        condition="RetryAttemptsExhausted",
        attempts=2,
        last_result=None,
        at=datetime.now(UTC),
        mapping=mapping(function_arn=f"arn:aws:lambda:{ACCOUNT}:function:notify"),
        bootstrap="127.0.0.1:9092",
    ).invocation_record(KafkaRecord(PARTITION, 7))
    broker.create("failed")
    broker.append("failed", (b"k", json.dumps(record).encode(), []))
    topic = open_place(Place(kind="topic", name="failed"), client=pytest.fail, bootstrap=broker.bootstrap)
    [dead_letter] = topic.dead_letters(10)
    replayer(function).replay(topic, dead_letter.id)
    assert function.event["records"]["orders-0"][0]["offset"] == 7
    assert list(topic.dead_letters(10)) == []


def test_records_that_kafka_has_deleted_are_said_to_be(
    local_aws: LocalAws, function: InvokedFunction, broker: MockBroker, name: str
) -> None:
    local_aws.client("sqs").create_queue(QueueName=name)
    discard(local_aws, f"arn:aws:sqs:{ACCOUNT}:{name}", KafkaRecord(PARTITION, 70))
    queue = opened("queue", name, local_aws)
    [dead_letter] = queue.dead_letters(10)
    with pytest.raises(DeadLetterError, match="Kafka has deleted orders-0@70"):
        replayer(function, broker).replay(queue, dead_letter.id)


def test_record_goes_to_the_function_that_reads_its_topic(
    local_aws: LocalAws, function: InvokedFunction, name: str
) -> None:
    url = local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    body = json.dumps({"topic": "orders", "partition": 0, "offset": 1, "value": "e30="})
    local_aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    queue = opened("queue", name, local_aws, function="other")
    [dead_letter] = queue.dead_letters(10)
    application = replayer(function, functions=(fn(), replace(fn(), name="other")))
    assert application.target(dead_letter) == "notify"


def test_every_place_that_the_template_declares_is_found() -> None:
    def queue(logical_id: str, **properties: Any) -> Resource:
        return Resource(logical_id=logical_id, type="AWS::SQS::Queue", name=logical_id.lower(), properties=properties)

    arn = f"arn:aws:sqs:{ACCOUNT}"
    redrive = {"deadLetterTargetArn": f"{arn}:dlq", "maxReceiveCount": 3}
    topic = f"arn:aws:sns:{ACCOUNT}:failures"
    subscription = Resource(
        logical_id="S",
        type="AWS::SNS::Subscription",
        name="s",
        properties={"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"{arn}:of-sns"},
    )
    application = replace(
        NOTHING,
        functions=(
            fn(
                asynchronous=AsynchronousInvocation(dead_letter_queue=f"{arn}:of-function", on_failure=topic),
                environment={"QUEUE": "http://127.0.0.1:4566/123456789012/owndeadletters"},
            ),
        ),
        mappings=(mapping(on_failure="arn:aws:s3:::bucket"), mapping(on_failure="kafka://failed")),
        resources=(
            queue("Work", RedrivePolicy=redrive),
            queue("Dlq"),
            queue("OwnDeadLetters"),
            queue("Other"),
            subscription,
        ),
    )
    found = {(each.kind, each.name): each for each in find_places(application)}
    assert found.keys() == {
        ("queue", "of-function"),
        ("queue", "of-sns"),
        ("queue", "dlq"),
        ("queue", "owndeadletters"),
        ("bucket", "bucket"),
        ("topic", "failed"),
    }
    assert found["queue", "dlq"].redrives_to == ("work",)
    assert found["queue", "owndeadletters"].function == "notify"
    assert found["queue", "of-function"].sources == ("dead-letter queue of notify",)
