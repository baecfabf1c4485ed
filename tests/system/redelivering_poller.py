"""Poller that redelivers more than Lambda's does: every record several times, in other batches, out of order."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from random import Random

from samrun.testing.mapping import Batch, KafkaMapping, KafkaRecord, parse_batch_item_failures
from samrun.testing.waiting import PATIENCE
from tools.deadletters.replay import FunctionClient

_PAUSE = 0.2  # seconds before it retries a batch, as after the first attempt of the local mapping
_NEIGHBOURS = 4


def overlapping_batches(records: Sequence[KafkaRecord], chance: Random) -> list[Batch]:
    """Cut the records, which are in order of partition and offset, into batches: each record is in two of them.

    The batches are shuffled, but overlapping batches stay near each other, so that they run at the same time. No cut
    separates consecutive events of one order: a poller delivers an event only after the older events with its key are
    done.
    """
    batches = []
    for partition, of_it in groupby(records, key=attrgetter("topic_partition")):
        orders = [tuple(of_order) for _, of_order in groupby(of_it, key=attrgetter("key"))]
        twice = [*_cut(orders, chance), *_cut(orders, chance)]
        batches += [Batch({partition: cut}) for cut in sorted(twice, key=lambda cut: int(cut[0].offset))]
    runs = [batches[first : first + _NEIGHBOURS] for first in range(0, len(batches), _NEIGHBOURS)]
    chance.shuffle(runs)
    return [batch for run in runs for batch in run]


def _cut(orders: Sequence[Sequence[KafkaRecord]], chance: Random) -> list[tuple[KafkaRecord, ...]]:
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
    functions: FunctionClient

    def deliver(self, batch: Batch, named_alone: bool) -> None:
        """Deliver a batch until all of it is done.

        After a partial response it retries the records that this names, or all from the lowest of them on: AWS does not
        say which.
        """
        end = time.monotonic() + PATIENCE
        while batch := self._left(batch, named_alone=named_alone):
            assert time.monotonic() < end, f"{batch} is never done"
            time.sleep(_PAUSE)

    def _left(self, batch: Batch, *, named_alone: bool) -> Batch:
        """Deliver a batch once, and return the records that need a retry."""
        payload = batch.event(self.bootstrap, source_arn=self.mapping.event_source_arn)
        answer = self.functions.invoke(FunctionName=self.mapping.function, Payload=payload)
        content = answer["Payload"].read()
        assert not answer.get("FunctionError"), content
        failed = parse_batch_item_failures(content, batch)
        return batch.only(failed) if named_alone else batch.from_lowest(failed)
