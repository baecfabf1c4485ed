"""The table of properties: it has those of CloudFormation, and what is not run is listed."""

import importlib.util
from pathlib import Path

import pytest

from samrun.template.support.levels import Level
from samrun.template.support.nested_names import NESTED_NAMES
from samrun.template.support.properties import PROPERTIES
from samrun.template.support.resource_types import CREATED
from support.templates import FUNCTION, load_template

TOOL = Path(__file__).parents[3] / "tools" / "nested_names.py"


@pytest.mark.parametrize("kind", PROPERTIES)
def test_table_has_every_property_of_cloudformation(kind: str) -> None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # it imports a library of mathematics

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    returned_only = {pointer.removeprefix("/properties/") for pointer in schema.get("readOnlyProperties", [])}
    assert PROPERTIES[kind].keys() == schema["properties"].keys() - returned_only


def test_level_that_asks_for_a_note_has_one() -> None:
    noted = {Level.DIFFERENT, Level.NOT_RUN}
    for kind, properties in PROPERTIES.items():
        for name, support in properties.items():
            assert bool(support.note) == (support.level in noted), f"{kind} {name}"


def test_property_that_is_not_run_is_listed(tmp_path: Path) -> None:
    file_system = "{Arn: 'arn:aws:elasticfilesystem:us-east-1:1:access-point/a', LocalMountPath: /mnt/files}"
    application = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      FileSystemConfigs: [{file_system}]\n")
    assert application.ignored == ("Fn: FileSystemConfigs: samrun mounts no file system",)


def test_property_that_nobody_knows_is_listed(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
      Topics: [topic]
      StartingPosition: LATEST
      BatchSise: 10
"""
    assert load_template(tmp_path, resources).ignored == ("Mapping: BatchSise, which samrun does not know",)


def test_table_has_every_type_that_the_runner_makes() -> None:
    assert PROPERTIES.keys() >= CREATED


def test_nested_names_are_those_of_cloudformation() -> None:
    specification = importlib.util.spec_from_file_location("nested_names_tool", TOOL)
    assert specification is not None
    assert specification.loader is not None
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    assert tool.names() == NESTED_NAMES, "run python samrun/tools/nested_names.py"


TABLE = """KeySchema: [{AttributeName: a, KeyType: HASH}],
      AttributeDefinitions: [{AttributeName: a, AttributeType: S}], BillingMode: PAY_PER_REQUEST"""


@pytest.mark.parametrize(
    ("resource", "listed"),
    [
        (
            f"DynamoDB::Table, Properties: {{{TABLE}, ImportSourceSpecification: {{InputFormat: CSV}}}}",
            "ImportSourceSpecification: samrun fills no table from S3",
        ),
        (
            "S3::Bucket, Properties: {CorsConfiguration: {CorsRules: []}}",
            "CorsConfiguration: no page of another origin reaches the local S3",
        ),
        (
            "S3::Bucket, Properties: {LifecycleConfiguration: {Rules: []}}",
            "LifecycleConfiguration: no object expires or moves; the bucket ends with the stack",
        ),
        (
            "S3::Bucket, Properties: {WebsiteConfiguration: {IndexDocument: i.html}}",
            "WebsiteConfiguration: samrun serves no websites from buckets",
        ),
        ("SQS::Queue, Properties: {QueueNam: x}", "QueueNam, which samrun does not know"),
        (
            "SQS::Queue, Properties: {RedrivePolicy: {deadLetter: x}, QueueNam: x, Nam: x}",
            "RedrivePolicy.deadLetter, QueueNam, Nam, which samrun does not know",
        ),
        (
            f"DynamoDB::Table, Properties: {{{TABLE}, StreamSpecification: {{ViewType: KEYS_ONLY}}}}",
            "StreamSpecification.ViewType, which samrun does not know",
        ),
    ],
)
def test_property_of_a_resource_that_is_made_is_listed_too(tmp_path: Path, resource: str, listed: str) -> None:
    assert load_template(tmp_path, f"\n  Made: {{Type: AWS::{resource}}}\n").ignored == (f"Made: {listed}",)


def test_name_inside_a_property_that_nobody_knows_is_listed(tmp_path: Path) -> None:
    resources = f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Fn
      EventSourceArn: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
      Topics: [topic]
      StartingPosition: LATEST
      AmazonManagedKafkaEventSourceConfig: {{ConsumerGroupID: x}}
      FilterCriteria: {{Filters: [{{Pattern: '{{"value": {{"Anything": [1]}}}}', Patern: x}}]}}
"""
    [line] = load_template(tmp_path, resources).ignored
    unknown = "AmazonManagedKafkaEventSourceConfig.ConsumerGroupID, FilterCriteria.Filters.Patern"
    assert line == f"Mapping: {unknown}, which samrun does not know"


def test_resources_with_the_same_line_share_it(tmp_path: Path) -> None:
    website = "{Type: AWS::S3::Bucket, Properties: {WebsiteConfiguration: {IndexDocument: i.html}}}"
    assert load_template(tmp_path, f"\n  One: {website}\n  Two: {website}\n").ignored == (
        "One, Two: WebsiteConfiguration: samrun serves no websites from buckets",
    )
