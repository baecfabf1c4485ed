"""Copies of the changes of tables in streams of Kinesis: the KinesisStreamSpecification of AWS::DynamoDB::Table.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
"""

from collections.abc import Iterator

from samrun.template.model.triggers import StreamTrigger
from samrun.template.resolution.resolved_template import ResolvedTemplate

_TABLE, _SPECIFICATION = "AWS::DynamoDB::Table", "KinesisStreamSpecification"
_BATCH_SIZE = 100


def read_table_copies(template: ResolvedTemplate) -> Iterator[StreamTrigger]:
    """Yield a trigger for each table whose changes go to a stream of the template, in the place of its function."""
    streams = _streams(template)
    for logical_id, properties in template.of_type(_TABLE):
        arn = str(properties.get(_SPECIFICATION, {}).get("StreamArn"))
        if arn in streams:
            yield StreamTrigger(
                logical_id=f"{logical_id}-{_SPECIFICATION}",
                function=streams[arn],
                function_arn=arn,
                service="dynamodb",
                # The label of a stream is the time when it was made; here it is always the same.
                stream_arn=f"{template.references(logical_id, 'Arn')}/stream/2026-01-01T00:00:00.000",
                name=template.name(logical_id),
                batch_size=_BATCH_SIZE,
                window=0.0,
                starting_position="TRIM_HORIZON",
            )


def ignored_in_table_copies(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each table whose changes go to a stream that the template does not declare."""
    streams = _streams(template)
    for logical_id, properties in template.of_type(_TABLE):
        arn = properties.get(_SPECIFICATION, {}).get("StreamArn")
        if arn is not None and arn not in streams:
            yield f"{logical_id}: its changes go to {arn}, which is not a stream of the template"


def _streams(template: ResolvedTemplate) -> dict[str, str]:
    """Return the name of each stream of Kinesis by its ARN."""
    found = template.of_type("AWS::Kinesis::Stream")
    return {template.references(logical_id, "Arn"): template.name(logical_id) for logical_id, _ in found}
