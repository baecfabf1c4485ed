"""Invocations of functions beside the stack's own: the relay's schedule, and a second delivery of records."""

from contextlib import closing, suppress

from botocore.exceptions import BotoCoreError, ClientError
from kafka import KafkaAdminClient

from samrun.testing.aws import client
from samrun.testing.broker import read_all
from samrun.testing.mapping import Batch
from tools.chaos.components import Components

_RECORDS = 20
# Seconds: longer than notify's timeout.
_PATIENCE = 17.0


def invoke_relay(components: Components) -> None:
    """Invoke the relay as its schedule does. If the stack does not run, nothing happens."""
    _invoke(components, "RelayFunction", b"{}", invocation_type="Event", patience=5.0)


def repeat_delivery(components: Components, chance: float) -> None:
    """Deliver records of a partition that the mapping has delivered or is delivering, as after a rebalance.

    The first one is not committed, so none is delivered before one that precedes it is done.
    """
    bootstrap = components.broker.service.bootstrap
    try:
        committed = _committed(bootstrap, components.mapping.consumer_group)
        records = read_all(bootstrap, components.mapping.topic)
    except Exception:  # noqa: BLE001 - whatever Kafka's clients raise while the broker is away
        return
    partitions = sorted({record.topic_partition for record in records})
    if partitions:
        partition = partitions[int(chance * len(partitions))]
        first = committed.get(partition.partition, 0)
        uncommitted = [each for each in records if each.topic_partition == partition and each.offset >= first]
        if uncommitted:
            payload = Batch({partition: tuple(uncommitted[:_RECORDS])}).event(bootstrap, source_arn=None)
            _invoke(components, "NotifyFunction", payload, invocation_type="RequestResponse", patience=_PATIENCE)


def _committed(bootstrap: str, group: str) -> dict[int, int]:
    # Not confluent-kafka's client: it ends the process if it is closed before its answer comes.
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=3000, request_timeout_ms=5000)
    try:
        offsets = admin.list_group_offsets([group])[group]
    finally:
        admin.close()
    return {partition.partition: found.offset for partition, found in offsets.items() if found.offset >= 0}


def _invoke(components: Components, function: str, payload: bytes, *, invocation_type: str, patience: float) -> None:
    url = f"http://127.0.0.1:{components.ports['lambda']}"
    functions = client("lambda", url, connect_timeout=1, read_timeout=patience, retries={"total_max_attempts": 1})
    with closing(functions), suppress(BotoCoreError, ClientError):
        functions.invoke(FunctionName=function, InvocationType=invocation_type, Payload=payload)
