"""Unknown values: those of other stacks, of SSM and of resources that only AWS has."""

import copy
import pickle
from pathlib import Path

import pytest

from samrun.template.model.application import Application
from samrun.template.resolution.unknown_values import UnknownValue, is_outside_reference, joined, stand_in_name
from support.templates import FUNCTION, load_template

IMPORT, RESOLVE, ATTRIBUTE = "!ImportValue other", "{{resolve:ssm:/shop/other}}", "!GetAtt Custom.Value"
WRITTEN = {IMPORT: IMPORT, RESOLVE: f"'{RESOLVE}'", ATTRIBUTE: ATTRIBUTE}
OF_CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"


def load(tmp_path: Path, resources: str, parameters: dict[str, str] | None = None) -> Application:
    return load_template(tmp_path, f"\n  Custom: {{Type: Custom::Anything}}{resources}", parameters)


def mapping(properties: str) -> str:
    return f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: {OF_CLUSTER}
      Topics: [topic]
      StartingPosition: AT_TIMESTAMP
      StartingPositionTimestamp: 1700000000
      ProvisionedPollerConfig: {{MinimumPollers: 1}}
      {properties}
"""


def about(application: Application, reference: str) -> str:
    [text] = [each for each in application.ignored if each.startswith(reference)]
    return text


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE, ATTRIBUTE])
@pytest.mark.parametrize(
    ("properties", "place", "field", "default", "given", "value"),
    [
        ("BatchSize: %s", "BatchSize", "batch_size", 100, "7", 7),
        ("MaximumBatchingWindowInSeconds: %s", "MaximumBatchingWindowInSeconds", "window", 0.5, "7", 7.0),
        ("MaximumRetryAttempts: %s", "MaximumRetryAttempts", "maximum_retries", None, "7", 7),
        ("BisectBatchOnFunctionError: %s", "BisectBatchOnFunctionError", "bisect", False, "true", True),
        (
            "DestinationConfig: {OnFailure: {Destination: %s}}",
            "DestinationConfig.OnFailure.Destination",
            "on_failure",
            None,
            QUEUE,
            QUEUE,
        ),
        (
            "AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: %s}",
            "AmazonManagedKafkaEventSourceConfig.ConsumerGroupId",
            "consumer_group",
            "local-Mapping",
            "group",
            "group",
        ),
        ("FilterCriteria: {Filters: [{Pattern: %s}]}", "FilterCriteria.Filters", "filters", (), None, None),
    ],
)
def test_property_with_an_unknown_value_has_its_default_until_the_value_is_given(
    tmp_path: Path,
    reference: str,
    properties: str,
    place: str,
    field: str,
    default: object,
    given: str | None,
    value: object,
) -> None:
    resources = mapping(properties % WRITTEN[reference])
    unknown = load(tmp_path, resources)
    assert [getattr(each, field) for each in unknown.mappings] == [default]
    text = about(unknown, reference)
    assert f"so the default stands for Mapping.{place}. " in text
    assert text.endswith(f"Give it with --parameter-overrides '{reference}=VALUE'")
    if given is not None:
        known = load(tmp_path, resources, {reference: given})
        assert [getattr(each, field) for each in known.mappings] == [value]
        assert not [each for each in known.ignored if reference in each]


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE, ATTRIBUTE])
@pytest.mark.parametrize(
    ("properties", "place"),
    [
        ("Enabled: %s", "Enabled"),
        ("MaximumRecordAgeInSeconds: %s", "MaximumRecordAgeInSeconds"),
        ("FunctionResponseTypes: [%s]", "FunctionResponseTypes"),
        (
            "AmazonManagedKafkaEventSourceConfig: {SchemaRegistryConfig: {EventRecordFormat: %s}}",
            "AmazonManagedKafkaEventSourceConfig.SchemaRegistryConfig.EventRecordFormat",
        ),
        ("SourceAccessConfigurations: [{Type: %s}]", ""),
        ("SourceAccessConfigurations: [{Type: SASL_SCRAM_512_AUTH, URI: %s}]", ""),
        ("SourceAccessConfigurations: [%s]", ""),
        ("SourceAccessConfigurations: %s", ""),
        ("KmsKeyArn: %s", "KmsKeyArn"),
    ],
)
def test_limits_do_not_refuse_an_unknown_value(tmp_path: Path, reference: str, properties: str, place: str) -> None:
    application = load(tmp_path, mapping(properties % WRITTEN[reference]))
    assert [each.topic for each in application.mappings] == ["topic"]
    if place:
        assert f"so the default stands for Mapping.{place}. " in about(application, reference)


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE, ATTRIBUTE])
@pytest.mark.parametrize(("minimum", "maximum"), [("%s", "2"), ("2", "%s"), ("%s", "%s")])
def test_unknown_number_of_pollers_is_compared_with_nothing(
    tmp_path: Path, reference: str, minimum: str, maximum: str
) -> None:
    pollers = f"{{MinimumPollers: {minimum}, MaximumPollers: {maximum}}}".replace("%s", WRITTEN[reference])
    resources = mapping("FunctionResponseTypes: [ReportBatchItemFailures]").replace("{MinimumPollers: 1}", pollers)
    [found] = load(tmp_path, resources).mappings
    assert found.report_batch_item_failures


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE, ATTRIBUTE])
def test_limits_of_queues_and_streams_do_not_refuse_an_unknown_value(tmp_path: Path, reference: str) -> None:
    written = WRITTEN[reference]
    resources = f"""
  Fn:{FUNCTION}
      EphemeralStorage: {{Size: {written}}}
  Work:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: !GetAtt Jobs.Arn
      Enabled: {written}
      BatchSize: {written}
      ScalingConfig: {{MaximumConcurrency: {written}}}
  Read:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: !GetAtt Stream.Arn
      StartingPosition: {written}
      ParallelizationFactor: {written}
      MaximumRecordAgeInSeconds: {written}
      Enabled: {written}
  Jobs: {{Type: AWS::SQS::Queue}}
  Stream: {{Type: AWS::Kinesis::Stream}}
