"""Tables of a template, created in DynamoDB Local."""

from collections.abc import Mapping
from typing import Any

from samrun.services.clients import Clients
from samrun.template.model.application import Resource
from samrun.template.resolution.booleans import is_true

# Properties of a table and of an index that DynamoDB Local accepts.
_TABLE = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
)
_INDEX = ("IndexName", "KeySchema", "Projection", "ProvisionedThroughput")


def create(resource: Resource, client: Clients) -> None:
    """Create a table with its indexes, stream and time to live."""
    dynamodb, properties = client("dynamodb"), resource.properties
    dynamodb.create_table(
        TableName=resource.name,
        **{name: _api_form(name, properties[name]) for name in _TABLE if name in properties},
        **_stream(properties),
    )
    time_to_live = properties.get("TimeToLiveSpecification")
    if time_to_live:
        # A template may write the boolean as text.
        enabled = is_true(time_to_live.get("Enabled", True))
        dynamodb.update_time_to_live(
            TableName=resource.name, TimeToLiveSpecification={**time_to_live, "Enabled": enabled}
        )


def _api_form(name: str, value: Any) -> Any:
    """Return a property as the API wants it: indexes without what DynamoDB Local lacks, and numbers as numbers."""
    if name == "ProvisionedThroughput":
        return {unit: int(capacity) for unit, capacity in value.items()}
    if name in {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}:
        return [{key: _api_form(key, index[key]) for key in _INDEX if key in index} for index in value]
    return value


def _stream(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stream's specification. CloudFormation has no StreamEnabled: the specification itself enables it.

    A table whose changes go to Kinesis has a stream, too: they are read from there.
    """
    view = properties.get("StreamSpecification", {}).get("StreamViewType")
    if "KinesisStreamSpecification" in properties:
        view = "NEW_AND_OLD_IMAGES"
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}} if view else {}
