"""Notify in a running stack, from outside: records for it, its ledger, its dead letters, and what it logged."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from tests.system.customers import customer, personal_data_in
from tests.system.running import ROOT, RunningStack, eventually
from tests.system.table import Table
from tools.deadletters import places
from tools.deadletters.box import opened
from tools.deadletters.letters import Letter

TOPIC = "order-events"
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


def order_id(number: int) -> str:
    """Return the id of this customer's one order."""
    return f"ord_{number:026}"


def event(number: int, name: str = "paid", **of_customer: Any) -> dict[str, Any]:
    """Return the event order.paid.v1, or its like, of this customer, who wants mail alone unless `of_customer` says."""
    sample: dict[str, Any] = json.loads((ROOT / "events" / f"order.{name}.v1.json").read_text())
    sample |= {"id": f"{name}-{number}", "subject": order_id(number), "time": datetime.now(UTC).isoformat()}
    sample["data"] |= {
        "order_id": order_id(number),
        "customer": customer(number) | {"locale": "en", "channels": ["mail"]} | of_customer,
    }
    return sample


def record(number: int, content: Mapping[str, Any] | None = None, **place: Any) -> Produced:
    """Return the record of an event, the payment unless told otherwise; its partition is by the number, likewise."""
    value = json.dumps(content or event(number)).encode()
    return Produced(**{"number": number, "value": value, "partition": number % PARTITIONS, **place})


class StackNotify:
    """The notify function of `stack`, which runs the template of the folder `project`."""

    def __init__(self, stack: RunningStack, project: Path = ROOT) -> None:
        self.stack = stack
        self._places = places.on_this_machine(stack.data, project / "template.yaml")
        self._ledger = Table(stack.endpoints["dynamodb"], "NotificationsTable")

    def close(self) -> None:
        """Close its connections."""
        for client in (self._ledger, self._places.sqs, self._places.s3, self._places.functions):
            client.close()

    def produce(self, records: Iterable[Produced]) -> None:
        """Produce records, in their order; those of one partition are there all at once."""
        producer = KafkaProducer(bootstrap_servers=self.stack.endpoints["kafka"], linger_ms=500, batch_size=1024 * 1024)
        try:
            for each in records:
                producer.send(
                    each.topic,
                    key=order_id(each.number).encode(),
                    value=each.value,
                    headers=[("content-type", b"application/cloudevents+json")],
                    partition=each.partition,
                )
            producer.flush()
        finally:
            producer.close()

    def entries(
        self, numbers: Iterable[int], *, notification: str = "paid", channel: str = "mail"
    ) -> list[dict[str, Any]]:
        """Return the ledger's entries of these customers; who has none is left out."""
        wanted = {(order_id(number), f"{notification}-{number}#{channel}") for number in numbers}
        items = self._ledger.scan(ConsistentRead=True)
        return [item for item in items if (item["order_id"], item["notification_id"]) in wanted]

    def wait_for(self, numbers: Sequence[int], statuses: Iterable[str], **of_which: str) -> None:
        """Wait until each of these customers has an entry, in one of these statuses."""
        wanted = set(statuses)

        def have_come() -> bool:
            time.sleep(_LEISURE)
            found = [entry["status"] for entry in self.entries(numbers, **of_which)]
            return len(found) == len(numbers) and wanted.issuperset(found)

        eventually(have_come, what=f"{len(numbers)} entries in {wanted}")

    def wait_until_done(self) -> None:
        """Wait until no record comes again."""

        def is_caught_up() -> bool:
            time.sleep(_LEISURE)
            return self.stack.is_caught_up()

        eventually(is_caught_up, what="the mapping to commit all records", patience=_PATIENCE)

    def possible_duplicates(self, numbers: Iterable[int], *, notification: str = "paid") -> set[int]:
        """Return the customers whom the ledger says may have got two: a busy DynamoDB loses answers, too."""
        of_orders = {order_id(number): number for number in numbers}
        entries = self.entries(of_orders.values(), notification=notification)
        return {of_orders[entry["order_id"]] for entry in entries if entry.get("possible_duplicate")}

    def letters(self) -> list[Letter]:
        """Return all dead letters, of the queue and of the bucket."""
        with opened(self._places) as box:
            return list(box.letters)

    def personal_data(self) -> list[str]:
        """Return what tells of a customer in the logs, and in what dead letters have beside their records."""
        logs = [self.stack.log, *(self.stack.data / "logs").rglob("*")]
        texts = [path.read_text(errors="replace") for path in logs if path.is_file()]
        assert any('"_aws"' in text for text in texts), "the metrics are not among the logs"
        return personal_data_in([*texts, *map(json.dumps, self._metadata())])

    def _metadata(self) -> Iterable[Any]:
        """Return what each dead letter has beside its record."""
        queued = self._places.sqs.receive_message(
            QueueUrl=self._places.queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        yield from (message["MessageAttributes"] for message in queued)
        for item in self._places.s3.list_objects_v2(Bucket=self._places.bucket).get("Contents", []):
            found = self._places.s3.get_object(Bucket=self._places.bucket, Key=item["Key"])
            batch = json.loads(found["Body"].read())
            del batch["payload"]
            yield [item["Key"], found["Metadata"], batch]
