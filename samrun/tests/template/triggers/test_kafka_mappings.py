"""Kafka mappings as a template declares them."""

from pathlib import Path

import pytest

from samrun.filtering.filter_pattern import FilterPattern
from samrun.template.errors import TemplateError
from samrun.template.model.kafka_mappings import KafkaAuthentication, SchemaRegistryConfig
from samrun.testing.kafka_records import kafka_mapping
from support.templates import FUNCTION, load_template


def test_mapping_to_msk_has_its_properties(tmp_path: Path) -> None:
    arn = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Msk:
          Type: MSK
          Properties:
            Stream: {arn}
            Topics: [topic]
            StartingPosition: AT_TIMESTAMP
            StartingPositionTimestamp: 1700000000
            BatchSize: 10
            MaximumBatchingWindowInSeconds: 3
            FunctionResponseTypes: [ReportBatchItemFailures]
            ProvisionedPollerConfig: {{MinimumPollers: 1}}
            ConsumerGroupId: g
""",
    )
    assert application.mappings == (
        kafka_mapping(
            logical_id="FnMsk",
            topic="topic",
            event_source_arn=arn,
            batch_size=10,
            window=3.0,
            starting_position="AT_TIMESTAMP",
            starting_timestamp=1700000000.0,
            report_batch_item_failures=True,
        ),
    )


def test_mapping_to_a_self_managed_cluster_has_lambdas_defaults(tmp_path: Path) -> None:
    [mapping] = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      AutoPublishAlias: live
      Events:
        Kafka:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: [a:9092, b:9092]
            Topics: [topic]
            SourceAccessConfigurations:
              - {{Type: VPC_SUBNET, URI: "subnet:s"}}
              - {{Type: VPC_SECURITY_GROUP, URI: "security_group:g"}}
              - {{Type: SASL_SCRAM_512_AUTH, URI: arn:user}}
              - {{Type: SERVER_ROOT_CA_CERTIFICATE, URI: arn:ca}}
""",
    ).mappings
    assert mapping.bootstrap == "a:9092,b:9092"
    assert mapping.authentication == KafkaAuthentication(mechanism="SCRAM-SHA-512", user="arn:user", ca="arn:ca")
    assert (mapping.function, mapping.qualifier) == ("Fn", "live")
    assert mapping.function_arn == "arn:aws:lambda:us-east-1:123456789012:function:Fn:live"
    assert mapping.event_source_arn is None
    assert (mapping.batch_size, mapping.window, mapping.report_batch_item_failures) == (100, 0.5, False)
    assert mapping.starting_position == "TRIM_HORIZON"


def _mapping(properties: str) -> str:
    return f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Fn, {properties}}}
