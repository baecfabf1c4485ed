"""A stack whose mappings authenticate in each way, have a schema registry, and a topic for discarded records."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from samrun.testing.stack import RunningStack
from support.schema_registry import framed, running_registry

pytestmark = pytest.mark.xdist_group("stack-of-mappings")

HANDLER = """
import base64

def handler(event, context):
    print("invoked as", context.invoked_function_arn, flush=True)
    for records in event["records"].values():
        for record in records:
            value = base64.b64decode(record["value"]).decode()
            print(record["topic"], value, record.get("valueSchemaMetadata"), flush=True)
            if value == "poison":
                raise ValueError
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Scram: {Type: String}
  Mtls: {Type: String}
  User: {Type: String}
  Client: {Type: String}
  Ca: {Type: String}
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: .}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      Events:
        Elsewhere:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: [kafka.example.com:9092]
            Topics: [plain]
            SourceAccessConfigurations:
              - {Type: BASIC_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:not-here'}
            ProvisionedPollerConfig: {MinimumPollers: 1}
            MaximumRetryAttempts: 1
            DestinationConfig: {OnFailure: {Type: Kafka, Destination: 'kafka://dead'}}
        Password:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: [!Ref Scram]
            Topics: [password]
            SourceAccessConfigurations:
              - {Type: BASIC_AUTH, URI: !Ref User}
              - {Type: SERVER_ROOT_CA_CERTIFICATE, URI: !Ref Ca}
        Certificate:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: [!Ref Mtls]
            Topics: [certificate]
            SourceAccessConfigurations:
              - {Type: CLIENT_CERTIFICATE_TLS_AUTH, URI: !Ref Client}
              - {Type: SERVER_ROOT_CA_CERTIFICATE, URI: !Ref Ca}
        Msk:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
            Topics: [msk]
            StartingPosition: TRIM_HORIZON
            SourceAccessConfigurations: [{Type: SASL_SCRAM_512_AUTH, URI: !Ref User}]
        Schemas:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
            Topics: [schemas]
            StartingPosition: TRIM_HORIZON
            ProvisionedPollerConfig: {MinimumPollers: 1}
            SchemaRegistryConfig:
              SchemaRegistryURI: https://registry.example.com
              EventRecordFormat: JSON
              SchemaValidationConfigs: [{Attribute: VALUE}]
"""
PARAMETERS = ("Scram={kafka_scram}", "Mtls={kafka_mtls}", "User={kafka_secret}", "Client={kafka_client_secret}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack to whose topics records were sent, which are done."""
    project = tmp_path_factory.mktemp("project")
    Path(project, "template.yaml").write_text(TEMPLATE)
    Path(project, "app.py").write_text(HANDLER)
    options = ["--parameter-overrides", *PARAMETERS, "Ca={kafka_ca_secret}"]
    with running_registry() as registry:
        schema_id = registry.register({"type": "object"}, "JSON")
        environment = {"SCHEMA_REGISTRY_URL": registry.url}
        with RunningStack(project, tmp_path_factory.mktemp("data"), options=options, environment=environment) as stack:
            stack.produce("plain", "poison", key="key")
            stack.produce("password", "for the user")
            stack.produce("certificate", "for the client")
            stack.produce("msk", "for the user of MSK")
            stack.produce("schemas", framed(schema_id, b'{"valid": true}'))
            stack.wait_until_idle()
            yield stack


@pytest.mark.parametrize(
    "printed",
    [
        "plain poison None",
        "password for the user None",
        "certificate for the client None",
        "msk for the user of MSK None",
        """schemas {"valid": true} {'dataFormat': 'JSON', 'schemaId': '1'}""",
    ],
)
def test_function_gets_the_records_of_each_mapping(stack: RunningStack, printed: str) -> None:
    assert any(printed in invocation.log for invocation in stack.invocations("Fn"))


def test_function_is_invoked_by_the_alias_of_the_mapping(stack: RunningStack) -> None:
    assert all("invoked as" in each.log for each in stack.invocations("Fn"))
    lines = [line for each in stack.invocations("Fn") for line in each.log.splitlines() if "invoked as" in line]
    assert all(line.endswith(":live") for line in lines)


def test_mapping_of_a_cluster_that_is_not_here_says_that_it_does_not_authenticate(stack: RunningStack) -> None:
    [line] = stack.logged("does not use its SourceAccessConfigurations")
    assert "FnElsewhere" in line
    assert f"Kafka at {stack.endpoints['kafka']} asks for no authentication" in line


def test_schema_registry_that_stands_for_the_template_s_is_named(stack: RunningStack) -> None:
    [line] = stack.logged("FnSchemas uses the schema registry http://127.0.0.1:")
    assert "instead of https://registry.example.com, without AccessConfigs" in line


def test_discarded_records_are_in_a_topic_that_the_stack_created(stack: RunningStack) -> None:
    assert stack.logged("created the topic dead")
    assert stack.logged("sent to kafka://dead")
    [record] = stack.records("dead")
    assert record.value
    message = json.loads(record.value)
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["requestContext"]["approximateInvokeCount"] == 2
    [[discarded]] = message["payload"]["records"].values()
    assert discarded["key"] == "a2V5"
