"""The table of properties: it has those of CloudFormation, and what is not run is listed."""

from pathlib import Path

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from samrun.template.support.levels import Level
from samrun.template.support.properties import PROPERTIES
from support.templates import FUNCTION, load_template


@pytest.mark.parametrize("kind", PROPERTIES)
def test_table_has_every_property_of_cloudformation(kind: str) -> None:
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
      BatchSise: 10
"""
    assert load_template(tmp_path, resources).ignored == ("Mapping: BatchSise, which samrun does not know",)
