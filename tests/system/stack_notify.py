"""Notify in a running stack, from outside: records for it, its ledger, its dead letters and its log."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from samrun.testing.dynamodb import Table
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.customers import personal_data_in
from tests.system.order_events import TOPIC, event_id, event_of, order_id_of
from tests.system.order_stack import OrderStack
from tests.system.published_events import PAID
from tools.deadletters import locations
from tools.deadletters.dead_letter import DeadLetter
from tools.deadletters.dead_letter_store import open_store

PARTITIONS = 3  # of a topic of the stack, by default
_PATIENCE = 300.0  # seconds: a thousand records on a busy machine
_LEISURE = 0.5  # seconds between two looks, which keep everybody else from their work


@dataclass(frozen=True, kw_only=True)
class Produced:
    """A record to produce, and whose order it is about: a number of tests/system/customers.py."""

    number: int
    value: bytes
    partition: int
    topic: str = TOPIC


def record(number: int, content: Mapping[str, Any] | None = None, **place: Any) -> Produced:
    """Return the record of an event, by default of the payment; by default, its partition follows from the number."""
    value = json.dumps(content or event_of(number)).encode()
    return Produced(**{"number": number, "value": value, "partition": number % PARTITIONS, **place})


class StackNotify:
    """The notify function of `stack`, which runs the template of the folder `project`."""

    def __init__(self, stack: OrderStack, project: Path = ROOT) -> None:
        self.stack = stack
        self._locations = locations.on_this_machine(stack.data, project / "template.yaml")
        self._ledger = Table(stack.endpoints["dynamodb"], "NotificationsTable")

    def close(self) -> None:
        """Close its connections."""
        for client in (self._ledger, self._locations.sqs, self._locations.s3, self._locations.functions):
            client.close()

    def produce(self, records: Iterable[Produced]) -> None:
        """Produce records, in their order; those of one partition are there all at once."""
        producer = KafkaProducer(bootstrap_servers=self.stack.endpoints["kafka"], linger_ms=500, batch_size=1024 * 1024)
        try:
            for each in records:
                producer.send(
                    each.topic,
                    key=order_id_of(each.number).encode(),
                    value=each.value,
                    headers=[("content-type", b"application/cloudevents+json")],
                    partition=each.partition,
                )
            producer.flush()
        finally:
            producer.close()

    def entries(self, numbers: Iterable[int], *, event_type: str = PAID, channel: str = "mail") -> list[dict[str, Any]]:
        """Return the ledger's entries of these customers; a customer may have none."""
        expected = {(order_id_of(number), f"{event_id(number, event_type)}#{channel}") for number in numbers}
        items = self._ledger.scan(ConsistentRead=True)
        return [item for item in items if (item["order_id"], item["notification_id"]) in expected]

    def wait_for(self, numbers: Sequence[int], statuses: Iterable[str], **of_which: str) -> None:
        """Wait until each of these customers has an entry, in one of these statuses."""
        expected = set(statuses)

        def have_come() -> bool:
            time.sleep(_LEISURE)
            found = [entry["status"] for entry in self.entries(numbers, **of_which)]
            return len(found) == len(numbers) and expected.issuperset(found)

        eventually(have_come, what=f"{len(numbers)} entries in {expected}")

    def wait_until_done(self) -> None:
        """Wait until the mapping is done with every record."""
        self.stack.wait_until_idle(patience=_PATIENCE)

    def possible_duplicates(self, numbers: Iterable[int], *, event_type: str = PAID) -> set[int]:
        """Return the customers whom the ledger marks as possible duplicates: a busy DynamoDB loses answers, too."""
        of_orders = {order_id_of(number): number for number in numbers}
        entries = self.entries(of_orders.values(), event_type=event_type)
        return {of_orders[entry["order_id"]] for entry in entries if entry.get("possible_duplicate")}

    def dead_letters(self) -> list[DeadLetter]:
        """Return all dead letters, of the queue and of the bucket."""
        with open_store(self._locations) as store:
            return list(store.dead_letters)

    def personal_data(self) -> list[str]:
        """Return the lines with a customer's data in the logs and in the metadata of dead letters."""
        logs = [self.stack.log, *(self.stack.data / "logs").rglob("*")]
        texts = [path.read_text(errors="replace") for path in logs if path.is_file()]
        assert any('"_aws"' in text for text in texts), "the metrics are not among the logs"
        return personal_data_in([*texts, *map(json.dumps, self._metadata())])

    def _metadata(self) -> Iterable[Any]:
        """Yield the metadata of each dead letter: everything but its record."""
        queued = self._locations.sqs.receive_message(
            QueueUrl=self._locations.queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        yield from (message["MessageAttributes"] for message in queued)
        for item in self._locations.s3.list_objects_v2(Bucket=self._locations.bucket).get("Contents", []):
            found = self._locations.s3.get_object(Bucket=self._locations.bucket, Key=item["Key"])
            batch = json.loads(found["Body"].read())
            del batch["payload"]
            yield [item["Key"], found["Metadata"], batch]
