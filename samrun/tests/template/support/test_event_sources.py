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


CHECK = (
    "{Type: AWS::Config::ConfigRule, Properties: {Source: {Owner: CUSTOM_LAMBDA, SourceIdentifier: !GetAtt Fn.Arn}}}"
)
TARGETS = "{Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: lambda, Targets: [{Id: !Ref Fn}]}}"
ALLOWED = """{Type: AWS::Lambda::Permission, Properties: {Principal: elasticloadbalancing.amazonaws.com,
    Action: lambda:InvokeFunction, FunctionName: !Ref Fn}}"""


@pytest.mark.parametrize(
    ("resources", "source", "reason"),
    [
        ({"Check": CHECK}, "AWS Config", "samrun has no AWS Config"),
        (
            {"Own": "{Type: Custom::Own, Properties: {ServiceToken: 'arn:aws:sns:us-east-1:1:t', Uses: !Ref Fn}}"},
            "custom resource",
            "samrun does not run it",
        ),
        (
            {"Targets": TARGETS, "Allowed": ALLOWED},
            "Application Load Balancer",
            "samrun has no load balancer",
        ),
        (
            {"New": "{Type: AWS::New::Thing, Properties: {Nested: [{Function: !GetAtt Fn.Arn}]}}"},
            "AWS::New::Thing",
            "samrun does not run it",
        ),
    ],
)
def test_function_that_a_resource_would_invoke_is_named_once(
    tmp_path: Path, resources: dict[str, str], source: str, reason: str
) -> None:
    declared = "".join(f"  {name}: {resource}\n" for name, resource in resources.items())
    [missing] = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n{declared}").missing_triggers
    assert (missing.function, missing.source, missing.reason) == ("Fn", source, reason)


def test_resource_that_is_not_run_may_refer_to_what_only_aws_knows(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Thing: {{Type: AWS::New::Thing, Properties: {{A: !GetAtt Other.Unknown, B: !ImportValue x, C: !Ref Fn}}}}
  Other: {{Type: AWS::New::Thing}}
"""
    application = load_template(tmp_path, resources)
    assert [missing.logical_id for missing in application.missing_triggers] == ["Thing"]
    assert application.ignored == ("Thing (AWS::New::Thing)", "Other (AWS::New::Thing)")


def test_alias_of_a_function_names_the_function(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      AutoPublishAlias: live
  Thing: {{Type: AWS::New::Thing, Properties: {{Uses: !Ref Fn.Alias}}}}
"""
    assert [missing.function for missing in load_template(tmp_path, resources).missing_triggers] == ["Fn"]


@pytest.mark.parametrize(
    ("source", "properties"),
    [
        ("Kinesis stream", "EventSourceArn: !GetAtt Clicks.Arn, StartingPosition: LATEST"),
        ("SQS queue", "EventSourceArn: 'arn:aws:sqs:us-east-1:1:jobs'"),
        ("self-managed Apache Kafka", "SelfManagedEventSource: {Endpoints: {KafkaBootstrapServers: ['a:1']}}"),
    ],
)
def test_mapping_to_a_function_of_another_stack_is_named(tmp_path: Path, source: str, properties: str) -> None:
    topics = ", Topics: [topic]" if "Kafka" in properties else ""
    resources = f"""
  Clicks: {{Type: AWS::Kinesis::Stream}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !ImportValue other, {properties}{topics}}}
"""
    [missing] = load_template(tmp_path, resources).missing_triggers
    assert (missing.function, missing.source) == ("other", source)
    assert missing.reason == "other is not a function of the template"


def test_disabled_mapping_to_a_function_of_another_stack_is_only_disabled(tmp_path: Path) -> None:
    resources = """
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: other, EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/s', Enabled: false}
"""
    application = load_template(tmp_path, resources)
    assert application.missing_triggers == ()
    assert application.ignored == ("Mapping: it has Enabled: false",)


def test_routes_of_a_websocket_api_are_named(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: x, ProtocolType: WEBSOCKET}}}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${{Fn.Arn}}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $connect, Target: !Sub "integrations/${{Integration}}"}}
"""
    [missing] = load_template(tmp_path, resources).missing_triggers
    assert (missing.logical_id, missing.function, missing.source) == ("$connect of Api", "Fn", "WebSocket API")


def test_routes_of_sams_websocket_api_are_named(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {{$connect: {{FunctionArn: !GetAtt Fn.Arn}}}}
"""
    [missing] = load_template(tmp_path, resources).missing_triggers
    assert (missing.logical_id, missing.function, missing.source) == ("$connect of Api", "Fn", "WebSocket API")


@pytest.mark.parametrize(("kind", "of", "source"), [("Api", "RestApi", "REST API"), ("HttpApi", "Api", "HTTP API")])
def test_api_with_its_document_in_s3_is_named(tmp_path: Path, kind: str, of: str, source: str) -> None:
    stage = "StageName: Prod, " if kind == "Api" else ""
    resources = f"""
  Fn:{FUNCTION}
      Events: {{Get: {{Type: {kind}, Properties: {{{of}Id: !Ref Shop, Path: /, Method: get}}}}}}
  Shop: {{Type: AWS::Serverless::{kind}, Properties: {{{stage}DefinitionUri: s3://bucket/key}}}}
"""
    [missing] = load_template(tmp_path, resources).missing_triggers
    assert (missing.logical_id, missing.function, missing.source) == ("Shop", "Fn", source)
    assert missing.reason == "samrun reads no document from S3"
