"""Triggers that the runner does not run: each is named with its function, the reason and what to do."""

from pathlib import Path

import pytest

from support.templates import FUNCTION, load_template

SECRET = "{Type: BASIC_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:1:secret:s'}"
BROKER = "'arn:aws:mq:us-east-1:1:broker:b:1'"
STREAM = "'arn:aws:kinesis:us-east-1:1:stream/s'"


@pytest.mark.parametrize(
    ("trigger", "source"),
    [
        (f"{{Type: Kinesis, Properties: {{Stream: {STREAM}, StartingPosition: LATEST}}}}", "Kinesis stream"),
        (
            f"{{Type: MQ, Properties: {{Broker: {BROKER}, Queues: [q], SourceAccessConfigurations: [{SECRET}]}}}}",
            "Amazon MQ",
        ),
        ("{Type: AlexaSkill}", "Alexa"),
        ("{Type: IoTRule, Properties: {Sql: 'SELECT * FROM t'}}", "AWS IoT"),
        ("{Type: CloudWatchLogs, Properties: {LogGroupName: g, FilterPattern: p}}", "CloudWatch Logs"),
    ],
)
def test_function_without_one_of_its_triggers_is_named(tmp_path: Path, trigger: str, source: str) -> None:
    [missing] = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      Events: {{Source: {trigger}}}\n").missing_triggers
    assert (missing.function, missing.source) == ("Fn", source)
    assert missing.reason in str(missing)
    assert "Invoke the function yourself" in str(missing)


def test_source_that_the_template_does_not_name_is_said_to_be_unknown(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Fn, EventSourceArn: not-an-arn}}
"""
    [missing] = load_template(tmp_path, resources).missing_triggers
    assert missing.logical_id == "Mapping"
    assert missing.source == "unknown event source"


def test_triggers_that_run_are_not_named(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Events:
        Api: {{Type: HttpApi}}
        Often: {{Type: Schedule, Properties: {{Schedule: rate(1 minute)}}}}
        Msk:
          Type: MSK
          Properties: {{Stream: !ImportValue cluster, Topics: [topic], StartingPosition: LATEST}}
"""
    assert load_template(tmp_path, resources).missing_triggers == ()