"""
    application = load(tmp_path, resources)
    assert [(each.queue, each.batch_size) for each in application.queue_triggers] == [("Jobs", 10)]
    assert [(each.starting_position, each.maximum_age) for each in application.stream_triggers] == [
        ("TRIM_HORIZON", None)
    ]
    for place in ("Work.Enabled", "Work.BatchSize", "Read.StartingPosition", "Read.Enabled"):
        assert place in about(application, reference)


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE])
def test_start_from_an_unknown_time_is_the_first_record(tmp_path: Path, reference: str) -> None:
    resources = mapping("").replace("1700000000", WRITTEN[reference])
    [found] = load(tmp_path, resources).mappings
    assert (found.starting_position, found.starting_timestamp) == ("AT_TIMESTAMP", 0.0)
    resources = mapping("").replace("AT_TIMESTAMP", WRITTEN[reference])
    [found] = load(tmp_path, resources).mappings
    assert found.starting_position == "TRIM_HORIZON"


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE])
def test_registry_of_an_unknown_address_is_one_without_an_address(tmp_path: Path, reference: str) -> None:
    registry = f"{{SchemaRegistryConfig: {{SchemaRegistryURI: {WRITTEN[reference]}, EventRecordFormat: SOURCE}}}}"
    application = load(tmp_path, mapping(f"AmazonManagedKafkaEventSourceConfig: {registry}"))
    [found] = application.mappings
    assert found.schema_registry is not None
    assert (found.schema_registry.uri, found.schema_registry.record_format) == ("", "SOURCE")
    assert "SchemaRegistryConfig.SchemaRegistryURI. Give it with" in about(application, reference)


@pytest.mark.parametrize(
    ("topics", "topic"),
    [
        ("[!ImportValue shop-orders]", "shop-orders"),
        ("['{{resolve:ssm:/shop/topic}}']", "shop-topic"),
        ("['{{resolve:ssm:/shop/topic:3}}']", "shop-topic-3"),
        ("!Split [',', '{{resolve:ssm:/shop/topics}}']", "shop-topics"),
    ],
)
def test_name_stands_for_an_unknown_topic(tmp_path: Path, topics: str, topic: str) -> None:
    application = load(tmp_path, mapping("").replace("[topic]", topics))
    assert [each.topic for each in application.mappings] == [topic]
    assert len(application.ignored) == 2  # the custom resource, and the value


def test_name_stands_for_an_unknown_list_of_topics(tmp_path: Path) -> None:
    [found] = load(tmp_path, mapping("").replace("[topic]", "!GetAtt Custom.Topics")).mappings
    assert found.topic == "Custom.Topics"


def test_mapping_of_an_unknown_function_is_listed(tmp_path: Path) -> None:
    application = load(tmp_path, mapping("").replace("!Ref Fn", "!ImportValue function"))
    assert application.mappings == ()
    [missing] = application.missing_triggers
    assert (missing.logical_id, missing.reason) == ("Mapping", "function is not a function of the template")


@pytest.mark.parametrize("reference", [IMPORT, RESOLVE, ATTRIBUTE])
def test_function_with_unknown_numbers_has_the_defaults(tmp_path: Path, reference: str) -> None:
    written = WRITTEN[reference]
    resources = f"""
  Fn:{FUNCTION}
      Timeout: {written}
      MemorySize: {written}
      ReservedConcurrentExecutions: {written}
      Environment: {{Variables: {{OTHER: {written}}}}}
