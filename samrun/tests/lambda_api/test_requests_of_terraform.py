"""The requests of Terraform's resource aws_lambda_event_source_mapping, in its order, and the states that it waits for.

From internal/service/lambda/event_source_mapping.go of hashicorp/terraform-provider-aws.
"""

import asyncio
from typing import Any

import pytest

from samrun.template.model.kafka_mappings import KafkaMapping
from support.lambda_caller import RefusalError
from support.mapping_api import MappingApi, mapping_api

CREATED = {
    "FunctionName": "reader",
    "EventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
    "Topics": ["orders"],
    "StartingPosition": "TRIM_HORIZON",
    "Enabled": True,
    "FilterCriteria": {"Filters": [{"Pattern": '{"value": ["a"]}'}]},
    "Tags": {"team": "orders"},
}
DONE = {"Enabled", "Disabled"}
# The states between which it goes on waiting: any other one ends it with an error.
PENDING_OF_CREATION = {"Creating", "Disabling", "Enabling"}
PENDING_OF_UPDATE = {"Disabling", "Enabling", "Updating"}
# It sends what has changed: nothing at all for new tags, an empty object for criteria that are gone.
CHANGES: list[dict[str, Any]] = [{}, {"BatchSize": 5}, {"FilterCriteria": {}}, {"Enabled": False}, {"Enabled": True}]


async def states_until_done(api: MappingApi, uuid: str) -> list[str]:
    """Return the states that someone sees who asks again and again, until nothing changes any more."""
    states: list[str] = []
    while not states or states[-1] not in DONE:
        states.append((await api.call("GetEventSourceMapping", UUID=uuid))["State"])
        await asyncio.sleep(0)
    return states


def test_terraform_makes_changes_and_deletes_a_mapping() -> None:
    async def scenario() -> None:
        async with mapping_api() as api:
            made = await api.call("CreateEventSourceMapping", **CREATED)
            uuid, arn = made["UUID"], made["EventSourceMappingArn"]
            assert {made["State"], *await states_until_done(api, uuid)} <= PENDING_OF_CREATION | DONE
            assert (await api.call("ListTags", Resource=arn))["Tags"] == {"team": "orders"}
            for change in CHANGES:
                changed = await api.call("UpdateEventSourceMapping", UUID=uuid, **change)
                assert {changed["State"], *await states_until_done(api, uuid)} <= PENDING_OF_UPDATE | DONE
            [*_, last] = api.started
            assert isinstance(last, KafkaMapping)
            assert (last.batch_size, last.filters) == (5, ())
            read = await api.call("GetEventSourceMapping", UUID=uuid)
            assert (read["State"], read["FunctionArn"]) == ("Enabled", made["FunctionArn"])

            deleted = await api.call("DeleteEventSourceMapping", UUID=uuid)
            assert deleted["State"] == "Deleting"
            await api.registry.settled()
            with pytest.raises(RefusalError) as refused:
                await api.call("GetEventSourceMapping", UUID=uuid)
            assert (refused.value.status, refused.value.code) == (404, "ResourceNotFoundException")

    asyncio.run(scenario())
