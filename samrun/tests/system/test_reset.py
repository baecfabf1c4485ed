"""Reset of a stack whose topics and mappings are not the usual ones."""

from pathlib import Path

import httpx
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


_SLEEPER = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Sleeper:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Timeout: 900
      InlineCode: |
        import time
        def handler(event, context):
            time.sleep(event["seconds"])
"""


def test_reset_waits_for_an_invocation_but_not_for_ever(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(_SLEEPER)
    with RunningStack(tmp_path, tmp_path / "data") as stack:
        invoke = {"FunctionName": "Sleeper", "InvocationType": "Event"}
        stack.aws("lambda").invoke(**invoke, Payload=b'{"seconds": 0.5}')
        stack.reset()
        stack.aws("lambda").invoke(**invoke, Payload=b'{"seconds": 600}')
        answer = httpx.post(f"{stack.endpoints['console']}/samrun/v1/reset?wait=0.2", timeout=60)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert answer.text.startswith("The reset waited 0.2 s in vain for an invocation of Sleeper to end.")
