"""Stream triggers of a template."""

from pathlib import Path

import pytest

from samrun.filtering.filter_pattern import DYNAMODB_FIELDS, FilterPattern
from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from samrun.template.model.triggers import StreamTrigger
from support.templates import FUNCTION, load_template

TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/T-table/stream/2026-01-01T00:00:00.000"
PATTERN = '{"eventName": ["INSERT"]}'


def load(tmp_path: Path, trigger: str) -> Application:
    resources = f"""
  T: {{Type: AWS::DynamoDB::Table, Properties: {{StreamSpecification: {{StreamViewType: NEW_IMAGE}}}}}}
  Clicks: {{Type: AWS::Kinesis::Stream}}
  Jobs: {{Type: AWS::SQS::Queue}}
  Fn:{FUNCTION}      Events:
        Source: {trigger}
"""
    return load_template(tmp_path, resources)


def table(properties: str) -> str:
    return f"{{Type: DynamoDB, Properties: {{Stream: !GetAtt T.StreamArn, {properties}}}}}"


def test_trigger_of_a_table_has_lambdas_defaults(tmp_path: Path) -> None:
    application = load(tmp_path, table("StartingPosition: LATEST"))
    assert application.stream_triggers == (
        StreamTrigger(
            logical_id="FnSource",
            function="Fn",
            function_arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
            service="dynamodb",
            stream_arn=TABLE_ARN,
            name="T-table",
            batch_size=100,
            window=0.0,
            starting_position="LATEST",
        ),
    )
    assert (application.ignored, application.missing_triggers) == ((), ())


def test_properties_of_a_trigger_are_read(tmp_path: Path) -> None:
    application = load(
        tmp_path,
        table(
            "StartingPosition: TRIM_HORIZON, BatchSize: 5, MaximumBatchingWindowInSeconds: 2, MaximumRetryAttempts: 3, "
            "BisectBatchOnFunctionError: true, MaximumRecordAgeInSeconds: 60, "
            "FunctionResponseTypes: [ReportBatchItemFailures], "
            "DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Jobs.Arn}}, "
            f"FilterCriteria: {{Filters: [{{Pattern: '{PATTERN}'}}]}}"
        ),
    )
    [trigger] = application.stream_triggers
    assert (trigger.batch_size, trigger.window, trigger.maximum_retries, trigger.maximum_age) == (5, 2.0, 3, 60)
    assert (trigger.bisect, trigger.report_batch_item_failures) == (True, True)
    assert trigger.on_failure == "arn:aws:sqs:us-east-1:123456789012:Jobs"
    assert trigger.filters == (FilterPattern.parse(PATTERN, fields=DYNAMODB_FIELDS),)


def test_trigger_of_a_data_stream_is_read(tmp_path: Path) -> None:
    application = load(
        tmp_path,
        "{Type: Kinesis, Properties: {Stream: !GetAtt Clicks.Arn, StartingPosition: AT_TIMESTAMP, "
        "StartingPositionTimestamp: 1700000000}}",
    )
    [trigger] = application.stream_triggers
    assert (trigger.service, trigger.name) == ("kinesis", "Clicks")
    assert (trigger.starting_position, trigger.starting_timestamp) == ("AT_TIMESTAMP", 1700000000.0)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: 1", "a stream of DynamoDB has TRIM_HORIZON"),
        ("StartingPosition: LATEST, BatchSize: 20000", "BatchSize is 20000"),
        (
            "StartingPosition: LATEST, FilterCriteria: {Filters: [{Pattern: '{\"key\": [1]}'}]}",
            "a record has no field key",
        ),
        (
            "StartingPosition: LATEST, DestinationConfig: {OnFailure: {Destination: 'kafka://failed'}}",
            "FnSource sends discarded records to kafka://failed",
        ),
    ],
)
def test_trigger_that_aws_refuses_is_refused(tmp_path: Path, properties: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load(tmp_path, table(properties))


@pytest.mark.parametrize(
    ("properties", "listed"),
    [
        ("StartingPosition: LATEST, Enabled: false", "FnSource: it has Enabled: false"),
        (
            "StartingPosition: LATEST, TumblingWindowInSeconds: 30",
            "FnSource: TumblingWindowInSeconds: samrun has no tumbling windows",
        ),
        (
            "StartingPosition: LATEST, ParallelizationFactor: 10",
            "FnSource: ParallelizationFactor: samrun processes one batch of a shard at a time",
        ),
    ],
)
def test_parts_that_do_not_run_are_listed(tmp_path: Path, properties: str, listed: str) -> None:
    assert load(tmp_path, table(properties)).ignored == (listed,)