"""


MSK = "EventSourceArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2'"
LATEST = "StartingPosition: LATEST"
KAFKA = f"{MSK}, Topics: [topic], {LATEST}"
SELF_MANAGED = (
    f"SelfManagedEventSource: {{Endpoints: {{KafkaBootstrapServers: ['a:9092']}}}}, Topics: [topic], {LATEST}"
)


@pytest.mark.parametrize("enabled", ["false", "'false'"])
def test_disabled_mapping_does_not_run_and_is_listed(tmp_path: Path, enabled: str) -> None:
    application = load_template(tmp_path, _mapping(f"{KAFKA}, Enabled: {enabled}"))
    assert [each.enabled for each in application.mappings] == [False]
    assert application.ignored == ("Mapping: it has Enabled: false",)


def test_enabled_mapping_runs(tmp_path: Path) -> None:
    application = load_template(tmp_path, _mapping(f"{KAFKA}, Enabled: true"))
    assert [mapping.logical_id for mapping in application.mappings] == ["Mapping"]
    assert application.ignored == ()


PROVISIONED = "ProvisionedPollerConfig: {MinimumPollers: 1}"
REGISTRY = "{SchemaRegistryURI: 'https://registry.test', EventRecordFormat: JSON, SchemaValidationConfigs: []}"


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ("MaximumRetryAttempts: 3", "MaximumRetryAttempts"),
        ("MaximumRecordAgeInSeconds: 60", "MaximumRecordAgeInSeconds"),
        ("BisectBatchOnFunctionError: true", "BisectBatchOnFunctionError"),
        ("FunctionResponseTypes: [ReportBatchItemFailures]", "FunctionResponseTypes"),
        (
            "DestinationConfig: {OnFailure: {Destination: 'kafka://dead'}}",
            "a Kafka topic as the on-failure destination",
        ),
        (f"AmazonManagedKafkaEventSourceConfig: {{SchemaRegistryConfig: {REGISTRY}}}", "SchemaRegistryConfig"),
    ],
)
def test_what_demands_provisioned_mode_is_refused_without_it(tmp_path: Path, properties: str, named: str) -> None:
    message = (
        f"AWS refuses Mapping: {named}: only provisioned mode has that. Give the mapping a ProvisionedPollerConfig"
    )
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, _mapping(f"{KAFKA}, {properties}"))


def test_mapping_with_a_share_group_is_refused(tmp_path: Path) -> None:
    queue = "SelfManagedKafkaEventSourceConfig: {ConsumptionMode: Queue}"
    with pytest.raises(TemplateError, match="ConsumptionMode is Queue: samrun reads with consumer groups"):
        load_template(tmp_path, _mapping(f"{SELF_MANAGED}, {queue}"))


TO_BUCKET = "DestinationConfig: {OnFailure: {Destination: !GetAtt Bucket.Arn}}"


@pytest.mark.parametrize(
    ("properties", "bisect", "retries", "age", "destination"),
    [
        ("BatchSize: 10", False, None, None, None),
        ("MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1", False, None, None, None),
        (f"{PROVISIONED}, MaximumRetryAttempts: 0, MaximumRecordAgeInSeconds: 60", False, 0, 60, None),
        (f"{PROVISIONED}, BisectBatchOnFunctionError: true, MaximumRetryAttempts: '3'", True, 3, None, None),
        ("BisectBatchOnFunctionError: 'false'", False, None, None, None),
        ("DestinationConfig: {OnFailure: {Destination: ''}}", False, None, None, None),
        (f"{PROVISIONED}, {TO_BUCKET}, MaximumRetryAttempts: 10000", False, 10000, None, "arn:aws:s3:::bucket"),
        (TO_BUCKET, False, 10, None, "arn:aws:s3:::bucket"),
        (f"{TO_BUCKET}, MaximumRetryAttempts: -1", False, 10, None, "arn:aws:s3:::bucket"),
    ],
)
def test_mapping_has_its_limits_and_on_failure_destination(
    tmp_path: Path, properties: str, bisect: bool, retries: int | None, age: float | None, destination: str | None
) -> None:
    application = load_template(tmp_path, _mapping(f"{KAFKA}, {properties}") + "  Bucket: {Type: AWS::S3::Bucket}\n")
    [mapping] = application.mappings
    assert (mapping.bisect, mapping.maximum_retries, mapping.maximum_age) == (bisect, retries, age)
    assert mapping.on_failure == destination
    assert application.ignored == ()


def test_filter_patterns_of_a_mapping_are_read(tmp_path: Path) -> None:
    pattern = '{"value": {"kind": ["Event"]}}'
    application = load_template(tmp_path, _mapping(f"{KAFKA}, FilterCriteria: {{Filters: [{{Pattern: '{pattern}'}}]}}"))
    [mapping] = application.mappings
    assert mapping.filters == (FilterPattern.parse(pattern),)
    assert application.ignored == ()


def test_error_names_the_mapping_whose_filter_aws_refuses(tmp_path: Path) -> None:
    with pytest.raises(
        TemplateError, match=r"^Mapping: AWS refuses a filter of FilterCriteria: the pattern is not JSON"
    ):
        load_template(tmp_path, _mapping(f"{KAFKA}, FilterCriteria: {{Filters: [{{Pattern: '{{'}}]}}"))


def _to_topic(topic: str) -> str:
    return f"DestinationConfig: {{OnFailure: {{Destination: 'kafka://{topic}'}}}}"


def test_on_failure_destination_may_be_a_topic_of_kafka(tmp_path: Path) -> None:
    application = load_template(tmp_path, _mapping(f"{KAFKA}, {PROVISIONED}, {_to_topic('dead')}"))
    [mapping] = application.mappings
    assert mapping.on_failure_topic == "dead"
    assert mapping.maximum_retries == 10
    assert application.ignored == ()


def test_topic_that_a_mapping_reads_is_no_destination_of_it(tmp_path: Path) -> None:
    message = "AWS refuses Mapping: the on-failure destination kafka://topic is the topic that the mapping reads"
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, _mapping(f"{KAFKA}, {PROVISIONED}, {_to_topic('topic')}"))


@pytest.mark.parametrize(
    "function", ["!ImportValue fn", "Elsewhere", "'arn:aws:lambda:us-east-1:1:function:Elsewhere'"]
)
def test_mapping_to_a_function_of_another_stack_is_a_missing_trigger(tmp_path: Path, function: str) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: {function}, {KAFKA}}}
"""
    application = load_template(tmp_path, resources)
    assert application.mappings == ()
    [missing] = application.missing_triggers
    assert (missing.logical_id, missing.source) == ("Mapping", "Amazon MSK")
    assert missing.function in {"fn", "Elsewhere"}
    assert missing.reason == f"{missing.function} is not a function of the template"


