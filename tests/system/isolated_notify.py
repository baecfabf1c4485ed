"""Notify outside the local stack, with what it talks to; a test plays the part of its mapping, and kills it."""

import contextlib
import itertools
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from botocore.config import Config
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local import ports, resources
from local.endpoints import url
from local.mapping.answer import failed_from
from local.mapping.batch import Batch
from local.services import CREDENTIALS
from tests.local_aws import running
from tests.system.broker import Broker, read_all
from tests.system.customers import address
from tests.system.database import Database
from tests.system.invoking import NOTIFY, REGION, Call, Functions, application
from tests.system.order_events import TOPIC, event_of, publish
from tests.system.peers import kill_peer
from tests.system.published import PAID
from tests.system.ses import Ses, serving
from tests.system.table import Table

if TYPE_CHECKING:
    from local.model import KafkaMapping

# Where SES's stand-in kills the sender. At every other step it dies by itself: tests/system/mortal_notify.py.
SES_IS_CONNECTED = "while SES waits for the mail"
SES_HAS_THE_MAIL = "while SES has the mail and has not answered"


class Entry(NamedTuple):
    """What the ledger tells of a mail."""

    status: str
    attempts: int
    possible_duplicate: bool


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What notify talks to. `aws`, `dynamodb` and `ses_url` are URLs. Each customer, by number, is used once."""

    broker: Broker
    aws: str
    dynamodb: str
    ledger: Table
    ses: Ses
    ses_url: str
    customers: Iterator[int] = field(default_factory=itertools.count)

    def dead_letters(self) -> list[Any]:
        """Return the messages in the queue; they are hidden from then on."""
        sqs = _sqs(self.aws)
        queue = sqs.get_queue_url(QueueName="DeadLetterQueue")["QueueUrl"]

        def receive() -> list[Any]:
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            messages: list[Any] = answer.get("Messages", [])
            return messages

        return [message for messages in iter(receive, []) for message in messages]


@contextlib.contextmanager
def surroundings(broker: Broker, folder: Path) -> Iterator[Surroundings]:
    """Run what notify talks to, beside the broker, with the template's topic, table and queues."""
    broker.create_topic(TOPIC, partitions=3)
    port = ports.claim("dynamodb", 0)
    with running(folder) as aws, serving(ses := Ses()) as ses_url:
        template = application(kafka=broker.bootstrap, dynamodb=url(port), aws=aws)
        queues = [each for each in template.resources if each.type == "AWS::SQS::Queue"]
        resources.make(queues, lambda _: _sqs(aws))
        with (
            Database(folder, port=port, application=template),
            contextlib.closing(Table(url(port), "NotificationsTable")) as ledger,
        ):
            yield Surroundings(broker=broker, aws=aws, dynamodb=url(port), ledger=ledger, ses=ses, ses_url=ses_url)


def _sqs(aws: str) -> Any:
    return boto3.client(
        "sqs",
        endpoint_url=aws,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )


@dataclass(frozen=True, kw_only=True)
class Post:
    """Notify under one policy. `ahead` is by how many seconds an invocation's clock is ahead."""

    around: Surroundings
    functions: Functions
    mapping: "KafkaMapping"

    def publish(self, count: int) -> Batch:
        """Publish an event each for so many new customers; return the records that Kafka has of them."""
        customers = list(itertools.islice(self.around.customers, count))
        bootstrap = self.around.broker.bootstrap
        publish(bootstrap, (event_of(number, PAID) for number in customers))
        keys = {f"ord_{number}".encode() for number in customers}
        return _batch(record for record in read_all(bootstrap, TOPIC) if record.key in keys)

    def kill_each(self, batch: Batch, *, step: str, ahead: float = 0.0) -> None:
        """Deliver each record by itself, to a function that is killed at the step."""
        with self._dying(step) as dies:
            self.functions.kill([self._call(each, dies=dies, ahead=ahead) for each in parts(batch, 1)])

    def kill_once_sent(self, batch: Batch, mails: int) -> None:
        """Deliver the batch, to a function that is killed while SES has so many mails and has not answered the last."""
        taken = itertools.count(1)
        with pytest.MonkeyPatch.context() as ses:
            ses.setattr(
                self.around.ses, "before_answer", lambda _, sender: kill_peer(sender) if next(taken) == mails else None
            )
            self.functions.kill([self._call(batch)])

    def deliver(self, batch: Batch, *, ahead: float = 0.0) -> Batch:
        """Deliver the batch, and return what of it is to come again."""
        [outcome] = self.functions.invoke([self._call(batch, ahead=ahead)])
        return batch.remainder(failed_from(json.dumps(outcome.answer).encode(), batch))

    def mails(self, batch: Batch) -> dict[int, int]:
        """Return how many mails each customer of the batch has."""
        return {number: self.around.ses.sent[address(number)] for number in customers_of(batch)}

    def entries(self, batch: Batch) -> dict[int, Entry]:
        """Return what the ledger tells of the mail to each customer of the batch."""
        items = {item["order_id"]: item for item in self.around.ledger.scan()}
        return {number: _entry(items[f"ord_{number}"]) for number in customers_of(batch)}

    def logged(self) -> list[dict[str, Any]]:
        """Return what notify has logged, its metrics among it."""
        return [json.loads(line) for line in self.functions.log().splitlines() if line.startswith("{")]

    def _call(self, batch: Batch, *, dies: str | None = None, ahead: float = 0.0) -> Call:
        event = json.loads(batch.event(self.around.broker.bootstrap, source_arn=self.mapping.event_source_arn))
        return Call(function="notify", event=event, dies=dies, ahead=ahead)

    @contextlib.contextmanager
    def _dying(self, step: str) -> Iterator[str | None]:
        """Have senders die at the step; give what their calls have to say for that."""
        with pytest.MonkeyPatch.context() as ses:
            if step == SES_IS_CONNECTED:
                ses.setattr(self.around.ses, "before_mail", _kill_and_hang_up)
            elif step == SES_HAS_THE_MAIL:
                ses.setattr(self.around.ses, "before_answer", lambda _, sender: kill_peer(sender))
            yield None if step in {SES_IS_CONNECTED, SES_HAS_THE_MAIL} else step


@contextlib.contextmanager
def post(around: Surroundings, *, policy: str, log: Path) -> Iterator[Post]:
    """Give notify under a policy (resend or hold)."""
    template = application(
        kafka=around.broker.bootstrap,
        dynamodb=around.dynamodb,
        aws=around.aws,
        overrides=[f"UnknownPolicy={policy}"],
    )
    services = {"dynamodb": around.dynamodb, "sesv2": around.ses_url, "sqs": around.aws}
    [mapping] = template.mappings
    with Functions(NOTIFY, template, services=services, log=log) as functions:
        yield Post(around=around, functions=functions, mapping=mapping)


def parts(batch: Batch, size: int) -> list[Batch]:
    """Return the records in batches of this size."""
    records = list(_records(batch))
    return [_batch(records[first : first + size]) for first in range(0, len(records), size)]


def customers_of(batch: Batch) -> list[int]:
    """Return the customer of each record."""
    return [int(record.key.decode().removeprefix("ord_")) for record in _records(batch)]


def places_of(batch: Batch) -> list[tuple[int, int]]:
    """Return the partition and the offset of each record."""
    return [(record.partition, record.offset) for record in _records(batch)]


def _records(batch: Batch) -> Iterator[ConsumerRecord]:
    return itertools.chain.from_iterable(batch.records.values())


def _kill_and_hang_up(sender: socket.socket) -> bool:
    kill_peer(sender)
    return True


def _batch(records: Iterable[ConsumerRecord]) -> Batch:
    by_partition: dict[TopicPartition, tuple[ConsumerRecord, ...]] = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        by_partition[partition] = (*by_partition.get(partition, ()), record)
    return Batch(by_partition)


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(item["status"], int(item["attempts"]), item.get("possible_duplicate", False))