"""
    application = load(tmp_path, resources)
    [function] = application.functions
    assert (function.timeout, function.memory, function.concurrency) == (3, 128, None)
    for name in ("Timeout", "MemorySize", "ReservedConcurrentExecutions"):
        assert f"Fn.{name}" in about(application, reference)
    [function] = load(tmp_path, resources, {reference: "200"}).functions
    assert (function.timeout, function.memory, function.concurrency) == (200, 200, 200)
    assert function.environment == {"OTHER": "200"}


def test_function_of_an_unknown_runtime_does_not_run_and_says_how_to_give_it(tmp_path: Path) -> None:
    resources = f"\n  Fn:{FUNCTION}".replace("python3.13", f"'{RESOLVE}'")
    application = load(tmp_path, resources)
    assert application.functions == ()
    text = f"Fn: its runtime is {RESOLVE}, which only AWS knows. "
    assert f"{text}Give it with --parameter-overrides '{RESOLVE}=VALUE'." in application.ignored


@pytest.mark.parametrize(
    ("event", "written", "queue"),
    [
        ("SQS", "!ImportValue shop:jobs", "shop-jobs"),
        ("SQS", "'{{resolve:ssm:/shop/jobs/arn}}'", "shop-jobs-arn"),
        ("SQS", "!GetAtt Custom.QueueArn", "Custom-QueueArn"),
        ("SQS", "YOUR_QUEUE_ARN", "YOUR_QUEUE_ARN"),
    ],
)
def test_queue_of_an_event_is_made_whatever_its_arn_looks_like(
    tmp_path: Path, event: str, written: str, queue: str
) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Events: {{Work: {{Type: {event}, Properties: {{Queue: {written}}}}}}}
"""
    application = load(tmp_path, resources)
    assert [each.queue for each in application.queue_triggers] == [queue]
    assert [each.name for each in application.resources] == [queue]
    assert application.missing_triggers == ()


def test_mapping_by_an_import_without_a_starting_position_has_a_queue(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Fn, EventSourceArn: !ImportValue jobs, BatchSize: 5}}
"""
    application = load(tmp_path, resources)
    assert [(each.queue, each.batch_size) for each in application.queue_triggers] == [("jobs", 5)]
    [trigger] = load(tmp_path, resources, {"!ImportValue jobs": QUEUE}).queue_triggers
    assert trigger.queue_arn == QUEUE


@pytest.mark.parametrize(("event", "source"), [("Kinesis", "Kinesis stream"), ("DynamoDB", "DynamoDB stream")])
def test_trigger_by_the_stream_of_another_stack_is_named_with_its_service(
    tmp_path: Path, event: str, source: str
) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Events: {{Read: {{Type: {event}, Properties: {{Stream: !ImportValue stream, StartingPosition: LATEST}}}}}}
"""
    [missing] = load(tmp_path, resources).missing_triggers
    assert missing.source == source
    assert missing.reason.startswith("the template does not declare arn:aws:")


def test_schedule_with_an_unknown_expression_is_listed(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      Events:
        Often: {{Type: Schedule, Properties: {{Schedule: '{RESOLVE}'}}}}
        Hourly: {{Type: Schedule, Properties: {{Schedule: rate(1 hour), Input: '{RESOLVE}'}}}}
"""
    application = load(tmp_path, resources)
    assert [(each.logical_id, each.input) for each in application.schedules] == [("FnHourly", None)]
    [text] = [each for each in application.ignored if each.startswith("FnOften")]
    assert "its ScheduleExpression is {{resolve:ssm:/shop/other}}, which only AWS knows" in text


def test_resource_with_an_unknown_name_has_its_logical_id(tmp_path: Path) -> None:
    resources = f"""
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "{RESOLVE}-jobs"
      VisibilityTimeout: {IMPORT}
      RedrivePolicy: {{maxReceiveCount: 3, deadLetterTargetArn: {IMPORT}}}
  Url: {{Type: AWS::SSM::Parameter, Properties: {{Name: '{RESOLVE}', Type: String, Value: a}}}}
  Named: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {IMPORT}}}}}