CLUSTER = """
  Cluster:
    Type: AWS::MSK::Cluster
    Properties: {ClusterName: shop}
"""
OF_CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/shop/00000000-0000-4000-8000-000000000000-1"
OF_ANOTHER = "arn:aws:kafka:us-east-1:123456789012:cluster/local/00000000-0000-4000-8000-000000000000-1"


@pytest.mark.parametrize(
    ("stream", "arn"),
    [
        ("!Ref Cluster", OF_CLUSTER),
        ("!GetAtt Cluster.Arn", OF_CLUSTER),
        ("'{{resolve:ssm:/shop/cluster}}'", OF_ANOTHER),
        ("REPLACE-WITH-YOUR-CLUSTER", OF_ANOTHER),
        (
            "'arn:aws:kafka:eu-west-1:111122223333:cluster/c/uuid-2'",
            "arn:aws:kafka:eu-west-1:111122223333:cluster/c/uuid-2",
        ),
    ],
)
def test_msk_trigger_is_kafka_however_its_cluster_is_named(tmp_path: Path, stream: str, arn: str) -> None:
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Msk: {{Type: MSK, Properties: {{Stream: {stream}, Topics: [topic], StartingPosition: LATEST}}}}
{CLUSTER}""",
    )
    assert [mapping.event_source_arn for mapping in application.mappings] == [arn]
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("properties", "refused"),
    [
        ("StartingPosition: EARLIEST", "StartingPosition is EARLIEST: AWS takes TRIM_HORIZON, LATEST, AT_TIMESTAMP"),
        ("BatchSize: 20000", "BatchSize is 20000: AWS takes 1 to 10000"),
        ("BatchSize: 0", "BatchSize is 0: AWS takes 1 to 10000"),
        ("BatchSize: many", "BatchSize is 'many', which is no number"),
        ("MaximumBatchingWindowInSeconds: 999", "MaximumBatchingWindowInSeconds is 999: AWS takes 0 to 300"),
        ("MaximumRetryAttempts: 10001", "MaximumRetryAttempts is 10001: AWS takes -1 to 10000"),
        (
            "FunctionResponseTypes: [BatchItemFailures]",
            "FunctionResponseTypes[0] is BatchItemFailures: AWS takes Report",
        ),
        (
            "FunctionResponseTypes: ReportBatchItemFailures",
            "FunctionResponseTypes is 'ReportBatchItemFailures', which is",
        ),
        ("Topics: [a, b]", "Topics has 2 entries: AWS takes 1"),
        ("Topics: []", "Topics has 0 entries: AWS takes 1; Topics is missing: a Kafka mapping has one topic"),
        ("Topics: ['a b']", "Topics[0] is 'a b': AWS takes only text that matches"),
        (
            "StartingPosition: AT_TIMESTAMP",
            "StartingPosition is AT_TIMESTAMP, and StartingPositionTimestamp is missing",
        ),
        (
            "AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: 'a#b'}",
            "AmazonManagedKafkaEventSourceConfig.ConsumerGroupId is 'a#b': AWS takes only text that matches",
        ),
        (
            "DestinationConfig: {OnFailure: {Destination: !GetAtt Fn.Arn}}",
            "the on-failure destination is arn:aws:lambda:us-east-1:123456789012:function:Fn: it can be a queue",
        ),
    ],
)
def test_values_that_aws_refuses_are_refused_at_the_start(tmp_path: Path, properties: str, refused: str) -> None:
    topics = "" if "Topics" in properties else ", Topics: [topic]"
    position = "" if "StartingPosition" in properties else f", {LATEST}"
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, _mapping(f"EventSourceArn: '{OF_CLUSTER}', {properties}{topics}{position}"))
    assert f"AWS refuses Mapping: {refused}" in str(raised.value)


def test_pattern_of_a_filter_is_a_text(tmp_path: Path) -> None:
    pattern = "FilterCriteria: {Filters: [{Pattern: {value: {a: [1]}}}]}"
    with pytest.raises(TemplateError, match=r"AWS refuses .*It is JSON as a text: write it between quotes"):
        load_template(tmp_path, _mapping(f"{KAFKA}, {pattern}"))


@pytest.mark.parametrize(
    ("servers", "bootstrap"),
    [
        ("[!Ref Brokers]", "a:1,b:2"),
        ("!Ref BrokerList", "a:1,b:2"),
        ("!Split [',', !Ref Brokers]", "a:1,b:2"),
        ("!Split [',', !ImportValue brokers]", "brokers"),
        ("!GetAtt Fn.Brokers", "Fn.Brokers"),
    ],
)
def test_brokers_may_be_one_text_in_a_list_or_unknown(tmp_path: Path, servers: str, bootstrap: str) -> None:
    cluster = f"SelfManagedEventSource: {{Endpoints: {{KafkaBootstrapServers: {servers}}}}}, Topics: [topic]"
    declared = "Brokers: {Type: String, Default: 'a:1,b:2'}, BrokerList: {Type: CommaDelimitedList, Default: 'a:1,b:2'}"
    [mapping] = load_template(tmp_path, _mapping(cluster), rest=f"Parameters: {{{declared}}}").mappings
    assert mapping.bootstrap == bootstrap


@pytest.mark.parametrize("default", ["'true'", "true"])
@pytest.mark.parametrize("allowed", ["[true, false]", "['true', 'false']"])
def test_condition_compares_a_parameter_with_a_boolean(tmp_path: Path, default: str, allowed: str) -> None:
    rest = f"""
    Parameters: {{WithKafka: {{Type: String, Default: {default}, AllowedValues: {allowed}}}}}
    Conditions: {{Kafka: !Equals [!Ref WithKafka, true]}}
    """
    kind = "Type: AWS::Lambda::EventSourceMapping\n"
    resources = _mapping(KAFKA).replace(kind, f"{kind}    Condition: Kafka\n")
    assert len(load_template(tmp_path, resources, rest=rest).mappings) == 1
    assert load_template(tmp_path, resources, {"WithKafka": "false"}, rest).mappings == ()


def test_mapping_without_a_topic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"AWS refuses Mapping: Topics is missing: a Kafka mapping has one topic$"):
        load_template(tmp_path, _mapping(f"EventSourceArn: '{OF_CLUSTER}', {LATEST}"))


def test_two_mappings_of_one_group_are_refused(tmp_path: Path) -> None:
    group = "AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: notify}"
    one = _mapping(f"{KAFKA}, {group}")
    two = one + one.partition("main.handler\n")[2].replace("  Mapping:", "  Other:")
    with pytest.raises(TemplateError, match="Mapping and Other have the same ConsumerGroupId, notify"):
        load_template(tmp_path, two)


def test_msk_trigger_on_the_cluster_of_another_stack_is_kafka_and_the_import_is_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Msk:
          Type: MSK
          Properties:
            Stream: !ImportValue {{"Fn::Sub": "${{AWS::StackName}}-cluster"}}
            Topics: [topic]
            StartingPosition: LATEST
""",
    )
    assert [mapping.event_source_arn for mapping in application.mappings] == [OF_ANOTHER]
    text = "!ImportValue local-cluster: the value of another stack. Its name stands for it. "
    assert application.ignored == (f"{text}Give it with --parameter-overrides '!ImportValue local-cluster=VALUE'",)


