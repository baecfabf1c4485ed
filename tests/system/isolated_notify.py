"""Notify outside a stack, with the services that it calls: a test delivers batches to it, and kills it."""

import contextlib
import itertools
import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from samrun.testing.aws import client, create_declared, running_aws
from samrun.testing.broker import Broker, read_all
from samrun.testing.dynamodb import Database, Table
from samrun.testing.mapping import Batch, KafkaRecord, TopicPartition, parse_batch_item_failures
from tests.system.customers import address
from tests.system.fake_ses import Ses, serving
from tests.system.killable_functions import NOTIFY, Call, Functions, application, notify_mapping
from tests.system.order_events import TOPIC, customer_of, event_of, order_id_of, publish
from tests.system.published_events import PAID
from tests.system.tcp_peer import kill_peer

if TYPE_CHECKING:
    from samrun.testing.mapping import KafkaMapping

# Steps at which SES's stand-in kills the sender. At the others, it dies by itself: tests/system/killable_notify.py.
SES_IS_CONNECTED = "while SES waits for the mail"
SES_HAS_THE_MAIL = "while SES has the mail and has not answered"


class Entry(NamedTuple):
    """A mail as the ledger has it."""

    status: str
    attempts: int
    possible_duplicate: bool


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The services that notify calls: URLs, and the broker. `customers` are those who have no event yet."""

    broker: Broker
    aws: str
    dynamodb: str
    ledger: Table
    ses: Ses
    ses_url: str
    customers: Iterator[int] = field(default_factory=itertools.count)

    def dead_letters(self) -> list[Any]:
        """Return the messages in the queue; they are hidden from then on."""
        sqs = client("sqs", self.aws)
        queue = sqs.get_queue_url(QueueName="DeadLetterQueue")["QueueUrl"]

        def receive() -> list[Any]:
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            messages: list[Any] = answer.get("Messages", [])
            return messages

        return [message for messages in iter(receive, []) for message in messages]


@contextlib.contextmanager
def surroundings(broker: Broker, folder: Path) -> Iterator[Surroundings]:
    """Run the services that notify calls, beside the broker, with the template's topic, table and queues."""
    broker.create_topic(TOPIC, partitions=3)
    with (
        running_aws(folder) as aws,
        serving(ses := Ses()) as ses_url,
        Database(folder) as database,
        contextlib.closing(Table(database.url, "NotificationsTable")) as ledger,
    ):
        template = application(kafka=broker.bootstrap, dynamodb=database.url, aws=aws)
        create_declared(template, aws)
        database.create_tables(template)
        yield Surroundings(broker=broker, aws=aws, dynamodb=database.url, ledger=ledger, ses=ses, ses_url=ses_url)


@dataclass(frozen=True, kw_only=True)
class IsolatedNotify:
    """Notify under one policy. `ahead` is by how many seconds an invocation's clock is ahead."""

    around: Surroundings
    functions: Functions
    mapping: "KafkaMapping"

    def publish(self, count: int) -> Batch:
        """Publish an event each for so many new customers; return the records that Kafka has of them."""
        customers = list(itertools.islice(self.around.customers, count))
        bootstrap = self.around.broker.bootstrap
        publish(bootstrap, (event_of(number, PAID) for number in customers))
        keys = {order_id_of(number).encode() for number in customers}
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
        """Deliver the batch, and return the records that the mapping must retry."""
        [result] = self.functions.invoke([self._call(batch, ahead=ahead)])
        return batch.from_lowest(parse_batch_item_failures(json.dumps(result.answer).encode(), batch))

    def mails(self, batch: Batch) -> dict[int, int]:
        """Return how many mails each customer of the batch has."""
        return {number: self.around.ses.sent[address(number)] for number in customers_of(batch)}

    def entries(self, batch: Batch) -> dict[int, Entry]:
        """Return the ledger's entry of the mail to each customer of the batch."""
        items = {item["order_id"]: item for item in self.around.ledger.scan()}
        return {number: _entry(items[order_id_of(number)]) for number in customers_of(batch)}

    def logged(self) -> list[dict[str, Any]]:
        """Return what notify has logged, its metrics among it."""
        return [json.loads(line) for line in self.functions.log().splitlines() if line.startswith("{")]

    def _call(self, batch: Batch, *, dies: str | None = None, ahead: float = 0.0) -> Call:
        event = json.loads(batch.event(self.around.broker.bootstrap, source_arn=self.mapping.event_source_arn))
        return Call(function="notify", event=event, dies=dies, ahead=ahead)

    @contextlib.contextmanager
    def _dying(self, step: str) -> Iterator[str | None]:
        """Kill senders at the step; yield the value for `dies` of their calls."""
        with pytest.MonkeyPatch.context() as ses:
            if step == SES_IS_CONNECTED:
                ses.setattr(self.around.ses, "before_mail", _kill_and_hang_up)
            elif step == SES_HAS_THE_MAIL:
                ses.setattr(self.around.ses, "before_answer", lambda _, sender: kill_peer(sender))
            yield None if step in {SES_IS_CONNECTED, SES_HAS_THE_MAIL} else step


@contextlib.contextmanager
def run_isolated_notify(around: Surroundings, *, policy: str, log: Path) -> Iterator[IsolatedNotify]:
    """Give notify under a policy (resend or hold)."""
    template = application(
        kafka=around.broker.bootstrap,
        dynamodb=around.dynamodb,
        aws=around.aws,
        overrides=[f"UnknownPolicy={policy}"],
    )
    services = {"dynamodb": around.dynamodb, "sesv2": around.ses_url, "sqs": around.aws}
    mapping = notify_mapping(template)
    with Functions(NOTIFY, template, services=services, log=log) as functions:
        yield IsolatedNotify(around=around, functions=functions, mapping=mapping)


def parts(batch: Batch, size: int) -> list[Batch]:
    """Return the records in batches of this size."""
    records = list(_records(batch))
    return [_batch(records[first : first + size]) for first in range(0, len(records), size)]


def customers_of(batch: Batch) -> list[int]:
    """Return the customer of each record."""
    return [customer_of((record.key or b"").decode()) for record in _records(batch)]


def places_of(batch: Batch) -> list[tuple[int, int]]:
    """Return the partition and the offset of each record."""
    return [(record.partition, record.offset) for record in _records(batch)]


def _records(batch: Batch) -> Iterator[KafkaRecord]:
    return itertools.chain.from_iterable(batch.records.values())


def _kill_and_hang_up(sender: socket.socket) -> bool:
    kill_peer(sender)
    return True


def _batch(records: Iterable[KafkaRecord]) -> Batch:
    by_partition: dict[TopicPartition, tuple[KafkaRecord, ...]] = {}
    for record in records:
        by_partition[record.topic_partition] = (*by_partition.get(record.topic_partition, ()), record)
    return Batch(by_partition)


def _entry(item: Mapping[str, Any]) -> Entry:
    return Entry(item["status"], int(item["attempts"]), item.get("possible_duplicate", False))
