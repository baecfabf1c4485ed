"""Tags of mappings by Lambda's API."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.lambda_caller import RefusalError
from support.mapping_api import MappingApi, mapping_api

MSK = {
    "FunctionName": "reader",
    "EventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "Topics": ["orders"],
    "StartingPosition": "TRIM_HORIZON",
}


def run(scenario: Callable[[MappingApi], Awaitable[Any]]) -> Any:
    """Return the result of a scenario with the API."""

    async def with_api() -> Any:
        async with mapping_api() as api:
            return await scenario(api)

    return asyncio.run(with_api())


def test_mapping_has_the_tags_that_requests_gave_it() -> None:
    async def scenario(api: MappingApi) -> list[dict[str, str]]:
        made = await api.call("CreateEventSourceMapping", **MSK, Tags={"team": "orders", "old": "yes"})
        arn = made["EventSourceMappingArn"]
        found = [(await api.call("ListTags", Resource=arn))["Tags"]]
        await api.call("TagResource", Resource=arn, Tags={"team": "shop", "new": "yes"})
        await api.call("UntagResource", Resource=arn, TagKeys=["old", "never"])
        return [*found, (await api.call("ListTags", Resource=arn))["Tags"]]

    assert run(scenario) == [{"team": "orders", "old": "yes"}, {"team": "shop", "new": "yes"}]


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:event-source-mapping:nobody", "ResourceNotFoundException"),
        ("arn:aws:lambda:us-east-1:123456789012:function:reader", "InvalidParameterValueException"),
    ],
)
def test_tags_of_something_else_are_refused(arn: str, code: str) -> None:
    async def scenario(api: MappingApi) -> str:
        with pytest.raises(RefusalError) as caught:
            await api.call("ListTags", Resource=arn)
        return caught.value.code

    assert run(scenario) == code
