"""Topics as a template declares them."""

from pathlib import Path

import pytest

from samrun.template.loader import load
from samrun.template.model.application import Application
from samrun.template.model.kafka_topics import KafkaTopic
from samrun.template.triggers.declared_topics import TopicInvalidError


def _load(folder: Path, properties: str) -> Application:
    template = folder / "template.yaml"
    template.write_text(f"""
Parameters: {{Partitions: {{Type: Number, Default: 2}}}}
Resources:
  Cluster: {{Type: AWS::MSK::Cluster}}
  Events:
    Type: AWS::MSK::Topic
    Properties:
      ClusterArn: !GetAtt Cluster.Arn
      ReplicationFactor: 3
{properties}
""")
    return load(template, parameters={}, region="us-east-1", aws="http://127.0.0.1:4566")


def test_a_topic_has_its_name_its_partitions_and_its_settings(tmp_path: Path) -> None:
    configs = '{"cleanup.policy": "compact", "retention.ms": 3600000, "min.insync.replicas": "2"}'
    application = _load(
        tmp_path,
        f"      TopicName: events\n      PartitionCount: !Ref Partitions\n      Configs: {{'Fn::Base64': '{configs}'}}",
    )
    assert application.kafka_topics == (
        KafkaTopic(
            logical_id="Events",
            name="events",
            partitions=2,
            configs={"cleanup.policy": "compact", "retention.ms": "3600000"},
        ),
    )
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("      PartitionCount: 1", "Events: the topic needs a TopicName"),
        ("      TopicName: events\n      PartitionCount: many", "Events: PartitionCount has to be a number"),
        ("      TopicName: events\n      PartitionCount: 1\n      Configs: e30k!", "Events: .* Configs a JSON object"),
        ("      TopicName: events\n      PartitionCount: 1\n      Configs: W10=", "Events: .* Configs a JSON object"),
    ],
)
def test_a_topic_that_cannot_be_made_is_named(tmp_path: Path, properties: str, message: str) -> None:
    with pytest.raises(TopicInvalidError, match=message):
        _load(tmp_path, properties)
