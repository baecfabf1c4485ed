"""Stream triggers of a template: AWS::Lambda::EventSourceMapping whose source is a stream of DynamoDB or Kinesis.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html document their properties.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from samrun.filtering.filter_pattern import DYNAMODB_FIELDS, KINESIS_FIELDS
from samrun.template.arns import function_name
from samrun.template.errors import TemplateError
from samrun.template.model.triggers import StreamTrigger
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.mapping_sources import STREAMS, event_source
from samrun.template.triggers.event_source_mappings import consumers, event_source_mappings
from samrun.template.triggers.mapping_limits import mapping_violations
from samrun.template.triggers.mapping_properties import (
    filters,
    is_enabled,
    is_service_of_destinations,
    limit,
    on_failure_destination,
    refused_position,
    starting_timestamp,
)

_BATCH_SIZE = 100


def read_stream_triggers(template: ResolvedTemplate, *, path: Path) -> Iterator[StreamTrigger]:
    """Yield the triggers whose function and whose stream the template has. Raises TemplateError."""
    functions, streams = consumers(template), streams_by_arn(template)
    for logical_id, properties in event_source_mappings(template):
        arn, function = str(properties.get("EventSourceArn")), function_name(str(properties["FunctionName"]))
        if arn not in streams or function not in functions:
            continue
        if refused := "; ".join(_refused(properties)):
            raise TemplateError(f"{path}: AWS refuses {logical_id}: {refused}")
        destination = on_failure_destination(properties)
        if destination is not None and not is_service_of_destinations(destination):
            raise TemplateError(
                f"{path}: {logical_id} sends discarded records to {destination}. samrun sends those of a stream to a "
                "queue, a topic or a bucket: name the ARN of one"
            )
        service, name = streams[arn]
        yield _trigger(
            logical_id,
            properties,
            function=function,
            function_arn=functions[function],
            service=service,
            arn=arn,
            name=name,
        )


def streams_by_arn(template: ResolvedTemplate) -> Mapping[str, tuple[Literal["dynamodb", "kinesis"], str]]:
    """Return the service and the name, of the table or of the stream, of each stream of the template, by its ARN."""
    found: dict[str, tuple[Literal["dynamodb", "kinesis"], str]] = {}
    for logical_id, properties in template.of_type("AWS::DynamoDB::Table"):
        if "StreamSpecification" in properties:
            found[template.references(logical_id, "StreamArn")] = ("dynamodb", template.name(logical_id))
    for logical_id, _ in template.of_type("AWS::Kinesis::Stream"):
        found[template.references(logical_id, "Arn")] = ("kinesis", template.name(logical_id))
    return found


def ignored_in_stream_triggers(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each trigger of a stream that does not run."""
    for logical_id, properties in event_source_mappings(template):
        if event_source(properties) in STREAMS and not is_enabled(logical_id, properties):
            yield f"{logical_id}: it has Enabled: false"


def _trigger(
    logical_id: str,
    properties: Mapping[str, Any],
    *,
    function: str,
    function_arn: str,
    service: Literal["dynamodb", "kinesis"],
    arn: str,
    name: str,
) -> StreamTrigger:
    return StreamTrigger(
        logical_id=logical_id,
        function=function,
        function_arn=function_arn,
        service=service,
        stream_arn=arn,
        name=name,
        batch_size=int(properties.get("BatchSize", _BATCH_SIZE)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        starting_position=properties["StartingPosition"],
        starting_timestamp=starting_timestamp(properties),
        report_batch_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        bisect=is_true(properties.get("BisectBatchOnFunctionError", False)),
        maximum_retries=limit(properties, "MaximumRetryAttempts"),
        maximum_age=limit(properties, "MaximumRecordAgeInSeconds"),
        on_failure=on_failure_destination(properties),
        filters=filters(logical_id, properties, fields=DYNAMODB_FIELDS if service == "dynamodb" else KINESIS_FIELDS),
        enabled=is_enabled(logical_id, properties),
        properties=properties,
    )


def _refused(properties: Mapping[str, Any]) -> Iterator[str]:
    yield from mapping_violations(properties)
    position = properties.get("StartingPosition")
    if position is None:
        yield "StartingPosition is missing: a stream has one"
    yield from refused_position(properties)
    if position == "AT_TIMESTAMP" and ":dynamodb:" in str(properties["EventSourceArn"]):
        yield "StartingPosition is AT_TIMESTAMP: a stream of DynamoDB has TRIM_HORIZON and LATEST"
