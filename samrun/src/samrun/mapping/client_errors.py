"""Errors of Kafka's client, in words for the terminal: what failed, and what a user can do."""

from confluent_kafka import KafkaError, KafkaException

_REMEDIES = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Let the mapping's user read the topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Let the mapping's user join its consumer group",
}
# The records at this place cannot be read by anybody; only their owner can decide to go on behind them.
_DAMAGED = (
    "The records there are damaged. To give them up, stop samrun and commit a later offset for the consumer group"
)
_OF_DAMAGED = {KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION, KafkaError.INVALID_MSG}


def description(error: KafkaError | BaseException) -> str:
    """Return the text of an error: that of Kafka's client with its code, without its Python form."""
    if isinstance(error, KafkaException):
        error = error.args[0]
    return f"{error.name()}: {error.str()}" if isinstance(error, KafkaError) else str(error)


def with_remedy(error: KafkaError) -> str:
    """Return the text of an error, with the remedy if somebody has to act."""
    remedy = _DAMAGED if error.code() in _OF_DAMAGED else _REMEDIES.get(error.code())
    return f"{description(error)}. {remedy}" if remedy else description(error)
