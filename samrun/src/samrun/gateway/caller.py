"""Caller: who an authorizer found out to be calling, as the events of both formats show it."""

from typing import Any, Protocol


class Caller(Protocol):
    """The result of an authorizer that lets a request pass."""

    def in_event(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of an event in format 2.0."""
        ...

    def in_event_1(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of an event in format 1.0."""
        ...