OF_REGISTRY = """AmazonManagedKafkaEventSourceConfig:
        SchemaRegistryConfig:
          SchemaRegistryURI: {uri}
          EventRecordFormat: SOURCE
          SchemaValidationConfigs: [{{Attribute: KEY}}, {{Attribute: VALUE}}]
          AccessConfigs: [{{Type: BASIC_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s'}}]
"""


def _mapping_with_registry(uri: str) -> str:
    return f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
      Topics: [topic]
      {LATEST}
      {PROVISIONED}
      {OF_REGISTRY.format(uri=uri)}
"""


@pytest.mark.parametrize(
    ("uri", "is_glue"),
    [("https://registry:8081", False), ("arn:aws:glue:us-east-1:123456789012:registry/r", True)],
)
def test_mapping_has_its_schema_registry(tmp_path: Path, uri: str, is_glue: bool) -> None:
    application = load_template(tmp_path, _mapping_with_registry(uri))
    [mapping] = application.mappings
    assert mapping.schema_registry == SchemaRegistryConfig(
        uri=uri,
        record_format="SOURCE",
        attributes=frozenset({"KEY", "VALUE"}),
        access={"BASIC_AUTH": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"},
    )
    assert mapping.schema_registry.is_glue is is_glue


def test_uri_of_a_schema_registry_is_a_url_or_an_arn_of_glue(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="AWS refuses Mapping: SchemaRegistryURI is 'registry': it is the URL"):
        load_template(tmp_path, _mapping_with_registry("registry"))


@pytest.mark.parametrize(
    ("kinds", "authentication"),
    [
        (["BASIC_AUTH"], KafkaAuthentication(mechanism="PLAIN", user="arn:BASIC_AUTH")),
        (["SASL_SCRAM_256_AUTH"], KafkaAuthentication(mechanism="SCRAM-SHA-256", user="arn:SASL_SCRAM_256_AUTH")),
        (
            ["CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE"],
            KafkaAuthentication(certificate="arn:CLIENT_CERTIFICATE_TLS_AUTH", ca="arn:SERVER_ROOT_CA_CERTIFICATE"),
        ),
        (["OAUTHBEARER_AUTH", "OAUTHBEARER_SCOPE"], KafkaAuthentication(unsupported=("OAUTHBEARER_AUTH",))),
        (["VPC_SUBNET", "VPC_SECURITY_GROUP"], KafkaAuthentication()),
    ],
)
def test_mapping_has_its_authentication(tmp_path: Path, kinds: list[str], authentication: KafkaAuthentication) -> None:
    configurations = ", ".join(f"{{Type: {kind}, URI: 'arn:{kind}'}}" for kind in kinds)
    application = load_template(tmp_path, _mapping(f"{SELF_MANAGED}, SourceAccessConfigurations: [{configurations}]"))
    [mapping] = application.mappings
    assert mapping.authentication == authentication
    assert bool(mapping.authentication) is (authentication != KafkaAuthentication())


@pytest.mark.parametrize("kind", ["IAM_AUTH", "IAM_OAUTHBEARER_AUTH", "OAUTHBEARER_AUTH"])
@pytest.mark.parametrize("source", [KAFKA, SELF_MANAGED])
def test_authentication_that_samrun_has_not_is_named_with_what_runs_instead(
    tmp_path: Path, source: str, kind: str
) -> None:
    uri = "" if kind.startswith("IAM") else ", URI: 'arn:secret'"
    application = load_template(tmp_path, _mapping(f"{source}, SourceAccessConfigurations: [{{Type: {kind}{uri}}}]"))
    assert application.mappings[0].authentication.unsupported == (kind,)
    assert application.ignored == (
        f"Mapping: {kind}: samrun cannot authenticate so. The mapping reads the local Kafka without authentication",
    )


SECRET = "URI: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s'"
TWELVE = ", ".join(f"{{Pattern: '{{\"value\": [{each}]}}'}}" for each in range(12))


@pytest.mark.parametrize(
    ("properties", "refused"),
    [
        ("MaximumRecordAgeInSeconds: 0", "MaximumRecordAgeInSeconds is 0: AWS takes 60 and more, or -1"),
        ("MaximumRecordAgeInSeconds: 30", "MaximumRecordAgeInSeconds is 30: AWS takes 60 and more, or -1"),
        (
            "ProvisionedPollerConfig: {MinimumPollers: 9, MaximumPollers: 2}",
            "ProvisionedPollerConfig has MinimumPollers 9, which is more than its MaximumPollers 2",
        ),
        (
            "ProvisionedPollerConfig: {MaximumPollers: 2001}",
            "ProvisionedPollerConfig has more MaximumPollers than Kafka's 2000",
        ),
        ("BatchSize: 1.5", "BatchSize is 1.5: AWS takes whole numbers"),
        ("BatchSize: '1.5'", "BatchSize is 1.5: AWS takes whole numbers"),
        ("BatchSize: true", "BatchSize is True, which is no number"),
        ("MaximumBatchingWindowInSeconds: 0.5", "MaximumBatchingWindowInSeconds is 0.5: AWS takes whole numbers"),
        (f"FilterCriteria: {{Filters: [{TWELVE}]}}", "FilterCriteria.Filters has 12 entries: AWS takes at most 10"),
        ("FilterCriteria: {Filters: [{}]}", "FilterCriteria.Filters has an entry without a Pattern"),
        ("FilterCriteria: {Filters: }", "FilterCriteria.Filters is None, which is no list"),
        ("FilterCriteria: [a]", "FilterCriteria is ['a'], which is no object"),
        ("Enabled: maybe", "Enabled is 'maybe': AWS takes true or false"),
        ("BisectBatchOnFunctionError: maybe", "BisectBatchOnFunctionError is 'maybe': AWS takes true or false"),
        (
            "StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: '2025-01-01T00:00:00Z'",
            "StartingPositionTimestamp is '2025-01-01T00:00:00Z', which is no number: AWS takes Unix seconds",
        ),
        (
            "SelfManagedKafkaEventSourceConfig: {ConsumerGroupId: x}",
            "SelfManagedKafkaEventSourceConfig is not for this event source (Amazon MSK)",
        ),
        ("ParallelizationFactor: 5", "ParallelizationFactor is not for this event source (Amazon MSK)"),
        ("TumblingWindowInSeconds: 5", "TumblingWindowInSeconds is not for this event source (Amazon MSK)"),
        ("ScalingConfig: {MaximumConcurrency: 5}", "ScalingConfig is not for this event source (Amazon MSK)"),
        (
            f"SourceAccessConfigurations: [{{Type: BASIC_AUTH, {SECRET}}}]",
            "SourceAccessConfigurations[0] is BASIC_AUTH, which MSK does not have",
        ),
        (
            f"SourceAccessConfigurations: [{{Type: SASL_SCRAM_256_AUTH, {SECRET}}}]",
            "SourceAccessConfigurations[0] is SASL_SCRAM_256_AUTH, which MSK does not have",
        ),
        (
            "SourceAccessConfigurations: [{Type: VIRTUAL_HOST, URI: /}]",
            "SourceAccessConfigurations[0] is VIRTUAL_HOST, which MSK does not have",
        ),
        (
            "SourceAccessConfigurations: [{Type: SASL_SCRAM_512_AUTH}]",
            "SourceAccessConfigurations[0] is SASL_SCRAM_512_AUTH without a URI",
        ),
        ("SourceAccessConfigurations: [{URI: x}]", "SourceAccessConfigurations[0] has no Type"),
    ],
)
def test_parts_that_aws_refuses_together_are_refused_at_the_start(
    tmp_path: Path, properties: str, refused: str
) -> None:
    position = "" if "StartingPosition" in properties else f"\n      {LATEST}"
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      {MSK}
      Topics: [topic]{position}
      {properties.replace(", StartingPositionTimestamp", chr(10) + "      StartingPositionTimestamp")}
"""
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, resources)
    assert f"AWS refuses Mapping: {refused}" in str(raised.value)


