"""SQS triggers of a template."""

from pathlib import Path

import pytest

from samrun.filtering.filter_pattern import SQS_FIELDS, FilterPattern
from samrun.template.errors import TemplateError
from samrun.template.model.triggers import QueueTrigger
from support.templates import FUNCTION, load_template

PATTERN = '{"body": {"state": ["new"]}}'


def triggers(tmp_path: Path, properties: str, *, queue: str = "", timeout: int = 3) -> tuple[QueueTrigger, ...]:
    """Load a template with a trigger of these properties."""
    resources = f"""
  Jobs: {{Type: AWS::SQS::Queue, Properties: {{{queue}}}}}
  Fn:{FUNCTION}      Timeout: {timeout}
      Events:
        Work: {{Type: SQS, Properties: {{Queue: !GetAtt Jobs.Arn, {properties}}}}}
"""
    application = load_template(tmp_path, resources)
    assert application.missing_triggers == ()
    return application.queue_triggers


def test_trigger_without_properties_has_lambdas_defaults(tmp_path: Path) -> None:
    assert triggers(tmp_path, "") == (
        QueueTrigger(
            logical_id="FnWork",
            function="Fn",
            queue_arn="arn:aws:sqs:us-east-1:123456789012:Jobs",
            batch_size=10,
            window=0.0,
            report_batch_item_failures=False,
        ),
    )


def test_properties_of_a_trigger_are_read(tmp_path: Path) -> None:
    [trigger] = triggers(
        tmp_path,
        "BatchSize: 100, MaximumBatchingWindowInSeconds: 5, FunctionResponseTypes: [ReportBatchItemFailures], "
        f"ScalingConfig: {{MaximumConcurrency: 2}}, FilterCriteria: {{Filters: [{{Pattern: '{PATTERN}'}}]}}",
    )
    assert (trigger.batch_size, trigger.window, trigger.concurrency) == (100, 5.0, 2)
    assert trigger.report_batch_item_failures
    assert trigger.filters == (FilterPattern.parse(PATTERN, fields=SQS_FIELDS),)
    assert trigger.queue == "Jobs"


def test_disabled_trigger_is_listed(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}      Events:
        Work: {{Type: SQS, Properties: {{Queue: "arn:aws:sqs:us-east-1:1:jobs", Enabled: false}}}}
"""
    application = load_template(tmp_path, resources)
    assert [each.enabled for each in application.queue_triggers] == [False]
    assert application.ignored == ("FnWork: it has Enabled: false",)


@pytest.mark.parametrize(
    ("properties", "queue", "message"),
    [
        ("BatchSize: 11", "", "BatchSize is 11: over 10, MaximumBatchingWindowInSeconds is 1 or more"),
        ("BatchSize: 11, MaximumBatchingWindowInSeconds: 1", "FifoQueue: true", "at most 10 for a FIFO queue"),
        ("MaximumBatchingWindowInSeconds: 1", "FifoQueue: true", "does not take it for a FIFO queue"),
        ("ScalingConfig: {MaximumConcurrency: 1}", "", "MaximumConcurrency is 1: AWS takes 2 to 1000"),
        ('FilterCriteria: {Filters: [{Pattern: \'{"messageId": ["1"]}\'}]}', "", "has no field messageId; it has body"),
        ("", "VisibilityTimeout: 20", "VisibilityTimeout of its queue is 20 seconds, less than .* 25 seconds"),
    ],
)
def test_trigger_that_aws_refuses_is_refused(tmp_path: Path, properties: str, queue: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        triggers(tmp_path, properties, queue=queue, timeout=25)


def test_queue_of_another_stack_is_made(tmp_path: Path) -> None:
    arn = "arn:aws:sqs:us-east-1:999999999999:jobs.fifo"
    resources = f"""
  Fn:{FUNCTION}      Timeout: 20
      Events:
        Work: {{Type: SQS, Properties: {{Queue: "{arn}"}}}}
"""
    application = load_template(tmp_path, resources)
    [queue] = application.resources
    assert (queue.type, queue.name) == ("AWS::SQS::Queue", "jobs.fifo")
    assert queue.properties == {"FifoQueue": True, "VisibilityTimeout": 120}
    assert application.queue_triggers[0].queue_arn == arn


def test_triggers_of_a_function_that_does_not_run_are_missing(tmp_path: Path) -> None:
    resources = f"""
  Jobs: {{Type: AWS::SQS::Queue}}
  News: {{Type: AWS::SNS::Topic}}
  Uploads: {{Type: AWS::S3::Bucket}}
  Clicks: {{Type: AWS::Kinesis::Stream}}
  Fn:{FUNCTION.replace("python3.13", "nodejs22.x")}      Events:
        Work: {{Type: SQS, Properties: {{Queue: !GetAtt Jobs.Arn}}}}
        News: {{Type: SNS, Properties: {{Topic: !Ref News}}}}
        Uploads: {{Type: S3, Properties: {{Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}}}
        Clicks: {{Type: Kinesis, Properties: {{Stream: !GetAtt Clicks.Arn, StartingPosition: LATEST}}}}
        Placed: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [shop]}}}}}}
"""
    application = load_template(tmp_path, resources)
    assert (application.queue_triggers, application.stream_triggers, application.notifications) == ((), (), ())
    assert [rule.targets for rule in application.event_rules] == [()]
    assert sorted(missing.source for missing in application.missing_triggers) == [
        "EventBridge rule",
        "Kinesis stream",
        "S3 notification",
        "SNS topic",
        "SQS queue",
    ]
