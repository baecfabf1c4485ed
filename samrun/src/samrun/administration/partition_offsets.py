"""Offsets of partitions, as the brokers know them."""

from collections.abc import Iterable, Mapping

import confluent_kafka
from confluent_kafka.admin import AdminClient, OffsetSpec

from samrun.administration.offset_choice import EARLIEST, LATEST, OffsetChoice
from samrun.mapping.partition_leader import ask_leader
from samrun.mapping.records import TopicPartition

_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]

Offsets = Mapping[TopicPartition, int]


def chosen_offsets(admin: AdminClient, partitions: Iterable[TopicPartition], choice: OffsetChoice) -> Offsets:
    """Return the chosen offset of each partition. Raises KafkaException.

    A number beyond the records of a partition becomes its first offset, or the one behind its last; a time after all
    records becomes the latter.
    """
    partitions = list(partitions)
    ends = _ask(admin, partitions, _LATEST)
    match choice.kind:
        case "latest":
            return ends
        case "earliest":
            return _ask(admin, partitions, _EARLIEST)
        case "time":
            found = _ask(admin, partitions, OffsetSpec.for_timestamp(choice.milliseconds))
            return {each: ends[each] if offset < 0 else offset for each, offset in found.items()}
        case "offset":
            begins = _ask(admin, partitions, _EARLIEST)
            return {each: max(begins[each], min(choice.offset, ends[each])) for each in partitions}


def counts(admin: AdminClient, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
    """Return the number of offsets from the first to the last record of each partition. Raises KafkaException."""
    partitions = list(partitions)
    begins, ends = (chosen_offsets(admin, partitions, each) for each in (EARLIEST, LATEST))
    return {each: ends[each] - begins[each] for each in partitions}


def _ask(admin: AdminClient, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
    if not partitions:
        return {}  # the client refuses to ask for none
    return ask_leader(lambda: _ask_once(admin, partitions, spec))


def _ask_once(admin: AdminClient, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
    asked = admin.list_offsets({confluent_kafka.TopicPartition(*each): spec for each in partitions})
    return {TopicPartition(each.topic, each.partition): future.result().offset for each, future in asked.items()}
