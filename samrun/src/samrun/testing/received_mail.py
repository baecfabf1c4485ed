"""Mail that the local SES accepted, as a test sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class ReceivedMail:
    """A mail: addresses without names, the bodies decoded, and "" for one that the mail does not have.

    `headers` has the values of each header, in their order.
    """

    id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_mailpit(cls, message: Mapping[str, Any], headers: Mapping[str, list[str]]) -> Self:
        """Return the mail of Mailpit's two answers about it."""
        return cls(
            id=message["ID"],
            sender=message["From"]["Address"],
            to=tuple(each["Address"] for each in message["To"]),
            subject=message["Subject"],
            text=message["Text"],
            html=message["HTML"],
            headers={name: tuple(values) for name, values in headers.items()},
        )
