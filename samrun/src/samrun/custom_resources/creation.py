"""Creation of custom resources: the event of CloudFormation for each, and its answer.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from samrun.custom_resources.resource_responses import ResourceResponse, ResourceResponses
from samrun.functions.invoker import InvocationResult, Invoker
from samrun.template.model.account import ACCOUNT
from samrun.template.model.triggers import CustomResource

# Seconds for an answer to arrive that was sent before its function returned.
_GRACE = 1.0


@dataclass(frozen=True, kw_only=True)
class Creation:
    """Creation of custom resources. `report` and `fail` take a line about each."""

    invoker: Invoker
    answers: ResourceResponses
    region: str
    report: Callable[[str], None]
    fail: Callable[[str], None]

    async def create(self, resources: Iterable[CustomResource]) -> None:
        """Have the resources made, one after another, in the order of the template. A failure is reported."""
        for resource in resources:
            url, answer = self.answers.expect()
            result = await self.invoker.invoke(resource.function, self._event(resource, url))
            # A function may leave the answer to another, which answers later; nothing waits for that one.
            done, _ = await asyncio.wait([answer], timeout=_GRACE)
            self._tell(resource, result, answer.result() if done else None)

    def _event(self, resource: CustomResource, url: str) -> bytes:
        event = {
            "RequestType": "Create",
            "ResponseURL": url,
            "StackId": f"arn:aws:cloudformation:{self.region}:{ACCOUNT}:stack/samrun/0",
            "RequestId": str(uuid.uuid4()),
            "ResourceType": resource.type,
            "LogicalResourceId": resource.logical_id,
            "ResourceProperties": resource.properties,
        }
        return json.dumps(event).encode()

    def _tell(self, resource: CustomResource, result: InvocationResult, answer: ResourceResponse | None) -> None:
        name = f"{resource.logical_id} ({resource.type})"
        if answer is None:
            why = (
                f"failed ({result.error_type})"
                if result.function_error
                else "did not answer at the event's ResponseURL"
            )
            self.fail(f"{name} is not made: {resource.function} {why}")
        elif answer.get("Status") != "SUCCESS":
            self.fail(f"{name} is not made: {resource.function} says {answer.get('Reason') or answer.get('Status')}")
        else:
            # The values may be secret.
            data = answer.get("Data")
            names = ", ".join(data) if isinstance(data, dict) else ""
            self.report(f"made {name}" + (f", with {names}" if names else ""))
