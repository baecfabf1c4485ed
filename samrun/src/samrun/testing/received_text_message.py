"""Text message that the local SNS accepted, as a test sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class ReceivedTextMessage:
    """A text message (SMS) to a phone number, as the function wrote it: `+4930123456`."""

    id: str
    to: str
    text: str

    @classmethod
    def from_moto(cls, message: Mapping[str, Any]) -> Self:
        """Return the text message that moto lists at `/moto-api/data.json`."""
        return cls(id=message["message_id"], to=message["phone_number"], text=message["message"])
