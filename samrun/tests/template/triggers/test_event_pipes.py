"""Pipes of a template."""

from pathlib import Path

import pytest

from samrun.filtering.filter_pattern import FilterPattern
from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from samrun.template.model.pipes import ApiDestination, Pipe, PipeStep
from support.templates import FUNCTION, load_template

ACCOUNT = "us-east-1:123456789012"
JOBS = f"arn:aws:sqs:{ACCOUNT}:Jobs"


def load(tmp_path: Path, properties: str, *, function: str = FUNCTION) -> Application:
    resources = f"""
  Fn:{function}
  Jobs: {{Type: AWS::SQS::Queue}}
  Dead: {{Type: AWS::SQS::Queue}}
  T: {{Type: AWS::DynamoDB::Table, Properties: {{StreamSpecification: {{StreamViewType: NEW_IMAGE}}}}}}
  Flow: {{Type: AWS::StepFunctions::StateMachine, Properties: {{DefinitionString: '{{}}', StateMachineType: EXPRESS}}}}
  Keys:
    Type: AWS::Events::Connection
    Properties:
      AuthorizationType: API_KEY
      AuthParameters: {{ApiKeyAuthParameters: {{ApiKeyName: X-Key, ApiKeyValue: secret}}}}
  Hook:
    Type: AWS::Events::ApiDestination
    Properties:
      ConnectionArn: !GetAtt Keys.Arn
      HttpMethod: POST
      InvocationEndpoint: !Sub https://${{Api}}.execute-api.us-east-1.amazonaws.com/hook
  Api: {{Type: AWS::Serverless::HttpApi}}
  Pipe: {{Type: AWS::Pipes::Pipe, Properties: {{RoleArn: r, {properties}}}}}
"""
    return load_template(tmp_path, resources, api="http://127.0.0.1:3000")


def test_pipe_is_read_with_its_steps_and_its_source(tmp_path: Path) -> None:
    application = load(
        tmp_path,
        "Name: jobs.v1, Source: !GetAtt Jobs.Arn, SourceParameters: {SqsQueueParameters: {BatchSize: 3}}, "
        "Enrichment: !GetAtt Fn.Arn, EnrichmentParameters: {InputTemplate: '<$.body>'}, Target: !Ref Flow, "
        "TargetParameters: {StepFunctionStateMachineParameters: {InvocationType: FIRE_AND_FORGET}}",
    )
    assert application.pipes == (
        Pipe(
            logical_id="Pipe",
            name="jobs.v1",
            arn=f"arn:aws:pipes:{ACCOUNT}:pipe/jobs.v1",
            source_arn=JOBS,
            enrichment=PipeStep(arn=f"arn:aws:lambda:{ACCOUNT}:function:Fn", function="Fn", input_template="<$.body>"),
            target=PipeStep(
                arn=f"arn:aws:states:{ACCOUNT}:stateMachine:Flow", parameters={"InvocationType": "FIRE_AND_FORGET"}
            ),
        ),
    )
    [trigger] = application.queue_triggers
    assert (trigger.logical_id, trigger.function, trigger.queue_arn) == ("Pipe", "pipe.jobs.v1", JOBS)
    assert (trigger.batch_size, trigger.report_batch_item_failures) == (3, True)
    assert (application.ignored, application.missing_triggers) == ((), ())


def test_source_of_a_pipe_may_be_a_stream(tmp_path: Path) -> None:
    pattern = '{"eventName": ["INSERT"]}'
    application = load(
        tmp_path,
        f"Source: !GetAtt T.StreamArn, Target: !GetAtt Fn.Arn, SourceParameters: {{FilterCriteria: {{Filters: "
        f"[{{Pattern: '{pattern}'}}]}}, DynamoDBStreamParameters: {{StartingPosition: LATEST, MaximumRetryAttempts: 2, "
        "OnPartialBatchItemFailure: AUTOMATIC_BISECT, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}}",
    )
    [trigger] = application.stream_triggers
    assert (trigger.function, trigger.starting_position, trigger.maximum_retries) == ("pipe.Pipe", "LATEST", 2)
    assert (trigger.bisect, trigger.on_failure) == (True, f"arn:aws:sqs:{ACCOUNT}:Dead")
    assert [type(each) for each in trigger.filters] == [FilterPattern]


