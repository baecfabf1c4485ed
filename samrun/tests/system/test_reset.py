"""Reset of a stack whose topics and mappings are not the usual ones."""

from pathlib import Path

from confluent_kafka.admin import NewTopic

from samrun.services.kafka import create_topic
from samrun.testing.stack import RunningStack

APP = Path(__file__).parents[1] / "apps" / "tested"
CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/other/751d2973-a626-431c-9d4e-d7975eb44dd7-2"


def test_reset_passes_over_a_compacted_topic_and_a_mapping_that_waits_for_its_topic(tmp_path: Path) -> None:
    with RunningStack(APP, tmp_path / "data") as stack:
        # Kafka deletes no records of such a topic on request.
        compacted = NewTopic("states", num_partitions=1, replication_factor=-1, config={"cleanup.policy": "compact"})
        create_topic(stack.endpoints["kafka"], compacted)
        stack.produce("states", "on", key="lamp")
        stack.produce("registrations", {"email": "ada@example.com", "name": "Ada"})
        stack.aws("lambda").create_event_source_mapping(
            FunctionName="Welcome", EventSourceArn=CLUSTER, Topics=["missing"], StartingPosition="TRIM_HORIZON"
        )
        stack.wait_until_idle()
        stack.reset()
        assert [each.value for each in stack.records("states")] == [b"on"]
        assert stack.records("registrations") == []
        stack.wait_until_idle()
