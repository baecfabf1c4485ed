"""Compare notify's mapping with what its stack's parameters say: `python -m tools.check_mapping STACK`.

CloudFormation can report success for a change of a mapping that Lambda does not make: docs/decisions.md, "A time
replaces notify's mapping". deploy.yml runs this after each deployment, in the SAM CLI's environment, which has boto3
and nothing else of ours.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WHAT_TO_DO = 'See "Another topic or cluster" in docs/operations.md.'
# States of a mapping that reads, or soon will.
_STATES = {"Creating", "Enabling", "Enabled", "Updating"}


def differences(mapping: Mapping[str, Any], outputs: Mapping[str, str]) -> list[str]:
    """Return a sentence for each difference between Lambda's mapping and the stack's outputs."""
    topics = ", ".join(mapping.get("Topics", []))
    config = (
        mapping.get("AmazonManagedKafkaEventSourceConfig") or mapping.get("SelfManagedKafkaEventSourceConfig") or {}
    )
    group, state = config.get("ConsumerGroupId"), mapping["State"]
    found = []
    if topics != (topic := outputs["NotifyTopicName"]):
        found.append(f"The mapping reads the topic {topics}, and not {topic}. {WHAT_TO_DO}")
    if group != (wanted := outputs["NotifyConsumerGroup"]):
        found.append(f"The mapping reads as the consumer group {group}, and not {wanted}. {WHAT_TO_DO}")
    if state not in _STATES:
        reason = mapping.get("StateTransitionReason") or mapping.get("LastProcessingResult")
        found.append(f"The mapping is {state}: {reason}. Notify reads nothing.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences; return the exit status, 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tools.check_mapping", description=__doc__)
    parser.add_argument("stack", help="name of the stack, such as orders-dev")
    stack = parser.parse_args(arguments).stack
    try:
        outputs = _outputs(stack)
        mapping = boto3.client("lambda").get_event_source_mapping(UUID=outputs["NotifyMappingId"])
    except (BotoCoreError, ClientError) as error:
        print(f"The mapping of {stack} cannot be read: {error}", file=sys.stderr)
        return 1
    found = differences(mapping, outputs)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print(f"Notify reads {outputs['NotifyTopicName']} as {outputs['NotifyConsumerGroup']}: {mapping['State']}.")
    return 1 if found else 0


def _outputs(stack: str) -> dict[str, str]:
    [found] = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


if __name__ == "__main__":
    sys.exit(main())
