"""Outputs of a deployed stack: the names of its tables, queues, functions and bucket.

An output names the table that the functions use, also one that the parameters name and the stack did not make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from samrun import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from boto3 import Session


class StackOutputsError(UserError):
    """The stack cannot be looked up, or is none of template.yaml."""


def stack_outputs(session: Session, stack: str, wanted: AbstractSet[str]) -> Mapping[str, str]:
    """Return the outputs of a CloudFormation stack; those of `wanted` are among them. Raises StackOutputsError."""
    try:
        [described] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise StackOutputsError(f"The stack {stack} cannot be looked up: {error}") from error
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    if missing := wanted - outputs.keys():
        raise StackOutputsError(
            f"The stack {stack} has no output {' and no '.join(sorted(missing))}. Is it a stack of template.yaml?"
        )
    return outputs
