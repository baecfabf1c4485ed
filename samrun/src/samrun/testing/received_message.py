"""Message of a queue, as a test sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """A message of a queue of SQS. `attributes` has the values of its message attributes, texts or bytes, by name."""

    id: str
    body: str
    attributes: Mapping[str, str | bytes]

    @classmethod
    def from_sqs(cls, message: Mapping[str, Any]) -> Self:
        """Return a message that boto3 received with all its message attributes."""
        attributes = {
            name: value["StringValue"] if "StringValue" in value else value["BinaryValue"]
            for name, value in message.get("MessageAttributes", {}).items()
        }
        return cls(id=message["MessageId"], body=message["Body"], attributes=attributes)