@pytest.mark.parametrize(
    ("properties", "refused"),
    [
        (
            "AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: x}",
            "AmazonManagedKafkaEventSourceConfig is not for this event source (self-managed Apache Kafka)",
        ),
        (
            "SourceAccessConfigurations: [{Type: VIRTUAL_HOST, URI: /}]",
            "SourceAccessConfigurations[0] is VIRTUAL_HOST, which Kafka does not have",
        ),
    ],
)
def test_parts_that_a_self_managed_source_has_not_are_refused(tmp_path: Path, properties: str, refused: str) -> None:
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, _mapping(f"{SELF_MANAGED}, {properties}"))
    assert f"AWS refuses Mapping: {refused}" in str(raised.value)


@pytest.mark.parametrize("source", ["{}", "{Endpoints: {KafkaBootstrapServers: 'a:9092'}}"])
def test_self_managed_source_without_a_list_of_brokers_is_refused(tmp_path: Path, source: str) -> None:
    message = "AWS refuses Mapping: SelfManagedEventSource has no list of KafkaBootstrapServers"
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, _mapping(f"SelfManagedEventSource: {source}, Topics: [topic], {LATEST}"))


def test_mapping_to_msk_has_a_starting_position(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"AWS refuses Mapping: StartingPosition is missing: a mapping to MSK"):
        load_template(tmp_path, _mapping(f"{MSK}, Topics: [topic]"))


def test_self_managed_source_may_have_no_starting_position_and_that_is_listed(tmp_path: Path) -> None:
    application = load_template(tmp_path, _mapping(SELF_MANAGED.replace(f", {LATEST}", "")))
    assert application.mappings[0].starting_position == "TRIM_HORIZON"
    assert application.ignored == ("Mapping: it has no StartingPosition: it starts at TRIM_HORIZON",)


def test_timestamp_without_its_position_is_listed(tmp_path: Path) -> None:
    application = load_template(tmp_path, _mapping(f"{KAFKA}, StartingPositionTimestamp: 1"))
    assert application.ignored == ("Mapping: StartingPositionTimestamp, because StartingPosition is LATEST",)


@pytest.mark.parametrize("properties", ["BatchSize: '10'", "BatchSize: 10.0", "Enabled: 'True'"])
def test_values_that_cloudformation_converts_are_taken(tmp_path: Path, properties: str) -> None:
    assert len(load_template(tmp_path, _mapping(f"{KAFKA}, {properties}")).mappings) == 1
