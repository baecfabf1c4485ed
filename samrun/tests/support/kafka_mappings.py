"""A Kafka mapping, for tests that look at a few of its properties."""

from samrun.template.model.kafka_mappings import KafkaMapping


def kafka_mapping(*, batch_size: int = 1, window: float = 0) -> KafkaMapping:
    """Return the mapping of the function Greeter to the topic greetings; `window` is in seconds."""
    return KafkaMapping(
        logical_id="Greetings",
        function="Greeter",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:Greeter",
        topic="greetings",
        consumer_group="group",
        event_source_arn=None,
        batch_size=batch_size,
        window=window,
        starting_position="TRIM_HORIZON",
        starting_timestamp=None,
        report_batch_item_failures=False,
    )
