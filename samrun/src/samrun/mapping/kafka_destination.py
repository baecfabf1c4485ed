"""On-failure destination kafka://topic: a topic of the mapping's own cluster that gets discarded records.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure-destination.html describes the messages.
"""

import json

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from samrun.mapping.authentication import Authenticate, AuthenticationError
from samrun.mapping.client_errors import description
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.on_failure_destination import DestinationError

# Seconds.
_PATIENCE = 10.0
# The broker decides how large a message may be, not the client.
_MAX_MESSAGE = 64 * 1024 * 1024


def send_to_topic(discarded: DiscardedBatch, *, topic: str, authenticate: Authenticate) -> str:
    """Send a message for each record of a batch to the topic, and return its location, in words.

    The key of a message is that of the record. The producer authenticates as the mapping does. Raises DestinationError.
    """
    errors: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: "Message[bytes, bytes]") -> None:
        if error:
            errors.append(error)

    try:
        producer = _producer(discarded, authenticate)
        _check_topic(producer, topic)
        for record in discarded.batch.all_records():
            value = json.dumps(discarded.invocation_record(record))
            producer.produce(topic, key=record.key, value=value, on_delivery=delivered)
        left = producer.flush(_PATIENCE)
    except (KafkaException, BufferError, AuthenticationError) as error:
        raise DestinationError(f"kafka://{topic}: {description(error)}") from error
    if errors or left:
        reason = description(errors[0]) if errors else f"no answer within {_PATIENCE:.0f} s"
        raise DestinationError(
            f"kafka://{topic}: {len(errors) + left} of {len(discarded.batch)} messages were not accepted: {reason}"
        )
    return f"kafka://{topic}"


def _producer(discarded: DiscardedBatch, authenticate: Authenticate) -> Producer:
    """Return a producer for one batch: batches are discarded rarely, and a secret may have changed since the last."""
    return Producer(
        {
            **authenticate(),
            "bootstrap.servers": discarded.bootstrap,
            "client.id": f"{discarded.mapping.logical_id}-on-failure",
            # As Java's client: a key leads to the same partition.
            "partitioner": "murmur2_random",
            "delivery.timeout.ms": int(_PATIENCE * 1000),
            "message.max.bytes": _MAX_MESSAGE,
            "log_level": 0,  # errors are raised
        }
    )


def _check_topic(producer: Producer, topic: str) -> None:
    """Raise DestinationError if there is no such topic: the producer would wait for it to be created."""
    found = producer.list_topics(topic, timeout=_PATIENCE).topics[topic]
    if found.error:
        raise DestinationError(
            f"kafka://{topic}: the mapping's cluster has no such topic. Create it, or correct DestinationConfig in the "
            "template"
        )
