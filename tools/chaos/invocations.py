"""Invocations of functions beside the stack's own: the relay's schedule, and a second delivery of records."""

from contextlib import closing, suppress

from botocore.exceptions import BotoCoreError, ClientError

from samrun.testing.aws import client
from samrun.testing.broker import read_all
from samrun.testing.mapping import Batch
from tools.chaos.components import Components

_TOPIC = "order-events"
_RECORDS = 20
# Seconds: longer than notify's timeout.
_PATIENCE = 17.0


def invoke_relay(components: Components) -> None:
    """Invoke the relay as its schedule does. If the stack does not run, nothing happens."""
    _invoke(components, "RelayFunction", b"{}", invocation_type="Event", patience=5.0)


def repeat_delivery(components: Components, chance: float) -> None:
    """Deliver the last records of a partition again, beside the mapping: it may be delivering them by now."""
    bootstrap = components.broker.service.bootstrap
    try:
        records = read_all(bootstrap, _TOPIC)
    except Exception:  # noqa: BLE001 - whatever Kafka's client raises while the broker is away
        return
    partitions = sorted({record.topic_partition for record in records})
    if partitions:
        partition = partitions[int(chance * len(partitions))]
        last = [record for record in records if record.topic_partition == partition][-_RECORDS:]
        payload = Batch({partition: tuple(last)}).event(bootstrap, source_arn=None)
        _invoke(components, "NotifyFunction", payload, invocation_type="RequestResponse", patience=_PATIENCE)


def _invoke(components: Components, function: str, payload: bytes, *, invocation_type: str, patience: float) -> None:
    url = f"http://127.0.0.1:{components.ports['lambda']}"
    functions = client("lambda", url, connect_timeout=1, read_timeout=patience, retries={"total_max_attempts": 1})
    with closing(functions), suppress(BotoCoreError, ClientError):
        functions.invoke(FunctionName=function, InvocationType=invocation_type, Payload=payload)
