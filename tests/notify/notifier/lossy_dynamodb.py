"""A DynamoDB that loses answers, drops writes, or makes them when its client no longer expects that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

TIMEOUT = ReadTimeoutError(endpoint_url="https://dynamodb.example")


class Loss(Enum):
    """Ways in which a write gets no answer."""

    ANSWER = auto()
    """It is made."""
    WRITE = auto()
    """It is not made."""
    DELAY = auto()
    """It is made later."""


@dataclass
class LossyDynamoDb:
    """DynamoDB that asks `next_loss` at each write; None lets it answer. `lost` counts the writes without an answer.

    Delayed writes are made by `make_delayed`, or before a write if `is_late_enough` says so.
    """

    client: DynamoDBClient
    next_loss: Callable[[], Loss | None] = lambda: None
    is_late_enough: Callable[[], bool] = lambda: False
    delayed: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0

    def lose(self, *losses: Loss | None) -> None:
        """Lose the next writes like this, and none after them."""
        script = list(losses)
        self.next_loss = lambda: script.pop(0) if script else None

    def update_item(self, **request: Any) -> Any:
        if self.is_late_enough():
            self.make_delayed()
        loss = self.next_loss()
        if loss is None:
            return self.client.update_item(**request)
        self.lost += 1
        if loss is not Loss.WRITE:
            self.delayed.append(request)
        if loss is Loss.ANSWER:
            self.make_delayed()
        raise TIMEOUT

    def make_delayed(self) -> None:
        """Make the writes that were delayed, if their conditions still hold."""
        while self.delayed:
            with suppress(self.client.exceptions.ConditionalCheckFailedException):
                self.client.update_item(**self.delayed.pop())