"""
    by_id = {each.logical_id: each for each in load(tmp_path, resources).resources}
    assert [by_id[each].name for each in ("Jobs", "Url", "Named")] == ["Jobs", "Url", "other"]
    assert by_id["Jobs"].properties.keys() == {"QueueName"}


def test_apis_have_the_defaults_of_unknown_numbers(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
      FunctionUrlConfig: {{AuthType: NONE, Cors: {{AllowOrigins: ['*'], MaxAge: {IMPORT}}}}}
      Events:
        Get: {{Type: HttpApi, Properties: {{Path: /, Method: get, TimeoutInMillis: {IMPORT}, ApiId: !Ref Api}}}}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {{AllowOrigins: ['http://localhost', {IMPORT}], MaxAge: {IMPORT}}}
      DefaultRouteSettings: {{ThrottlingBurstLimit: {IMPORT}, ThrottlingRateLimit: 5}}
"""
    application = load(tmp_path, resources)
    [api] = application.apis
    [route] = api.routes
    assert (route.key, route.timeout) == ("GET /", None)
    assert api.cors is not None
    assert api.cors.origins == ("http://localhost", "other")
    assert "Api.Body.paths./.get.x-amazon-apigateway-integration.timeoutInMillis" in about(application, IMPORT)


def test_parameter_of_a_nested_stack_may_be_unknown(tmp_path: Path) -> None:
    nested = f"""
Transform: AWS::Serverless-2016-10-31
Parameters: {{Seconds: {{Type: Number}}}}
Resources:
  Fn:{FUNCTION}
      Timeout: !Ref Seconds
"""
    (tmp_path / "nested.yaml").write_text(nested)
    properties = "{TemplateURL: nested.yaml, Parameters: {Seconds: !ImportValue seconds}}"
    resources = f"\n  Nested: {{Type: AWS::CloudFormation::Stack, Properties: {properties}}}\n"
    application = load(tmp_path, resources)
    assert [each.timeout for each in application.functions] == [3]
    assert "the default stands for Nested-Fn.Timeout" in about(application, "!ImportValue seconds")
    [function] = load(tmp_path, resources, {"!ImportValue seconds": "9"}).functions
    assert function.timeout == 9


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("!Select [5, !Split [':', !ImportValue queue-arn]]", "queue-arn"),
        ("!Select [5, !Split [':', '{{resolve:ssm:/a}}']]", "{{resolve:ssm:/a}}"),
        ("!Select [0, !ImportValue list]", "list"),
        ("!FindInMap [Sizes, !ImportValue stage, size]", "Sizes.stage.size"),
        ("!Sub ['${A}/b', {A: !ImportValue a}]", "a/b"),
        ("!Join ['/', [!ImportValue a, b]]", "a/b"),
        ("!Select [1, !Ref Listed]", "{{resolve:ssm:/shop/list}}"),
    ],
)
def test_what_is_made_of_an_unknown_value_is_unknown(tmp_path: Path, value: str, resolved: str) -> None:
    rest = """
    Mappings: {Sizes: {dev: {size: 1}}}
    Parameters: {Listed: {Type: AWS::SSM::Parameter::Value<CommaDelimitedList>, Default: /shop/list}}
    """
    function = f"\n  Fn:{FUNCTION}      Environment: {{Variables: {{X: {value}}}}}\n"
    [found] = load_template(tmp_path, function, rest=rest).functions
    variable = found.environment["X"]
    assert variable == resolved
    assert isinstance(variable, UnknownValue)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("{{resolve:ssm:/a}}", True),
        ("{{resolve:secretsmanager:a:SecretString:b}}", True),
        ("!ImportValue a:b-c", True),
        ("!GetAtt Stack.Outputs.Arn", True),
        ("a {{resolve:ssm:/a}}", False),
        ("!ImportValue", False),
        ("Name", False),
    ],
)
def test_reference_is_the_name_of_a_value_to_give(name: str, is_one: bool) -> None:
    assert is_outside_reference(name) is is_one


def test_unknown_value_keeps_its_references_in_a_copy() -> None:
    value = joined("a/b", [UnknownValue("a", ["!ImportValue a"]), ["b"]])
    for each in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301
        assert isinstance(each, UnknownValue)
        assert (each, each.references) == ("a/b", ("!ImportValue a",))


def test_name_that_stands_for_nothing_readable() -> None:
    assert stand_in_name("{{resolve:ssm:/}}") == "unknown"
