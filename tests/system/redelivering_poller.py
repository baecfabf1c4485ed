"""A poller wilder than Lambda's: it brings every record again and again, in other batches, out of turn."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from random import Random

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from mypy_boto3_lambda import LambdaClient

from local.mapping.answer import failed_from
from local.mapping.batch import Batch, name_of
from local.model import KafkaMapping
from tests.system.running import PATIENCE

_PAUSE = 0.2  # seconds before what failed comes again, as after the first try of the local mapping
_NEIGHBOURS = 4


def overlapping_batches(records: Sequence[ConsumerRecord], chance: Random) -> list[Batch]:
    """Cut the records, which are in order of partition and offset, into batches: each record is in two of them.

    The batches are shuffled, but neighbours, which overlap, stay near each other: so that they meet. No cut is
    between events of one order that follow each other, since no poller brings an event before what is older of its
    key is done.
    """
    batches = []
    for partition, of_it in groupby(records, key=lambda record: TopicPartition(record.topic, record.partition)):
        orders = [tuple(of_order) for _, of_order in groupby(of_it, key=attrgetter("key"))]
        twice = [*_cut(orders, chance), *_cut(orders, chance)]
        batches += [Batch({partition: cut}) for cut in sorted(twice, key=lambda cut: int(cut[0].offset))]
    runs = [batches[first : first + _NEIGHBOURS] for first in range(0, len(batches), _NEIGHBOURS)]
    chance.shuffle(runs)
    return [batch for run in runs for batch in run]


def _cut(orders: Sequence[Sequence[ConsumerRecord]], chance: Random) -> list[tuple[ConsumerRecord, ...]]:
    cuts = []
    first = 0
    while first < len(orders):
        size = chance.randint(5, 45)
        cuts.append(tuple(record for order in orders[first : first + size] for record in order))
        first += size
    return cuts


@dataclass(frozen=True, kw_only=True)
class Redelivery:
    """Invokes the function of `mapping`, through Lambda's API."""

    mapping: KafkaMapping
    bootstrap: str
    functions: LambdaClient

    def deliver(self, batch: Batch, named_alone: bool) -> None:
        """Bring a batch until all of it is done.

        After a partial answer come again the records that it names, or all from the lowest named one on: AWS leaves
        open which.
        """
        end = time.monotonic() + PATIENCE
        while batch := self._left(batch, named_alone=named_alone):
            assert time.monotonic() < end, f"{batch} is never done"
            time.sleep(_PAUSE)

    def _left(self, batch: Batch, *, named_alone: bool) -> Batch:
        """Bring a batch once, and return what of it has to come again."""
        payload = batch.event(self.bootstrap, source_arn=self.mapping.event_source_arn)
        answer = self.functions.invoke(FunctionName=self.mapping.function, Payload=payload)
        content = answer["Payload"].read()
        assert not answer.get("FunctionError"), content
        remainder = batch.remainder(failed_from(content, batch))
        return _named(remainder, content) if named_alone else remainder


def _named(batch: Batch, answer: bytes) -> Batch:
    identifiers = [failure["itemIdentifier"] for failure in json.loads(answer)["batchItemFailures"]]
    named = {(identifier["partition"], identifier["offset"]) for identifier in identifiers}
    return Batch(
        {
            partition: tuple(record for record in records if (name_of(partition), record.offset) in named)
            for partition, records in batch.records.items()
        }
    )