def test_source_of_a_pipe_may_be_kafka(tmp_path: Path) -> None:
    application = load(
        tmp_path,
        "Source: smk://broker:9092, Target: !GetAtt Fn.Arn, SourceParameters: {SelfManagedKafkaParameters: "
        "{TopicName: orders, ConsumerGroupID: pipes, StartingPosition: LATEST, "
        "Credentials: {BasicAuth: arn:of:a:secret}, AdditionalBootstrapServers: [other:9092]}}",
    )
    [mapping] = application.mappings
    assert (mapping.function, mapping.topic, mapping.consumer_group) == ("pipe.Pipe", "orders", "pipes")
    assert (mapping.bootstrap, mapping.starting_position) == ("broker:9092,other:9092", "LATEST")
    assert mapping.authentication.user == "arn:of:a:secret"


def test_api_destination_of_an_own_api_has_its_local_url(tmp_path: Path) -> None:
    [pipe] = load(tmp_path, "Source: !GetAtt Jobs.Arn, Target: !GetAtt Hook.Arn").pipes
    assert pipe.target.destination == ApiDestination(
        logical_id="Hook",
        url="http://127.0.0.1:3000/hook",
        method="POST",
        authorization={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}},
    )


def test_rule_sends_to_an_api_destination(tmp_path: Path) -> None:
    rule = (
        "{Type: AWS::Events::Rule, Properties: {EventPattern: {source: [a]}, Targets: [{Arn: !GetAtt Hook.Arn, Id: a, "
        "HttpParameters: {HeaderParameters: {X-A: b}}}]}}"
    )
    application = load(tmp_path, f"Source: !GetAtt Jobs.Arn, Target: !GetAtt Hook.Arn}}}}\n  Rule: {rule[:-2]}")
    [target] = application.event_rules[0].targets
    assert target.destination is not None
    assert (target.destination.logical_id, target.http) == ("Hook", {"HeaderParameters": {"X-A": "b"}})
    assert application.ignored == ()


def test_pipe_to_a_service_that_samrun_lacks_is_listed_and_reads_nothing(tmp_path: Path) -> None:
    target = f"arn:aws:batch:{ACCOUNT}:job-queue/q"
    application = load(tmp_path, f"Source: !GetAtt Jobs.Arn, Target: '{target}'")
    assert application.ignored == (
        f"Pipe: its Target, {target}, is nothing to which samrun sends the events of a pipe",
    )
    assert (application.pipes, application.queue_triggers) == ((), ())


def test_pipe_of_a_function_that_does_not_run_is_named(tmp_path: Path) -> None:
    node = FUNCTION.replace("python3.13", "nodejs22.x")
    application = load(tmp_path, "Source: !GetAtt Jobs.Arn, Target: !GetAtt Fn.Arn", function=node)
    assert (application.pipes, application.queue_triggers) == ((), ())
    assert [each.source for each in application.missing_triggers] == ["EventBridge pipe"]


def test_stopped_pipe_is_listed(tmp_path: Path) -> None:
    application = load(tmp_path, "DesiredState: STOPPED, Source: !GetAtt Jobs.Arn, Target: !GetAtt Fn.Arn")
    assert application.ignored == ("Pipe: it has Enabled: false",)


def test_pipe_with_a_batch_that_aws_refuses_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"AWS refuses Pipe: BatchSize is 20000"):
        load(
            tmp_path,
            "Source: !GetAtt Jobs.Arn, Target: !GetAtt Fn.Arn, SourceParameters: {SqsQueueParameters: "
            "{BatchSize: 20000}}",
        )
